"""The only place that compiles and trains."""

from actsearch.analysis.verification import Verification
from actsearch.evaluation.base import Evaluator, Memory, base_trial, genotype_of
from actsearch.evaluation.candidate import Attempt, Screening
from actsearch.evaluation.cluster.connection import connect, platform_of_cluster
from actsearch.evaluation.cluster.evaluator import RayEvaluator, Staged
from actsearch.evaluation.cluster.faults import Fault
from actsearch.evaluation.compilation_cache import CACHE_BYTES, cache_folder, folder_bytes, use_compilation_cache
from actsearch.evaluation.constraints import constraint, constraints_of
from actsearch.evaluation.cost import measure_costs, step_shares
from actsearch.evaluation.data_check import check_resident
from actsearch.evaluation.devices import DataParallel, use_all_cores
from actsearch.evaluation.engines import COSTS, Engine, choose_engine
from actsearch.evaluation.fidelity import FIDELITY, fidelity_of, fidelity_record
from actsearch.evaluation.fisher import FisherSpectrum
from actsearch.evaluation.gate_audit import audit
from actsearch.evaluation.gates import GATES, Gate, Verdict, gates_of, register, screen
from actsearch.evaluation.jobs import Job
from actsearch.evaluation.long_training import Candidate, SavedTrainer, load_candidate, train_saved
from actsearch.evaluation.objectives import Objective, objectives_of
from actsearch.evaluation.one_training import Outcome, Training, TrainState, init_state, split_network, train
from actsearch.evaluation.property_features import PropertyFeatures
from actsearch.evaluation.score import Result, combine, score_programs, summarize
from actsearch.evaluation.stability import Stability, ascend
from actsearch.evaluation.step_time import StepTime, step_times
from actsearch.evaluation.table import TABLES, Table, get_table
from actsearch.evaluation.table_making import make_table
from actsearch.evaluation.table_ranking import RankedFunction, TableRanking, rank_table
from actsearch.evaluation.tabular import TableRegret, TabularEvaluator, regret_on_table
from actsearch.evaluation.task_check import check_task
from actsearch.evaluation.task_worth import TaskWorth, measure_task
from actsearch.evaluation.trained_network import SiteStatistics, TrainedNetwork, look_inside
from actsearch.evaluation.trainer import Part, Trainer
from actsearch.evaluation.training import TrainingEvaluator, repeat_seeds
from actsearch.evaluation.unit_ranking import RATE_SCALES, rank_units
from actsearch.evaluation.verification import HasTrials, best_programs, fresh_seeds, verify

__all__ = [
    "CACHE_BYTES",
    "COSTS",
    "FIDELITY",
    "GATES",
    "RATE_SCALES",
    "TABLES",
    "Attempt",
    "Candidate",
    "DataParallel",
    "Engine",
    "Evaluator",
    "Fault",
    "FisherSpectrum",
    "Gate",
    "HasTrials",
    "Job",
    "Memory",
    "Objective",
    "Outcome",
    "Part",
    "PropertyFeatures",
    "RankedFunction",
    "RayEvaluator",
    "Result",
    "SavedTrainer",
    "Screening",
    "SiteStatistics",
    "Stability",
    "Staged",
    "StepTime",
    "Table",
    "TableRanking",
    "TableRegret",
    "TabularEvaluator",
    "TaskWorth",
    "TrainState",
    "TrainedNetwork",
    "Trainer",
    "Training",
    "TrainingEvaluator",
    "Verdict",
    "Verification",
    "ascend",
    "audit",
    "base_trial",
    "best_programs",
    "cache_folder",
    "check_resident",
    "check_task",
    "choose_engine",
    "combine",
    "connect",
    "constraint",
    "constraints_of",
    "fidelity_of",
    "fidelity_record",
    "folder_bytes",
    "fresh_seeds",
    "gates_of",
    "genotype_of",
    "get_table",
    "init_state",
    "load_candidate",
    "look_inside",
    "make_table",
    "measure_costs",
    "measure_task",
    "objectives_of",
    "platform_of_cluster",
    "rank_table",
    "rank_units",
    "register",
    "regret_on_table",
    "repeat_seeds",
    "score_programs",
    "screen",
    "split_network",
    "step_shares",
    "step_times",
    "summarize",
    "train",
    "train_saved",
    "use_all_cores",
    "use_compilation_cache",
    "verify",
]

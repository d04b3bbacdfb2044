"""The only place that compiles and trains."""

from actsearch.evaluation.base import Evaluator, Memory, genotype_of
from actsearch.evaluation.devices import candidate_mesh, use_all_cores
from actsearch.evaluation.gates import GATES, Gate, Verdict, gates_of, register, screen
from actsearch.evaluation.stability import Stability, ascend
from actsearch.evaluation.table import TABLES, Table, get_table, make_table
from actsearch.evaluation.tabular import TableRegret, TabularEvaluator, regret_on_table
from actsearch.evaluation.train import Outcome, Start, start, train
from actsearch.evaluation.trainer import Job, Result, Scorer, choose_engine, combine, result, score_programs
from actsearch.evaluation.training import TrainingEvaluator, repeat_seeds

__all__ = [
    "GATES",
    "TABLES",
    "Evaluator",
    "Gate",
    "Job",
    "Memory",
    "Outcome",
    "Result",
    "Scorer",
    "Stability",
    "Start",
    "Table",
    "TableRegret",
    "TabularEvaluator",
    "TrainingEvaluator",
    "Verdict",
    "ascend",
    "candidate_mesh",
    "choose_engine",
    "combine",
    "gates_of",
    "genotype_of",
    "get_table",
    "make_table",
    "register",
    "regret_on_table",
    "repeat_seeds",
    "result",
    "score_programs",
    "screen",
    "start",
    "train",
    "use_all_cores",
]

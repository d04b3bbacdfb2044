"""The only place that compiles and trains."""

from actsearch.evaluation.devices import candidate_mesh, use_all_cores
from actsearch.evaluation.engines import Engine, choose_engine
from actsearch.evaluation.gates import GATES, LAYER_GATES, Verdict, pass_gates
from actsearch.evaluation.score import Result, combine, score_programs, summarize
from actsearch.evaluation.stability import Stability, ascend
from actsearch.evaluation.train import Outcome, Training, TrainState, init_state, split_network, train
from actsearch.evaluation.trainer import Job, Part, Trainer

__all__ = [
    "GATES",
    "LAYER_GATES",
    "Engine",
    "Job",
    "Outcome",
    "Part",
    "Result",
    "Stability",
    "TrainState",
    "Trainer",
    "Training",
    "Verdict",
    "ascend",
    "candidate_mesh",
    "choose_engine",
    "combine",
    "init_state",
    "pass_gates",
    "score_programs",
    "split_network",
    "summarize",
    "train",
    "use_all_cores",
]

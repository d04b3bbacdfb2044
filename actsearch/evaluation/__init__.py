"""The only place that compiles and trains."""

from actsearch.evaluation.devices import candidate_mesh, use_all_cores
from actsearch.evaluation.gates import GATES, LAYER_GATES, Verdict, pass_gates
from actsearch.evaluation.stability import Stability, ascend
from actsearch.evaluation.train import Outcome, Start, start, train
from actsearch.evaluation.trainer import Job, Result, Scorer, choose_engine, combine, result, score_programs

__all__ = [
    "GATES",
    "LAYER_GATES",
    "Job",
    "Outcome",
    "Result",
    "Scorer",
    "Stability",
    "Start",
    "Verdict",
    "ascend",
    "candidate_mesh",
    "choose_engine",
    "combine",
    "pass_gates",
    "result",
    "score_programs",
    "start",
    "train",
    "use_all_cores",
]

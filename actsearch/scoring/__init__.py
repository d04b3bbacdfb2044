"""The only place that compiles and trains."""

from actsearch.scoring.gates import GATES, LAYER_GATES, Verdict, pass_gates
from actsearch.scoring.mesh import candidate_mesh, use_all_cores
from actsearch.scoring.scorer import Job, Result, Scorer, choose_engine, combine, result, score_programs
from actsearch.scoring.stability import Stability, ascend
from actsearch.scoring.train import Outcome, Start, start, train

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

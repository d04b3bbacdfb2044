"""The only place that compiles and trains."""

from actsearch.scoring.gates import GATES, Verdict, pass_gates
from actsearch.scoring.mesh import candidate_mesh, use_all_cores
from actsearch.scoring.scorer import Job, Result, Scorer, choose_engine, result, score_programs
from actsearch.scoring.train import Outcome, Start, start, train

__all__ = [
    "GATES",
    "Job",
    "Outcome",
    "Result",
    "Scorer",
    "Start",
    "Verdict",
    "candidate_mesh",
    "choose_engine",
    "pass_gates",
    "result",
    "score_programs",
    "start",
    "train",
    "use_all_cores",
]

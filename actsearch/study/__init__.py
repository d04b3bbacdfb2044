"""One search from start to end."""

from actsearch.study.callbacks import Callback, Progress, StopSearch, TimeLimit
from actsearch.study.default import as_begun, multi_fidelity
from actsearch.study.front import SearchResult, make_evaluator, run_config, search
from actsearch.study.loop import run
from actsearch.study.planning import plan
from actsearch.study.sinks import SINKS, Sink
from actsearch.study.store import DirectoryStore, MemoryStore, Store

__all__ = [
    "SINKS",
    "Callback",
    "DirectoryStore",
    "MemoryStore",
    "Progress",
    "SearchResult",
    "Sink",
    "StopSearch",
    "Store",
    "TimeLimit",
    "as_begun",
    "make_evaluator",
    "multi_fidelity",
    "plan",
    "run",
    "run_config",
    "search",
]

"""actsearch discovers activation functions and normalization-activation layers, in JAX and Flax.

>>> import actsearch
>>> program = actsearch.parse("x * sigmoid(beta * x)")
>>> program.parameters
(('beta', 1.0),)
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actsearch.archive import open_run
    from actsearch.catalog import identify
    from actsearch.engine import fingerprint, to_function
    from actsearch.evaluation import verify
    from actsearch.language import ActsearchError, ParseError, Program, parse, simplify
    from actsearch.nn import Layer
    from actsearch.study import search

_HOMES = {
    "ActsearchError": "language",
    "Layer": "nn",
    "ParseError": "language",
    "Program": "language",
    "fingerprint": "engine",
    "identify": "catalog",
    "open_run": "archive",
    "parse": "language",
    "search": "study",
    "simplify": "language",
    "to_function": "engine",
    "verify": "evaluation",
}
"""The room of each public name; it is imported when the name is first used, so that the front door opens at once."""

__version__ = "0.2.0.dev0"
__all__ = [
    "ActsearchError",
    "Layer",
    "ParseError",
    "Program",
    "fingerprint",
    "identify",
    "open_run",
    "parse",
    "search",
    "simplify",
    "to_function",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'actsearch' has no attribute {name!r}")
    return getattr(importlib.import_module(f"actsearch.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

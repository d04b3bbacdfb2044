"""actsearch discovers activation functions and normalization-activation layers, in JAX and Flax.

>>> import actsearch
>>> program = actsearch.parse("x * sigmoid(beta * x)")
>>> program.parameters
(('beta', 1.0),)
"""

import functools
import importlib
import sys
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

__version__ = "0.2.0"
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


_SHOWN = (
    ("text/html", "actsearch.language.program", "Program", "program_html"),
    ("text/latex", "actsearch.language.program", "Program", "program_latex"),
    ("text/html", "actsearch.archive.run", "Run", "run_html"),
    ("text/html", "actsearch.study.front", "SearchResult", "run_html"),
)
"""What a notebook shows of which class, by a function of `actsearch.report`."""


def _teach_notebook() -> None:
    """Tells the notebook that runs, if one does, how to show programs and runs; nothing is imported until it does."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    for kind, module, name, function in () if shell is None else _SHOWN:
        formatter = shell.display_formatter.formatters[kind]
        formatter.for_type_by_name(module, name, functools.partial(_show, function))


def _show(function: str, value: Any) -> str:
    from actsearch import report

    text: str = getattr(report, function)(value)
    return text


_teach_notebook()

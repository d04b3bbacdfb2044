"""Pages for a browser: the report of runs as one file.

The packages that write them come with `actsearch[report]`, so each name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actsearch.pages.document import write_report
    from actsearch.pages.mathml import to_mathml

_HOMES = {"to_mathml": "mathml", "write_report": "document"}
"""The module of each public name."""

__all__ = ["to_mathml", "write_report"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'actsearch.pages' has no attribute {name!r}")
    return getattr(importlib.import_module(f"actsearch.pages.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

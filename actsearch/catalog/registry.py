"""A user's own published unit: from `register` on it is found, named and listed as the others are."""

from typing import Any

from actsearch.catalog.entries import ENTRIES
from actsearch.catalog.entry import Entry, entry
from actsearch.catalog.naming import forget
from actsearch.language import ActsearchError
from actsearch.language.names import is_identifier

_PACKAGE = frozenset(ENTRIES)


def register(name: str, formula: str, paper: str, *, source: str, **columns: Any) -> Entry:
    """Adds a unit to CATALOG, for this process; returns its entry.

    Args:
      name: its id, an identifier.
      formula: as `actsearch.parse` reads it; of x and y for a gate.
      paper: where it comes from, with the year.
      source: where the formula was read.
      columns: `notes`, `verified` and `special`, as `Entry` has them; `special` maps the name of a unit, or a formula,
        to the values of the parameters at which this unit is that one.

    Raises:
      ActsearchError: a name that is taken or no identifier, or no formula.

    Example:
      >>> from actsearch import parse
      >>> from actsearch.catalog import find, identify, register, unregister
      >>> wave = register("wave", "x + sin(3 * x)", "mine, 2026", source="its definition")
      >>> [unit.name for unit in identify(parse("sin(x * 3) + x"))], find("mine smooth") == (wave,)
      (['wave'], True)
      >>> unregister("wave")
    """
    if not is_identifier(name):
        raise ActsearchError(f"A unit's name is an identifier such as 'my_unit'; received {name!r}.")
    if name in ENTRIES:
        raise ActsearchError(f"There is a unit {name!r} already; register yours under another name.")
    ENTRIES[name] = entry(name, formula, paper, source=source, **columns)
    forget()
    return ENTRIES[name]


def unregister(name: str) -> None:
    """Takes back what `register` added.

    Raises:
      ActsearchError: nothing was added under this name.
    """
    if name not in ENTRIES or name in _PACKAGE:
        raise ActsearchError(f"{name!r} cannot be taken back: only what was registered can.")
    del ENTRIES[name]
    forget()

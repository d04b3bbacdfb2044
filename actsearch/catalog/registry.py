"""A user's own published unit: from `register` on it is found, named and listed as the others are."""

from actsearch.catalog.entries import ENTRIES
from actsearch.catalog.entry import Entry
from actsearch.catalog.naming import forget
from actsearch.language import ActsearchError
from actsearch.language.names import is_identifier

_PACKAGE = frozenset(ENTRIES)


def register(entry: Entry) -> None:
    """Adds a unit to CATALOG, for this process.

    Args:
      entry: from `actsearch.catalog.entry`.

    Raises:
      ActsearchError: a name that is taken or no identifier.

    Example:
      >>> from actsearch import parse
      >>> from actsearch.catalog import CATALOG, entry, identify, register, unregister
      >>> register(entry("wave", "x + sin(3 * x)", "mine, 2026", source="its definition"))
      >>> [unit.name for unit in identify(parse("sin(x * 3) + x"))]
      ['wave']
      >>> unregister("wave")
    """
    if not is_identifier(entry.name):
        raise ActsearchError(f"A unit's name is an identifier such as 'my_unit'; received {entry.name!r}.")
    if entry.name in ENTRIES:
        raise ActsearchError(f"There is a unit {entry.name!r} already; register yours under another name.")
    ENTRIES[entry.name] = entry
    forget()


def unregister(name: str) -> None:
    """Takes back what `register` added.

    Raises:
      ActsearchError: nothing was added under this name.
    """
    if name not in ENTRIES or name in _PACKAGE:
        raise ActsearchError(f"{name!r} cannot be taken back: only what was registered can.")
    del ENTRIES[name]
    forget()

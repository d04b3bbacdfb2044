"""A property card for people: one table for each family of quantities."""

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from actsearch.properties import Card, Quantity
from actsearch.report.rendering import Column, render

LEGEND = (
    "How sure: exact follows from the program; quadrature is an integral; grid was looked at in steps of 0.01 for"
    " |x| <= 20; sampled holds on the points drawn; +- is the largest error expected, where it is 1e-6 or more."
)
"""What the column means."""

_MOST = 5  # items of a list that are printed
_SHOWN, _ROUNDING = 1e-6, 1e-14


def card_tables(card: Card) -> list[Table]:
    """Returns the tables of a card: value of each quantity, how sure it is, and its definition."""
    groups = itertools.groupby(card.quantities, key=lambda one: one.family)
    return [_table(family, quantities) for family, quantities in groups]


def _table(family: str, quantities: Iterable[Quantity]) -> Table:
    rows = [(one.name.replace("_", " "), value_text(one.value), _certainty(one), one.summary) for one in quantities]
    return render(rows, [Column("property"), Column("value"), Column("how sure"), Column("what it is")], family)


def value_text(value: Any) -> str:
    """Returns a quantity's value as people read it.

    Example:
      >>> value_text(1.41421356), value_text(None), value_text(((0.5, 1.0), (1.0, 2.0))), value_text({"add": 2})
      ('1.41421', '-', '(0.5, 1), (1, 2)', 'add 2')
    """
    match value:
        case None:
            return "-"
        case float() if abs(value) < _ROUNDING:
            return "0"
        case float():
            return "infinite" if value == math.inf else "-infinite" if value == -math.inf else f"{value:.6g}"
        case Mapping() if "jumps" in value:
            sides = f"{value_text(value['left'])} | {value_text(value['right'])}"
            return f"x = {value_text(value['x'])}: {value['jumps']} {sides}, gradient {value_text(value['gradient'])}"
        case Mapping():
            return ", ".join(f"{name} {value_text(item)}" for name, item in value.items()) or "-"
        case tuple():
            texts = [f"({value_text(item)})" if isinstance(item, tuple) else _short(item) for item in value]
            rest = f" ... {len(texts)} in all" if len(texts) > _MOST + 3 else ""
            return ", ".join(texts[: _MOST if rest else None]) + rest or "none"
        case _:
            return str(value)


def _short(value: Any) -> str:
    """Returns an item of a list, four digits of a number."""
    return f"{value:.4g}" if isinstance(value, float) and _ROUNDING <= abs(value) < math.inf else value_text(value)


def _certainty(one: Quantity) -> str:
    return one.certainty + (f", +-{one.error:.0e}" if one.error >= _SHOWN else "")

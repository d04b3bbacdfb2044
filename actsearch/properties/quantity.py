"""Quantity: one line of a card, and the row of the table that computes it."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple, get_args

from actsearch.language import Kind, Program


class Measured(NamedTuple):
    """What a property's function returns.

    Attributes:
      value: a number, a text, or None where the quantity does not exist; or a tuple or mapping of such.
      certainty: how the value is known: "exact" follows from the program; "quadrature" is an integral; "grid" was
        looked at in steps of 0.01 for `|x| <= 20`; "sampled" holds on the points drawn.
      error: estimated largest error of the value, 0 where only rounding is left.
    """

    value: Any
    certainty: str = "exact"
    error: float = 0.0


@dataclasses.dataclass(frozen=True)
class Property:
    """One row of the table of properties.

    Attributes:
      name: a word, as constraints and JSON have it.
      family: heading of its group.
      summary: definition in one line.
      measure: program -> Measured.
      kinds: of programs that have it.
    """

    name: str
    family: str
    summary: str
    measure: Callable[[Program], Measured]
    kinds: tuple[Kind, ...] = ("activation",)


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A property of one program.

    Attributes:
      name: of the property.
      family: heading of its group.
      value: as in Measured.
      certainty: as in Measured.
      error: as in Measured.
      summary: definition in one line.
    """

    name: str
    family: str
    value: Any
    certainty: str
    error: float
    summary: str


ANY: tuple[Kind, ...] = get_args(Kind)
"""The kinds of a property that every program has."""


def rows(
    family: str, *columns: tuple[str, Callable[[Program], Measured], str], kinds: tuple[Kind, ...] = ("activation",)
) -> tuple[Property, ...]:
    """Returns the rows of a family from (name, function, definition)."""
    return tuple(Property(name, family, summary, measure, kinds) for name, measure, summary in columns)

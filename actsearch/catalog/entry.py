"""What one published function or layer is in the catalog."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from actsearch.language import INPUTS, Program, parse


class Special(NamedTuple):
    """A special case of a unit: what it is for certain values of its parameters.

    Attributes:
      at: values of the parameters by name; empty where the two are one function.
      of: name of the entry that it is then, or a formula.
    """

    at: tuple[tuple[str, float], ...]
    of: str


class Entry(NamedTuple):
    """A published activation, layer or gate.

    Attributes:
      name: its id, as libraries write it.
      program: what it computes. A `scalar` in it is a parameter that the paper shares among the channels of a layer.
      paper: where it comes from.
      source: the public text or code that the formula, its constants and initial values were read in.
      notes: what to know before comparing numbers; may be empty.
      verified: whether the formula was checked against `source`; if not, it is from memory of the paper.
      special: what it is for certain values of its parameters; the tests compute each.
    """

    name: str
    program: Program
    paper: str
    source: str
    notes: str = ""
    verified: bool = True
    special: tuple[Special, ...] = ()


def entry(
    name: str,
    text: str,
    paper: str,
    *,
    source: str,
    notes: str = "",
    verified: bool = True,
    special: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
) -> Entry:
    """Returns the entry of a program's text.

    Args:
      name: its id, as libraries write it.
      text: the formula.
      paper: authors, year, title.
      source: where the formula was read.
      notes: what to know before comparing numbers.
      verified: whether the formula was checked against `source`.
      special: name of another entry, or a formula, -> the values of the parameters at which the unit is that function.

    Example:
      >>> unit = entry("my_swish", "x * sigmoid(beta * x)", "mine, 2026", source="here", special={"silu": {"beta": 1}})
      >>> unit.program, unit.special
      (Program('x * sigmoid(beta * x)'), (Special(at=(('beta', 1),), of='silu'),))
    """
    cases = tuple(Special(tuple(at.items()), of) for of, at in special.items())
    return Entry(name, parse(text, inputs=INPUTS), paper, source, notes, verified, cases)


def by_name(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Returns entries by name."""
    return {one.name: one for one in entries}

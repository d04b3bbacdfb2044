"""What one published function or layer is in the catalog."""

from collections.abc import Iterable
from typing import NamedTuple

from actsearch.language import INPUTS, Program, parse


class Entry(NamedTuple):
    """A published activation, layer or gate.

    Attributes:
      name: its id, as libraries write it.
      program: what it computes.
      paper: where it comes from.
      source: the public text or code that the formula, its constants and initial values were read in.
      notes: what to know before comparing numbers; may be empty.
      verified: whether the formula was checked against `source`; if not, it is from memory of the paper.
    """

    name: str
    program: Program
    paper: str
    source: str
    notes: str = ""
    verified: bool = True


def entry(name: str, text: str, paper: str, *, source: str, notes: str = "", verified: bool = True) -> Entry:
    """Returns the entry of a program's text."""
    return Entry(name, parse(text, inputs=INPUTS), paper, source, notes, verified)


def by_name(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Returns entries by name."""
    return {one.name: one for one in entries}

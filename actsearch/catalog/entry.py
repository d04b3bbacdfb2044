"""What one published function or layer is in the catalog."""

from collections.abc import Iterable
from typing import NamedTuple

from actsearch.language import Program, parse


class Entry(NamedTuple):
    """A published activation or layer.

    Attributes:
      name: its id, as libraries write it.
      program: what it computes.
      paper: where it comes from.
      notes: what to know before comparing numbers; may be empty.
    """

    name: str
    program: Program
    paper: str
    notes: str = ""


def entries(rows: Iterable[tuple[str, str, str, str]]) -> dict[str, Entry]:
    """Returns the entries of rows (name, text of the program, paper, notes) by name."""
    return {name: Entry(name, parse(text), paper, notes) for name, text, paper, notes in rows}

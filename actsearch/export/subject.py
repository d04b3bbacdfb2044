"""Subject: what is exported, its name and where it comes from; every target writes it into its file."""

import itertools
import keyword
from collections.abc import Collection, Iterable
from importlib.metadata import version
from typing import NamedTuple

from actsearch.catalog import CATALOG, Entry, identify
from actsearch.language import ActsearchError, Program


class Subject(NamedTuple):
    """A program to export.

    Attributes:
      program: what is computed.
      name: of its function; its class has the same in capitals.
      origin: lines for people: paper, catalogue row or run.
      tested: whether its file tests itself.
    """

    program: Program
    name: str
    origin: tuple[str, ...]
    tested: bool = True

    @property
    def class_name(self) -> str:
        """The name of its class: `EvonormB0` for evonorm_b0."""
        return "".join(part[:1].upper() + part[1:] for part in self.name.split("_")) or "Formula"

    def lines(self, written: str) -> list[str]:
        """Returns the header of a file: formula, origin, parameters, and what wrote it.

        Args:
          written: for what, and what it needs.
        """
        parameters = ", ".join(f"{name} = {value:g}" for name, value in self.program.parameters)
        shared = ", ".join(name for name, _ in self.program.parameters if name in self.program.shared)
        each = "one value per channel" + (f", but one for all channels of {shared}" if shared else "")
        if len(self.program.shared) == len(self.program.parameters):
            each = "one value for all channels"
        started = [f"Trained parameters start at {parameters}; {each}."] if parameters else []
        return [
            f"{self.name}: {self.program}",
            "",
            *self.origin,
            *started,
            f"Written by actsearch {version('actsearch')} for {written}.",
        ]


def subject(program: Program, name: str | None = None, origin: str | None = None) -> Subject:
    """Returns a program with its name and origin, which the catalogue knows where they are not given."""
    entries = [one for one in CATALOG.values() if one.program == program] or identify(program)  # which takes seconds
    if name is None:
        name = entries[0].name if entries else program.kind
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ActsearchError(f"An exported function needs a name as Python has it; received {name!r}: write my_unit.")
    lines = [] if origin is None else [origin]
    return Subject(program, name, (*lines, *_papers(program, entries)))


def _papers(program: Program, entries: Iterable[Entry]) -> Iterable[str]:
    for entry in list(entries)[:1]:
        same = "" if entry.program == program else f"Computes the same as {entry.name}: "
        yield f"{same}{entry.paper}."
        if entry.notes:
            yield f"Note: {entry.notes}."
        if not entry.verified:
            yield "The formula is from memory of the paper, not checked against it."
        return
    yield f"No unit of actsearch's catalogue ({len(CATALOG)} of them) computes it."


def safe_names(names: Collection[str], reserved: Collection[str]) -> dict[str, str]:
    """Returns how parameters are called in a language: as they are, or with `_` behind where that means something."""
    taken, safe = {*reserved, *keyword.kwlist, *names}, {}
    for name in names:
        safe[name] = name
        if name in reserved or name in keyword.kwlist or name.startswith("_"):
            safe[name] = next(one for number in itertools.count(1) if (one := name + "_" * number) not in taken)
            taken.add(safe[name])
    return safe

"""Target: a format that a program can be exported to, and the check that the format has what the program needs."""

from collections.abc import Callable
from typing import NamedTuple

from actsearch.export.row import Dialect
from actsearch.export.subject import Subject
from actsearch.language import Program


class Target(NamedTuple):
    """A format.

    Attributes:
      name: as `--to` has it.
      suffix: of its files.
      write: subject -> the text of a file, or its bytes.
      dialect: its language; None for a format that can say every program.
    """

    name: str
    suffix: str
    write: Callable[[Subject], str | bytes]
    dialect: Dialect | None

    def missing(self, program: Program) -> list[str]:
        """Returns the primitives of a program that the format lacks, in order of appearance."""
        if self.dialect is None:
            return []
        used = dict.fromkeys(node.op for node in program.nodes if node.args)
        return [name for name in used if self.dialect.lacks(name)]

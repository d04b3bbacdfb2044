"""What the classes of flax, linen, equinox and torch share: parameters, moving averages and the body of the call."""

from collections.abc import Mapping
from typing import NamedTuple

from actsearch.export.row import Dialect
from actsearch.export.subject import Subject, safe_names
from actsearch.export.writer import Body, write


class Module(NamedTuple):
    """A program as a class.

    Attributes:
      parameters: name in the class -> initial value.
      body: of its call.
      has_statistics: whether it computes any; then it computes in float32 at least.
    """

    parameters: Mapping[str, float]
    body: Body
    has_statistics: bool

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to hold: a function does."""
        return not self.parameters and not self.has_statistics

    def uses(self, setting: str) -> bool:
        """Returns whether the body reads a setting of the class."""
        return f"self.{setting}" in self.body.code


def module(subject: Subject, dialect: Dialect, parameter: str = "{}") -> Module:
    """Returns a program as a class.

    Args:
      subject: the program.
      dialect: how it is written.
      parameter: how the body reads a parameter, by its name in the class.
    """
    program = subject.program
    names = safe_names(dict(program.parameters), dialect.reserved | dialect.helpers.keys() | dialect.imports.keys())
    leaves = {name: parameter.format(safe) for name, safe in names.items()}
    body = write(program, dialect, leaves | {name: name for name in program.arguments})
    initial = {names[name]: value for name, value in program.parameters}
    return Module(initial, body, bool(program.reductions))


def filled(value: float, size: str, library: str) -> str:
    """Returns the source of an array of equal numbers: `torch.ones(num_features)`."""
    if value in (0, 1):
        return f"{library}.{'ones' if value else 'zeros'}({size})"
    shape = f"({size},)" if library == "torch" else size
    return f"{library}.full({shape}, {value!r})"

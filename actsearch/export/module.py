"""What the classes of flax, linen, equinox and torch share: parameters, moving averages and the body of the call."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from actsearch.export.numbers import numbers
from actsearch.export.python_file import WIDTH, axes_used, indented
from actsearch.export.row import Dialect
from actsearch.export.subject import Subject, safe_names
from actsearch.export.writer import Body, write
from actsearch.language.reductions import EPSILON, GROUPS

Settings = Mapping[str, tuple[float, str]]


class Module(NamedTuple):
    """A program as a class.

    Attributes:
      parameters: name in the class -> initial value.
      shared: those of which hold a single value for all channels.
      body: of its call.
      has_statistics: whether it computes any; then it computes in float32 at least.
    """

    parameters: Mapping[str, float]
    shared: frozenset[str]
    body: Body
    has_statistics: bool

    @property
    def holds(self) -> bool:
        """Whether there are arrays to hold; else a function does."""
        return bool(self.parameters or self.body.averages)

    @property
    def has_channels(self) -> bool:
        """Whether one axis differs from the others."""
        return bool(self.parameters.keys() - self.shared) or self.has_statistics

    def new(self, subject: Subject) -> str:
        """Returns the expression that makes one for the inputs of a test."""
        size = numbers(subject.program).channels if self.has_channels else ""
        return f"{subject.class_name}({size})"

    def initial(self, name: str, library: str, one: str) -> str:
        """Returns the source of a parameter's initial value, or an average's: `torch.ones(num_features)`.

        Args:
          name: of the parameter or the average.
          library: torch or jnp.
          one: the function of the library that makes an array of a number.
        """
        value = {**self.parameters, **dict(self.body.averages)}[name]
        if name in self.shared:
            return f"{library}.{one}({value!r})"
        if value in (0, 1):
            return f"{library}.{'ones' if value else 'zeros'}(num_features)"
        return f"{library}.full((num_features,), {value!r})"

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
    shared = frozenset(names[name] for name in program.shared)
    return Module(initial, shared, body, bool(program.reductions))


def used(one: Module, settings: Settings) -> Settings:
    """Returns those of a library's settings, each with default and description, that a class needs."""
    needed = {
        "dim": one.has_channels,
        "eps": one.uses("eps"),
        "epsilon": one.uses("epsilon"),
        "momentum": bool(one.body.averages),
        "groups": re.search(r"\bgroups\)", one.body.code) is not None,
    }
    return {name: setting for name, setting in settings.items() if needed[name]}


def class_source(
    subject: Subject, base: str, arguments: Mapping[str, str], members: Sequence[str], *, note: str = ""
) -> str:
    """Returns the source of a class.

    Args:
      subject: what it computes.
      base: the class that it derives from.
      arguments: description of each argument of its constructor.
      members: fields and methods, each a block of lines.
      note: a sentence under the formula.
    """
    described = [f"    {name}: {text}" for name, text in arguments.items()]
    lines = [
        *textwrap.wrap(str(subject.program), WIDTH),
        *(["", *textwrap.wrap(note, WIDTH)] if note else []),
        *(["", "Args:", *described] if described else []),
    ]
    doc = f'"""{lines[0]}"""' if len(lines) == 1 else '"""' + "\n".join([*lines, '"""'])
    return f"class {subject.class_name}({base}):\n" + "\n\n".join(indented([part]) for part in (doc, *members))


SMALLER_GROUPS = "max(n for n in range(1, {most} + 1) if {channels} % n == 0)"
"""Expression of the number of groups: the largest divisor of the number of channels that is at most `most`."""


JAX_SETTINGS = {
    "epsilon": (EPSILON, "added inside the roots of statistics."),
    "momentum": (0.9, "weight of the old value in the moving averages."),
    "groups": (GROUPS, "most groups of channels; lowered to the largest divisor of their number."),
}
"""The settings of a class for JAX, each with default and description."""


def jax_call(subject: Subject, one: Module, before: Sequence[str], returns: str = "{}") -> list[str]:
    """Returns the lines of a class's call in JAX.

    Args:
      subject: what it computes.
      one: the same as a class.
      before: lines that give the parameters their names.
      returns: what is returned, with a place for the value.
    """
    body = one.body
    if not one.has_statistics:
        return [*before, *body.statements, f"return {returns.format(body.result)}"]
    wide = [f"{name} = {name}.astype(jnp.promote_types(dtype, jnp.float32))" for name in subject.program.arguments]
    lines = [*before, "dtype = x.dtype", *wide, *axes_used(body.code), *body.statements]
    return [*lines, f"value = {body.result}", f"return {returns.format('value.astype(dtype)')}"]

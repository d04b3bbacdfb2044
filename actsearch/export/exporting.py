"""`export_formula`: a program as a file for use elsewhere. A new format is one file with its Target, listed here."""

import keyword
from collections.abc import Mapping
from types import MappingProxyType

from actsearch.export import (
    c_header,
    equinox_module,
    flax_module,
    jax_function,
    latex_page,
    linen_module,
    numpy_function,
    onnx_model,
    pytorch,
    sympy_expression,
)
from actsearch.export.subject import Subject, subject
from actsearch.export.target import Target
from actsearch.language import PRIMITIVES, ActsearchError, Program

_FILES = (
    jax_function,
    flax_module,
    linen_module,
    equinox_module,
    pytorch,
    onnx_model,
    sympy_expression,
    latex_page,
    numpy_function,
    c_header,
)

TARGETS: Mapping[str, Target] = MappingProxyType({file.TARGET.name: file.TARGET for file in _FILES})
"""Every format by name, in the order of `--to`. Read only."""


def export_formula(
    program: Program, target: str, *, name: str | None = None, origin: str | None = None, self_test: bool = True
) -> str | bytes:
    """Returns a program as a file for use elsewhere, which needs nothing of actsearch.

    Values and derivatives are those of `actsearch.to_function`, conventions at kinks included. Formula and origin stand
    in the file's header. Modules of flax, linen, equinox and torch hold trained parameters, one value per channel, and
    moving averages of statistics over the batch; jax and python are functions, with statistics of each example alone.

    Args:
      program: what is exported, as it is written.
      target: one of `TARGETS`: jax, flax, linen, equinox, torch, onnx, sympy, latex, python or c.
      name: of the function; that of the catalogue when left out, or what the program is.
      origin: a line for the header that says where the program comes from; the paper of a published unit needs none.
      self_test: whether a file that runs compares itself, when it is run, with numbers that actsearch computes now.

    Returns:
      The text of a source file; for onnx the bytes of a model, opset 20, float32.

    Raises:
      ActsearchError: there is no such target, or it lacks a primitive of the program; or the package that it needs.

    Example:
      >>> from actsearch.language import parse
      >>> text = export_formula(parse("x * sigmoid(beta * x)"), "torch")
      >>> print(next(line for line in text.splitlines() if "sigmoid" in line and "=" in line).strip())
      value = x * torch.sigmoid(self.beta * x)
    """
    if target not in TARGETS:
        raise ActsearchError(f"There is no format {target!r} to export to; write one of {', '.join(TARGETS)}.")
    chosen = TARGETS[target]
    missing = chosen.missing(program)
    if missing:
        raise ActsearchError(_lacks(program, chosen, missing))
    one = subject(program, name, origin)
    return chosen.write(_renamed(one, chosen)._replace(tested=self_test))


def formats_of(program: Program) -> list[str]:
    """Returns the formats that can say every primitive of a program."""
    return [name for name, target in TARGETS.items() if not target.missing(program)]


def _lacks(program: Program, target: Target, missing: list[str]) -> str:
    """Returns why a program cannot be exported, and where it can."""
    others = ", ".join(formats_of(program)) or "no format"
    no = f"The format {target.name} has no {' and no '.join(missing)}"
    if all(PRIMITIVES[name].reduction for name in missing):
        some = target.dialect is not None and target.dialect.statistics is not None
        no += ", for want of a moving average" if some else ", nor another statistic of a tensor"
    return f"{no}; {others} can say {program}."


def _renamed(one: Subject, target: Target) -> Subject:
    """Returns a subject whose name means nothing else in a file: `sinc` may be a helper there, `tanh` C's own."""
    taken = {*keyword.kwlist, "x", "y"}
    if target.dialect is not None:
        taken |= {name.rstrip("$") for name in target.dialect.helpers} | target.dialect.imports.keys()
        taken |= target.dialect.reserved if target.suffix == ".h" else set()
    return one._replace(name=f"{one.name}_unit") if taken & {one.name, one.class_name} else one

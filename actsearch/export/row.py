"""Row and Dialect: how a programming language writes primitives and statistics. Each format has one."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from actsearch.language import PRIMITIVES, Precedence, Primitive
from actsearch.language.reductions import Reduction


class Row(NamedTuple):
    """How a language writes one primitive.

    Attributes:
      template: with a place for each operand: `{}` where brackets are never needed, `{:product}`, `{:sign}`, `{:power}`
        or `{:atom}` where an operand that binds less needs them; `{:array}` inside a call that takes no plain number.
      precedence: of the text.
    """

    template: str
    precedence: Precedence = Precedence.ATOM


class Statistics(NamedTuple):
    """How a language writes the statistics of a tensor whose last axis is its channels.

    Attributes:
      moments: statistic -> its moment, `{x}` over the axes `{axes}`; mean, rms (the mean square), std (the variance).
      group_moments: the same over a group of channels, repeated for each of them.
      keep: what is written after axes that stay, with size 1.
      root: the root of a moment and epsilon.
      average: statement that gives a local `{name}` the moving average `{average}` of a `{moment}` over the batch, or
        in training the moment itself; None where there is nothing to keep an average in.
    """

    moments: Mapping[str, str]
    group_moments: Mapping[str, str]
    keep: str
    root: str
    average: str | None = None

    def moment(self, reduction: Reduction, x: str) -> str:
        """Returns the moment of a statistic of an array."""
        if reduction.index_set == "group":
            return self.group_moments[reduction.statistic].format(x=x)
        axes = {"batch": "batch", "instance": "space", "layer": "example", "feature": "-1"}[reduction.index_set]
        keep = "" if reduction.over_batch else self.keep
        return self.moments[reduction.statistic].format(x=x, axes=axes + keep)


@dataclasses.dataclass(frozen=True)
class Dialect:
    """How a language writes formulas.

    Attributes:
      rows: primitives that it has, by name.
      helpers: source of each definition that rows or other helpers use, by name; a file holds those that it needs.
      imports: line that gives a name its meaning, by that name; a file holds those that it needs.
      number: writes a number.
      filled: a number as an array like x; None where numbers and arrays are alike.
      expanded: an array of fewer values as one like x.
      statistics: how statistics are written; None where there are none.
      reserved: names that parameters cannot have.
      unguarded: how a quotient is written whose denominator stays away from 0, where that is simpler than its row.
      derived: row of a primitive that `rows` does not name, if the language has it all the same.
    """

    rows: Mapping[str, Row]
    helpers: Mapping[str, str]
    imports: Mapping[str, str]
    number: Callable[[float], str]
    filled: str | None = None
    expanded: str = "{}"
    statistics: Statistics | None = None
    reserved: frozenset[str] = frozenset()
    unguarded: Row | None = None
    derived: Callable[[Primitive], Row | None] = lambda primitive: None

    def row(self, name: str) -> Row | None:
        """Returns how an elementwise primitive is written; None where the language lacks it."""
        return self.rows.get(name) or self.derived(PRIMITIVES[name])

    def lacks(self, name: str) -> bool:
        """Returns whether the language cannot say a primitive."""
        reduction = PRIMITIVES[name].reduction
        if reduction is None:
            return self.row(name) is None
        return self.statistics is None or (reduction.over_batch and self.statistics.average is None)

    def helpers_in(self, code: str) -> list[str]:
        """Returns the sources of the helpers that code uses, each after those that it uses itself."""
        used = _closure(self.helpers, code)
        return [source for name, source in self.helpers.items() if name in used]

    def imports_in(self, code: str) -> list[str]:
        """Returns the lines of imports that code uses."""
        return [line for name, line in self.imports.items() if mentions(code, name)]


def mentions(code: str, name: str) -> bool:
    """Returns whether code uses a name, not as an attribute of another."""
    return re.search(rf"(?<![\w.]){re.escape(name)}\b", code) is not None


def calls(names: Iterable[str], module: str) -> dict[str, Row]:
    """Returns the rows of unary primitives that a module has under their own names."""
    return {name: Row(f"{module}{name}({{}})") for name in names}


def _closure(helpers: Mapping[str, str], code: str) -> set[str]:
    used: set[str] = set()
    pending = [code]
    while pending:
        text = pending.pop()
        new = {name for name in helpers if name not in used and mentions(text, name)}
        used |= new
        pending += [helpers[name] for name in new]
    return used


INFIX = {
    "neg": Row("-{:sign}", Precedence.SIGN),
    "add": Row("{} + {:product}", Precedence.SUM),
    "sub": Row("{} - {:product}", Precedence.SUM),
    "mul": Row("{:product} * {:sign}", Precedence.PRODUCT),
    "div": Row("{:product} / {:sign}", Precedence.PRODUCT),
    "safe_div": Row("{:product} / ({} + 1e-7)", Precedence.PRODUCT),
    "reciprocal": Row("1 / {:sign}", Precedence.PRODUCT),
    "mix": Row("{2:product} * {0:sign} + (1 - {2:product}) * {1:sign}", Precedence.SUM),
}
"""Rows that most languages share."""

POWERS = {
    name: Row(f"{{:atom}}**{n}", Precedence.POWER)
    for n, name in enumerate(("square", "cube", "power4", "power5", "power6", "power7", "power8"), 2)
}
"""Rows of integer powers, in languages of Python."""


def python_number(value: float) -> str:
    """Returns a number as Python writes it; one that is no number, or infinite, as `float` reads it."""
    if value != value or value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return str(int(value)) if value.is_integer() and 0 < abs(value) < 1e6 else "0" if value == 0 else repr(value)

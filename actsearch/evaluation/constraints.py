"""Constraints: conditions on a property, tried as gates before anything trains."""

import dataclasses
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from actsearch.catalog import CATALOG
from actsearch.evaluation.gates import Gate, Screened
from actsearch.language import ActsearchError, Kind
from actsearch.properties import PROPERTIES, properties

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "<=": operator.le,
        ">=": operator.ge,
        "<": operator.lt,
        ">": operator.gt,
        "==": operator.eq,
        "!=": operator.ne,
    }
)
"""The comparisons of a constraint; texts have the last two alone."""

_EXAMPLES: Mapping[Kind, str] = MappingProxyType({"activation": "relu", "layer": "layer_norm", "gate": "glu"})
_TEXT = re.compile(r"\s*(\w+)\s*(<=|>=|==|!=|<|>)\s*(.+?)\s*")


@dataclasses.dataclass(frozen=True)
class Constraint:
    """The test of a gate: whether a property of a candidate compares with a bound as it should.

    Attributes:
      name: of the property.
      comparison: one of COMPARISONS.
      bound: what its value is compared with.
    """

    name: str
    comparison: str
    bound: float | str

    def __call__(self, candidate: Screened) -> str:
        """Returns the reason to reject a candidate, "" to let it pass."""
        try:
            value = properties(candidate.program, [self.name])[self.name]
        except ActsearchError as error:  # no property of a function that is not finite
            return str(error)
        passes = value is not None and COMPARISONS[self.comparison](value, self.bound)
        return "" if passes else f"{self.name} is {value if isinstance(value, str | None) else f'{value:.6g}'}"


def constraint(text: str) -> Gate:
    """Returns the gate of a condition on a property, such as "lipschitz<=1" or "monotone==increasing".

    Args:
      text: a property of `actsearch.properties.PROPERTIES` whose value is a number or a text, a comparison, a bound.

    Raises:
      ActsearchError: a text of another form, an unknown property, or one that cannot be compared so.

    Example:
      >>> from actsearch.evaluation import screen
      >>> from actsearch.language import parse
      >>> screen(parse("relu(2 * x)"), [constraint("lipschitz<=1")])[1:]
      ('lipschitz<=1', 'lipschitz is 2')
    """
    match = _TEXT.fullmatch(text)
    if not match:
        raise ActsearchError(
            f"A constraint is a property, a comparison and a bound, such as lipschitz<=1; received {text!r}."
        )
    name, comparison, bound = match.groups()
    kinds = _kinds(name)
    test = Constraint(name, comparison, _bound(name, comparison, bound, kinds[0]))
    return Gate(f"{name}{comparison}{bound}", test, f"has {name} {comparison} {bound}", kinds)


def constraints_of(texts: Iterable[str], kind: Kind) -> tuple[Gate, ...]:
    """Returns the gates of conditions on candidates of a kind.

    Raises:
      ActsearchError: as `constraint`, or a property that the kind does not have.
    """
    gates = tuple(constraint(text) for text in texts)
    for gate in gates:
        if kind not in gate.kinds:
            raise ActsearchError(f"{gate.name} is a condition on a {gate.kinds[0]}; this search proposes {kind}s.")
    return gates


def number_named(name: str) -> tuple[Kind, ...]:
    """Returns the kinds that have a property whose value is a number.

    Raises:
      ActsearchError: an unknown property, or one that is a text or a list.

    Example:
      >>> number_named("lipschitz")
      ('activation',)
    """
    kinds = _kinds(name)
    if isinstance(_example(name, kinds[0]), str | tuple | Mapping):
        raise ActsearchError(f"{name} is no number, and cannot be made large or small: give another property.")
    return kinds


def _kinds(name: str) -> tuple[Kind, ...]:
    """Returns the kinds that have a property."""
    kinds = tuple(dict.fromkeys(kind for row in PROPERTIES if row.name == name for kind in row.kinds))
    if not kinds:
        names = ", ".join(dict.fromkeys(row.name for row in PROPERTIES))
        raise ActsearchError(f"There is no property {name!r}; write one of {names}.")
    return kinds


def _example(name: str, kind: Kind) -> Any:
    """Returns a property of a unit that is known to have it."""
    return properties(CATALOG[_EXAMPLES[kind]].program, [name])[name]


def _bound(name: str, comparison: str, bound: str, kind: Kind) -> float | str:
    """Returns a bound as a number or a text, whichever the property has."""
    value = _example(name, kind)
    if isinstance(value, str):
        if comparison not in ("==", "!="):
            raise ActsearchError(f"{name} is a text, such as {value!r}: write {name}=={value}; received {comparison}.")
        return bound
    if isinstance(value, tuple | Mapping):
        raise ActsearchError(f"{name} is a list, which has no order: constrain a property that is one number.")
    try:
        number = float(bound)
    except ValueError:
        number = math.nan
    if math.isnan(number):  # nothing compares with it, and everything would be rejected
        raise ActsearchError(f"{name} is a number; received the bound {bound!r}.")
    return number

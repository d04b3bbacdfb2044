"""Properties as objectives: beside its score on each task, what a candidate is, for Pareto search."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from actsearch.evaluation.constraints import number_named
from actsearch.language import ActsearchError, Kind, Program
from actsearch.language.code import code_digest
from actsearch.properties import PROPERTIES, properties
from actsearch.properties.registry import REGISTERED


@dataclasses.dataclass(frozen=True)
class Objective:
    """A property that is made large or, with a minus sign before its name, small.

    Attributes:
      name: of the property, "-" before it for one to be made small; so it stands in `Trial.objectives`.

    Example:
      >>> from actsearch.language import parse
      >>> Objective("-lipschitz")(parse("relu(2 * x)"))
      -2.0
    """

    name: str

    @property
    def identity(self) -> str:
        """Its name, with a digest of its code where the property is the user's own."""
        own = next(row for row in PROPERTIES if row.name == self.name.removeprefix("-"))
        return self.name if own.family != REGISTERED else f"{self.name} {code_digest(own.measure)}"

    def __call__(self, program: Program) -> float:
        """Returns what is to be made large; NaN, which is on no Pareto front, where the property does not exist."""
        bare = self.name.removeprefix("-")
        try:
            value = properties(program, [bare])[bare]
        except ActsearchError:  # no property of a function that is not finite
            return math.nan
        return math.nan if value is None else float(value) * (-1 if self.name.startswith("-") else 1)


def objectives_of(names: Iterable[str], kind: Kind) -> tuple[Objective, ...]:
    """Returns the objectives of names such as "-operations".

    Args:
      names: of properties of `actsearch.properties.PROPERTIES` that are numbers, "-" before one to be made small.
      kind: of the candidates.

    Raises:
      ActsearchError: an unknown property, one that is no number, or one that the kind does not have; two of one name.
    """
    found = tuple(Objective(name) for name in names)
    for one in found:
        kinds = number_named(one.name.removeprefix("-"))
        if kind not in kinds:
            raise ActsearchError(f"{one.name} is a property of {kinds[0]}s; this search proposes {kind}s.")
    if len({one.name for one in found}) < len(found):
        raise ActsearchError(f"Objectives differ; received {', '.join(one.name for one in found)}.")
    return found


def with_properties(
    scores: Mapping[str, float], program: Program, objectives: Iterable[Objective]
) -> Mapping[str, float]:
    """Returns scores by task, and what else is to be made large."""
    return {**scores, **{one.name: one(program) for one in objectives}}


def identity_with(objectives: Sequence[Objective]) -> dict[str, Any]:
    """Returns the part of an evaluator's identity that says what its objectives are; empty where there are none."""
    return {"objectives": [one.identity for one in objectives]} if objectives else {}

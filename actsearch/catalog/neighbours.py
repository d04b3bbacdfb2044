"""Novelty: which published functions a program is nearest to, up to affine maps of input and output."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from actsearch.catalog.entries import CATALOG
from actsearch.catalog.entry import Entry
from actsearch.language import Program
from actsearch.properties import CLOSE, Fit, coarse_rank, curve_of, fit, fit_output

SAME = 1e-9
"""A distance below it is rounding: the same function up to the maps."""

_FITTED = 8  # units that are fitted, the nearest by the coarse distance


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """A published unit near a program.

    Attributes:
      entry: of the catalog.
      fit: the program as its affine image, with distances.
    """

    entry: Entry
    fit: Fit


@dataclasses.dataclass(frozen=True)
class Novelty:
    """What of a program is known already.

    Attributes:
      program: what was asked for.
      neighbours: the nearest units, nearest first.
      compared: number of units compared with, those of the program's kind that are finite for `|x| <= 20`.
    """

    program: Program
    neighbours: tuple[Neighbour, ...]
    compared: int

    @property
    def verdict(self) -> str:
        """One sentence: a rediscovery and of what, or that none of the catalog's units is near."""
        if not self.neighbours:
            return f"Nothing to compare with: the catalog has no other {self.program.kind} that is finite."
        same = [one for one in self.neighbours if one.fit.distance < SAME]
        exact = [one.entry.name for one in same if one.fit.is_identity]
        nearest = self.neighbours[0]
        name, map_, error = nearest.entry.name, nearest.fit.text(nearest.entry.name), nearest.fit.largest
        where = f"among {self.compared} published {self.program.kind}s"
        initially = " at its initial parameters" if self.program.parameters else ""
        if nearest.fit.a == 0 and nearest.fit.distance < SAME:
            return f"A constant{initially}: {nearest.fit.d:.5g}."
        if exact:
            return f"Known{initially}: this is {', '.join(exact)}."
        if same:
            return f"Known{initially} up to scale and shift: {map_}."
        if nearest.fit.distance < CLOSE:
            within = f"within {error:.1e} of {map_} for |x| <= 5"
            return f"A numerical rediscovery of {name}{initially}: {within}."
        share = f"{100 * nearest.fit.distance:.2g} % of its standard deviation"
        return f"Not {where}, up to scale and shift; the nearest, {map_}, differs by {share}."

    def to_json(self) -> dict[str, Any]:
        """Returns the answer as JSON has it."""
        rows = [
            {"unit": one.entry.name, "map": one.fit.text(one.entry.name), **_finite(one.fit._asdict())}
            for one in self.neighbours
        ]
        facts = {"formula": str(self.program), "verdict": self.verdict, "compared": self.compared}
        return facts | {"neighbours": rows}


def novelty(program: Program, units: Mapping[str, Entry] = CATALOG, count: int = 5) -> Novelty:
    """Returns the published units that a program is nearest to, up to f(x) = a g(b x + c) + d.

    Layers and gates are compared as they are, up to a map of the output alone. Parameters have their initial values.

    Args:
      program: an activation, finite for `|x| <= 20`, a layer or a gate.
      units: to compare with, by name; the catalog by default.
      count: neighbours to return.

    Raises:
      ActsearchError: an activation that is not finite for every `|x| <= 20`.

    Example:
      >>> names = "relu", "silu", "tanh"
      >>> from actsearch.language import parse
      >>> novelty(parse("x * sigmoid(1.7 * x)"), {name: CATALOG[name] for name in names}).verdict
      'Known up to scale and shift: 0.58824 silu(1.7 x).'
    """
    entries = [entry for entry in units.values() if entry.program.kind == program.kind]
    if program.kind != "activation":
        found = [Neighbour(entry, fit_output(program, entry.program)) for entry in entries]
    else:
        curve_of(program)  # raises for a pole
        ranks = {entry.name: coarse_rank(program, entry.program) for entry in entries}
        entries = [entry for entry in entries if np.isfinite(ranks[entry.name][0])]
        nearest = sorted(entries, key=lambda entry: ranks[entry.name])[: max(count, _FITTED)]
        found = [Neighbour(entry, fit(program, entry.program)) for entry in nearest]
    found = [one for one in found if np.isfinite(one.fit.distance)]
    ordered = sorted(found, key=lambda one: (round(one.fit.distance, 9), not one.fit.is_identity, one.fit.complexity))
    return Novelty(program, tuple(ordered[:count]), len(entries))


def _finite(row: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in row.items()}

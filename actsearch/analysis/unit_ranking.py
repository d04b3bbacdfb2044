"""A ranking of units over tasks as data: scores, ranks, and how far they can be told apart.

`actsearch.evaluation.rank_units` trains and fills it; `actsearch.report` prints and draws it.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from actsearch.analysis.cost import Cost
from actsearch.analysis.friedman import cliques, critical_difference, friedman_p, mean_rank_intervals, ranks_of
from actsearch.analysis.statistics import Interval
from actsearch.language import ActsearchError


class UnitScores(NamedTuple):
    """Trainings of one unit on one task.

    Attributes:
      task: its name.
      formula: what the unit computes.
      scores: one a seed; the task's worst score for a training that diverged.
      diverged: how many of them diverged.
      rate_scale: factor on the task's learning rate.
    """

    task: str
    formula: str
    scores: tuple[float, ...]
    diverged: int = 0
    rate_scale: float = 1.0


@dataclasses.dataclass(frozen=True)
class RankedUnit:
    """One unit of a ranking.

    Attributes:
      name: for people; names of units that are one function are joined by ", ".
      trained: its trainings, one entry a task.
      ranks: on each task, 1 for the best.
      mean_rank: their mean, with its interval over tasks.
      cost: of its layer relative to ReLU's; None where it was not measured.
    """

    name: str
    trained: tuple[UnitScores, ...]
    ranks: tuple[float, ...]
    mean_rank: Interval
    cost: Cost | None = None

    @property
    def formula(self) -> str:
        """What it computes."""
        return self.trained[0].formula

    @property
    def means(self) -> tuple[float, ...]:
        """Mean score on each task."""
        return tuple(float(np.mean(row.scores)) for row in self.trained)

    @property
    def diverged(self) -> int:
        """How many of its trainings diverged, over all tasks."""
        return sum(row.diverged for row in self.trained)


@dataclasses.dataclass(frozen=True)
class UnitRanking:
    """Units in the order of their mean ranks.

    Attributes:
      units: best first.
      tasks: their names.
      seeds: of the trainings that the ranks are of.
      rate_scales: factors on the learning rate among which each unit had its best one, by other seeds.
      part: of the data.
      confidence: of the intervals, and of the critical difference.
    """

    units: tuple[RankedUnit, ...]
    tasks: tuple[str, ...]
    seeds: tuple[int, ...]
    rate_scales: tuple[float, ...] = (1.0,)
    part: str = "test"
    confidence: float = 0.95

    @property
    def p_value(self) -> float:
        """Friedman's, that all units are equal."""
        return friedman_p(np.array([unit.ranks for unit in self.units]).T)

    @property
    def critical_difference(self) -> float:
        """By how much two mean ranks have to differ."""
        return critical_difference(len(self.units), len(self.tasks), self.confidence)

    @property
    def cliques(self) -> list[tuple[int, int]]:
        """Groups of units, by position of the first and last, that the critical difference does not tell apart."""
        return cliques([unit.mean_rank.estimate for unit in self.units], self.critical_difference)

    def to_json(self) -> dict[str, Any]:
        """Returns everything as plain data."""
        return {
            "tasks": list(self.tasks),
            "seeds": list(self.seeds),
            "rate_scales": list(self.rate_scales),
            "part": self.part,
            "confidence": self.confidence,
            "friedman_p": self.p_value,
            "critical_difference": self.critical_difference,
            "units": [_json(unit) for unit in self.units],
        }


def ranked(
    trained: Mapping[str, Sequence[UnitScores]],
    seeds: Sequence[int],
    *,
    rate_scales: Sequence[float] = (1.0,),
    costs: Mapping[str, Cost] | None = None,
    part: str = "test",
    confidence: float = 0.95,
) -> UnitRanking:
    """Returns units in the order of their mean ranks over tasks, by mean score over seeds on each task.

    Args:
      trained: name of each unit -> its trainings on each task, the tasks in one order.
      seeds: of the trainings.
      rate_scales: among which each unit's rate was chosen.
      costs: of units by name, relative to ReLU.
      part: of the data.
      confidence: in (0, 1).

    Raises:
      ActsearchError: fewer than two units, or a unit without scores for all seeds of all tasks.

    Example:
      >>> scores = {"relu(x)": (0.5, 0.6), "tanh(x)": (0.8, 0.6)}
      >>> trained = {text: [UnitScores("digits", text, own)] for text, own in scores.items()}
      >>> [unit.name for unit in ranked(trained, (100, 101)).units]
      ['tanh(x)', 'relu(x)']
    """
    if len(trained) < 2:
        raise ActsearchError(f"A ranking needs two or more units; received {', '.join(trained) or 'none'}.")
    rows = {name: tuple(own) for name, own in trained.items()}
    tasks = tuple(row.task for row in next(iter(rows.values())))
    for name, own in rows.items():
        if tuple(row.task for row in own) != tasks or any(len(row.scores) != len(seeds) for row in own):
            raise ActsearchError(f"{name} needs a score for each of {len(seeds)} seeds on {', '.join(tasks)}.")
    ranks = ranks_of(np.array([[np.mean(row.scores) for row in own] for own in rows.values()]).T)
    known = {} if costs is None else costs
    units = [
        RankedUnit(name, rows[name], tuple(map(float, ranks[:, i])), mean, known.get(name))
        for i, (name, mean) in enumerate(zip(rows, mean_rank_intervals(ranks, confidence), strict=True))
    ]
    units.sort(key=lambda unit: unit.mean_rank.estimate)
    return UnitRanking(tuple(units), tasks, tuple(seeds), tuple(rate_scales), part, confidence)


def _json(unit: RankedUnit) -> dict[str, Any]:
    cost = None if unit.cost is None else {k: v if math.isfinite(v) else None for k, v in unit.cost._asdict().items()}
    tasks = {
        row.task: {"scores": list(row.scores), "diverged": row.diverged, "rate_scale": row.rate_scale, "rank": rank}
        for row, rank in zip(unit.trained, unit.ranks, strict=True)
    }
    return {
        "unit": unit.name,
        "formula": unit.formula,
        "mean_rank": unit.mean_rank._asdict(),
        "tasks": tasks,
        "cost": cost,
    }

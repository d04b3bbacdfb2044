"""Verification as data: scores of candidates and baselines at fresh seeds, and intervals of their differences.

`actsearch.evaluation.verify` trains and fills it; `actsearch.report.tables` prints it.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from actsearch.analysis.simultaneous import holm, paired_p_values, simultaneous_intervals
from actsearch.analysis.statistics import Interval, bootstrap_mean, paired_difference
from actsearch.language import INPUTS, ActsearchError, Program, parse


class Scores(NamedTuple):
    """Trainings of one function on one task.

    Attributes:
      task: its name.
      program: the function.
      baseline: whether the others are compared with it on this task.
      scores: one a seed, in the order of the seeds; the task's worst score for a training that diverged.
      diverged: how many of them diverged.
      rate_scale: factor on the task's learning rate.
      share: of the task's steps that were trained, below 1 where functions had equal time instead.
    """

    task: str
    program: Program
    baseline: bool
    scores: tuple[float, ...]
    diverged: int = 0
    rate_scale: float = 1.0
    share: float = 1.0


class Difference(NamedTuple):
    """A function's score minus that of a baseline, paired by seed.

    Attributes:
      baseline: the baseline's formula.
      pointwise: mean difference and its interval, as if it were the only comparison.
      simultaneous: the same, with an interval that holds together with all others of the verification.
      p_value: of Student's paired test that the mean difference is 0.
      adjusted: the p-value after Holm's correction for all comparisons of the verification.
    """

    baseline: str
    pointwise: Interval
    simultaneous: Interval
    p_value: float
    adjusted: float


@dataclasses.dataclass(frozen=True)
class Row:
    """One function on one task.

    Attributes:
      trained: its trainings.
      mean: mean score with its bootstrap interval.
      differences: from each baseline of the task, in their order; of a baseline, from those before it.
    """

    trained: Scores
    mean: Interval
    differences: tuple[Difference, ...]

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.trained.task

    @property
    def program(self) -> Program:
        """The function."""
        return self.trained.program


@dataclasses.dataclass(frozen=True)
class Verification:
    """What `verify` returns.

    Attributes:
      rows: one for each function on each task, task by task; baselines first, then candidates as they were given.
      seeds: of the trainings, the same for all.
      part: of the data that scores were measured on.
      confidence: of every interval.
    """

    rows: tuple[Row, ...]
    seeds: tuple[int, ...]
    part: str
    confidence: float

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in their order."""
        return tuple(dict.fromkeys(row.task for row in self.rows))

    @property
    def programs(self) -> tuple[Program, ...]:
        """Every function, in the order of the rows."""
        return tuple(dict.fromkeys(row.program for row in self.rows))

    @property
    def ranked(self) -> list[Program]:
        """Every function by falling difference from the first baseline, the mean over the tasks; 0 for that itself."""
        gains: dict[Program, list[float]] = {program: [] for program in self.programs}
        for row in self.rows:
            gains[row.program].append(row.differences[0].pointwise.estimate if row.differences else 0.0)
        return sorted(gains, key=lambda program: -sum(gains[program]) / len(gains[program]))

    def baselines(self, task: str) -> tuple[str, ...]:
        """Returns the formulas of a task's baselines."""
        return tuple(str(row.program) for row in self.rows if row.task == task and row.trained.baseline)

    def diverged(self, program: Program) -> int:
        """Returns how many trainings of a function diverged, on all tasks."""
        return sum(row.trained.diverged for row in self.rows if row.program == program)

    def row(self, task: str, program: Program) -> Row:
        """Returns the row of a function on a task; raises KeyError where there is none."""
        for row in self.rows:
            if (row.task, row.program) == (task, program):
                return row
        raise KeyError((task, str(program)))

    def to_json(self) -> dict[str, Any]:
        """Returns plain data; the ends of the intervals of a single seed are infinite."""
        return {
            "part": self.part,
            "seeds": list(self.seeds),
            "confidence": self.confidence,
            "rows": [_row_json(row) for row in self.rows],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Verification":
        """Returns the verification that `to_json` wrote; null, which JSON has for what is infinite, becomes that again.

        Raises:
          ActsearchError: it is none.

        Example:
          >>> from actsearch.language import parse
          >>> relu = Scores("digits", parse("relu(x)"), True, (0.90, 0.92))
          >>> verification = verified([relu], seeds=(100, 101))
          >>> Verification.from_json(verification.to_json()) == verification
          True
        """
        try:
            rows = tuple(_row(row) for row in record["rows"])
            return cls(rows, tuple(record["seeds"]), record["part"], record["confidence"])
        except (KeyError, TypeError) as error:
            raise ActsearchError(f"A verification as JSON has rows, seeds, part and confidence; {error!r}.") from error


def verified(
    trained: Sequence[Scores], seeds: Sequence[int], *, part: str = "test", confidence: float = 0.95
) -> Verification:
    """Returns the statistics of trainings: means, and differences from the baselines of the same task.

    Args:
      trained: of each function on each task, all with the same seeds; each task has a baseline at least.
      seeds: of the trainings.
      part: of the data, for the record.
      confidence: in (0, 1), of each pointwise interval, and of all simultaneous ones together.

    Returns:
      A Verification. A simultaneous interval is never narrower than the pointwise one.

    Raises:
      ActsearchError: another number of scores than of seeds, no scores, or a confidence out of range.

    Example:
      >>> from actsearch.language import parse
      >>> relu = Scores("digits", parse("relu(x)"), True, (0.90, 0.92, 0.91))
      >>> silu = Scores("digits", parse("x * sigmoid(x)"), False, (0.92, 0.95, 0.93))
      >>> difference = verified([relu, silu], seeds=(100, 101, 102)).rows[1].differences[0]
      >>> difference.baseline, [round(number, 3) for number in difference.simultaneous]
      ('relu(x)', [0.023, 0.009, 0.038])
    """
    if any(len(row.scores) != len(seeds) for row in trained):
        raise ActsearchError(f"Each function needs a score for each of the {len(seeds)} seeds.")
    pairs = [(row, base) for i, row in enumerate(trained) for base in _baselines(trained, i)]
    differences = _differences(pairs, confidence)
    rows = []
    for row in trained:
        own = [difference for (one, _), difference in zip(pairs, differences, strict=True) if one is row]
        rows.append(Row(row, bootstrap_mean(row.scores, confidence), tuple(own)))
    return Verification(tuple(rows), tuple(seeds), part, confidence)


def _baselines(trained: Sequence[Scores], i: int) -> list[Scores]:
    """Returns the baselines that a row is compared with: for a baseline those before it, so that no pair is twice."""
    row = trained[i]
    others = trained[:i] if row.baseline else trained
    return [base for base in others if base.baseline and base.task == row.task]


def _differences(pairs: Sequence[tuple[Scores, Scores]], confidence: float) -> list[Difference]:
    """Returns the difference of each pair, with intervals that hold for all pairs at once."""
    if not pairs:
        return []
    columns = np.stack([np.subtract(row.scores, base.scores) for row, base in pairs], axis=1)
    p_values = paired_p_values(columns)
    adjusted = holm(p_values)
    rows = []
    for i, wide in enumerate(simultaneous_intervals(columns, confidence)):
        row, base = pairs[i]
        narrow = paired_difference(row.scores, base.scores, confidence)
        wide = Interval(narrow.estimate, min(narrow.low, wide.low), max(narrow.high, wide.high))
        rows.append(Difference(str(base.program), narrow, wide, p_values[i], adjusted[i]))
    return rows


def _row_json(row: Row) -> dict[str, Any]:
    trained = row.trained
    return {
        "task": trained.task,
        "program": str(trained.program),
        "baseline": trained.baseline,
        "scores": list(trained.scores),
        "diverged": trained.diverged,
        "rate_scale": trained.rate_scale,
        "share": trained.share,
        "mean": row.mean._asdict(),
        "differences": [
            {
                **difference._asdict(),
                "pointwise": difference.pointwise._asdict(),
                "simultaneous": difference.simultaneous._asdict(),
            }
            for difference in row.differences
        ],
    }


def _row(row: Mapping[str, Any]) -> Row:
    program = parse(row["program"], inputs=INPUTS)
    facts = (row["baseline"], tuple(row["scores"]), row["diverged"], row["rate_scale"], row["share"])
    differences = (
        Difference(
            one["baseline"], _interval(one["pointwise"]), _interval(one["simultaneous"]), *map(_number, _values(one))
        )
        for one in row["differences"]
    )
    return Row(Scores(row["task"], program, *facts), _interval(row["mean"]), tuple(differences))


def _values(difference: Mapping[str, Any]) -> tuple[float | None, float | None]:
    return difference["p_value"], difference["adjusted"]


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _interval(ends: Mapping[str, float | None]) -> Interval:
    """Returns an interval; a single seed says nothing of its ends."""
    low, high = ends["low"], ends["high"]
    return Interval(_number(ends["estimate"]), -math.inf if low is None else low, math.inf if high is None else high)

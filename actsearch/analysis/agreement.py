"""How well short trainings rank what long ones decide: the test of a run of successive halving."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from rich.table import Table

from actsearch.analysis.statistics import Interval, kendall_tau
from actsearch.report.tables import Column, render
from actsearch.trials.ranking import length
from actsearch.trials.trial import Trial


class Agreement(NamedTuple):
    """How one rung ranks functions as compared with a longer one.

    Attributes:
      shorter: steps of the one.
      longer: steps of the other; infinite for full trainings outside of rungs.
      functions: trained at both.
      tau: Kendall's tau-b of their scores, with its 95 % interval; NaN in [-1, 1] where they say nothing: fewer than
        two functions, or all scores of a rung equal.
    """

    shorter: float
    longer: float
    functions: int
    tau: Interval


def rung_agreement(trials: Iterable[Trial], *, seed: int = 0) -> list[Agreement]:
    """Returns Kendall's tau between the scores at each pair of rungs, over the functions trained at both.

    A function's score at a rung is the mean of its trials there; a diverged one counts 0, since a short training that
    promotes what then diverges was wrong. Functions are those of different fingerprints.

    What successive halving promoted is no fair sample: only the best of the shorter rung are at the longer one. Such a
    restriction of range lowers tau below that over all functions, the more so the fewer are promoted. A tau near 0 says
    that the shorter rung no longer tells among the promoted, and not that it picked no better than chance. For tau
    without it, train a random sample at both.

    Args:
      trials: of one run, in any order.
      seed: of the bootstrap.

    Returns:
      One Agreement for each pair of lengths in the run, shorter ones first; empty where all are of one length.

    Example:
      >>> from actsearch.language import parse
      >>> def trial(index, function, steps, score):
      ...     return Trial(index, parse("x"), function, "ok", score, ({"score": score, "steps": steps},))
      >>> trials = [trial(i, f"{i % 4}", steps, i / 10) for i, steps in enumerate([50.0] * 4 + [150.0] * 4)]
      >>> for shorter, longer, functions, tau in rung_agreement(trials):
      ...     print(shorter, longer, functions, tau.estimate)
      50.0 150.0 4 1.0
    """
    rungs: dict[float, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        if trial.status in ("ok", "diverged") and trial.score is not None:
            rungs[length(trial)][trial.fingerprint].append(trial.score)
    rows = []
    for shorter, longer in itertools.combinations(sorted(rungs), 2):
        both = [name for name in rungs[shorter] if name in rungs[longer]]
        one, two = ([_mean(rungs[steps][name]) for name in both] for steps in (shorter, longer))
        rows.append(Agreement(shorter, longer, len(both), _tau(one, two, seed)))
    return rows


def rung_table(rows: Iterable[Agreement], title: str = "Kendall's tau between rungs, with a 95 % interval") -> Table:
    """Returns what `rung_agreement` found as a table, one row for each pair of rungs."""
    columns = ("shorter (steps)", "longer (steps)", Column("functions", ",d"), Column("tau", ".2f"))
    return render([(_steps(a), _steps(b), functions, tau) for a, b, functions, tau in rows], columns, title)


def _tau(one: list[float], two: list[float], seed: int) -> Interval:
    if min(len(set(one)), len(set(two))) < 2:
        return Interval(math.nan, -1.0, 1.0)
    return kendall_tau(one, two, seed=seed)


def _mean(scores: list[float]) -> float:
    return math.fsum(scores) / len(scores)


def _steps(steps: float) -> str:
    return f"{steps:,.0f}" if math.isfinite(steps) else "all"

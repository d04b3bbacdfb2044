"""What became of the candidates of a search: how many each gate stopped, what that saved, and which came out best."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from actsearch.trials.ranking import length
from actsearch.trials.trial import Trial

TRAINED = ("ok", "diverged")
"""Statuses of trials that were trained."""

_ALWAYS = ("rejected:shape", "rejected:finite", "duplicate", "diverged", "ok")
_BEFORE = ("rejected:shape", "rejected:finite", "rejected:input", "rejected:scale")
_AFTER = ("rejected:quality", "rejected:stability")
_ORDER = (*_BEFORE, "rejected:", "duplicate", *_AFTER, "failed", "diverged", "ok")
"""The gates as they are tried, those of activations and of layers; "rejected:" stands for any other gate."""


class Stage(NamedTuple):
    """One row of the funnel.

    Attributes:
      stage: "proposed" for all trials, else their status.
      trials: how many.
      share: of all trials, in [0, 1]; 0 when there are none.
      seconds: spent on them.
      saved: seconds that training them in full would have taken more: their number times the mean of the trained
        trials, for trials that a gate stopped; less what was spent on them, where the gate itself trains, as those of
        quality and stability do; 0 for the others. For "proposed" the sum.
    """

    stage: str
    trials: int
    share: float
    seconds: float
    saved: float


def funnel(trials: Sequence[Trial]) -> list[Stage]:
    """Returns how many trials each stage of a search stopped, in the order of the stages.

    Args:
      trials: of a run, in any order.

    Returns:
      The rows "proposed", "rejected:shape", "rejected:finite", "duplicate", "diverged" and "ok"; the first is the
      sum of the others. Further statuses, such as "rejected:quality" or "failed", have a row where there are any.

    Example:
      >>> from actsearch.language import parse
      >>> x = parse("x")
      >>> trials = [Trial(0, x, "a", "ok", 0.9, seconds=2.0), Trial(1, x, "a", "duplicate", 0.9, seconds=0.5)]
      >>> for row in funnel(trials):
      ...     if row.trials:
      ...         print(*row)
      proposed 2 1.0 2.5 2.0
      duplicate 1 0.5 0.5 2.0
      ok 1 0.5 2.0 0.0
    """
    counts = Counter(trial.status for trial in trials)
    trained = [trial.seconds for trial in trials if trial.status in TRAINED]
    price = math.fsum(trained) / len(trained) if trained else 0.0

    def row(stage: str) -> Stage:
        seconds = math.fsum(trial.seconds for trial in trials if trial.status == stage)
        stopped = stage == "duplicate" or stage.startswith("rejected:")
        number = counts[stage]
        saved = max(0.0, number * price - seconds * (stage in _AFTER)) if stopped else 0.0
        return Stage(stage, number, number / max(1, len(trials)), seconds, saved)

    rows = [row(stage) for stage in sorted({*_ALWAYS, *counts}, key=_place)]
    spent, saved = math.fsum(row.seconds for row in rows), math.fsum(row.saved for row in rows)
    return [Stage("proposed", len(trials), float(bool(trials)), spent, saved), *rows]


def best(trials: Iterable[Trial], n: int) -> list[Trial]:
    """Returns the best distinct trials, best first.

    Args:
      trials: of one task. Only those with status "ok" count, and in a run with rungs those of the longest one.
      n: how many at most, at least 0.

    Returns:
      Up to `n` trials with different fingerprints, by falling score; among equal scores by rising mean of the metric
      "loss" over the seeds (a trial without it comes last), then by rising index.

    Raises:
      ValueError: a negative `n`.

    Example:
      >>> from actsearch.language import parse
      >>> x = parse("x")
      >>> one = Trial(0, x, "a", "ok", 0.9, ({"loss": 0.5},), (0,))
      >>> two = Trial(1, x, "b", "ok", 0.9, ({"loss": 0.2},), (0,))
      >>> [trial.index for trial in best([one, two], 2)]
      [1, 0]
    """
    if n < 0:
        raise ValueError(f"n must be at least 0; received {n}.")
    ok = [trial for trial in trials if trial.status == "ok" and trial.score is not None]
    longest = max(map(length, ok), default=math.inf)
    ranked = sorted((trial for trial in ok if length(trial) == longest), key=_rank)
    distinct: dict[str, Trial] = {}
    for trial in ranked:
        distinct.setdefault(trial.fingerprint, trial)
    return list(distinct.values())[:n]


def mean_metric(trial: Trial, name: str) -> float:
    """Returns the mean of a metric over a trial's seeds, NaN where the trial, or any seed of it, has none."""
    values = [metrics.get(name, math.nan) for metrics in trial.metrics]
    return math.fsum(values) / len(values) if values else math.nan


def _rank(trial: Trial) -> tuple[float, float, int]:
    loss = mean_metric(trial, "loss")
    return -(trial.score or 0.0), math.inf if math.isnan(loss) else loss, trial.index


def _place(status: str) -> tuple[int, str]:
    """Known stages in the order of the search; an unknown gate after the cheap ones, anything else last."""
    known = next((stage for stage in (status, "rejected:") if stage in _ORDER and status.startswith(stage)), None)
    return _ORDER.index(known) if known else len(_ORDER), status

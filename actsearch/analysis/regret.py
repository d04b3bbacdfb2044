"""How fast a controller finds good programs: best score so far, regret, trials until a score.

Simple regret after n trials is r(n) = s - max_{i <= n} s_i, where s is the reference score.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from actsearch.analysis.statistics import Interval, bootstrap_mean
from actsearch.trials import Known
from actsearch.trials.ranking import of_highest_fidelity

_FEWEST = 3
"""Runs that an interval needs."""


def best_so_far(trials: Sequence[Known], *, repeats: bool = False) -> np.ndarray:
    """Returns the best score among the first 1, 2, ... trials.

    Args:
      trials: of one run, in order. Of a run with several fidelities the highest one counts, since scores after fewer
        steps are other quantities; a run that never trained in full is not to be compared with one that did.
      repeats: count repeated trainings of a known function too. The best of several draws of one function is luck, so
        that only its first evaluation counts by default.

    Returns:
      [n] float64, never falling; before the first trial that counts 0, or the lowest score where that is below 0.
      Those that count have status "ok" and the highest fidelity of the run.

    Example:
      >>> from actsearch.language import parse
      >>> from actsearch.trials import Trial
      >>> x = parse("x")
      >>> outcomes = [("diverged", 0.0), ("ok", 0.8), ("ok", 0.7), ("ok", 0.9)]
      >>> best_so_far([Trial(i, x, str(i), status, score) for i, (status, score) in enumerate(outcomes)]).tolist()
      [0.0, 0.8, 0.8, 0.9]
    """
    counting = {trial.index: trial.score or 0.0 for trial in of_highest_fidelity(trials)}
    scores, seen = np.full(len(trials), min([0.0, *counting.values()])), set()
    for position, trial in enumerate(trials):
        first = trial.index if trial.first is None else trial.first
        if trial.index in counting and (repeats or first not in seen):
            seen.add(first)
            scores[position] = counting[trial.index]
    return np.maximum.accumulate(scores)


def trials_until(curve: np.ndarray, threshold: float) -> int | None:
    """Returns the number of trials after which a curve of `best_so_far` first reaches a score; None if it never does.

    Example:
      >>> trials_until(np.array([0.1, 0.8, 0.8, 0.9]), 0.8), trials_until(np.array([0.1]), 0.8)
      (2, None)
    """
    reached = np.flatnonzero(curve >= threshold)
    return int(reached[0]) + 1 if reached.size else None


def regret_at(curves: Iterable[np.ndarray], reference: float, budget: int) -> Interval | None:
    """Returns the mean simple regret after `budget` trials, over the runs that came so far, with its 95 % interval.

    Args:
      curves: best scores so far, [trials] for each run; their lengths may differ.
      reference: the score s in s - max s_i.
      budget: number of trials, at least 1.

    Returns:
      The Interval of `bootstrap_mean` over runs; None where no run came so far. Of one or two runs the ends are
      infinite: a bootstrap of two values says nothing of their spread.

    Example:
      >>> regret = regret_at([np.array([0.5, 0.8]), np.array([0.5, 0.8]), np.array([0.5])], 0.9, 2)
      >>> round(regret.estimate, 3), regret.low
      (0.1, -inf)
    """
    values = [reference - curve[budget - 1] for curve in curves if len(curve) >= budget]
    if len(values) < _FEWEST:
        return Interval(float(np.mean(values)), -np.inf, np.inf) if values else None
    return bootstrap_mean(values)

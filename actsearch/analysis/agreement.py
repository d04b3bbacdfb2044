"""How well short trainings rank what long ones decide: the test of a run of successive halving."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from actsearch.analysis.statistics import Interval, kendall_tau
from actsearch.trials import Trial


class Agreement(NamedTuple):
    """How one fidelity ranks functions as compared with a higher one.

    Attributes:
      shorter: the one, a share of the task's steps.
      longer: the other.
      functions: number of functions trained at both.
      tau: Kendall's tau-b of their scores, with its 95 % interval; NaN in [-1, 1] where they say nothing: fewer than
        two functions, or all scores of one fidelity equal.
    """

    shorter: float
    longer: float
    functions: int
    tau: Interval


def fidelity_agreement(trials: Iterable[Trial], *, seed: int = 0) -> list[Agreement]:
    """Returns Kendall's tau between the scores at each pair of fidelities, over the functions trained at both.

    A function's score at a fidelity is the mean of its trials there; a diverged one counts 0, since a short training
    that promotes what then diverges was wrong. Functions are those of different fingerprints.

    What successive halving promoted is no fair sample: only the best of the lower fidelity are at the higher one. Such
    a restriction of range lowers tau below that over all functions, the more so the fewer are promoted. A tau near 0
    says that the lower fidelity no longer tells among the promoted, and not that it picked no better than chance. For
    tau without it, train a random sample at both.

    Args:
      trials: of one run, in any order.
      seed: of the bootstrap.

    Returns:
      One Agreement for each pair of fidelities in the run, lower ones first; empty where all are equal.

    Example:
      >>> from actsearch.language import parse
      >>> def trial(index, function, fidelity):
      ...     return Trial(index, parse("x"), function, "ok", index / 10, fidelity=fidelity)
      >>> trials = [trial(i, f"{i % 4}", fidelity) for i, fidelity in enumerate([1 / 9] * 4 + [1.0] * 4)]
      >>> for shorter, longer, functions, tau in fidelity_agreement(trials):
      ...     print(f"{shorter:.2f}", longer, functions, tau.estimate)
      0.11 1.0 4 1.0
    """
    scores: dict[float, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for trial in trials:
        if trial.trained and trial.score is not None:
            scores[trial.fidelity][trial.fingerprint].append(trial.score)
    return [
        _agreement(shorter, longer, scores[shorter], scores[longer], seed)
        for shorter, longer in itertools.combinations(sorted(scores), 2)
    ]


def _agreement(
    shorter: float, longer: float, low: dict[str, list[float]], high: dict[str, list[float]], seed: int
) -> Agreement:
    functions = [fingerprint for fingerprint in low if fingerprint in high]
    one, two = ([_mean(scores[fingerprint]) for fingerprint in functions] for scores in (low, high))
    says_nothing = min(len(set(one)), len(set(two))) < 2
    tau = Interval(math.nan, -1.0, 1.0) if says_nothing else kendall_tau(one, two, seed=seed)
    return Agreement(shorter, longer, len(functions), tau)


def _mean(scores: list[float]) -> float:
    return math.fsum(scores) / len(scores)

"""Functions against a reference on the same seeds, with intervals that hold for all comparisons at once."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from actsearch.analysis.statistics import Interval, Values, bootstrap_mean, paired_difference
from actsearch.language import ActsearchError

RESAMPLES = 9_999
"""Draws behind the critical value of simultaneous intervals."""

_BATCH = 1_000_000  # numbers held at once while drawing, 8 MB


class Contrast(NamedTuple):
    """One function compared with a reference.

    Attributes:
      name: of the function.
      mean: of its scores over seeds.
      difference: to the reference, paired by seed; None for the reference itself.
      simultaneous: the same difference, with an interval that holds for all functions at once; None as above.
    """

    name: str
    mean: Interval
    difference: Interval | None
    simultaneous: Interval | None


def compare_scores(
    scores: Mapping[str, Values], reference: str, confidence: float = 0.95, *, seed: int = 0
) -> list[Contrast]:
    """Returns each function's mean score and its difference to a reference, alone and among all comparisons.

    An interval of 95 % excludes 0 by chance in one comparison of twenty. The simultaneous ones, m_k +- c s_k / sqrt(n),
    all hold together in 95 % of repetitions: c is the quantile of max_k |t_k|, where t_k are Student's statistics of n
    normal draws with the correlations of the differences, a parametric bootstrap. With one comparison c is Student's t.

    Args:
      scores: by name [n] for the same n seeds in the same order, finite. One seed says nothing of the spread.
      reference: the name to compare with.
      confidence: in (0, 1).
      seed: seed of the draws, an integer >= 0.

    Returns:
      One Contrast for each function, by falling mean.

    Raises:
      ActsearchError: an unknown reference, or as for `paired_difference`.

    Source: max-t intervals of Hothorn, Bretz and Westfall 2008 (Simultaneous inference in general parametric models,
    Biometrical Journal 50). Different here: the quantile is drawn, and each comparison has its own variance. Simulated
    with 4 to 12 seeds and up to 20 comparisons it covers about 94 %, narrower than Bonferroni's by up to a tenth; a
    studentised bootstrap of the seeds themselves is more than twice as wide with 6 seeds.

    Example:
      >>> scores = {"relu": [0.90, 0.91, 0.90, 0.92], "silu": [0.93, 0.95, 0.94, 0.95], "tanh": [0.9, 0.92, 0.89, 0.92]}
      >>> for row in compare_scores(scores, "relu"):
      ...     print(row.name, f"{row.mean.estimate:.4f}", row.simultaneous and row.simultaneous.low > 0)
      silu 0.9425 True
      relu 0.9075 None
      tanh 0.9075 False
    """
    if reference not in scores:
        raise ActsearchError(f"The reference is one of {', '.join(scores)}; received {reference!r}.")
    means = {name: bootstrap_mean(row, confidence, seed=seed) for name, row in scores.items()}
    others = [name for name in scores if name != reference]
    paired = {name: paired_difference(scores[name], scores[reference], confidence, seed=seed) for name in others}
    differences = [np.subtract(scores[name], scores[reference]) for name in others]
    joint = dict(zip(others, _simultaneous(differences, confidence, seed), strict=True))
    names = sorted(scores, key=lambda name: -means[name].estimate)
    return [Contrast(name, means[name], paired.get(name), joint.get(name)) for name in names]


def _simultaneous(differences: list[np.ndarray], confidence: float, seed: int) -> list[Interval]:
    """Returns the mean of each row with its simultaneous interval; equal values give one of width 0."""
    spreads = [float(row.std(ddof=1)) / math.sqrt(len(row)) if len(row) > 1 else math.inf for row in differences]
    varying = [row for row, spread in zip(differences, spreads, strict=True) if 1e-12 < spread < math.inf]
    critical = _critical(np.array(varying).T, confidence, np.random.default_rng(seed)) if varying else 1.0
    halves = [critical * spread if spread > 1e-12 else 0.0 for spread in spreads]
    means = [float(row.mean()) for row in differences]
    return [Interval(mean, mean - half, mean + half) for mean, half in zip(means, halves, strict=True)]


def _critical(differences: np.ndarray, confidence: float, rng: np.random.Generator) -> float:
    """Returns the quantile of the largest |t| of [seeds, comparisons] draws that are correlated as the differences."""
    n = len(differences)
    unit = (differences - differences.mean(axis=0)) / (differences.std(axis=0) * math.sqrt(n))
    largest: list[np.ndarray] = []
    size = max(1, _BATCH // (n * max(unit.shape)))
    for start in range(0, RESAMPLES, size):
        draws = rng.standard_normal((min(size, RESAMPLES - start), n, n)) @ unit
        statistics = draws.mean(axis=1) / draws.std(axis=1, ddof=1) * math.sqrt(n)
        largest.append(np.abs(statistics).max(axis=1))
    return float(np.quantile(np.concatenate(largest), confidence))

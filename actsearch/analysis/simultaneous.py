"""Several paired comparisons at once: intervals that hold for all of them, and p-values that allow for their number."""

import math
from collections.abc import Sequence

import numpy as np

from actsearch.analysis.statistics import RESAMPLES, Interval, check_confidence
from actsearch.language import ActsearchError


def simultaneous_intervals(differences: np.ndarray, confidence: float = 0.95, *, seed: int = 0) -> list[Interval]:
    """Returns the means of several paired differences with intervals that hold for all of them at once.

    With probability `confidence` every interval covers its mean difference: mean +- c s / sqrt(n) with one factor c for
    all, the quantile of the largest absolute t statistic over the comparisons (max-t) in a wild bootstrap, which draws
    a random sign for each row of the centred data. Whole rows keep the dependence between comparisons: a seed that is
    good for one function is good for another, and all share the baseline. c is at most Bonferroni's factor, and is that
    where n rows have fewer patterns of signs, 2^(n - 1), than 1 / (1 - confidence), five rows or fewer at 95 %: with
    three rows and 20 comparisons their quantile would cover 42 % of the time. Simulated coverage of 95 % intervals is
    93 to 96 % for normal rows, 2 to 8 of them, and up to 20 comparisons.

    Args:
      differences: [n, comparisons], finite; row i holds the differences at seed i. n = 1 says nothing of the spread:
        its intervals are (-inf, inf). A column of equal values, which few seeds of a rounded score give by chance, has
        the spread of the others (root mean square), or (-inf, inf) where none varies; one of zeros has width 0.
      confidence: in (0, 1).
      seed: of the resampling, an integer >= 0.

    Returns:
      One Interval a column, symmetric about its mean.

    Raises:
      ActsearchError: an array of another shape, a number that is NaN or infinite, or a confidence out of range.

    Source: the single-step max-t procedure of Westfall and Young 1993 (Resampling-based multiple testing), section 2.5.
    Different here: random signs instead of resampled rows, of which 8 seeds give too few different ones.

    Example:
      >>> rows = np.array([[0.02, 0.01], [0.03, -0.01], [0.01, 0.00], [0.02, 0.02], [0.03, -0.02], [0.02, 0.00]])
      >>> [(round(low, 3), round(high, 3)) for _, low, high in simultaneous_intervals(rows)]
      [(0.013, 0.03), (-0.016, 0.016)]
    """
    check_confidence(confidence)
    data = np.asarray(differences, np.float64)
    if data.ndim != 2 or not data.size or not np.isfinite(data).all():
        raise ActsearchError(f"differences must be finite numbers [n, comparisons]; received shape {list(data.shape)}.")
    n, means = len(data), data.mean(axis=0)
    if n == 1:
        return [Interval(float(mean), -math.inf, math.inf) for mean in means]
    spread = _spread(data)
    factor = _max_t(data[:, _varies(data)], confidence, seed) if _varies(data).any() else 1.0
    half = factor * spread / math.sqrt(n)
    return [Interval(float(m), float(m - h), float(m + h)) for m, h in zip(means, half, strict=True)]


def _varies(data: np.ndarray) -> np.ndarray:
    """Returns which columns hold more than one value, beyond rounding, [comparisons]."""
    varies: np.ndarray = data.std(axis=0) > 1e-12 * np.abs(data).max(axis=0)
    return varies


def _spread(data: np.ndarray) -> np.ndarray:
    """Returns the standard deviation of each column, [comparisons]; for equal values not 0 that of the others."""
    spread, varies = data.std(axis=0, ddof=1), _varies(data)
    pooled = math.sqrt(np.square(spread[varies]).mean()) if varies.any() else math.inf
    return np.where(varies, spread, np.where((data == 0).all(axis=0), 0.0, pooled))


def _max_t(data: np.ndarray, confidence: float, seed: int) -> float:
    """Returns the factor on the standard errors of columns that all vary."""
    from scipy import stats

    n, comparisons = data.shape
    bonferroni = float(stats.t.isf((1 - confidence) / (2 * comparisons), n - 1))
    if 2.0 ** (1 - n) > 1 - confidence:
        return bonferroni
    centred = (data - data.mean(axis=0)) / data.std(axis=0)  # so that squares sum to n
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(RESAMPLES, n))
    means = signs @ centred / n
    t = np.abs(means) * np.sqrt((n - 1) / np.maximum(1 - np.square(means), 1e-12))
    return min(float(np.quantile(t.max(axis=1), confidence)), bonferroni)


def paired_p_values(differences: np.ndarray) -> list[float]:
    """Returns the two-sided p-value of Student's paired test for each column, that the mean difference is 0.

    Args:
      differences: [n, comparisons], finite. A column of zeros has the p-value 1, as has every column where n = 1; one
        of other equal values has the spread that `simultaneous_intervals` gives it.

    Example:
      >>> [round(p, 3) for p in paired_p_values(np.array([[0.02, 0.0], [0.03, 0.0], [0.01, 0.0]]))]
      [0.074, 1.0]
    """
    from scipy import stats

    data = np.asarray(differences, np.float64)
    n, means = len(data), data.mean(axis=0)
    if n == 1:
        return [1.0] * len(means)
    errors = _spread(data) / math.sqrt(n)
    ratios = np.divide(np.abs(means), errors, out=np.zeros(len(means)), where=errors > 0)
    return [float(p) for p in 2 * stats.t.sf(ratios, n - 1)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns Holm's adjusted p-values: rejecting those below alpha, any wrong rejection has at most probability alpha.

    Source: Holm 1979 (A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6).

    Example:
      >>> holm([0.01, 0.04, 0.03])
      [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * np.asarray(p_values, np.float64)[order]))
    return [float(p) for p in adjusted]

"""Ranks of units over tasks: mean ranks with intervals, Friedman's test, Nemenyi's critical difference.

Tasks are the sample: what is said holds for further tasks of their kind, and so needs many of them to say much.
"""

import math
from collections.abc import Sequence

import numpy as np

from actsearch.analysis.statistics import Interval, check_confidence
from actsearch.language import ActsearchError


def ranks_of(scores: np.ndarray) -> np.ndarray:
    """Returns the ranks of units on each task, 1 for the highest score; equal scores share their mean rank.

    Args:
      scores: [tasks, units], finite; higher is better.

    Returns:
      Ranks, float64 [tasks, units], each row a permutation of 1 to the number of units but for ties.

    Raises:
      ActsearchError: another shape, fewer than two units, or a number that is NaN or infinite.

    Example:
      >>> ranks_of(np.array([[0.9, 0.7, 0.8], [0.5, 0.5, 0.6]])).tolist()
      [[1.0, 3.0, 2.0], [2.5, 2.5, 1.0]]
    """
    from scipy import stats

    data = np.asarray(scores, np.float64)
    if data.ndim != 2 or len(data) == 0 or data.shape[1] < 2 or not np.isfinite(data).all():
        raise ActsearchError(f"scores must be finite, [tasks, two or more units]; received shape {list(data.shape)}.")
    ranks: np.ndarray = stats.rankdata(-data, axis=1)
    return ranks


def mean_rank_intervals(ranks: np.ndarray, confidence: float = 0.95) -> list[Interval]:
    """Returns each unit's mean rank with Student's interval over tasks, within the ranks that there are.

    mean +- t_{n-1} s / sqrt(n), for each unit by itself: what its mean rank would be over many tasks of this kind.

    Args:
      ranks: [n tasks, units], from `ranks_of`. One task says nothing of others: the interval is then [1, units].
      confidence: in (0, 1).

    Example:
      >>> best, *_ = mean_rank_intervals(np.array([[1.0, 3, 2], [1, 2, 3], [2, 1, 3]]))
      >>> [round(number, 2) for number in best]
      [1.33, 1.0, 2.77]
    """
    from scipy import stats

    check_confidence(confidence)
    n, units = ranks.shape
    means = ranks.mean(axis=0)
    if n == 1:
        return [Interval(float(mean), 1.0, float(units)) for mean in means]
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * ranks.std(axis=0, ddof=1) / math.sqrt(n)
    low, high = np.maximum(1.0, means - half), np.minimum(units, means + half)
    return [Interval(*map(float, ends)) for ends in zip(means, low, high, strict=True)]


def friedman_p(ranks: np.ndarray) -> float:
    """Returns the p-value that all units are equal: Friedman's test with the F statistic of Iman and Davenport.

    F = (n - 1) B / (T - B) with k - 1 and (n - 1) (k - 1) degrees of freedom; T = sum_ij (r_ij - (k + 1) / 2)^2, which
    allows for ties, and B = n sum_j (R_j - (k + 1) / 2)^2 of the mean ranks R. Friedman's chi^2 is n (k - 1) B / T.

    Args:
      ranks: [n tasks, k units], from `ranks_of`. One task, or ties alone, give 1.

    Source: Iman, Davenport 1980, Approximations of the critical region of the Friedman statistic; Demsar 2006,
    Statistical comparisons of classifiers over multiple data sets (JMLR 7), section 3.2.2.

    Example:
      >>> round(friedman_p(np.array([[1.0, 2, 3], [1, 2, 3], [1, 3, 2], [1, 2, 3]])), 4)
      0.0066
    """
    from scipy import stats

    n, k = ranks.shape
    centred = ranks - (k + 1) / 2
    total = np.square(centred).sum()
    if n == 1 or total == 0:
        return 1.0
    between = n * np.square(centred.mean(axis=0)).sum()
    if math.isclose(between, total):  # every task has the same order
        return 0.0
    return float(stats.f.sf((n - 1) * between / (total - between), k - 1, (n - 1) * (k - 1)))


def critical_difference(units: int, tasks: int, confidence: float = 0.95) -> float:
    """Returns by how much two mean ranks have to differ: Nemenyi's test of all pairs.

    q sqrt(k (k + 1) / (6 n)), with q the quantile of the studentized range of k units over sqrt(2). Where all k units
    are equal, any pair differs by more with probability at most 1 - confidence.

    Args:
      units: k, at least 2.
      tasks: n, at least 1.
      confidence: in (0, 1).

    Raises:
      ActsearchError: a number out of range.

    Source: Demsar 2006 (JMLR 7), section 3.2.2, whose table has 2.569 for four units.

    Example:
      >>> round(critical_difference(4, 10) / math.sqrt(4 * 5 / 60), 3), round(critical_difference(4, 10), 2)
      (2.569, 1.48)
    """
    from scipy import stats

    check_confidence(confidence)
    if units < 2 or tasks < 1:
        raise ActsearchError(
            f"A critical difference needs 2 or more units and 1 or more tasks; received {units}, {tasks}."
        )
    q = float(stats.studentized_range.ppf(confidence, units, math.inf)) / math.sqrt(2)
    return q * math.sqrt(units * (units + 1) / (6 * tasks))


def cliques(mean_ranks: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Returns the groups of units whose mean ranks differ by less than the critical difference, as large as can be.

    Args:
      mean_ranks: ascending.
      difference: from `critical_difference`.

    Returns:
      First and last position of each group of two or more, none of them within another.

    Example:
      >>> cliques([1.2, 2.0, 2.1, 3.9], difference=1.0)
      [(0, 2)]
    """
    found: list[tuple[int, int]] = []
    for first, low in enumerate(mean_ranks):
        last = max(i for i, high in enumerate(mean_ranks) if high - low < difference or i == first)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found

"""What a task can tell: spread over seeds, the smallest difference that n seeds can see, seeds that one needs.

`actsearch.evaluation.measure_task` fills it with trainings.
"""

import math
from typing import NamedTuple

import numpy as np

from actsearch.analysis.statistics import check_confidence
from actsearch.language import ActsearchError

POWER = 0.8
"""Probability with which a true difference of the size of the noise floor is seen."""


class Spread(NamedTuple):
    """How much scores vary with the seed alone.

    Attributes:
      sd: of one function's score over seeds, pooled over functions; NaN for one seed.
      sd_difference: of the difference of two functions' scores at the same seed, pooled over pairs; NaN for one seed or
        one function. It is at most sqrt(2) sd where seeds that are good for one function are good for the other.
    """

    sd: float
    sd_difference: float


def spread(scores: np.ndarray) -> Spread:
    """Returns the standard deviations over seeds of scores, and of their paired differences, pooled over functions.

    `sd^2 = sum_fs (y_fs - y_f.)^2 / (F (S - 1))`, the mean of the functions' variances; every function counts alike.
    `sd_difference^2 = 2 sum_fs (y_fs - y_f. - y_.s + y_..)^2 / ((F - 1) (S - 1))`, twice the residual variance of the
    two-way layout, which is the mean over all pairs of the variance of their differences.

    Args:
      scores: [functions, seeds], finite; column s holds the trainings with one seed.

    Raises:
      ActsearchError: another shape, or a number that is NaN or infinite.

    Example:
      >>> [round(number, 3) for number in spread(np.array([[0.90, 0.92, 0.91], [0.80, 0.82, 0.81]]))]
      [0.01, 0.0]
    """
    data = _scores(scores)
    functions, seeds = data.shape
    if seeds < 2:
        return Spread(math.nan, math.nan)
    within = data - data.mean(axis=1, keepdims=True)
    sd = math.sqrt(np.square(within).sum() / (functions * (seeds - 1)))
    if functions < 2:
        return Spread(sd, math.nan)
    residual = within - within.mean(axis=0, keepdims=True)
    return Spread(sd, math.sqrt(2 * np.square(residual).sum() / ((functions - 1) * (seeds - 1))))


def gap_over_noise(scores: np.ndarray, reference: int) -> float:
    """Returns (highest mean score - mean score of the reference) / sd, sd as in `spread` over all functions.

    The highest of several means is too high by luck, by up to about 1.5 sd / sqrt(seeds) for ten functions, so that
    even a task that needs no nonlinearity has a gap of about 1.

    Args:
      scores: [functions, seeds], finite.
      reference: row of the identity.

    Returns:
      At least 0; inf where no score varies and the gap is not 0, NaN for one seed or where nothing differs.

    Example:
      >>> round(gap_over_noise(np.array([[0.90, 0.92, 0.91], [0.80, 0.82, 0.81]]), reference=1), 1)
      10.0
    """
    data = _scores(scores)
    means, (sd, _) = data.mean(axis=1), spread(data)
    gap = float(means.max() - means[reference])
    return gap / sd if sd else (math.inf if gap else math.nan)


def noise_floor(
    sd: float, seeds: int, *, paired: bool = False, confidence: float = 0.95, power: float = POWER
) -> float:
    """Returns the smallest difference of means that a two-sided t test of n seeds sees with probability `power`.

    `floor = lambda s`, with the standard error `s = sd / sqrt(n)` for pairs and `sd sqrt(2 / n)` for two groups of n,
    and lambda the noncentrality at which `P(|T| > t_{1 - alpha / 2, df}) = power` for the noncentral t of `df = n - 1`
    for pairs and `2 (n - 1)` for two groups; `alpha = 1 - confidence`. It holds for normal scores whose spread is `sd`.

    Args:
      sd: at least 0: standard deviation over seeds, of one function's scores, or of paired differences if `paired`.
      seeds: n, trainings of each of the two functions, at least 2.
      paired: whether both were trained with the same seeds and are compared seed by seed.
      confidence: in (0, 1), of the test.
      power: in (0, 1), and above alpha.

    Raises:
      ActsearchError: an argument out of range.

    Source: Cohen 1988 (Statistical Power Analysis for the Behavioral Sciences), section 2.

    Example:
      >>> [round(noise_floor(0.01, n), 4) for n in (3, 8)], round(noise_floor(0.01, 8, paired=True), 4)
      ([0.0307, 0.0151], 0.0116)
    """
    _check(sd, confidence, power)
    if seeds < 2:
        raise ActsearchError(f"A noise floor needs at least 2 seeds; received {seeds}.")
    df, error = (seeds - 1, math.sqrt(1 / seeds)) if paired else (2 * (seeds - 1), math.sqrt(2 / seeds))
    return _noncentrality(df, confidence, power) * error * sd


def seeds_needed(
    difference: float, sd: float, *, paired: bool = False, confidence: float = 0.95, power: float = POWER
) -> int:
    """Returns the smallest number of seeds, at least 2, whose `noise_floor` is at most a difference.

    Args:
      difference: above 0.
      sd: as for `noise_floor`, like the other arguments.

    Example:
      >>> seeds_needed(0.01, sd=0.01), seeds_needed(0.01, sd=0.01, paired=True)
      (17, 10)
    """
    from scipy import stats

    _check(sd, confidence, power)
    if not 0 < difference < math.inf:
        raise ActsearchError(f"difference is a finite number above 0; received {difference}.")
    # The t test needs more than the normal one, by a few.
    normal = float(stats.norm.isf((1 - confidence) / 2) + stats.norm.ppf(power))
    n = max(2, math.ceil((1 if paired else 2) * (max(normal, 0.0) * sd / difference) ** 2))
    while noise_floor(sd, n, paired=paired, confidence=confidence, power=power) > difference:
        n += 1
    return n


def _noncentrality(df: int, confidence: float, power: float) -> float:
    """Returns the noncentrality at which a two-sided t test has a power."""
    from scipy import optimize, stats

    alpha = 1 - confidence
    critical = float(stats.t.isf(alpha / 2, df))

    def missing(noncentrality: float) -> float:
        below = np.nan_to_num(stats.nct.cdf(-critical, df, noncentrality))  # NaN where it is too small to compute
        return float(stats.nct.sf(critical, df, noncentrality) + below) - power

    # Half of all t are above the noncentrality or nearly so: twice the sum of both quantiles is more than enough.
    highest = 2 * (critical + float(stats.t.ppf(max(power, 0.5), df)) + 1)
    return float(optimize.brentq(missing, 0.0, highest, xtol=1e-6))


def _check(sd: float, confidence: float, power: float) -> None:
    check_confidence(confidence)
    if not 0 <= sd < math.inf:
        raise ActsearchError(f"sd is a finite number of at least 0; received {sd}.")
    if not 1 - confidence < power < 1:
        raise ActsearchError(f"power is above 1 - confidence and below 1, such as 0.8; received {power}.")


def _scores(scores: np.ndarray) -> np.ndarray:
    data = np.asarray(scores, np.float64)
    if data.ndim != 2 or not data.size or not np.isfinite(data).all():
        raise ActsearchError(f"scores must be finite numbers [functions, seeds]; received shape {list(data.shape)}.")
    return data

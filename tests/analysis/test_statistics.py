"""Statistics against independent references, and the coverage that the intervals promise on simulated data."""

import itertools
import math
import warnings

import numpy as np
import pytest
from scipy import stats

from actsearch.analysis import (
    FalseReject,
    Interval,
    bootstrap_mean,
    false_reject,
    kendall_tau,
    paired_difference,
    percentile_rank,
)
from actsearch.language import ActsearchError


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def covered(interval, truth):
    return interval.low <= truth <= interval.high


# The mean.


@pytest.mark.slow
def test_the_interval_of_a_mean_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    for confidence, tolerance in ((0.80, 0.04), (0.95, 0.025)):  # the plain percentile interval has 0.89 for 0.95
        hits = sum(covered(bootstrap_mean(rng.normal(3.0, 2.0, size=8), confidence), 3.0) for _ in range(500))
        assert hits / 500 == pytest.approx(confidence, abs=tolerance)


def test_many_values_give_the_interval_of_student():
    values = np.random.default_rng(1).normal(0.9, 0.01, size=400)
    t = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    mean, low, high = bootstrap_mean(values)
    assert mean == values.mean()
    assert (low, high) == pytest.approx((t.low, t.high), abs=0.05 * (t.high - t.low))


def test_the_interval_follows_location_and_scale():
    values = np.array([0.90, 0.91, 0.93, 0.92, 0.94, 0.90])
    moved = np.array(bootstrap_mean(values)) * 3 + 1
    assert np.array(bootstrap_mean(values * 3 + 1)) == pytest.approx(moved)


def test_few_and_equal_values():
    assert bootstrap_mean([0.9]) == Interval(0.9, -math.inf, math.inf)
    for n in (2, 3, 7, 8):
        mean, low, high = bootstrap_mean([0.1] * n)
        assert low <= mean <= high
        assert (mean, low, high) == pytest.approx((0.1, 0.1, 0.1))
    assert bootstrap_mean([0.0, 1.0]) == Interval(0.5, 0.0, 1.0)


def test_a_difference_is_taken_pair_by_pair():
    rng = np.random.default_rng(2)
    shared = rng.normal(0, 1, size=12)  # what a seed does to both is far larger than the difference
    ours, theirs = shared + 0.1 + rng.normal(0, 0.01, size=12), shared
    paired = paired_difference(ours, theirs)
    assert paired == bootstrap_mean(ours - theirs)
    assert 0.05 < paired.low < 0.1 < paired.high < 0.15
    assert paired_difference(theirs, ours).estimate == -paired.estimate
    shuffled = paired_difference(ours, rng.permutation(theirs))
    assert covered(shuffled, 0)


# Ranks.


def tau_b(a, b):
    """The definition, pair by pair."""
    pairs = list(itertools.combinations(range(len(a)), 2))
    signs = [(np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in pairs]
    untied = sum(s != 0 for s, _ in signs) * sum(t != 0 for _, t in signs)
    return sum(s * t for s, t in signs) / math.sqrt(untied)


@pytest.mark.parametrize("size", [3, 10, 40])
def test_tau_is_the_definition(size):
    rng = np.random.default_rng(size)
    a = rng.integers(0, 6, size=size)
    b = a + rng.integers(0, 4, size=size)
    tau = kendall_tau(a, b, resamples=20)
    assert tau.estimate == pytest.approx(tau_b(a, b))
    assert tau.estimate == pytest.approx(stats.kendalltau(a, b).statistic)
    assert -1 <= tau.low <= tau.estimate <= tau.high <= 1


@pytest.mark.slow
def test_the_interval_of_tau_covers_the_truth():
    rng = np.random.default_rng(3)
    truth = 2 / math.pi * math.asin(0.5)  # of a normal pair with correlation 0.5
    hits = 0
    for _ in range(60):
        a = rng.normal(size=150)
        b = 0.5 * a + math.sqrt(0.75) * rng.normal(size=150)
        hits += covered(kendall_tau(a, b, resamples=150), truth)
    assert hits / 60 == pytest.approx(0.95, abs=0.085)  # three standard errors of 60 draws


def test_tau_of_two_items():
    assert kendall_tau([1, 2], [3, 5]) == Interval(1.0, 1.0, 1.0)
    assert kendall_tau([1, 2], [5, 3]) == Interval(-1.0, -1.0, -1.0)


def test_percentile_rank_is_the_mean_of_both_kinds():
    scores = np.random.default_rng(4).integers(0, 20, size=300) / 20
    for score in (-1.0, 0.0, 0.35, 0.5, 0.99, 2.0):
        percent = stats.percentileofscore(scores, score, kind="mean")
        assert percentile_rank(scores, score) == pytest.approx(percent / 100)
    assert percentile_rank([0.3] * 4, 0.3) == 0.5


# Gates.


def test_good_rejects_are_those_that_make_the_top_share():
    accepted = np.arange(30) / 100
    for share, least in ((0.1, 0.27), (0.11, 0.26), (0.001, 0.29), (1.0, 0.0)):
        rejects = false_reject(np.array([least, np.nextafter(least, -1.0)]), accepted, share)
        assert (rejects.trained, rejects.good, rejects.rate.estimate) == (2, 1, 0.5)
    assert false_reject([0.9, 0.9], [0.9] * 20).good == 2  # ties count against the gate


def test_the_interval_of_a_rate_is_the_definition_and_covers():
    for good, k in ((0, 10), (3, 20), (10, 10)):
        rate = false_reject([1.0] * good + [0.0] * (k - good), [1.0]).rate
        low = stats.beta.ppf(0.025, good, k - good + 1) if good else 0.0
        high = stats.beta.ppf(0.975, good + 1, k - good) if good < k else 1.0
        assert (rate.low, rate.high) == pytest.approx((low, high))
    draws = np.random.default_rng(6).random((400, 25)) < 0.1
    assert np.mean([covered(false_reject(draw.astype(float), [1.0]).rate, 0.1) for draw in draws]) >= 0.94


def test_no_rejects_say_nothing():
    trained, good, (estimate, low, high) = false_reject([], [0.5, 0.9])
    assert (trained, good, low, high) == (0, 0, 0.0, 1.0)
    assert math.isnan(estimate)
    assert false_reject([0.9], [0.5]) == FalseReject(1, 1, Interval(1.0, pytest.approx(0.025), 1.0))


# All of them.


def test_the_same_data_give_the_same_interval():
    values, other = np.random.default_rng(5).normal(size=(2, 30))
    for statistic in (bootstrap_mean, lambda v, **kw: kendall_tau(v, other, **kw)):
        assert statistic(values) == statistic(values)
        assert statistic(values) != statistic(values, seed=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap_mean([]), r"values.*at least one.*shape \[0\]"),
        (lambda: bootstrap_mean([[0.1, 0.2]]), r"values.*shape \[1, 2\]"),
        (lambda: bootstrap_mean([0.1, math.nan]), "nan at position 1.*diverged"),
        (lambda: bootstrap_mean([0.1, 0.2], confidence=95), "between 0 and 1.*received 95"),
        (lambda: paired_difference([0.1], [0.1, 0.2]), "1 values and 2 of the reference"),
        (lambda: kendall_tau([1], [1]), "two or more items.*1 and 1"),
        (lambda: kendall_tau([1, 2, 3], [1, 2]), "received 3 and 2"),
        (lambda: kendall_tau([1, 2, 3], [5, 5, 5]), "All 3 values of b are 5"),
        (lambda: kendall_tau([1, 2], [1, 2], resamples=0), "at least 1; received 0"),
        (lambda: percentile_rank([0.1, math.inf], 0.2), "scores must be finite.*inf at position 1"),
        (lambda: percentile_rank([0.1], math.nan), "score must be finite"),
        (lambda: false_reject([0.1], []), "accepted must be a list of at least one"),
        (lambda: false_reject([math.nan], [0.1]), "rejected must be finite"),
        (lambda: false_reject([0.1], [0.1], share=0.0), "share is of the accepted.*received 0.0"),
    ],
)
def test_what_cannot_be_computed_says_why(call, message):
    with pytest.raises(ActsearchError, match=message):
        call()

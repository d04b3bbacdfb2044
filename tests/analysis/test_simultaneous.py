"""Intervals and p-values of many comparisons at once: they err together no more often than they say."""

import numpy as np
import pytest
from scipy import stats

from actsearch import ActsearchError
from actsearch.analysis import holm, paired_p_values, simultaneous, simultaneous_intervals


@pytest.mark.parametrize("shared", [0.0, 1.0], ids=["independent", "one baseline"])
@pytest.mark.parametrize("comparisons", [1, 20])
def test_all_intervals_together_cover_as_often_as_they_say(shared, comparisons, monkeypatch):
    """Eight seeds, true differences of 0: binomial noise of 300 simulations is 1.3 % at 95 %."""
    monkeypatch.setattr(simultaneous, "RESAMPLES", 999)
    rng, covered = np.random.default_rng(0), 0
    for seed in range(300):
        noise = rng.normal(size=(8, comparisons)) * rng.uniform(0.5, 2.0, size=comparisons)
        rows = simultaneous_intervals(noise + shared * rng.normal(size=(8, 1)), seed=seed)
        covered += all(row.low <= 0 <= row.high for row in rows)
    assert 0.91 <= covered / 300 <= 0.985


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_few_seeds_cover_as_often_as_they_say(seeds):
    """With three seeds there are four patterns of signs, whose quantile would cover 42 % of the time."""
    rng, covered = np.random.default_rng(0), 0
    for _ in range(300):
        rows = simultaneous_intervals(rng.normal(size=(seeds, 20)) + rng.normal(size=(seeds, 1)))
        covered += all(row.low <= 0 <= row.high for row in rows)
    assert 0.91 <= covered / 300 <= 0.985


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_scores_rounded_to_few_digits_tell_nothing_apart(seeds):
    """Two seeds of an accuracy counted on 200 examples differ by equal amounts in every tenth column, by chance."""
    rng, intervals, p_values = np.random.default_rng(0), 0, 0
    for _ in range(200):
        rows = np.round(rng.normal(0.0, 0.01, size=(seeds, 20)) * 200) / 200
        intervals += any(row.low > 0 or row.high < 0 for row in simultaneous_intervals(rows))
        p_values += min(holm(paired_p_values(rows))) < 0.05
    assert max(intervals, p_values) / 200 < 0.09


def test_pointwise_intervals_of_many_comparisons_would_not():
    """The test above can fail: of 20 pointwise intervals one misses in most simulations."""
    rng, covered = np.random.default_rng(0), 0
    for _ in range(300):
        noise = rng.normal(size=(8, 20))
        half = stats.t.isf(0.025, 7) * noise.std(axis=0, ddof=1) / np.sqrt(8)
        covered += (np.abs(noise.mean(axis=0)) <= half).all()
    assert covered / 300 < 0.6


def test_dependence_makes_them_narrower():
    """Twenty copies of one comparison are one comparison; twenty of their own are not."""
    rng = np.random.default_rng(1)
    one, many = rng.normal(size=(8, 1)), rng.normal(size=(8, 20))
    alone, copies = simultaneous_intervals(one)[0], simultaneous_intervals(np.repeat(one, 20, axis=1))[0]
    assert copies == pytest.approx(alone)
    width = [row.high - row.low for row in simultaneous_intervals(many)]
    student = 2 * stats.t.isf(0.025, 7) * many.std(axis=0, ddof=1) / np.sqrt(8)
    bonferroni = 2 * stats.t.isf(0.025 / 20, 7) * many.std(axis=0, ddof=1) / np.sqrt(8)
    assert (student < width).all()
    assert (width <= bonferroni + 1e-12).all()


def test_edges():
    assert simultaneous_intervals(np.array([[0.1, 0.2]])) == [(0.1, -np.inf, np.inf), (0.2, -np.inf, np.inf)]
    assert simultaneous_intervals(np.array([[0.5, 0.0]] * 3)) == [(0.5, -np.inf, np.inf), (0.0, 0.0, 0.0)]
    constant, varied = simultaneous_intervals(np.array([[0.5, 0.1], [0.5, 0.2], [0.5, 0.3]]))
    assert constant.high - constant.low == pytest.approx(varied.high - varied.low)
    assert varied.low < varied.estimate < varied.high
    for bad in (np.zeros((0, 2)), np.zeros(3), np.array([[np.nan]])):
        with pytest.raises(ActsearchError, match="finite numbers"):
            simultaneous_intervals(bad)


def test_p_values_are_those_of_the_paired_test():
    rows = np.random.default_rng(2).normal(0.5, size=(8, 5))
    np.testing.assert_allclose(paired_p_values(rows), stats.ttest_1samp(rows, 0).pvalue)
    zeros, equal, varied = paired_p_values(np.array([[0.0, 0.15, 0.1], [0.0, 0.15, 0.2]]))
    assert (zeros, equal) == (1.0, pytest.approx(varied))
    assert paired_p_values(np.array([[0.3, 0.0]])) == [1.0, 1.0]


def test_holm():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_rejects_something_true_no_more_often_than_it_says():
    rng, wrong = np.random.default_rng(3), 0
    for _ in range(400):
        rows = rng.normal(size=(8, 10)) + np.where(np.arange(10) < 5, 0.0, 3.0)
        adjusted = holm(paired_p_values(rows))
        wrong += min(adjusted[:5]) < 0.05
        assert max(adjusted[5:]) < 0.2
    assert wrong / 400 < 0.08

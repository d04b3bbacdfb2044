"""Ranks over tasks: published numbers, and how often intervals and tests are wrong on simulated tasks."""

import math

import numpy as np
import pytest
from scipy import stats

from actsearch.analysis import cliques, critical_difference, friedman_p, mean_rank_intervals, ranks_of
from actsearch.language import ActsearchError

RNG = np.random.default_rng(0)
UNITS, TASKS = 8, 7


def simulated(effects, runs, tasks):
    """Returns ranks [runs, tasks, units]: each unit has an effect, and an interaction with each task."""
    return np.array([ranks_of(effects + RNG.normal(size=(tasks, len(effects)))) for _ in range(runs)])


def test_intervals_cover_the_mean_rank_over_many_tasks():
    effects = np.linspace(0, 2, UNITS)
    expected = simulated(effects, 1, 20_000)[0].mean(axis=0)
    covered = [
        [low <= mean <= high for (_, low, high), mean in zip(mean_rank_intervals(ranks), expected, strict=True)]
        for ranks in simulated(effects, 500, TASKS)
    ]
    assert 0.93 <= np.mean(covered) <= 0.98


def test_equal_units_are_rarely_told_apart():
    """Both tests keep their 5 %, within the noise of 1,000 runs, with few tasks and with many units."""
    for units, tasks in ((8, 5), (40, 6)):
        ranks = simulated(np.zeros(units), 1_000, tasks)
        wrong = np.mean([friedman_p(rows) < 0.05 for rows in ranks])
        assert 0.03 <= wrong <= 0.07
        widest = np.ptp(ranks.mean(axis=1), axis=1)
        assert np.mean(widest >= critical_difference(units, tasks)) <= 0.06


def test_different_units_are_told_apart():
    (ranks,) = simulated(np.linspace(0, 12, UNITS), 1, TASKS)
    assert friedman_p(ranks) < 1e-6
    assert np.ptp(ranks.mean(axis=0)) > critical_difference(UNITS, TASKS)


def test_friedman_is_scipys_but_for_the_f_statistic():
    """Ties are allowed for in both; F follows from chi^2."""
    scores = np.round(RNG.normal(size=(6, 4)), 1)
    n, k = scores.shape
    chi2 = stats.friedmanchisquare(*scores.T).statistic
    expected = stats.f.sf((n - 1) * chi2 / (n * (k - 1) - chi2), k - 1, (n - 1) * (k - 1))
    assert friedman_p(ranks_of(scores)) == pytest.approx(expected)


@pytest.mark.parametrize(("ranks", "p"), [([[1, 2, 3]] * 4, 0.0), ([[2, 2, 2]] * 4, 1.0), ([[1, 2, 3]], 1.0)])
def test_friedman_at_its_ends(ranks, p):
    assert friedman_p(np.array(ranks, float)) == p


def test_critical_differences_are_those_of_the_published_table():
    """Demsar 2006, table 5 (a), alpha = 0.05."""
    for units, q in {2: 1.960, 3: 2.343, 6: 2.850, 10: 3.164}.items():
        scale = math.sqrt(units * (units + 1) / (6 * 10))
        assert critical_difference(units, 10) / scale == pytest.approx(q, abs=1.1e-3)


def test_groups_overlap_and_none_is_within_another():
    assert cliques([1.0, 1.6, 2.4, 2.5, 5.0], 1.0) == [(0, 1), (1, 3)]
    assert cliques([1.0, 3.0], 1.0) == []
    assert cliques([2.0, 2.0], 0.5) == [(0, 1)]


def test_one_task_says_nothing_of_others():
    assert [tuple(row) for row in mean_rank_intervals(np.array([[1.0, 2, 3]]))] == [(1, 1, 3), (2, 1, 3), (3, 1, 3)]


@pytest.mark.parametrize("scores", [[[0.5]], [0.5, 0.6], [[0.5, math.nan]], np.zeros((0, 2))], ids=range(4))
def test_scores_that_cannot_be_ranked(scores):
    with pytest.raises(ActsearchError, match="scores must be finite"):
        ranks_of(np.array(scores))


def test_a_difference_needs_two_units():
    with pytest.raises(ActsearchError, match="2 or more units"):
        critical_difference(1, 3)

"""Contrasts: pairing by seed, and intervals that hold for all comparisons at once, on simulated data."""

import math

import numpy as np
import pytest
from scipy import stats

from actsearch.analysis import Interval, compare_scores, paired_difference
from actsearch.language import ActsearchError

RNG = np.random.default_rng(0)
SCORES = {name: RNG.normal(level, 0.01, size=8) for name, level in (("relu", 0.9), ("silu", 0.95), ("tanh", 0.85))}


def test_rows_come_by_mean_and_the_reference_has_no_difference():
    rows = compare_scores(SCORES, "relu")
    assert [row.name for row in rows] == ["silu", "relu", "tanh"]
    assert rows[1][2:] == (None, None)
    assert rows[0].difference == paired_difference(SCORES["silu"], SCORES["relu"])
    assert rows[0].simultaneous.low > 0 > rows[2].simultaneous.high


def test_one_comparison_has_the_interval_of_student():
    row = next(
        row for row in compare_scores({name: SCORES[name] for name in ("relu", "silu")}, "relu") if row.difference
    )
    t = stats.ttest_rel(SCORES["silu"], SCORES["relu"]).confidence_interval(0.95)
    assert row.simultaneous[1:] == pytest.approx((t.low, t.high), abs=0.05 * (t.high - t.low))


def test_all_intervals_hold_at_once_as_often_as_they_say():
    """Alone, each of ten intervals of 95 % would miss in one data set of twenty, one of them in three of ten."""
    rng, hits = np.random.default_rng(1), 0
    for trial in range(60):
        scores = {str(k): row for k, row in enumerate(rng.normal(size=(11, 8)))}
        rows = [row.simultaneous for row in compare_scores(scores, "0", seed=trial) if row.simultaneous]
        hits += all(row.low <= 0 <= row.high for row in rows)
    assert hits / 60 == pytest.approx(0.95, abs=0.085)  # three standard errors of 60 draws


def test_they_are_narrower_than_those_of_bonferroni_and_wider_than_one_alone():
    rng = np.random.default_rng(2)
    scores = {str(k): row for k, row in enumerate(rng.normal(size=(21, 8)))}
    differences = scores["1"] - scores["0"]
    error = differences.std(ddof=1) / math.sqrt(8)
    row = next(row for row in compare_scores(scores, "0") if row.name == "1")
    critical = (row.simultaneous.high - row.simultaneous.estimate) / error
    assert stats.t.ppf(0.975, 7) < critical < stats.t.ppf(1 - 0.025 / 20, 7)


def test_one_seed_says_nothing_and_equal_functions_do_not_differ():
    (_, row) = compare_scores({"relu": [0.9], "silu": [0.8]}, "relu")
    assert row.simultaneous == Interval(pytest.approx(-0.1), -math.inf, math.inf)
    rows = compare_scores({"relu": [0.9, 0.8, 0.85], "again": [0.9, 0.8, 0.85], "silu": [0.9, 0.9, 0.8]}, "relu")
    assert {row.name: row.simultaneous for row in rows}["again"] == Interval(0.0, 0.0, 0.0)
    assert compare_scores({"relu": [0.9, 0.8]}, "relu")[0][2:] == (None, None)


def test_an_unknown_reference_is_a_mistake():
    with pytest.raises(ActsearchError, match="one of relu, silu, tanh; received 'gelu'"):
        compare_scores(SCORES, "gelu")

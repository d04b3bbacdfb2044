"""Noise floors against textbook tables, closed forms and simulated experiments."""

import math

import numpy as np
import pytest
from scipy import stats

from actsearch.analysis import gap_over_noise, noise_floor, seeds_needed, spread
from actsearch.language import ActsearchError

SCORES = np.random.default_rng(0).normal(size=(5, 4))


def test_the_spread_is_pooled_over_functions():
    assert spread(SCORES).sd == pytest.approx(math.sqrt(SCORES.var(axis=1, ddof=1).mean()))


def test_the_spread_of_differences_is_pooled_over_pairs():
    pairs = [np.var(SCORES[i] - SCORES[j], ddof=1) for i in range(5) for j in range(i)]
    assert spread(SCORES).sd_difference == pytest.approx(math.sqrt(np.mean(pairs)))


def test_what_a_seed_does_to_all_functions_is_in_no_difference():
    shared = SCORES + 100 * np.arange(4)
    assert spread(shared).sd > 100
    assert spread(shared).sd_difference == pytest.approx(spread(SCORES).sd_difference)


def test_one_seed_or_one_function_says_nothing():
    assert all(map(math.isnan, spread(SCORES[:, :1])))
    assert math.isnan(spread(SCORES[:1]).sd_difference)
    assert spread(SCORES[:1]).sd == pytest.approx(SCORES[0].std(ddof=1))


def test_the_gap_is_from_the_best_in_units_of_the_spread():
    scores = SCORES + np.arange(5)[:, None] * 10
    gap = scores[4].mean() - scores[1].mean()
    assert gap_over_noise(scores, 1) == pytest.approx(gap / spread(scores).sd)
    assert gap_over_noise(scores, 4) == 0
    assert gap_over_noise(np.array([[1.0, 1.0], [2.0, 2.0]]), 0) == math.inf
    assert math.isnan(gap_over_noise(np.ones((2, 2)), 0))


@pytest.mark.parametrize(("size", "unpaired", "paired"), [(0.2, 394, 199), (0.5, 64, 34), (0.8, 26, 15)])
def test_seeds_are_those_of_cohens_tables(size, unpaired, paired):
    """Cohen 1988: n for small, medium and large effects at 5 % and a power of 80 %."""
    assert seeds_needed(size, 1.0) == unpaired
    assert seeds_needed(size, 1.0, paired=True) == paired


def test_many_seeds_have_the_normal_test():
    normal = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert noise_floor(0.3, 100_000) == pytest.approx(0.3 * normal * math.sqrt(2 / 100_000), rel=1e-4)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_a_simulated_experiment_sees_the_floor_as_often_as_it_says(seeds, paired):
    """A difference of the floor's size is seen in 80 % of experiments, no difference in 5 %."""
    rng, runs = np.random.default_rng(1), 20_000
    shared = rng.normal(size=(runs, seeds)) * (5 if paired else 0)
    one, two = (shared + rng.normal(size=(runs, seeds)) for _ in range(2))
    floor = noise_floor(math.sqrt(2) if paired else 1.0, seeds, paired=paired)
    test = stats.ttest_rel if paired else stats.ttest_ind
    for difference, share in ((floor, 0.8), (0.0, 0.05)):
        seen = (test(one + difference, two, axis=1).pvalue < 0.05).mean()
        assert seen == pytest.approx(share, abs=0.012)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("difference", [0.003, 0.02, 0.1, 3.0])
def test_seeds_needed_are_the_fewest_whose_floor_is_low_enough(difference, paired):
    seeds = seeds_needed(difference, 0.02, paired=paired)
    assert noise_floor(0.02, seeds, paired=paired) <= difference
    assert seeds == 2 or noise_floor(0.02, seeds - 1, paired=paired) > difference


def test_no_noise_has_no_floor():
    assert (noise_floor(0.0, 3), seeds_needed(0.1, 0.0)) == (0.0, 2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: noise_floor(0.1, 1), "at least 2 seeds; received 1"),
        (lambda: noise_floor(-0.1, 3), "at least 0; received -0.1"),
        (lambda: noise_floor(math.nan, 3), "received nan"),
        (lambda: noise_floor(0.1, 3, power=0.04), "power is above 1 - confidence and below 1.*received 0.04"),
        (lambda: noise_floor(0.1, 3, confidence=95), "confidence must be between 0 and 1"),
        (lambda: seeds_needed(0.0, 0.1), "difference is a finite number above 0; received 0.0"),
        (lambda: spread(np.ones(3)), r"scores must be finite numbers \[functions, seeds\]; received shape \[3\]"),
        (lambda: spread(np.full((2, 2), np.nan)), "scores must be finite"),
    ],
    ids=["seeds", "negative", "nan", "power", "confidence", "difference", "shape", "not-finite"],
)
def test_mistakes(call, said):
    with pytest.raises(ActsearchError, match=said):
        call()

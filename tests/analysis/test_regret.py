"""Regret: what counts as a best score, and how it is averaged over runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actsearch.analysis import best_so_far, regret_at, trials_until
from actsearch.language import parse
from actsearch.trials import Trial

X = parse("x")


def trial(index, score, status="ok", **fields):
    return Trial(index, X, str(index), status, score, **fields)


TRIALS = [
    trial(0, None, "rejected", gate="finite"),
    trial(1, 0.0, "diverged"),
    trial(2, 0.8),
    trial(3, 0.8, "duplicate", first=2),
    trial(4, 0.9, first=2, repeat=1),
    trial(5, 0.7),
    trial(6, 0.85),
]


def test_only_first_evaluations_count_unless_repeats_are_asked_for():
    assert best_so_far(TRIALS).tolist() == [0, 0, 0.8, 0.8, 0.8, 0.8, 0.85]
    assert best_so_far(TRIALS, repeats=True).tolist() == [0, 0, 0.8, 0.8, 0.9, 0.9, 0.9]


def test_scores_below_0():
    outcomes = [trial(0, None, "rejected", gate="finite"), trial(1, -2.0), trial(2, -5.0), trial(3, -1.0)]
    assert best_so_far(outcomes).tolist() == [-5.0, -2.0, -2.0, -1.0]


def test_only_the_highest_fidelity_counts():
    """A promising candidate is trained longer and longer; its score after few steps is another quantity."""
    trials = [trial(0, 0.95, fidelity=1 / 9), trial(1, 0.9, fidelity=1 / 9)]
    trials += [trial(2, 0.8, first=0), trial(3, 0.99, first=0, repeat=1)]
    assert best_so_far(trials).tolist() == [0, 0, 0.8, 0.8]
    assert best_so_far(trials, repeats=True).tolist() == [0, 0, 0.8, 0.99]
    assert best_so_far(trials[:2]).tolist() == [0.95, 0.95]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 1))
def test_best_so_far_is_the_maximum_of_every_prefix(scores, threshold):
    curve = best_so_far([trial(i, score) for i, score in enumerate(scores)])
    assert curve.tolist() == [max(scores[: i + 1]) for i in range(len(scores))]
    reached = [i for i, score in enumerate(scores, 1) if score >= threshold]
    assert trials_until(curve, threshold) == (reached[0] if reached else None)


def test_no_trials_have_no_best():
    assert best_so_far([]).shape == (0,)


def test_regret_is_a_mean_over_the_runs_that_came_so_far():
    curves = [np.array([0.5, 0.8]), np.array([0.7, 0.7]), np.array([0.6])]
    first, second = regret_at(curves, 0.9, 1), regret_at(curves, 0.9, 2)
    assert first.estimate == pytest.approx(0.3)
    assert (first.low, first.high) == pytest.approx((0.2, 0.4))
    assert second.estimate == pytest.approx(0.15)
    assert regret_at(curves, 0.9, 3) is None


@pytest.mark.parametrize("runs", [1, 2])
def test_one_run_or_two_say_nothing_of_their_spread(runs):
    """Two that agree would have an interval of width 0."""
    assert regret_at([np.array([0.8])] * runs, 0.9, 1)[1:] == (-np.inf, np.inf)

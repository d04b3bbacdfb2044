"""A search among functions that are all as good as ReLU finds no winner: simulated scores, the real verification."""

import numpy as np
import pytest

from actsearch import parse
from actsearch.analysis.verification import Scores, verified

RUNS, SEARCHED, FINALISTS = 100, 300, 6
RELU = parse("relu(x)")
COPIES = [parse(f"relu(x) + {i} * 0") for i in range(FINALISTS)]


def discovers(rng, seeds, gain=0.0):
    """Returns whether one search and its verification say that some finalist beats ReLU.

    A score is what its seed gives to every function, and noise of its own; the search takes the luckiest of many.
    """
    searched = rng.normal(0.9, 0.01, SEARCHED)
    finalists = np.argsort(-searched)[:FINALISTS]
    assert searched[finalists[-1]] > 0.91  # what was chosen looks good
    shared = rng.normal(0.9, 0.01, seeds)
    programs = [RELU, *COPIES]
    means = [0.0, *[gain] * FINALISTS]
    trained = [
        Scores("task", program, program is RELU, tuple(shared + mean + rng.normal(0, 0.01, seeds)))
        for program, mean in zip(programs, means, strict=True)
    ]
    rows = verified(trained, tuple(range(seeds))).rows
    return any(difference.simultaneous.low > 0 for row in rows for difference in row.differences)


@pytest.mark.parametrize("seeds", [5, 8])
def test_copies_of_relu_win_in_at_most_five_of_a_hundred_runs(seeds):
    rng = np.random.default_rng(seeds)
    assert sum(discovers(rng, seeds) for _ in range(RUNS)) <= 5


def test_a_real_gain_is_found():
    rng = np.random.default_rng(0)
    assert sum(discovers(rng, 8, gain=0.04) for _ in range(20)) >= 18

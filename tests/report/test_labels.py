"""Labels: moved only where they must be, and shortened in the middle."""

import numpy as np
import pytest

from actsearch.report.labels import shorten, spread


def test_spread_moves_only_what_it_must():
    assert spread([], 1.0, 0.0, 9.0) == []
    assert spread([1.0, 4.0, 9.0], 1.0, 0.0, 9.0) == [1.0, 4.0, 9.0]
    assert spread([4.0, 4.0, 4.0], 1.0, 0.0, 9.0) == [3.0, 4.0, 5.0]
    assert spread([9.0, 9.0], 1.0, 0.0, 9.0) == [8.0, 9.0]
    assert spread([0.0, 0.0], 1.0, 0.0, 9.0) == [0.0, 1.0]


@pytest.mark.parametrize("seed", range(20))
def test_spread_places_are_apart_and_within_the_limits(seed):
    places = spread(sorted(np.random.default_rng(seed).uniform(0, 10, size=10)), 1.0, 0.0, 10.0)
    assert np.diff(places).min() > 1 - 1e-9
    assert places[0] >= 0
    assert places[-1] <= 10 + 1e-9


def test_a_text_is_shortened_to_the_length_that_is_asked_for():
    assert [len(shorten("x" * n, 20)) for n in (19, 20, 21, 99)] == [19, 20, 20, 20]

"""The Pareto front against its definition, pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actsearch.trials.pareto import front

VALUES = st.sampled_from([-np.inf, -1.0, 0.0, 0.25, 0.5, 1.0, np.inf, np.nan])  # few, so that there are ties
TABLES = st.integers(1, 4).flatmap(
    lambda k: st.lists(st.lists(VALUES, min_size=k, max_size=k), min_size=1, max_size=25)
)


def by_definition(points):
    def dominates(a, b):
        return all(p >= q for p, q in zip(a, b, strict=True)) and any(p > q for p, q in zip(a, b, strict=True))

    known = [i for i, point in enumerate(points) if not any(np.isnan(point))]
    return [i for i in known if not any(dominates(points[j], points[i]) for j in known)]


@given(TABLES)
def test_the_front_is_the_definition(points):
    assert front(np.array(points)).tolist() == by_definition(points)


def test_examples():
    assert front([[1, 0], [0, 1], [1, 0], [0, 0]]).tolist() == [0, 1, 2]  # equal points are all on it
    assert front([[np.nan, 9.0], [0.0, 0.0]]).tolist() == [1]
    assert front([[0.3], [0.7], [0.7]]).tolist() == [1, 2]
    assert front(np.zeros((0, 3))).tolist() == []
    circle = np.random.default_rng(0).random((5_000, 1)) * np.pi / 2
    assert len(front(np.hstack([np.cos(circle), np.sin(circle)]))) == 5_000
    with pytest.raises(ValueError, match=r"\[points, objectives\]; received shape \[3\]"):
        front([0.1, 0.2, 0.3])

"""A ranking as data."""

import json

import pytest

from actsearch.analysis import Cost, UnitScores, ranked
from actsearch.language import ActsearchError


def trained(**units):
    """Returns trainings on tasks "a", "b", ... of units by name; scores are those of two seeds."""
    return {
        name: [UnitScores(task, "relu(x)", pair) for task, pair in zip("abcdef", pairs, strict=False)]
        for name, pairs in units.items()
    }


THREE = trained(
    low=[(0.1, 0.2), (0.1, 0.1), (0.3, 0.3)],
    high=[(0.9, 0.7), (0.6, 0.8), (0.7, 0.9)],
    middle=[(0.4, 0.4), (0.9, 0.9), (0.5, 0.5)],
)


def test_units_are_in_the_order_of_their_mean_ranks():
    ranking = ranked(THREE, (100, 101), costs={"high": Cost(2.0, 1.0, float("inf"), 1.0)})
    assert [unit.name for unit in ranking.units] == ["high", "middle", "low"]
    first = ranking.units[0]
    assert (first.ranks, first.means, first.mean_rank.estimate) == ((1, 2, 1), (0.8, 0.7, 0.8), pytest.approx(4 / 3))
    assert ranking.tasks == ("a", "b", "c")
    assert ranking.cliques == [(0, 2)]  # three tasks tell little
    facts = json.loads(json.dumps(ranking.to_json(), allow_nan=False))
    assert facts["units"][0]["cost"] == {"flops": 2.0, "bytes": 1.0, "forward_ms": None, "backward_ms": 1.0}
    assert facts["units"][1]["tasks"]["b"] == {"scores": [0.9, 0.9], "diverged": 0, "rate_scale": 1.0, "rank": 1.0}


@pytest.mark.parametrize(
    ("units", "said"),
    [
        (trained(one=[(0.1, 0.2)]), "two or more units; received one"),
        ({}, "two or more units; received none"),
        (trained(one=[(0.1, 0.2)], two=[(0.1,)]), "two needs a score for each of 2 seeds on a"),
        (trained(one=[(0.1, 0.2)], two=[(0.1, 0.2)] * 2), "two needs a score for each"),
    ],
    ids=["one unit", "none", "a missing seed", "another task"],
)
def test_what_cannot_be_ranked(units, said):
    with pytest.raises(ActsearchError, match=said):
        ranked(units, (100, 101))

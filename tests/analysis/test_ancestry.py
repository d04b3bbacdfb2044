"""Ancestors, on trials made by hand."""

import pytest

from actsearch.analysis import ancestors
from actsearch.language import ActsearchError, parse
from actsearch.trials import Trial


def trial(index, parents=()):
    return Trial(index, parse("x"), str(index), "ok", 0.5, parents=parents)


CHAIN = [trial(i, (i - 4,) if i > 3 else ()) for i in range(60)]
TREE = [trial(0), trial(1), trial(2, (0,)), trial(3, (0, 2)), trial(4, (1,))]


def test_the_ancestors_are_all_that_lead_to_a_trial():
    assert [trial.index for trial in ancestors(CHAIN[::-1], 59)] == list(range(3, 60, 4))
    assert [trial.index for trial in ancestors(iter(TREE), 3)] == [0, 2, 3]
    assert ancestors(TREE, 1) == [TREE[1]]


@pytest.mark.parametrize(
    ("trials", "index", "message"), [(TREE, 9, "Trial 9, asked for"), (TREE[1:], 3, "Trial 0, a parent of")]
)
def test_an_incomplete_run_is_a_mistake(trials, index, message):
    with pytest.raises(ActsearchError, match=message):
        ancestors(trials, index)

"""Each trial counts once, however often and in whatever order it is told."""

import random

from actsearch.controllers.delivery import GAPS, nothing, unheard
from actsearch.language import parse
from actsearch.trials.trial import Trial


def trials(*indices):
    return [Trial(index, parse("x"), "", "failed") for index in indices]


def hear(heard, *indices):
    new, heard = unheard(heard, trials(*indices))
    return [trial.index for trial in new], heard


def test_each_once_in_any_order():
    indices = [*range(50), *range(30)]
    random.Random(0).shuffle(indices)
    heard, found = nothing(), []
    for start in range(0, 80, 7):
        new, heard = hear(heard, *indices[start : start + 7])
        found += new
    assert found == list(dict.fromkeys(indices))
    assert heard == {"below": 50, "above": []}


def test_a_memory_is_a_value():
    _, heard = hear(nothing(), 3, 5)
    hear(heard, 0, 1, 2, 7)
    assert heard == {"below": 0, "above": [3, 5]}


def test_a_missing_trial_is_waited_for_and_at_last_lost():
    _, heard = hear(nothing(), *range(1, GAPS + 1))
    assert len(heard["above"]) == GAPS
    assert hear(heard, 0)[0] == [0]
    _, heard = hear(heard, GAPS + 1)
    assert heard == {"below": GAPS + 2, "above": []}
    assert hear(heard, 0)[0] == []


def test_wild_indices_take_no_more_memory():
    heard = nothing()
    for start in range(0, 20 * GAPS, GAPS):
        _, heard = hear(heard, *range(2 * start, 2 * (start + GAPS), 2))
        assert len(heard["above"]) <= GAPS

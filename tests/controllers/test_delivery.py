"""Each trial counts once, however often and in whatever order it is delivered."""

import random

from actsearch.controllers.delivery import GAPS, empty, new_trials
from actsearch.language import parse
from actsearch.trials import Trial


def deliver(seen, *indices):
    new, seen = new_trials(seen, [Trial(index, parse("x"), "", "failed") for index in indices])
    return [trial.index for trial in new], seen


def record(seen):
    return seen.below, seen.above.tolist()


def test_each_once_in_any_order():
    indices = [*range(50), *range(30)]
    random.Random(0).shuffle(indices)
    seen, delivered = empty(), []
    for start in range(0, 80, 7):
        new, seen = deliver(seen, *indices[start : start + 7])
        delivered += new
    assert delivered == list(dict.fromkeys(indices))
    assert record(seen) == (50, [])


def test_a_record_is_a_value():
    _, seen = deliver(empty(), 3, 5)
    deliver(seen, 0, 1, 2, 7)
    assert record(seen) == (0, [3, 5])


def test_a_missing_trial_is_waited_for_and_at_last_lost():
    _, seen = deliver(empty(), *range(1, GAPS + 1))
    assert len(seen.above) == GAPS
    assert deliver(seen, 0)[0] == [0]
    _, seen = deliver(seen, GAPS + 1)
    assert record(seen) == (GAPS + 2, [])
    assert deliver(seen, 0)[0] == []


def test_wild_indices_take_no_more_memory():
    seen = empty()
    for start in range(0, 20 * GAPS, GAPS):
        _, seen = deliver(seen, *range(2 * start, 2 * (start + GAPS), 2))
        assert len(seen.above) <= GAPS

"""Running statistics are values; in parts they are the whole, and what they forget still counts as noise."""

import random

from actsearch.trials.ranking import rank
from actsearch.trials.scores import empty, rows, update
from tests.trials.test_ranking import trial


def test_they_are_values():
    scores = update(empty(), [trial(0, "a", 0.9)])
    before = rows(scores)
    update(scores, [trial(1, "a", 0.5, first=0), trial(2, "b", 0.5)])
    assert rows(scores) == before


def test_updated_in_parts_they_are_the_whole():
    rng = random.Random(1)
    run = [trial(i, rng.choice("abcdef"), rng.random(), first=0 if i else None) for i in range(40)]
    scores = empty()
    for i in range(0, 40, 7):
        scores = update(scores, run[i : i + 7])
    assert [row[3:] for row in rows(scores)] == [row[4:] for row in rank(run)]


def test_they_forget_the_worst_and_keep_the_noise():
    run = [trial(i, str(i), 0.5 + i / 100, 0.51 + i / 100) for i in range(21)]
    scores = update(empty(), run, keep=10)
    assert sorted(scores.first) == list(range(11, 21))
    everything = {row.first: row for row in rows(update(empty(), run))}
    assert all(row == everything[row.first] for row in rows(scores))
    assert len(update(empty(), run[:20], keep=10).first) == 20, "only beyond twice as many"

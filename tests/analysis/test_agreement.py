"""Agreement between rungs, on trials made by hand."""

import math

import pytest

from actsearch.analysis.agreement import Agreement, rung_agreement, rung_table
from actsearch.analysis.statistics import Interval, kendall_tau
from actsearch.language import parse
from actsearch.report.tables import to_text
from actsearch.trials.trial import Trial

X = parse("x")


def trials(scores, steps, *, start=0, status="ok"):
    """Trials of the functions a, b, c, ... with these scores; None for one that was not trained so long."""
    row = {} if math.isinf(steps) else {"steps": steps}
    return [
        Trial(start + i, X, "abcdefgh"[i], status, score, ({"score": score, **row},))
        for i, score in enumerate(scores)
        if score is not None
    ]


def test_every_pair_of_lengths_compares_the_functions_trained_at_both():
    short, middle, full = [0.1, 0.4, 0.3, 0.6, 0.5], [None, 0.5, 0.6, 0.9, 0.7], [None, None, 0.7, 0.6, 0.8]
    run = [*trials(full, math.inf, start=20), *trials(short, 50.0), *trials(middle, 150.0, start=10)]
    rows = rung_agreement(run)
    assert [row[:3] for row in rows] == [(50.0, 150.0, 4), (50.0, math.inf, 3), (150.0, math.inf, 3)]
    assert rows[0].tau == kendall_tau(short[1:], middle[1:])
    assert rows[1].tau == kendall_tau(short[2:], full[2:])
    assert rows[2].tau == kendall_tau(middle[2:], full[2:])
    assert rung_agreement(run[::-1])[0].tau.estimate == rows[0].tau.estimate


def test_repeats_are_averaged_and_a_divergence_counts_as_zero():
    short, repeats = trials([0.5, 0.4, 0.3], 50.0), trials([0.1], 50.0, start=3)
    full = trials([0.3, 0.6], 500.0, start=4) + trials([None, None, 0.0], 500.0, start=6, status="diverged")
    (row,) = rung_agreement([*short, *repeats, *full])
    assert row.functions == 3
    assert row.tau.estimate == kendall_tau([0.3, 0.4, 0.3], [0.3, 0.6, 0.0]).estimate


@pytest.mark.parametrize("full", [[0.5], [0.5, 0.5, 0.5], [None]])
def test_too_few_functions_or_no_ranking_say_nothing(full):
    rows = rung_agreement([*trials([0.1, 0.2, 0.3], 50.0), *trials(full, 500.0, start=3)])
    for row in rows:
        assert math.isnan(row.tau.estimate)
        assert row.tau[1:] == (-1.0, 1.0)
    assert len(rows) == (full != [None])


def test_what_was_not_trained_or_has_one_length_has_no_rows():
    rejected = Trial(9, X, "a", "rejected:finite")
    copied = Trial(8, X, "a", "duplicate", 0.9, duplicate_of=0)
    assert rung_agreement([*trials([0.1, 0.2], 50.0), rejected, copied]) == []
    assert rung_agreement([]) == []


def test_the_table():
    rows = [Agreement(56.0, 1500.0, 1200, Interval(0.5, 0.25, 0.75))]
    rows.append(Agreement(56.0, math.inf, 1, Interval(math.nan, -1.0, 1.0)))
    lines = [" ".join(line.split()) for line in to_text(rung_table(rows)).splitlines()]
    assert lines[-2:] == ["56 1,500 1,200 0.50 [0.25, 0.75]", "56 all 1 - [-1.00, 1.00]"]

"""Agreement between fidelities, on trials made by hand."""

import math

import pytest

from actsearch.analysis import fidelity_agreement, kendall_tau
from actsearch.language import parse
from actsearch.trials import Trial

X = parse("x")
LOW, MIDDLE, FULL = 1 / 9, 1 / 3, 1.0


def trials(scores, fidelity, *, start=0, status="ok"):
    """Trials of the functions a, b, c, ... with these scores; None for one that was not trained so long."""
    return [
        Trial(start + i, X, "abcdefgh"[i], status, score, fidelity=fidelity)
        for i, score in enumerate(scores)
        if score is not None
    ]


def test_every_pair_of_fidelities_compares_the_functions_trained_at_both():
    low, middle, full = [0.1, 0.4, 0.3, 0.6, 0.5], [None, 0.5, 0.6, 0.9, 0.7], [None, None, 0.7, 0.6, 0.8]
    run = [*trials(full, FULL, start=20), *trials(low, LOW), *trials(middle, MIDDLE, start=10)]
    rows = fidelity_agreement(run)
    assert [row[:3] for row in rows] == [(LOW, MIDDLE, 4), (LOW, FULL, 3), (MIDDLE, FULL, 3)]
    assert rows[0].tau == kendall_tau(low[1:], middle[1:])
    assert rows[1].tau == kendall_tau(low[2:], full[2:])
    assert rows[2].tau == kendall_tau(middle[2:], full[2:])
    assert fidelity_agreement(run[::-1])[0].tau.estimate == rows[0].tau.estimate


def test_repeats_are_averaged_and_a_divergence_counts_as_zero():
    low, repeats = trials([0.5, 0.4, 0.3], LOW), trials([0.1], LOW, start=3)
    full = trials([0.3, 0.6], FULL, start=4) + trials([None, None, 0.0], FULL, start=6, status="diverged")
    (row,) = fidelity_agreement([*low, *repeats, *full])
    assert row.functions == 3
    assert row.tau.estimate == kendall_tau([0.3, 0.4, 0.3], [0.3, 0.6, 0.0]).estimate


@pytest.mark.parametrize("full", [[0.5], [0.5, 0.5, 0.5]])
def test_too_few_functions_or_no_ranking_say_nothing(full):
    (row,) = fidelity_agreement([*trials([0.1, 0.2, 0.3], LOW), *trials(full, FULL, start=3)])
    assert math.isnan(row.tau.estimate)
    assert row.tau[1:] == (-1.0, 1.0)


def test_what_was_not_trained_or_has_one_fidelity_has_no_rows():
    rejected = Trial(9, X, "a", "rejected", gate="finite", fidelity=LOW)
    copied = Trial(8, X, "a", "duplicate", 0.9, first=0, fidelity=LOW)
    assert fidelity_agreement([*trials([0.1, 0.2], FULL), rejected, copied]) == []
    assert fidelity_agreement([]) == []

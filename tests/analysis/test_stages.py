"""The funnel, on trials made by hand."""

import pytest

from actsearch.analysis import Stage, funnel
from actsearch.language import parse
from actsearch.trials import Trial

X = parse("x")


def trial(index, stage="ok", score=None, *, seconds=0.0):
    status, _, gate = stage.partition(":")
    return Trial(index, X, f"{index:04x}", status, score, gate=gate, seconds=seconds)


def test_every_trial_is_counted_once_and_the_savings_are_priced_by_the_trained():
    trials = [
        *(trial(i, "ok", 0.9, seconds=3.0) for i in range(3)),
        trial(3, "diverged", 0.0, seconds=1.0),
        *(trial(i, "duplicate", 0.9, seconds=0.125) for i in range(4, 6)),
        trial(6, "rejected:shape", seconds=0.5),
        trial(7, "rejected:finite", seconds=0.25),
    ]
    mean = (3 * 3.0 + 1.0) / 4
    assert funnel(trials) == [
        Stage("proposed", 8, 1.0, 11.0, 4 * mean - 1.0),
        Stage("rejected:shape", 1, 0.125, 0.5, mean - 0.5),
        Stage("rejected:finite", 1, 0.125, 0.25, mean - 0.25),
        Stage("duplicate", 2, 0.25, 0.25, 2 * mean - 0.25),
        Stage("diverged", 1, 0.125, 1.0, 0.0),
        Stage("ok", 3, 0.375, 9.0, 0.0),
    ]
    assert funnel(iter(trials[::-1])) == funnel(trials)


def test_gates_come_in_the_order_of_their_list_then_of_the_first_trial_they_stopped():
    trials = [trial(i, f"rejected:{gate}") for i, gate in enumerate(["stability", "novel", "scale", "other"])]
    trials += [trial(4, "failed"), trial(5, "duplicate"), trial(6)]
    gates = ("shape", "input", "scale", "duplicate", "quality", "stability")
    stages = [row.stage for row in funnel(trials[::-1], gates)]
    named = ["rejected:shape", "rejected:input", "rejected:scale", "duplicate", "rejected:quality"]
    others = ["rejected:stability", "rejected:novel", "rejected:other"]
    assert stages == ["proposed", *named, *others, "failed", "diverged", "ok"]
    unnamed = [f"rejected:{gate}" for gate in ("stability", "novel", "scale", "other")]
    stages = [row.stage for row in funnel(trials[::-1])]
    assert stages == ["proposed", *unnamed, "duplicate", "failed", "diverged", "ok"]


@pytest.mark.parametrize(("seconds", "saved"), [(2.0, 1.0), (5.0, 0.0)])
def test_a_gate_that_trains_is_charged_for_it(seconds, saved):
    rows = funnel([trial(0, "rejected:stability", seconds=seconds), trial(1, seconds=3.0)])
    assert [row.saved for row in rows if row.stage == "rejected:stability"] == [saved]


def test_a_search_that_trained_nothing_saved_nothing_that_is_known():
    assert [tuple(row) for row in funnel([])] == [
        ("proposed", 0, 0.0, 0.0, 0.0),
        ("duplicate", 0, 0.0, 0.0, 0.0),
        ("diverged", 0, 0.0, 0.0, 0.0),
        ("ok", 0, 0.0, 0.0, 0.0),
    ]
    assert funnel([trial(0, "rejected:finite", seconds=0.5)])[0] == Stage("proposed", 1, 1.0, 0.5, 0.0)

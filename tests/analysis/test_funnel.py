"""The funnel and the ranking, on trials made by hand."""

import math

import pytest

from actsearch.analysis.funnel import Stage, best, funnel, mean_metric
from actsearch.language import parse
from actsearch.trials.trial import Trial

X = parse("x")


def trial(index, status="ok", score=None, *, losses=(), seconds=0.0, fingerprint=None):
    metrics, seeds = tuple({"loss": loss} for loss in losses), tuple(range(len(losses)))
    return Trial(index, X, fingerprint or f"{index:04x}", status, score, metrics, seeds, seconds=seconds)


def test_every_trial_is_counted_once_and_the_savings_are_priced_by_the_trained():
    trials = [
        *(trial(i, "ok", 0.9, seconds=3.0) for i in range(3)),
        trial(3, "diverged", 0.0, seconds=1.0),
        *(trial(i, "duplicate", 0.9, seconds=0.125) for i in range(4, 6)),
        trial(6, "rejected:finite", seconds=0.25),
        trial(7, "rejected:shape", seconds=0.5),
    ]
    price = (3 * 3.0 + 1.0) / 4
    assert funnel(trials) == [
        Stage("proposed", 8, 1.0, 11.0, 4 * price),
        Stage("rejected:shape", 1, 0.125, 0.5, price),
        Stage("rejected:finite", 1, 0.125, 0.25, price),
        Stage("duplicate", 2, 0.25, 0.25, 2 * price),
        Stage("diverged", 1, 0.125, 1.0, 0.0),
        Stage("ok", 3, 0.375, 9.0, 0.0),
    ]
    assert funnel(trials[::-1]) == funnel(trials)


def test_stages_that_are_not_known_have_a_row_where_they_happened():
    statuses = ["failed", "ok", "rejected:gradient", "strange", "duplicate"]
    stages = [row.stage for row in funnel([trial(i, status) for i, status in enumerate(statuses)])]
    known = ["rejected:shape", "rejected:finite", "rejected:gradient", "duplicate", "failed", "diverged", "ok"]
    assert stages == ["proposed", *known, "strange"]


def test_gates_of_layers_come_as_they_are_tried_and_those_that_train_are_charged():
    statuses = ["shape", "finite", "input", "scale", "quality", "stability"]
    trials = [trial(i, f"rejected:{gate}", seconds=2.0) for i, gate in enumerate(statuses[::-1])]
    trials += [trial(6, "ok", 0.9, seconds=3.0), trial(7, "duplicate", seconds=2.0), trial(8, "rejected:quality")]
    rows = {row.stage: row for row in funnel(trials)}
    gates = [f"rejected:{gate}" for gate in statuses]
    assert list(rows) == ["proposed", *gates[:4], "duplicate", *gates[4:], "diverged", "ok"]
    assert [rows[stage].saved for stage in (*gates, "duplicate", "ok")] == [3.0, 3.0, 3.0, 3.0, 4.0, 1.0, 3.0, 0.0]
    dear = funnel([trial(0, "rejected:stability", seconds=5.0), trial(1, seconds=2.0)])
    assert [row.saved for row in dear if row.stage == "rejected:stability"] == [0.0]


def test_a_search_that_trained_nothing_saved_nothing_that_is_known():
    assert [tuple(row)[1:] for row in funnel([])] == [(0, 0.0, 0.0, 0.0)] * 6
    assert funnel([trial(0, "rejected:finite", seconds=0.5)])[0] == Stage("proposed", 1, 1.0, 0.5, 0.0)


def test_the_best_are_ranked_by_score_then_loss_then_index():
    trials = [
        trial(0, score=0.8, losses=[0.1]),
        trial(1, score=0.9),
        trial(2, score=0.9, losses=[0.3, 0.5]),
        trial(3, score=0.9, losses=[0.1, 0.5]),
        trial(4, score=0.9, losses=[0.2, math.nan]),
        trial(5, score=0.9, losses=[0.5, 0.1]),
        trial(6, "diverged", 0.99, losses=[0.0]),
        trial(7, "duplicate", 0.99),
        trial(8, score=0.9, losses=[0.0], fingerprint="0000"),
        trial(9, "ok", None),
    ]
    order = [8, 3, 5, 2, 1, 4]  # 0 is the same function as 8
    assert [t.index for t in best(trials, 10)] == order
    assert [t.index for t in best(iter(trials[::-1]), 3)] == order[:3]
    assert best(trials, 0) == best([], 5) == []
    with pytest.raises(ValueError, match="at least 0; received -1"):
        best(trials, -1)


def test_the_mean_of_a_metric():
    assert mean_metric(trial(0, losses=[0.25, 0.75]), "loss") == 0.5
    assert math.isnan(mean_metric(trial(0, losses=[0.25]), "accuracy"))
    assert math.isnan(mean_metric(trial(0), "loss"))

"""The judge of layers: gates in order, several tasks, and trials that say what happened."""

import dataclasses

import numpy as np
import pytest

from actsearch import parse, search
from actsearch.archive.archive import Archive
from actsearch.controllers import Proposal
from actsearch.evaluation.audit import audit
from actsearch.evaluation.training import Judge
from actsearch.spaces import evonorm
from actsearch.tasks import Quality
from tests.helpers.tiny import LAYERS, tiny_layer_task, tiny_task

TASKS = (
    tiny_layer_task("one", steps=12, quality=Quality(steps=4, accuracy=0.11)),
    tiny_layer_task("two", steps=8),
)


@pytest.fixture(scope="module")
def judge():
    return Judge(LAYERS, TASKS, (0,), "interpret", 100)


@pytest.fixture(scope="module")
def trials(judge):
    rng = np.random.default_rng(0)
    return judge([Proposal(LAYERS.sample(rng)) for _ in range(240)], 0)


def of(trials, status):
    return [trial for trial in trials if trial.status == status]


def test_every_gate_stops_something(trials):
    found = {trial.status for trial in trials}
    assert found >= {"ok", "duplicate", "rejected:input", "rejected:scale", "rejected:quality"}


def test_accepted_trials_have_a_score_on_every_task(trials):
    for trial in of(trials, "ok"):
        assert set(trial.objectives) == {"one", "two"}
        assert trial.score == pytest.approx(sum(trial.objectives.values()) / 2)
        assert set(trial.metrics[0]) >= {"score", "one/accuracy", "one/early", "two/loss"}


def test_rejects_of_quality_were_spared_the_second_task(trials):
    for trial in of(trials, "rejected:quality"):
        assert trial.score is None
        assert trial.metrics[0]["early"] < 0.11
        assert "on one after 4 steps" in trial.note
        assert "two/loss" not in trial.metrics[0]


def test_duplicates_share_what_the_first_one_got(trials):
    for trial in of(trials, "duplicate"):
        first = trials[trial.duplicate_of]
        assert first.index < trial.index
        assert (trial.fingerprint, trial.score) == (first.fingerprint, first.score)


def test_compiles_once_a_task_and_once_for_stability(judge, trials):
    assert trials
    assert judge.compilations == 3


def test_an_unstable_layer(judge, monkeypatch):
    monkeypatch.setattr("actsearch.evaluation.training.LIMIT", 0.0)
    fresh = Judge(LAYERS, TASKS, (0,), "interpret", 10)
    fresh._scorers = judge._scorers  # what is compiled already
    (trial,) = fresh([Proposal(_tanh())], 0)
    assert trial.status == "rejected:stability"
    assert (trial.score, "gradient norm" in trial.note) == (None, True)


def _tanh():
    wanted = parse("param beta = 0; tanh(x) * gamma + beta")
    rng = np.random.default_rng(0)
    return next(p for p in (LAYERS.sample(rng) for _ in range(100_000)) if p == wanted)


def test_a_search_over_two_tasks_resumes(tmp_path, judge, trials, monkeypatch):
    """A run that stops and goes on equals an unbroken one, with its metrics by task."""
    scorers = judge._scorers
    monkeypatch.setattr(Judge, "_made", lambda self, key, make: scorers[key])
    arguments = {"controller": "pareto", "seed": 0, "batch": 16, "engine": "interpret", "options": {"window": 20}}
    whole = search(LAYERS, TASKS, budget=64, **arguments).trials
    search(LAYERS, TASKS, budget=24, out=tmp_path, **arguments)
    resumed = search(LAYERS, TASKS, budget=64, out=tmp_path, **arguments).trials
    plain = [[repr(dataclasses.replace(trial, seconds=0.0)) for trial in run] for run in (whole, resumed)]
    assert plain[0] == plain[1]
    with Archive.read(tmp_path) as archive:
        assert archive.config["task"] == "one+two"


def test_audit_trains_rejects_in_full(trials):
    rates = audit(trials, LAYERS, TASKS, sample=3, engine="interpret")
    assert list(rates)[:2] == ["input", "scale"]
    for row in rates.values():
        assert 1 <= row.trained <= 3
    assert rates["input"].good == 0  # a constant output has chance accuracy

    with pytest.raises(ValueError, match="none of these 5 was accepted"):
        audit(of(trials, "rejected:input")[:5], LAYERS, TASKS)

    for row in rates.values():
        assert row.rate.low <= row.rate.estimate <= row.rate.high


def test_layers_do_not_fit_tasks_of_activations():
    with pytest.raises(ValueError, match="evonorm-b-2 proposes whole layers; the task digits-tiny has sites for"):
        search(evonorm(nodes=2), tiny_task(), budget=1)
    with pytest.raises(ValueError, match="at least one task"):
        search(evonorm(nodes=2), (), budget=1)

"""A task from outside the package: float data in a dictionary, Adam, mean squared error, scores below zero."""

import dataclasses
import inspect
import pickle

import jax
import numpy as np
import pytest

from actsearch import parse
from actsearch.evaluation import TrainingEvaluator, score_programs
from actsearch.language import ActsearchError
from actsearch.spaces import custom
from actsearch.tasks import get_tasks, register, registry
from actsearch.trials import Proposal, Status
from tests.helpers.own_task import FitSine

ONE = {"devices": jax.devices()[:1]}


def test_is_short():
    assert len([line for line in inspect.getsource(FitSine).splitlines() if line.strip()]) <= 25


@pytest.mark.parametrize("engine", ["interpret", "specialize", "bank"])
def test_trains_with_any_engine(engine):
    sine, line = score_programs(FitSine(), [parse("sin(x)"), parse("x")], [0, 1], engine=engine, **ONE)
    assert sine.metrics[0].keys() == {"score", "mse", "train_loss"}
    assert sine.score == -np.mean([row["mse"] for row in sine.metrics])
    assert -0.05 < sine.score < 0
    assert line.score < -0.3
    assert not sine.diverged


def test_a_training_that_diverges_has_the_worst_score():
    (row,) = score_programs(FitSine(steps=3), [parse("exp(exp(x * x * 100))")], [0], **ONE)
    assert row.diverged
    assert row.score == -100.0


class Unbounded(FitSine):
    def score(self, metrics):
        return -metrics["mse"]


def test_a_score_below_the_worst_is_an_error_of_the_task():
    with pytest.raises(
        ActsearchError, match=r"fit-sine scored a training -\d+\.\d+, below 0, .* give the task a `worst`"
    ):
        score_programs(Unbounded(worst=0.0, steps=1), [parse("x")], [0], **ONE)


def test_is_a_value():
    assert FitSine() == FitSine()
    assert pickle.loads(pickle.dumps(FitSine())) == FitSine()
    assert FitSine().at_fidelity(0.5) == dataclasses.replace(FitSine(), steps=75)


def test_is_found_by_its_name_and_evaluated(monkeypatch):
    names = dict(registry._TASKS)
    monkeypatch.setattr(registry, "_TASKS", names)
    monkeypatch.setattr(registry, "TASKS", names)
    register("fit-sine", FitSine)
    assert get_tasks("fit-sine") == (FitSine(),)
    space = custom(["x", "sin"], ["+"])
    evaluator = TrainingEvaluator(space, FitSine(), engine="interpret", **ONE)
    genotypes = list(space.enumerate())
    trials = evaluator.evaluate([Proposal(space.decode(genotype), genotype) for genotype in genotypes], 0)
    best = max((trial for trial in trials if trial.status is Status.OK), key=lambda trial: trial.score)
    assert "sin" in str(best.program)
    assert best.objectives == {"fit-sine": best.score}

"""Fidelity on trainings made by hand."""

import math

import numpy as np
import pytest

from actsearch.analysis import PanelRun, fidelities, kendall_tau
from actsearch.analysis.fidelity import order
from actsearch.language import ActsearchError


def run(task, losses, accuracies=None, rates=(1.0,)):
    """A run from losses [rates, functions, seeds]; accuracies of the same shape."""
    losses = np.asarray(losses, float)
    losses = losses[None] if losses.ndim == 2 else losses
    trained = {
        rate: [
            [
                {"loss": float(losses[r, f, s])} | ({} if accuracies is None else {"accuracy": accuracies[r][f][s]})
                for s in range(losses.shape[2])
            ]
            for f in range(losses.shape[1])
        ]
        for r, rate in enumerate(rates)
    }
    return PanelRun(task, f"network of {task}", trained)


ONE, TWO = np.random.default_rng(0).uniform(size=(2, 12, 4))


def test_tau_is_of_mean_losses_over_seeds():
    (row,) = fidelities([run("proxy", ONE)], [run("target", TWO)])
    assert row[:7] == ("proxy", "target", "network of target", "loss", "equal", 12, 4)
    assert row.tau == kendall_tau(-ONE.mean(axis=1), -TWO.mean(axis=1))
    assert row.ceiling == kendall_tau(-TWO[:, ::2].mean(axis=1), -TWO[:, 1::2].mean(axis=1)).estimate


def test_a_task_agrees_with_itself_on_other_seeds_alone():
    (row,) = fidelities([run("a", ONE)], [run("a", ONE)])
    assert (row.tau.estimate, row.seeds) == (row.ceiling, 2)
    assert row.tau.estimate < 1
    (single,) = fidelities([run("a", ONE[:, :1])], [run("a", ONE[:, :1])])
    assert math.isnan(single.tau.estimate)


def test_each_function_has_the_rate_of_its_lowest_loss():
    losses = np.array([[[0.5], [0.2], [0.9]], [[0.1], [0.6], [0.8]]])
    accuracies = [[[0.1], [0.2], [0.3]], [[0.4], [0.5], [0.6]]]
    both = run("a", losses, accuracies, rates=(1.0, 2.0))
    assert list(order(both, "loss", "best")) == [-0.1, -0.2, -0.8]
    assert list(order(both, "accuracy", "best")) == [0.4, 0.2, 0.6]
    assert list(order(both, "loss", "equal")) == [-0.5, -0.2, -0.9]


def test_a_function_that_diverged_is_last_by_every_criterion():
    losses = [[0.5, math.nan], [0.2, 0.2], [0.9, 0.9], [0.1, math.inf]]
    accuracies = [[[0.9, 0.9], [0.8, 0.8], [0.1, 0.1], [1.0, 1.0]]]
    diverged = run("a", losses, accuracies)
    for criterion in ("loss", "accuracy"):
        values = order(diverged, criterion, "equal")
        assert values[0] == values[3] < values[2] < values[1]


def test_all_that_diverged_say_nothing():
    (row,) = fidelities([run("a", np.full((3, 2), np.nan))], [run("b", ONE[:3])])
    assert math.isnan(row.tau.estimate)
    assert row.tau[1:] == (-1, 1)


def test_criteria_and_rates_are_those_that_both_tasks_have():
    rates = (0.5, 1.0)
    rich = run("rich", np.stack([ONE, TWO]), np.stack([1 - ONE, 1 - TWO]), rates)
    kinds = [(row.criterion, row.rates) for row in fidelities([rich], [rich._replace(task="b")])]
    assert kinds == [("loss", "equal"), ("loss", "best"), ("accuracy", "equal"), ("accuracy", "best")]
    assert [(row.criterion, row.rates) for row in fidelities([rich], [run("poor", TWO)])] == [("loss", "equal")]


def test_regression_is_ordered_by_its_error_and_anything_else_by_its_score():
    errors = PanelRun("a", "", {1.0: [[{"mse": 0.4, "score": 0.6}], [{"mse": 0.2, "score": 0.5}]]})
    scores = PanelRun("a", "", {1.0: [[{"score": 0.6}], [{"score": 0.5}]]})
    assert list(order(errors, "loss", "equal")) == [-0.4, -0.2]
    assert list(order(scores, "loss", "equal")) == [0.6, 0.5]


def test_panels_must_be_the_same():
    with pytest.raises(ActsearchError, match="the same panel on both tasks; received 12 and 5"):
        fidelities([run("a", ONE)], [run("b", TWO[:5])])

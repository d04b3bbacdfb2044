"""Banks of programs: a candidate's outcome is that of both other engines, alone or in any bank, with any memory."""

import jax
import numpy as np
import pytest

from actsearch import parse
from actsearch.evaluation import Job, Trainer
from actsearch.spaces.template import Template
from tests.helpers.tiny import tiny_gate_task, tiny_layer_task, tiny_task

ONE = {"devices": jax.devices()[:1]}
TASKS = {
    "activation": (
        tiny_task(),
        ["tanh(x) * relu(x)", "max(beta * x, x^3)", "relu(x)", "param beta = 0.5; sin(beta * x)"],
    ),
    "layer": (
        tiny_layer_task(),
        ["tanh(x)", "param beta = 0; (x - batch_mean(x)) / batch_std(x) * gamma + beta", "x / group_std(x)"],
    ),
    "gate": (tiny_gate_task(), ["sigmoid(x) * y", "max(x, beta * y)"]),
}


def programs_of(kind):
    inputs = ("x", "y") if kind == "gate" else ("x",)
    return [parse(text, inputs=inputs) for text in TASKS[kind][1]]


def numbers(outcomes):
    """Returns outcomes as an array [outcomes, numbers]."""
    return np.array([jax.tree.leaves(outcome) for outcome in outcomes])


@pytest.mark.parametrize("kind", TASKS)
def test_agree(kind):
    task, _ = TASKS[kind]
    programs = programs_of(kind)
    trainer = Trainer.bank(task, programs, **ONE)
    jobs = trainer.jobs([(i,) for i in range(len(programs))], (0, 1))
    found = numbers(trainer(jobs))
    interpreted = Trainer.interpreted(task, Template.bank(programs), **ONE)
    np.testing.assert_allclose(found, numbers(interpreted(jobs)), rtol=1e-4, atol=1e-5)
    four = Trainer.bank(task, programs)
    np.testing.assert_allclose(found, numbers(four(jobs)), rtol=1e-4, atol=1e-5)
    for i, program in enumerate(programs):
        alone = Trainer.specialized(task, program, **ONE)
        np.testing.assert_allclose(
            found[2 * i : 2 * i + 2], numbers(alone([Job((), 0), Job((), 1)])), rtol=1e-4, atol=1e-5
        )

"""A user's unedited network, with dropout: every engine and number of lanes trains it alike; seeds draw its masks."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from actsearch import parse
from actsearch.evaluation import Trainer, init_state, score_programs, split_network
from actsearch.nn import Layer, sites_of
from actsearch.spaces.template import Template
from actsearch.tasks import Classification
from tests.helpers.tiny import tiny_task

PROGRAMS = [parse("sin(x)"), parse("x * sigmoid(beta * x)")]
ONE = {"devices": jax.devices()[:1]}


class Gelu(nnx.Module):
    def __init__(self, rngs):
        self.first, self.norm = nnx.Linear(64, 6, rngs=rngs), nnx.BatchNorm(6, rngs=rngs)
        self.last = nnx.Linear(6, 10, rngs=rngs)

    def __call__(self, x):
        return self.last(nnx.gelu(self.norm(self.first(x))))


TASK = dataclasses.replace(tiny_task(steps=3), network=sites_of(Gelu, (64,), replace=nnx.gelu), criterion="likelihood")


@pytest.mark.slow
def test_the_interpreter_trains_as_the_compiled_formula():
    """Also two candidates side by side, in lanes."""
    interpreted = Trainer.interpreted(TASK, Template.bank(PROGRAMS), lanes=2, **ONE)
    rows = interpreted(interpreted.jobs([(0,), (1,)], seeds=[0, 1]))
    for place, program in enumerate(PROGRAMS):
        specialized = Trainer.specialized(TASK, program, **ONE)
        expected = specialized(specialized.jobs([()], seeds=[0, 1]))
        for one, other in zip(rows[2 * place : 2 * place + 2], expected, strict=True):
            assert one.metrics["loss"] == pytest.approx(other.metrics["loss"], rel=1e-4)
            assert one.train_loss == pytest.approx(other.train_loss, rel=1e-4)


class Dropping(nnx.Module):
    """Returns the mask of its dropout."""

    def __init__(self, layer, *, rngs):
        self.layer, self.weight, self.dropout = layer(64), nnx.Linear(1, 1, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(jnp.ones_like(x)) + 0 * self.layer(x) * self.weight(x[:, :1])


class Unedited(nnx.Module):
    def __init__(self, rngs):
        self.weight, self.dropout = nnx.Linear(1, 1, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.dropout(jnp.ones_like(x)) + 0 * nnx.relu(x) * self.weight(x[:, :1])


class InLinen(linen.Module):
    @linen.compact
    def __call__(self, x, train):
        mask = linen.Dropout(0.5, deterministic=not train)(jnp.ones_like(x))
        return mask + 0 * linen.relu(x) * linen.Dense(1)(x)


class Masks(Classification):
    """Its loss in training tells which numbers its dropout kept, and in evaluation that it kept all."""

    def loss(self, network, batch, key=None):
        return jnp.mean(network(batch.inputs / 16) * jnp.arange(64)[None])

    def metrics(self, network, examples):
        return {"loss": self.loss(network, examples)}


NETWORKS = {"nnx": Dropping, "unedited": sites_of(Unedited, (64,)), "linen": sites_of(InLinen(), (64,))}


@pytest.fixture(params=["nnx", *(pytest.param(name, marks=pytest.mark.slow) for name in ("unedited", "linen"))])
def masks(request):
    fields = vars(tiny_task(steps=1, learning_rate=1e-9))
    return Masks(**{**fields, "network": NETWORKS[request.param], "criterion": "likelihood"})


def last_losses(trainer, seeds):
    """Returns the losses of the last step of trainings, which have too few steps for a mean."""
    outcomes = trainer(trainer.jobs([()], seeds))
    assert all(outcome.metrics["loss"] == 31.5 for outcome in outcomes)
    return [outcome.train_loss for outcome in outcomes]


def test_dropout_is_drawn_by_the_seed_and_in_each_step_anew(masks):
    trainer = Trainer.specialized(masks, parse("x"), **ONE)
    zero, one = last_losses(trainer, [0, 1])
    assert 31.5 != zero != one != 31.5
    assert last_losses(trainer, [1, 0]) == [one, zero]
    longer = Trainer.specialized(dataclasses.replace(masks, steps=2), parse("x"), lanes=2, **ONE)
    assert zero not in last_losses(longer, [0, 1])


class Projected(nnx.Module):
    """Its projection is drawn and never trained."""

    def __init__(self, rngs):
        self.projection = nnx.Variable(jax.random.normal(rngs.params(), (64, 4)))
        self.last = nnx.Linear(4, 10, rngs=rngs)

    def __call__(self, x):
        return self.last(nnx.relu(x @ self.projection[...]))


class ProjectedInLinen(linen.Module):
    @linen.compact
    def __call__(self, x):
        draw = lambda: jax.random.normal(self.make_rng("params"), (64, 4))  # noqa: E731
        return linen.Dense(10)(linen.relu(x @ self.variable("constants", "projection", draw).value))


@pytest.mark.parametrize("network", [Projected, ProjectedInLinen()], ids=["nnx", "linen"])
def test_a_seed_draws_what_is_not_trained_too(network):
    task = dataclasses.replace(TASK, network=sites_of(network, (64,)))
    states = [init_state(task, seed) for seed in (0, 1, 0)]
    rests = [split_network(task, lambda features: Layer(PROGRAMS[0], features), state)[2] for state in states]
    first, other, again = ([leaf for leaf in jax.tree.leaves(rest) if leaf.shape == (64, 4)] for rest in rests)
    assert len(first) == 1
    np.testing.assert_array_equal(first, again)
    assert (first[0] != other[0]).all()
    (row,) = score_programs(task, PROGRAMS[:1], [0], **ONE)
    assert row.metrics[0]["loss"] > 0

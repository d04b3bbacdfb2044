"""What a trained network is like inside."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.evaluation import Trainer, look_inside, trained_network
from actsearch.evaluation.trained_network import _statistics, _Watched
from actsearch.language import INPUTS, ActsearchError
from actsearch.tasks import Classification, Split
from tests.helpers.own_task import FitSine
from tests.helpers.tiny import tiny_task

TASK, RELU = tiny_task(), parse("relu(x)")


@pytest.mark.slow
def test_every_site_has_statistics():
    found = look_inside(TASK, RELU)
    assert found.metrics.keys() == {"accuracy", "loss"}
    (site,) = found.sites
    assert site.site == "layer1"
    assert 0 < site.nonzero < 1
    assert 1 / 6 <= site.effective_rank <= 1
    assert found.int8["loss"] == pytest.approx(found.metrics["loss"], rel=0.05)
    assert found.fgsm["loss"] > found.metrics["loss"]
    assert found.sharpness > 0
    assert found.stable_rate >= 1


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_training_is_the_one_that_scores(dtype):
    task = dataclasses.replace(TASK, recipe=dataclasses.replace(TASK.recipe, dtype=dtype))
    found = look_inside(task, RELU, seed=3)
    trainer = Trainer.specialized(task, RELU, devices=jax.devices()[:1])
    (outcome,) = trainer(trainer.jobs([()], seeds=[3]))
    assert found.metrics == pytest.approx(outcome.metrics, abs=1e-6)


@pytest.mark.slow
def test_inputs_that_are_no_numbers_cannot_be_attacked():
    found = look_inside(FitSine(steps=2), RELU)
    assert found.fgsm is None
    assert found.int8.keys() == {"mse"}


def test_the_attack_takes_gradients_batch_after_batch(monkeypatch):
    """They point where those of all examples at once do, the last batch not full, and hold no more than a batch."""
    task, seen = tiny_task(), {}
    network, inputs = nnx.Linear(64, 10, rngs=nnx.Rngs(0)), np.random.default_rng(0).uniform(0, 16, (20, 64))
    examples = Split(inputs.astype(np.float32), np.arange(20, dtype=np.int32) % 10)
    loss, rows = Classification.loss, set()

    def attacked(gradient, inputs):
        start = jnp.asarray(inputs, jnp.float32)
        seen["own"] = jnp.sign(gradient(start))
        seen["whole"] = jnp.sign(jax.grad(lambda x: loss(task, network, examples._replace(inputs=x)))(start))
        return start

    monkeypatch.setattr(trained_network, "fgsm", attacked)
    monkeypatch.setattr(Classification, "metrics", lambda own, net, moved: {})
    monkeypatch.setattr(
        Classification, "loss", lambda own, net, batch, key=None: rows.add(len(batch[1])) or loss(own, net, batch, key)
    )
    watched = _Watched(name="w", steps=1, batch_size=8, kind=task.kind, groups=task.groups, task=task)
    watched._attacked(network, examples)
    assert rows == {task.batch_size}
    assert jnp.abs(seen["own"]).sum() > 0
    np.testing.assert_array_equal(seen["own"], seen["whole"])


def test_a_constant_is_dead_and_has_no_rank():
    found = _statistics(jnp.full((4, 2), 3.0))
    assert (found["nonzero"], found["dead"], found["scale"], found["outlier"]) == (1, 1, 3, 1)
    assert found["effective_rank"] == pytest.approx(1 / 2)


def test_independent_features_of_equal_variance_have_full_rank():
    signs = jnp.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert _statistics(signs)["effective_rank"] == pytest.approx(1)
    assert _statistics(jnp.array([[0.0, 9.0], [0.0, 1.0], [0.0, 2.0], [0.0, 2.0]]))["dead"] == 0.5


def test_a_gate_does_not_fit():
    with pytest.raises(ActsearchError, match="is a gate; the task digits-tiny has sites of another kind, activation"):
        look_inside(TASK, parse("x * y", inputs=INPUTS))

"""Trains one candidate from one seed, as a pure function; everything that the score depends on is an argument."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from actsearch.nn import LayerFactory
from actsearch.tasks import Split, Task


class Outcome(NamedTuple):
    """What came of one training.

    Attributes:
      accuracy: on the evaluated part, in [0, 1].
      loss: mean cross entropy there; NaN or infinite where training diverged.
      train_loss: mean over the last tenth of the steps.
    """

    accuracy: jax.Array
    loss: jax.Array
    train_loss: jax.Array


def train(task: Task, layer: LayerFactory, seed: jax.Array, rate_scale: jax.Array, data: Split, part: Split) -> Outcome:
    """Trains a network from its seed and evaluates it.

    The seed fixes initial weights and batches, the same ones for every candidate, so that differences between candidates
    at one seed are paired.

    Args:
      task: network, recipe and metric.
      layer: makes the candidate's layer for a site.
      seed: int32 scalar.
      rate_scale: multiplies the recipe's learning rate.
      data: the training part, on the device.
      part: the part to evaluate.

    Returns:
      The outcome. A network that overflows ends with a loss that is not finite; nothing is raised.
    """
    init_key, batch_key = jax.random.split(jax.random.key(seed))
    network = task.init(layer, init_key)
    optimizer = task.recipe.optimizer(rate_scale)
    graph, parameters, rest = nnx.split(network, nnx.Param, ...)

    def loss(parameters, rest, inputs, labels):
        network = nnx.merge(graph, parameters, rest, copy=True)
        network.train()
        value = task.loss(network, inputs, labels)
        return value, nnx.state(network, nnx.Not(nnx.Param))

    def step(carry, indices):
        parameters, rest, optimizer_state = carry
        (value, rest), gradients = jax.value_and_grad(loss, has_aux=True)(
            parameters, rest, data.inputs[indices], data.labels[indices]
        )
        updates, optimizer_state = optimizer.update(gradients, optimizer_state, parameters)
        return (optax.apply_updates(parameters, updates), rest, optimizer_state), value

    indices = task.batches(batch_key, data.inputs.shape[0])
    (parameters, rest, _), losses = jax.lax.scan(step, (parameters, rest, optimizer.init(parameters)), indices)
    network = nnx.merge(graph, parameters, rest, copy=True)
    network.eval()
    metrics = task.evaluate(network, part.inputs, part.labels)
    return Outcome(metrics["accuracy"], metrics["loss"], jnp.mean(losses[-max(1, len(losses) // 10) :]))

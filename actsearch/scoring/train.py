"""Trains one candidate from one start, as a pure function; everything that the score depends on is an argument."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from actsearch.language import parse
from actsearch.nn import Layer, LayerFactory
from actsearch.tasks import Split, Task


class Start(NamedTuple):
    """Where a training begins: all that its seed decides.

    Attributes:
      weights: initial network parameters, without those of the candidate's own layers.
      batches: example numbers of every step, int32 [steps, batch].
    """

    weights: nnx.State
    batches: jax.Array


class Outcome(NamedTuple):
    """What came of one training.

    Attributes:
      accuracy: on the evaluated part, in [0, 1].
      loss: mean cross entropy there; NaN or infinite where training diverged.
      train_loss: mean over the last tenth of the steps.
    """

    accuracy: jax.Array | float
    loss: jax.Array | float
    train_loss: jax.Array | float


def start(task: Task, seed: int) -> Start:
    """Returns the start that a seed fixes, the same one for every candidate, so that differences at one seed are
    paired.

    It is computed outside the compiled training: random numbers are half of its compile time, and are the same each
    time.
    """
    init_key, batch_key = jax.random.split(jax.random.key(seed))
    bare = task.init(lambda features: Layer(parse("x"), features), init_key)
    return Start(nnx.state(bare, nnx.Param), task.batches(batch_key, len(task.data().train.labels)))


def train(task: Task, layer: LayerFactory, start: Start, rate_scale: jax.Array, data: Split, part: Split) -> Outcome:
    """Trains a network from its start and evaluates it.

    Args:
      task: network, recipe and metric.
      layer: makes the candidate's layer for a site.
      start: initial weights and batches.
      rate_scale: multiplies the recipe's learning rate.
      data: the training part, on the device.
      part: the part to evaluate.

    Returns:
      The outcome. A network that overflows ends with a loss that is not finite; nothing is raised.
    """
    network = task.init(layer, jax.random.key(0))  # for its structure; XLA drops these weights
    nnx.update(network, start.weights)
    optimizer = task.recipe.optimizer(rate_scale)
    graph, parameters, *others = nnx.split(network, nnx.Param, ...)
    (rest,) = others

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

    carry = parameters, rest, optimizer.init(parameters)
    (parameters, rest, _), losses = jax.lax.scan(step, carry, start.batches)
    network = nnx.merge(graph, parameters, rest, copy=True)
    network.eval()
    metrics = task.evaluate(network, part.inputs, part.labels)
    return Outcome(metrics["accuracy"], metrics["loss"], jnp.mean(losses[-max(1, len(losses) // 10) :]))

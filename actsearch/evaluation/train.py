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
      key: for the augmentation of examples.
    """

    weights: nnx.State
    batches: jax.Array
    key: jax.Array


class Outcome(NamedTuple):
    """What came of one training.

    Attributes:
      accuracy: on the evaluated part, in [0, 1].
      loss: mean cross entropy there; NaN or infinite where training diverged.
      train_loss: mean over the last tenth of the steps; 0 where training was stopped before them.
      early: accuracy at the task's quality gate; that of the end where the task has none.
    """

    accuracy: jax.Array | float
    loss: jax.Array | float
    train_loss: jax.Array | float
    early: jax.Array | float = 0.0


def start(task: Task, seed: int) -> Start:
    """Returns the start that a seed fixes, the same one for every candidate, so that differences at one seed are
    paired.

    It is computed outside the compiled training: random numbers are half of its compile time, and are the same each
    time.
    """
    init_key, batch_key = jax.random.split(jax.random.key(seed))
    bare = task.init(lambda features: Layer(parse("x"), features), init_key)
    batches = task.batches(batch_key, len(task.data().train.labels))
    return Start(nnx.state(bare, nnx.Param), batches, jax.random.fold_in(batch_key, 0))


def structure(task: Task, layer: LayerFactory, start: Start) -> tuple[nnx.GraphDef, nnx.State, nnx.State]:
    """Returns a network with the start's weights, split into its graph, its parameters and the rest of its state."""
    network = task.init(layer, jax.random.key(0))  # for its structure; XLA drops these weights
    nnx.update(network, start.weights)
    graph, parameters, *others = nnx.split(network, nnx.Param, ...)
    return graph, parameters, others[0]


def train(
    task: Task,
    layer: LayerFactory,
    start: Start,
    rate_scale: jax.Array,
    data: Split,
    part: Split,
    floor: jax.Array | float = 0.0,
) -> Outcome:
    """Trains a network from its start and evaluates it.

    Args:
      task: network, recipe and metric.
      layer: makes the candidate's layer for a site.
      start: initial weights and batches.
      rate_scale: multiplies the recipe's learning rate.
      data: the training part, on the device.
      part: the part to evaluate.
      floor: training stops at the task's quality gate where the accuracy on `part` is below this.

    Returns:
      The outcome. A network that overflows ends with a loss that is not finite; nothing is raised.
    """
    graph, parameters, rest = structure(task, layer, start)
    optimizer = task.recipe.optimizer(rate_scale)
    steps = task.recipe.steps
    tail = max(1, steps // 10)

    def loss(parameters, rest, step, indices):
        network = nnx.merge(graph, parameters, rest, copy=True)
        network.train()
        key = None if task.augment is None else jax.random.fold_in(start.key, step)
        value = task.loss(network, data.inputs[indices], data.labels[indices], key)
        return value, nnx.state(network, nnx.Not(nnx.Param))

    def one(step, carry):
        parameters, rest, optimizer_state, total = carry
        indices = start.batches[step]
        (value, rest), gradients = jax.value_and_grad(loss, has_aux=True)(parameters, rest, step, indices)
        updates, optimizer_state = optimizer.update(gradients, optimizer_state, parameters)
        total += jnp.where(step >= steps - tail, value, 0)
        return optax.apply_updates(parameters, updates), rest, optimizer_state, total

    def evaluate(carry):
        network = nnx.merge(graph, *carry[:2], copy=True)
        network.eval()
        return task.evaluate(network, part.inputs, part.labels)

    carry = parameters, rest, optimizer.init(parameters), jnp.float32(0)
    carry, metrics, early = _run(one, evaluate, carry, steps, task.quality and task.quality.steps, floor)
    return Outcome(metrics["accuracy"], metrics["loss"], carry[3] / tail, early)


def _run(one, evaluate, carry, steps: int, check: int | None, floor):
    """Runs all steps, or those up to the quality gate alone; returns the carry, its metrics and the early accuracy."""
    if check is None:
        carry = jax.lax.fori_loop(0, steps, one, carry)
        metrics = evaluate(carry)
        return carry, metrics, metrics["accuracy"]

    # Two rounds of one loop, so that a training step is compiled once.
    def goes_on(state):
        stage, _, metrics, _ = state
        return (stage == 0) | ((stage == 1) & (metrics["accuracy"] >= floor))

    def stretch(state):
        stage, carry, _, early = state
        carry = jax.lax.fori_loop(jnp.where(stage == 0, 0, check), jnp.where(stage == 0, check, steps), one, carry)
        metrics = evaluate(carry)
        return stage + 1, carry, metrics, jnp.where(stage == 0, metrics["accuracy"], early)

    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(evaluate, carry))
    state = jnp.int32(0), carry, nothing, jnp.float32(0)
    _, carry, metrics, early = jax.lax.while_loop(goes_on, stretch, state)
    return carry, metrics, early

"""Trains one candidate from one start, as a pure function; everything that the score depends on is an argument."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.evaluation.data_axis import mean_over, synchronize
from actsearch.evaluation.precision import keep_input_dtype, lower
from actsearch.language import parse
from actsearch.nn import Layer, LayerFactory
from actsearch.tasks import Examples, Quality, Streamed, Task

Metrics = Mapping[str, jax.Array]

_DROPOUT = 2**31 - 1
"""Of a training's key, the stream of the network's own randomness; those of the steps are counted from 0."""


class TrainState(NamedTuple):
    """Where a training begins: all that its seed decides.

    Attributes:
      weights: `nnx.State`, the initial network parameters, and its other variables but for moving averages and random
        streams, such as a projection that is drawn and never trained; without those of the candidate's own layers.
      batches: example numbers of every step, int32 [steps, batch]; None where the data come in batches.
      key: for the randomness of the loss, such as the augmentation of examples, and of the network, such as dropout.
    """

    weights: Any
    batches: jax.Array | None
    key: jax.Array


class Training(NamedTuple):
    """One training that is about to begin: what `train` and every other measurement of a candidate is given.

    Attributes:
      task: network, optimizer, loss and metrics.
      layer: makes the candidate's layer for a site.
      state: initial weights and batches.
      rate_scale: multiplies the task's learning rate.
      data: the training part, on the device; where the data come in batches, the one of this step.
      part: the part to evaluate, on the device.
      axis_name: the mapped axis whose members share each batch, `state.batches` having one's own part; None for one.
      synchronized: whether statistics over the batch are those of all parts.
      sharding: how each batch lies on devices that share the training without a mapped axis; None for one device.
    """

    task: Task
    layer: LayerFactory
    state: TrainState
    rate_scale: jax.Array | float
    data: Examples
    part: Examples
    axis_name: str | None = None
    synchronized: bool = True
    sharding: jax.sharding.Sharding | None = None


class Outcome(NamedTuple):
    """What came of one training.

    Attributes:
      metrics: the task's own, on the evaluated part; not all finite where training diverged.
      train_loss: mean over the last tenth of the steps; 0 where training was stopped before them.
      early: the metric of the task's quality gate, at the gate; None where the task has none.
    """

    metrics: Mapping[str, jax.Array | float]
    train_loss: jax.Array | float
    early: jax.Array | float | None = None


def init_state(task: Task, seed: int) -> TrainState:
    """Returns the state that a seed fixes, the same for every candidate, so that differences at one seed are paired.

    It is computed outside the compiled training: random numbers are half of its compile time, and are the same each
    time.
    """
    init_key, batch_key = jax.random.split(jax.random.key(seed))
    bare = task.init(lambda features: Layer(parse("x"), features), init_key)
    batches = None if isinstance(task, Streamed) else task.batches(batch_key, count(task.data().train))
    weights = nnx.state(bare, nnx.Not(nnx.Any(nnx.BatchStat, nnx.RngState)))
    return TrainState(weights, batches, jax.random.fold_in(batch_key, 0))


def count(examples: Examples) -> int:
    """Returns how many examples there are, the leading axis of every array."""
    return len(jax.tree.leaves(examples)[0])


def take(examples: Examples, indices: jax.Array | np.ndarray) -> Examples:
    """Returns the examples of the given numbers."""
    return jax.tree.map(lambda rows: rows[indices], examples)


def batch_of(training: Training, step: jax.Array | int) -> Examples:
    """Returns the examples of a step."""
    batches = training.state.batches
    return training.data if batches is None else take(training.data, batches[step])


def split_network(
    task: Task, layer: LayerFactory, state: TrainState, axis_name: str | None = None
) -> tuple[Any, Any, Any]:
    """Returns a network with the state's weights, split into its graph, its parameters and the rest of its state.

    Its statistics over the batch are means over a mapped axis where one is named.
    """
    network = task.init(layer, jax.random.key(0))  # for its structure; XLA drops these weights
    nnx.update(network, state.weights)
    if axis_name is not None:
        synchronize(network, axis_name)
    if task.dtype != "float32":
        keep_input_dtype(network)
    nnx.update(network, _streams(nnx.state(network, nnx.RngKey), jax.random.fold_in(state.key, _DROPOUT)))
    graph, parameters, *others = nnx.split(network, nnx.Param, ...)
    return graph, parameters, others[0]


def merge_network(task: Task, graph: Any, parameters: Any, rest: Any) -> Any:
    """Returns the network of its parts, its float32 parameters in the task's dtype."""
    return nnx.merge(graph, lower(parameters, task.dtype), rest, copy=True)


def _streams(keys: Any, key: jax.Array) -> Any:
    """Returns keys of a network's own random streams, such as dropout's, drawn by a key."""
    leaves, structure = jax.tree.flatten(keys)
    drawn = [jax.random.split(jax.random.fold_in(key, place), leaf.shape) for place, leaf in enumerate(leaves)]
    return jax.tree.unflatten(structure, drawn)


class Loop(NamedTuple):
    """A training in its parts: `train` compiles them as one function, a long training runs them stretch by stretch.

    Attributes:
      carry: what a step changes, at the start: parameters, the network's other state, the optimizer's state, and the
        summed loss of the tail.
      one: (step, carry) -> the carry after the step.
      evaluate: carry -> the task's metrics on the evaluated part.
      tail: how many of the last steps the summed loss is of.
    """

    carry: Any
    one: Callable[[jax.Array, Any], Any]
    evaluate: Callable[[Any], Metrics]
    tail: int


def loop_of(training: Training) -> Loop:
    """Returns the parts of a training."""
    task, layer, state, rate_scale, _, part, axis_name, synchronized, sharding = training
    graph, parameters, rest = split_network(task, layer, state, axis_name if synchronized else None)
    optimizer = task.optimizer(rate_scale)
    tail = max(1, task.steps // 10)

    def loss(parameters: Any, rest: Any, step: jax.Array) -> tuple[jax.Array, Any]:
        network = merge_network(task, graph, parameters, rest)
        network.train()
        batch = batch_of(training, step)
        if sharding is not None:
            batch = jax.lax.with_sharding_constraint(batch, sharding)  # type: ignore[no-untyped-call]
        value = task.loss(network, batch, jax.random.fold_in(state.key, step))
        return value, nnx.state(network, nnx.Not(nnx.Param))

    def one(step: jax.Array, carry: Any) -> Any:
        parameters, rest, optimizer_state, total = carry
        (value, rest), gradients = jax.value_and_grad(loss, has_aux=True)(parameters, rest, step)
        value, gradients = mean_over(axis_name, (value, gradients))
        updates, optimizer_state = optimizer.update(gradients, optimizer_state, parameters)
        total += jnp.where(step >= task.steps - tail, value, 0)
        return optax.apply_updates(parameters, updates), rest, optimizer_state, total

    def evaluate(carry: Any) -> Metrics:
        network = merge_network(task, graph, carry[0], mean_over(axis_name, carry[1]))
        network.eval()
        return task.metrics(network, part)

    return Loop((parameters, rest, optimizer.init(parameters), jnp.float32(0)), one, evaluate, tail)


def train(training: Training, *, gated: bool = False) -> Outcome:
    """Trains a network from its state and evaluates it.

    Args:
      training: what to train.
      gated: whether training ends at the task's quality gate where its metric is below the minimum.

    Returns:
      The outcome. A network that overflows ends with metrics that are not finite; nothing is raised.
    """
    task, (carry, one, evaluate, tail) = training.task, loop_of(training)
    if task.quality is None:
        carry = jax.lax.fori_loop(0, task.steps, one, carry)
        return Outcome(evaluate(carry), carry[3] / tail)
    quality = task.quality if gated else task.quality._replace(minimum=-jnp.inf)
    carry, metrics, early = _run_gated(one, evaluate, carry, task.steps, quality)
    return Outcome(metrics, carry[3] / tail, early)


def _run_gated(
    one: Callable[[jax.Array, Any], Any], evaluate: Callable[[Any], Metrics], carry: Any, steps: int, quality: Quality
) -> tuple[Any, Metrics, jax.Array]:
    """Runs all steps, or those up to the quality gate alone; returns the carry, its metrics and the early one."""

    # Two rounds of one loop, so that a training step is compiled once.
    def goes_on(state: Any) -> jax.Array:
        stage, _, metrics, _ = state
        passes = metrics[quality.metric] >= quality.minimum
        return jnp.logical_or(stage == 0, jnp.logical_and(stage == 1, passes))

    def stretch(state: Any) -> Any:
        stage, carry, _, early = state
        first, last = jnp.where(stage == 0, 0, quality.steps), jnp.where(stage == 0, quality.steps, steps)
        carry = jax.lax.fori_loop(first, last, one, carry)
        metrics = evaluate(carry)
        return stage + 1, carry, metrics, jnp.where(stage == 0, metrics[quality.metric], early)

    empty = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(evaluate, carry))
    state = jnp.int32(0), carry, empty, jnp.zeros_like(empty[quality.metric])
    _, carry, metrics, early = jax.lax.while_loop(goes_on, stretch, state)
    return carry, metrics, early

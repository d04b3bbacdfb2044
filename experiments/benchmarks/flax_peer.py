"""The plain Flax/Optax loop that the engine is compared with, in two forms; `engine.py` uses it.

One form is a `jax.jit` of the whole training, a `lax.scan` over the steps with the evaluation; the other a `jax.jit` of
a step, called from a Python loop.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from actsearch.evaluation import TrainState, init_state
from actsearch.language import Program
from actsearch.nn import Layer
from actsearch.tasks import Classification
from experiments.benchmarks.clock import timed


class Parts(NamedTuple):
    """Scaled inputs float32 [examples, ...] and labels int32 [examples] of the training and the validation part."""

    inputs: Any
    labels: Any
    validation_inputs: Any
    validation_labels: Any


class Loop(NamedTuple):
    """What both forms share: a fresh network's parameters, the optimizer, a training step and the accuracy."""

    parameters: Any
    optimizer: optax.GradientTransformation
    step: Callable
    accuracy: Callable


def scaled_parts(task: Classification) -> Parts:
    """Returns a task's data, scaled once."""
    train, validation, _ = task.data()
    scale = np.float32(task.dataset.scale)
    return Parts(train.inputs / scale, train.labels, validation.inputs / scale, validation.labels)


def measure_flax(task: Classification, programs: Sequence[Program], seed: int, say: Callable) -> dict[str, list[float]]:
    """Returns the seconds of both forms for each program, compilation included, in turn, and the accuracies."""
    state = jax.device_get(init_state(task, seed))
    data = jax.device_put(scaled_parts(task))
    times: dict[str, list[float]] = {"scan": [], "steps": [], "accuracy": []}
    for train in FORMS.values():  # what a process pays once is not charged to a candidate
        train(task, programs[0], state, data)
    for program in programs:
        for name, train in FORMS.items():
            seconds, accuracy = timed(train, task, program, state, data)
            times[name].append(seconds)
        times["accuracy"].append(accuracy)
    say(f"plain Flax/Optax: {len(programs)} candidates in two forms {sum(times['scan'] + times['steps']):.1f} s")
    return times


def train_scan(task: Classification, program: Program, state: TrainState, data: Parts) -> float:
    """Trains with one jit of everything; returns the validation accuracy."""
    loop = make_loop(task, program, state)

    @jax.jit
    def fit(parameters, batches, data):
        carry = parameters, loop.optimizer.init(parameters)
        (parameters, _), _ = jax.lax.scan(lambda carry, rows: (loop.step(*carry, rows, data), None), carry, batches)
        return loop.accuracy(parameters, data)

    return float(fit(loop.parameters, state.batches, data))


def train_steps(task: Classification, program: Program, state: TrainState, data: Parts) -> float:
    """Trains with a jit of one step in a Python loop; returns the validation accuracy."""
    loop = make_loop(task, program, state)
    parameters, step = loop.parameters, jax.jit(loop.step)
    optimizer_state = loop.optimizer.init(parameters)
    for rows in state.batches:
        parameters, optimizer_state = step(parameters, optimizer_state, rows, data)
    return float(jax.jit(loop.accuracy)(parameters, data))


FORMS = {"scan": train_scan, "steps": train_steps}


def make_loop(task: Classification, program: Program, state: TrainState) -> Loop:
    """Returns what both forms share, for one program and one start."""
    network = task.init(lambda features: Layer(program, features), jax.random.key(0))
    nnx.update(network, state.weights)
    graph, parameters = nnx.split(network, nnx.Param)
    optimizer = task.optimizer()

    def loss(parameters, inputs, labels):
        logits = nnx.merge(graph, parameters)(inputs)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    def step(parameters, optimizer_state, rows, data):
        gradients = jax.grad(loss)(parameters, data.inputs[rows], data.labels[rows])
        updates, optimizer_state = optimizer.update(gradients, optimizer_state)
        return optax.apply_updates(parameters, updates), optimizer_state

    def accuracy(parameters, data):
        logits = nnx.merge(graph, parameters)(data.validation_inputs)
        return jnp.mean(jnp.argmax(logits, axis=-1) == data.validation_labels)

    return Loop(parameters, optimizer, step, accuracy)

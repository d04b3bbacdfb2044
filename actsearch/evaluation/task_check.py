"""The contract of a task, checked before anything trains: each wrong task gets one sentence."""

import math
import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from actsearch.evaluation.one_training import count, take
from actsearch.language import ActsearchError
from actsearch.nn import Layer, sites
from actsearch.tasks import Classification, Data, Task


def check_task(task: Task) -> tuple[str, ...]:
    """Checks a task against its contract; a second or so, and nothing is trained.

    Returns:
      What was checked, a line each.

    Raises:
      ActsearchError: the first thing that is wrong. An error of the task's own code keeps its traceback.

    Example:
      >>> from actsearch.tasks import get_task
      >>> check_task(get_task("digits-mlp"))[0]
      'a value: it hashes, compares and pickles'
    """
    _check_value(task)
    data = task.data()
    _check_parts(task, data)
    _check_leaks(task, data)
    width = _check_network(task)
    _check_measures(task, data)
    sizes = ", ".join(f"{count(part):,}" for part in data)
    return (
        "a value: it hashes, compares and pickles",
        f"data: the same on two calls, {sizes} examples, none in two parts",
        f"network: {width} sites, initial weights by the key alone",
        "loss and metrics: finite scalars at the start; a score that is finite and at least the worst",
    )


def _wrong(task: Task, what: str) -> ActsearchError:
    return ActsearchError(f"The task {task.name} {what}")


def _check_value(task: Task) -> None:
    try:
        same = hash(task) == hash(task) and pickle.loads(pickle.dumps(task)) == task
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise _wrong(
            task, f"cannot be hashed and pickled: {error}; use functions of a module and frozen dataclasses."
        ) from error
    if not same:
        raise _wrong(task, "does not equal its own pickled copy: make it a frozen dataclass with fields that compare.")


def _check_parts(task: Task, data: Data) -> None:
    shapes = [jax.tree.map(lambda rows: (rows.shape[1:], str(rows.dtype)), part) for part in data]
    if not shapes[0] == shapes[1] == shapes[2]:
        raise _wrong(task, f"has parts of different structure, shape or dtype: {shapes}; make them alike.")
    for name, part in zip(Data._fields, data, strict=True):
        lengths = {len(leaf) for leaf in jax.tree.leaves(part)}
        if len(lengths) != 1 or 0 in lengths:
            raise _wrong(task, f"has a part {name} with arrays of {sorted(lengths)} examples; give one number above 0.")
    again = task.data()
    if _rows(data.train) != _rows(again.train) or _rows(data.validation) != _rows(again.validation):
        raise _wrong(task, "returns other data on a second call of data(): fix the seed, or keep the data.")


def _rows(part: Any) -> list[bytes]:
    """Returns the bytes of every example."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(part)]
    return [b"".join(leaf[row].tobytes() for leaf in leaves) for row in range(count(part))]


def _check_leaks(task: Task, data: Data) -> None:
    rows = {name: set(_rows(part)) for name, part in zip(Data._fields, data, strict=True)}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        if shared := len(rows[one] & rows[other]):
            raise _wrong(task, f"has {shared} equal examples in {one} and {other}: drop them from one of the two.")


def _check_network(task: Task) -> int:
    found = len(sites(lambda layer: task.init(layer, jax.random.key(0))))
    if not found:
        raise _wrong(task, "has no site: call layer(features) in init and use the module that it returns.")
    first, again, other = (_weights(task, seed) for seed in (0, 0, 1))
    if not _equal(first, again):
        raise _wrong(task, "draws other weights on a second call of init with one key: use the key for all randomness.")
    if _equal(first, other):
        raise _wrong(task, "draws the same weights for two keys: pass nnx.Rngs(params=key) to the network.")
    return found


def _network(task: Task, seed: int = 0) -> Any:
    return task.init(lambda features: Layer(task.baseline, features), jax.random.key(seed))


def _weights(task: Task, seed: int) -> Any:
    return jax.tree.leaves(nnx.state(_network(task, seed), nnx.Param))


def _equal(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _check_measures(task: Task, data: Data) -> None:
    network = _network(task)
    _check_labels(task, network, data)
    batch = take(data.train, jnp.arange(min(task.batch_size, count(data.train))))
    network.train()
    loss = task.loss(network, batch, jax.random.key(0))
    _check_scalar(task, "loss", loss)
    network.eval()
    metrics = task.metrics(network, data.validation)
    for name, value in metrics.items():
        _check_scalar(task, f"metric {name!r}", value)
    if task.quality is not None and task.quality.metric not in metrics:
        raise _wrong(task, f"has a gate on {task.quality.metric!r}; metrics returns {', '.join(metrics)}.")
    score = float(task.score({name: float(value) for name, value in metrics.items()}))
    if not math.isfinite(score) or score < task.worst:
        raise _wrong(task, f"scores {score} at the start; a score is finite and at least `worst`, {task.worst}.")


def _check_scalar(task: Task, what: str, value: Any) -> None:
    array = jnp.asarray(value)
    if array.shape != () or not jnp.issubdtype(array.dtype, jnp.floating):
        raise _wrong(task, f"has a {what} of shape {array.shape} and dtype {array.dtype}; return one float: jnp.mean.")
    if not bool(jnp.isfinite(array)):
        raise _wrong(task, f"has a {what} of {float(array)} at the start: look at the data and the initial weights.")


def _check_labels(task: Task, network: Any, data: Data) -> None:
    """Checks the labels of a classification, where JAX would take the last class without a word."""
    if not isinstance(task, Classification):
        return
    network.eval()
    classes = task.logits(network, data.train.inputs[:2]).shape[-1]
    for name, part in zip(Data._fields, data, strict=True):
        low, high = int(np.min(part.labels)), int(np.max(part.labels))
        if low < 0 or high >= classes:
            raise _wrong(
                task,
                f"has labels from {low} to {high} in {name}, and {classes} logits: write labels from 0 to "
                f"{classes - 1}, or a network with more outputs.",
            )

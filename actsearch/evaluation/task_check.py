"""The contract of a task, checked before anything trains: each wrong task gets one sentence."""

import dataclasses
import functools
import math
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from actsearch.evaluation.data_check import check_data, check_stream, check_values, sample, wrong
from actsearch.evaluation.one_training import count, take
from actsearch.language import ActsearchError, Program
from actsearch.nn import Layer, sites
from actsearch.tasks import Classification, Data, Examples, LanguageModel, Regression, Streamed, Task, factory_of

_SHARES = tuple(0.5**halvings for halvings in range(8, -1, -1))
"""Of each metric at the start, at which the score is looked at: towards 0, so that none leaves its range."""


def check_task(task: Task, *, full: bool = True) -> tuple[str, ...]:
    """Checks a task against its contract; nothing is trained.

    Args:
      task: any, of the package or of a user.
      full: whether the task is also pickled, and its network initialised and evaluated, which compiles it: seconds.
        Without it data, shapes and dtypes are checked, in the time that tracing takes.

    Returns:
      What was checked, a line each.

    Raises:
      ActsearchError: the first thing that is wrong. An error of the task's own code keeps its traceback.

    Example:
      >>> from actsearch.tasks import get_task
      >>> check_task(get_task("digits-mlp"), full=False)[1]
      'network: 2 sites'
    """
    _check_hash(task)
    data = sample(task)
    check_data(task, data)
    if isinstance(task, Streamed):
        check_stream(task)
    width = _check_sites(task)
    check_values(task, data)
    _check_scalars(task, data)
    sizes = ", ".join(f"{count(part):,}" for part in data)
    of_batches = " of the first batches" if isinstance(task, Streamed) else ""
    lines = (
        f"data: the same on two calls, {sizes} examples{of_batches}, none in two parts",
        f"network: {width} {'site' if width == 1 else 'sites'}",
        "loss and metrics: float scalars",
    )
    if not full:
        return lines
    _check_pickle(task)
    _check_weights(task)
    _check_start(task, data)
    return (
        *lines,
        "a value: it hashes, compares and pickles",
        "initial weights: by the key alone",
        "start: loss and metrics are finite, the score is in its range and monotone in each metric",
    )


def check_own(task: Task) -> Task:
    """Returns a task that comes from outside; one that is none of the package's is checked, once and not in full."""
    _check_hash(task)
    if not _is_of_package(task):
        _check_once(task)
    return task


def check_kind(task: Task, programs: Sequence[Program]) -> None:
    """Raises where a program is not of the kind that a task's sites take."""
    for program in programs:
        if (program.kind == "gate") != (task.kind == "gate"):
            raise ActsearchError(
                f"{program} {'reads' if program.kind == 'gate' else 'does not read'} a second input, y; the sites of "
                f"{task.name} take {'two inputs' if task.kind == 'gate' else 'one'}: give a task of another kind."
            )
        if program.reductions and task.kind == "activation":
            raise ActsearchError(
                f"{program} is a whole layer; the task {task.name} has sites for activations: give a task of layers."
            )


def _is_of_package(task: Task) -> bool:
    """Returns whether a task is one that the package registers, at any length."""
    make = factory_of(task.name)
    made_by = getattr(make, "func", make)
    if make is None or not str(getattr(made_by, "__module__", "")).startswith("actsearch."):
        return False
    known = make()
    return dataclasses.replace(known, steps=task.steps, quality=task.quality) == task


@functools.lru_cache(maxsize=64)
def _check_once(task: Task) -> None:
    check_task(task, full=False)


def _check_hash(task: Task) -> None:
    try:
        hash(task)
    except TypeError as error:
        raise wrong(task, f"cannot be hashed: {error}; give it tuples for lists, and frozen dataclasses.") from error


def _check_pickle(task: Task) -> None:
    try:
        copy = pickle.loads(pickle.dumps(task))
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise wrong(
            task,
            f"cannot be pickled: {error}; use functions of a module, also one that returns a Linen module which holds "
            "functions, and frozen dataclasses.",
        ) from error
    if copy != task:
        raise wrong(task, "does not equal its own pickled copy: make it a frozen dataclass with fields that compare.")


def _check_sites(task: Task) -> int:
    found = len(sites(lambda layer: task.init(layer, jax.random.key(0))))
    if not found:
        raise wrong(task, "has no site: call layer(features) in init and use the module that it returns.")
    return found


def _check_scalars(task: Task, data: Data) -> None:
    loss, metrics = nnx.eval_shape(functools.partial(_measured, task), *_examples(task, data))
    _check_scalar(task, "loss", loss)
    if not isinstance(metrics, Mapping) or not metrics:
        raise wrong(task, "returns no dictionary from metrics(); return scalars by their names.")
    for name, value in metrics.items():
        _check_scalar(task, f"metric {name!r}", value)
    if task.quality is not None and task.quality.metric not in metrics:
        raise wrong(task, f"has a gate on {task.quality.metric!r}; metrics returns {', '.join(metrics)}.")


def _check_scalar(task: Task, what: str, value: Any) -> None:
    shape, dtype = jnp.shape(value), jnp.result_type(value)
    if shape != () or not jnp.issubdtype(dtype, jnp.floating):
        raise wrong(task, f"has a {what} of shape {shape} and dtype {dtype}; return one float: jnp.mean.")


def _examples(task: Task, data: Data) -> tuple[Examples, Examples]:
    """Returns the first batch, and the validation part."""
    return take(data.train, np.arange(min(task.batch_size, count(data.train)))), data.validation


def _measured(task: Task, batch: Examples, validation: Examples) -> tuple[jax.Array, dict[str, jax.Array]]:
    """Returns the loss of a batch and the metrics after it, at the initial weights."""
    network = _network(task, 0)
    network.train()
    loss = task.loss(network, batch, jax.random.key(0))
    network.eval()
    return loss, task.metrics(network, validation)


def _network(task: Task, seed: int) -> Any:
    return task.init(lambda features: Layer(task.baseline, features), jax.random.key(seed))


def _check_weights(task: Task) -> None:
    first, again, other = (jax.tree.leaves(nnx.state(_network(task, seed), nnx.Param)) for seed in (0, 0, 1))
    if not _equal(first, again):
        raise wrong(task, "draws other weights on a second call of init with one key: use the key for all randomness.")
    if _equal(first, other):
        raise wrong(task, "draws the same weights for two keys: pass nnx.Rngs(params=key) to the network.")


def _equal(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _check_start(task: Task, data: Data) -> None:
    loss, metrics = jax.jit(functools.partial(_measured, task))(*_examples(task, data))
    for name, value in {"loss": loss, **{f"metric {name!r}": value for name, value in metrics.items()}}.items():
        if not math.isfinite(value):
            raise wrong(task, f"has a {name} of {float(value)} at the start: look at the data and the initial weights.")
    _check_score(task, {name: float(value) for name, value in metrics.items()})


def _score(task: Task, metrics: Mapping[str, float]) -> float:
    score: Any = task.score(metrics)
    if np.shape(score) != () or np.asarray(score).dtype.kind not in "fiu":
        raise wrong(task, f"returns {score!r} from score(); return one float.")
    return float(score)


def _check_score(task: Task, metrics: Mapping[str, float]) -> None:
    """Checks the score at the start, and where one metric is a share of what it is there."""
    most = 1.0 if isinstance(task, Classification | LanguageModel | Regression) else math.inf
    for name, value in metrics.items():
        tried = [value * share for share in _SHARES]
        scores = [_score(task, {**metrics, name: one}) for one in tried]
        for one, score in zip(tried, scores, strict=True):
            if not (math.isfinite(score) and task.worst <= score <= most):
                raise wrong(
                    task,
                    f"scores {score} where {name} is {one:g}; a score is finite, at least `worst`, {task.worst}"
                    f"{', and at most 1.' if most == 1 else '.'}",
                )
        if scores not in (sorted(scores), sorted(scores, reverse=True)):
            raise wrong(
                task,
                f"scores {scores} where {name} is {tried}: let the score rise with the metric, or fall, all the way.",
            )

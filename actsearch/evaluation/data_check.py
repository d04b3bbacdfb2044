"""What is checked of a task's data before anything trains: structure, repetition, leaks between parts, legal values."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from flax import nnx

from actsearch.evaluation.one_training import count
from actsearch.language import ActsearchError
from actsearch.nn import Layer
from actsearch.tasks import Classification, Data, Examples, LanguageModel, Pairs, Regression, Split, Streamed, Task
from actsearch.tasks.datasets.base import Array

_QUOTED = 0.01
"""Share of a part's windows of text that another part may have too: language repeats itself."""

_ENOUGH = 8
"""Different numbers that an array of an example has at least, where they tell it from every other example."""


def wrong(task: Task, what: str) -> ActsearchError:
    """Returns the error of a task that is wrong; `what` goes on after its name."""
    return ActsearchError(f"The task {task.name} {what}")


def check_resident(*tasks: Task) -> None:
    """Raises where the data of a task come in batches: for trainings that keep all of them on the device."""
    for task in tasks:
        if isinstance(task, Streamed):
            task.data()


def first_batch(task: Streamed, part: str, *, seed: int = 0, start: int = 0) -> Examples:
    """Returns a batch of a part; raises where there is none."""
    batch = next(task.stream(part, seed=seed, start=start), None)
    if batch is None:
        raise wrong(task, f"has no batch {start} of its part {part}: give it more examples, or a smaller batch_size.")
    return batch


def sample(task: Task) -> Data:
    """Returns the data; where they come in batches, the first one of each part."""
    if isinstance(task, Streamed):
        return Data(*(first_batch(task, part) for part in Data._fields))
    return task.data()


def check_stream(task: Streamed) -> None:
    """Checks what going on with a training rests on: a batch of its part "train" depends on seed and number alone."""
    batches = task.stream("train")
    rows = [_bytes(next(batches, None)) for _ in range(2)]
    second, other = first_batch(task, "train", start=1), first_batch(task, "train", seed=1)
    if _bytes(second) != rows[1]:
        raise wrong(task, "has another second batch where its stream begins at start=1: begin it at that batch.")
    if _bytes(other) == rows[0]:
        raise wrong(task, "has the same first batch with every seed: draw the order of its stream by the seed.")
    if count(second) != task.batch_size:
        raise wrong(
            task, f"has batches of {count(second)} examples and a batch_size of {task.batch_size}: make them one."
        )


def check_data(task: Task, data: Data) -> None:
    """Checks that parts have the form of their family, are alike, the same on every call, and share no example."""
    _check_form(task, data)
    _check_parts(task, data)
    if list(map(_bytes, data)) != list(map(_bytes, sample(task))):
        raise wrong(task, "returns other data on a second call of data() or stream(): fix the seed, or keep the data.")
    _check_leaks(task, data)


def check_values(task: Task, data: Data) -> None:
    """Checks what a family of tasks says of its examples, where JAX would compute on without a word."""
    for name, part in zip(Data._fields, data, strict=True):
        _check_values(task, name, part)


def _check_form(task: Task, data: Data) -> None:
    """Checks that each part has the fields that its family reads."""
    if not isinstance(data, Data):
        raise wrong(
            task, f"returns a {type(data).__name__} from data(); return actsearch.tasks.Data(train, validation, test)."
        )
    form = Split if isinstance(task, Classification) else Pairs if isinstance(task, Regression) else None
    for name, part in zip(Data._fields, data, strict=True):
        if form is not None and not isinstance(part, form):
            raise wrong(
                task,
                f"has a part {name} that is a {type(part).__name__}; write "
                f"actsearch.tasks.{form.__name__}({', '.join(form._fields)}).",
            )


def _check_parts(task: Task, data: Data) -> None:
    shapes = [jax.tree.map(lambda rows: (rows.shape[1:], str(rows.dtype)), part) for part in data]
    if not shapes[0] == shapes[1] == shapes[2]:
        raise wrong(task, f"has parts of different structure, shape or dtype: {shapes}; make them alike.")
    said, found = ([leaf.shape[1:] for leaf in jax.tree.leaves(part)] for part in (task.abstract_batch(), data.train))
    if said != found:
        raise wrong(
            task, f"says that the arrays of an example have the shapes {said}; they have {found}: make them alike."
        )
    for name, part in zip(Data._fields, data, strict=True):
        lengths = {len(leaf) for leaf in jax.tree.leaves(part)}
        if len(lengths) != 1 or 0 in lengths:
            raise wrong(task, f"has a part {name} with arrays of {sorted(lengths)} examples; give one number above 0.")


def _bytes(part: Examples) -> list[bytes]:
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(part)]


def _check_leaks(task: Task, data: Data) -> None:
    quoted = _QUOTED * min(map(count, data)) if isinstance(task, LanguageModel) else 0
    for one, other, shared in _shared(data, _rows):
        if shared > quoted:
            raise wrong(task, f"has {shared} equal examples in {one} and {other}: drop them from one of the two.")
    for one, other, shared in _shared(data, _outlines):
        raise wrong(
            task,
            f"has {shared} examples in {one} that differ from ones in {other} by an offset, a scale or rounding alone: "
            "drop them from one of the two.",
        )


def _shared(data: Data, rows: Callable[[Examples], set[bytes]]) -> list[tuple[str, str, int]]:
    """Returns each two parts that have rows in common, and how many."""
    sets = {name: rows(part) for name, part in zip(Data._fields, data, strict=True)}
    common = [(one, other, len(sets[one] & sets[other])) for one, other in itertools.combinations(sets, 2)]
    return [row for row in common if row[2]]


def _rows(part: Examples) -> set[bytes]:
    """Returns the bytes of every example."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(part)]
    return {b"".join(leaf[row].tobytes() for leaf in leaves) for row in range(count(part))}


def _outlines(part: Examples) -> set[bytes]:
    """Returns the numbers of every example without offset and scale, to two decimals, where each array has enough."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(part)]
    outlines = [_outline(leaf.reshape(len(leaf), -1)) for leaf in leaves if leaf.dtype.kind == "f" and leaf.size]
    return {b"".join(rows) for rows in zip(*outlines, strict=True) if all(rows)}


def _outline(numbers: np.ndarray) -> list[bytes]:
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = (numbers - numbers.mean(axis=1, keepdims=True)) / numbers.std(axis=1, keepdims=True)
    different = 1 + np.count_nonzero(np.diff(np.sort(numbers, axis=1), axis=1), axis=1)
    tells = np.isfinite(plain).all(axis=1) & (different >= _ENOUGH)
    grid = np.round(np.where(tells[:, None], plain, 0) * 100).astype(np.int32)
    return [row.tobytes() if enough else b"" for row, enough in zip(grid, tells, strict=True)]


def _check_values(task: Task, name: str, part: Examples) -> None:
    if isinstance(task, Classification):
        _check_whole(task, f"labels in {name}", part.labels, _outputs(task, part.inputs)[-1])
    elif isinstance(task, LanguageModel):
        _check_whole(task, f"tokens in {name}", part, _outputs(task, part[:, :-1])[-1])
    elif isinstance(task, Regression):
        outputs = (count(part), *_outputs(task, part.inputs)[1:])
        if part.targets.shape != outputs:
            raise wrong(
                task, f"has targets of shape {part.targets.shape} in {name} and outputs {outputs}: make them alike."
            )
    if isinstance(task, Classification | Regression):
        for field, rows in part._asdict().items():
            if not np.isfinite(np.asarray(rows, np.float32)).all():
                raise wrong(task, f"has {field} in {name} that are not finite: leave them out, or fill them in.")


def _check_whole(task: Task, what: str, values: Array, outputs: int) -> None:
    """Checks that labels or tokens are whole numbers below the number of the network's outputs."""
    if not np.issubdtype(values.dtype, np.integer):
        raise wrong(task, f"has {what} of dtype {values.dtype}: write whole numbers from 0 to {outputs - 1}.")
    low, high = int(np.min(values)), int(np.max(values))
    if low < 0 or high >= outputs:
        raise wrong(
            task,
            f"has {what} from {low} to {high}, and {outputs} logits: write numbers from 0 to {outputs - 1}, or a "
            "network with more outputs.",
        )


def _outputs(task: Classification | LanguageModel | Regression, inputs: Array) -> tuple[int, ...]:
    """Returns the shape of the network's output on two examples; nothing is computed."""

    def outputs() -> jax.Array:
        network: Any = task.init(lambda features: Layer(task.baseline, features), jax.random.key(0))
        network.train()
        return task.logits(network, inputs[:2]) if isinstance(task, Classification) else network(inputs[:2])

    return nnx.eval_shape(outputs).shape

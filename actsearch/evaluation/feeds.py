"""Where a long training's batches come from: data that lie on the device, or a stream of batches from disk."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from actsearch.evaluation.data_check import wrong
from actsearch.evaluation.devices import replicate, resident
from actsearch.evaluation.one_training import TrainState, count
from actsearch.evaluation.trainer import Part
from actsearch.tasks import Examples, Streamed, Task

Carry = Any
"""What a step changes: `Loop.carry`."""


class Start(NamedTuple):
    """What a job's steps read and do not change; of a stream `data` are the batch of one step, or zeros like it."""

    state: TrainState
    rate_scale: jax.Array
    data: Examples


class Compiled(NamedTuple):
    """The parts of a training as compiled functions.

    Attributes:
      begin: start -> the carry at the first step.
      go_on: carry, first step, last step, start -> the carry after the steps before the last.
      evaluate: carry, start, examples -> metrics.
    """

    begin: Callable[[Start], Carry]
    go_on: Callable[[Carry, int, int, Start], Carry]
    evaluate: Callable[[Carry, Start, Examples], Mapping[str, jax.Array]]


class Feed(Protocol):
    """Takes a training from one step to another, and evaluates it."""

    start: Start

    def go_on(self, run: Compiled, carry: Carry, first: int, last: int) -> Carry:
        """Returns the carry after the steps from `first` up to, not including, `last`."""

    def evaluate(self, run: Compiled, carry: Carry, part: Part) -> dict[str, float]:
        """Returns the metrics on a part of the data."""


class Resident:
    """Data on the devices: a stretch of steps is one call."""

    def __init__(self, task: Task, state: TrainState, rate_scale: jax.Array, mesh: Mesh):
        self._task, self._mesh = task, mesh
        self.start = Start(replicate(state, mesh), rate_scale, resident(task.data().train, mesh))

    def go_on(self, run: Compiled, carry: Carry, first: int, last: int) -> Carry:
        """Returns the carry after the steps."""
        return run.go_on(carry, first, last, self.start)

    def evaluate(self, run: Compiled, carry: Carry, part: Part) -> dict[str, float]:
        """Returns the metrics on a part."""
        examples = resident(getattr(self._task.data(), part), self._mesh)
        return {name: float(value) for name, value in run.evaluate(carry, self.start, examples).items()}


class Batches:
    """A stream: each step is a call with its own batch, cut while the step before it runs.

    Where a training goes on, the stream begins at its step: a batch depends on seed and number alone. Devices share a
    batch where their number divides it.
    """

    def __init__(self, task: Streamed, state: TrainState, rate_scale: jax.Array, seed: int, mesh: Mesh):
        self._task, self._seed, self._mesh = task, seed, mesh
        self._split = NamedSharding(mesh, P(mesh.axis_names))  # type: ignore[no-untyped-call]
        self._stream: Iterator[Examples] = iter(())
        self._next = -1
        self.start = Start(replicate(state, mesh), rate_scale, self._placed(task.abstract_batch()))

    def go_on(self, run: Compiled, carry: Carry, first: int, last: int) -> Carry:
        """Returns the carry after the steps; raises where the stream ends before them."""
        if self._next != first:
            self._stream = self._task.stream("train", seed=self._seed, start=first)
        for step in range(first, last):
            batch = next(self._stream, None)
            if batch is None:
                raise wrong(self._task, f"ends its training batches at step {step}: its stream goes on for ever.")
            placed = self._placed(batch)
            jax.block_until_ready(carry)  # type: ignore[no-untyped-call]  # one step and two batches at a time
            carry = run.go_on(carry, step, step + 1, self.start._replace(data=placed))
        self._next = last
        return carry

    def evaluate(self, run: Compiled, carry: Carry, part: Part) -> dict[str, float]:
        """Returns the means of the metrics of a part's batches, by their sizes."""
        self._stream, self._next = iter(()), -1  # ends the processes that cut it
        sums: dict[str, float] = {}
        examples = 0
        for batch in self._task.stream(part):
            for name, value in run.evaluate(carry, self.start, self._placed(batch)).items():
                sums[name] = sums.get(name, 0.0) + count(batch) * float(value)
            examples += count(batch)
        return {name: total / examples for name, total in sums.items()}

    def _placed(self, batch: Examples) -> Examples:
        if count(batch) % self._mesh.size:
            return replicate(batch, self._mesh)
        return jax.tree.map(lambda rows: jax.device_put(np.asarray(rows), self._split), batch)


def feed_of(task: Task, state: TrainState, rate_scale: jax.Array, seed: int, mesh: Mesh) -> Feed:
    """Returns what feeds a training of the task with this seed."""
    if isinstance(task, Streamed):
        return Batches(task, state, rate_scale, seed, mesh)
    return Resident(task, state, rate_scale, mesh)

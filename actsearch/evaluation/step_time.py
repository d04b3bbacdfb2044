"""How long a step of training takes here: a measurement of at most a minute, before hours are spent."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax

from actsearch.evaluation.devices import Devices, as_layout
from actsearch.evaluation.trainer import Trainer, default_lanes, fitting_lanes
from actsearch.nn import Layer
from actsearch.tasks import Data, Task

STEPS = 2
"""Of a measured training."""

_EVALUATION = 1 / 3
"""Of a step: a forward pass of one batch, where a step has a backward pass of twice its operations too."""


class StepTime(NamedTuple):
    """What a task's baseline takes, compiled by itself.

    Attributes:
      step: wall seconds of a step of one training, as many at a time as there will be.
      compilation: wall seconds of tracing and compiling.
      measured: False where both follow from another task's, by operations and by sites.
    """

    step: float
    compilation: float
    measured: bool = True


class _Size(NamedTuple):
    operations: float
    sites: int


def step_times(
    tasks: Sequence[tuple[Task, int | None]], *, limit: float = 60.0, devices: Devices = None
) -> list[StepTime]:
    """Returns how long a step of each task's baseline takes on these devices.

    Data are not read: batches are of zeros. The first task is measured; each other one as long as what it is expected
    to take, by what the measured ones took, ends before the limit. The rest are scaled by the operations of a forward
    pass, which XLA counts without compiling it, and their compilations by the number of sites. On an accelerator that
    is too little where fewer of them run at a time than of the measured ones.

    Args:
      tasks: each with the number of trainings that are asked for at once, such as the seeds of a verification; None for
        as many as the devices take, as in a search.
      limit: seconds that the measurement may take, where the first task alone does not take longer.
      devices: JAX devices, all by default.

    Example:
      >>> from actsearch.tasks import get_task
      >>> (one,) = step_times([(get_task("digits-mlp"), None)])
      >>> one.measured, 0 < one.step < 1
      (True, True)
    """
    began, times, known = time.perf_counter(), list[StepTime](), dict[_Size, StepTime]()
    for task, trainings in tasks:
        size = _size(task)
        guess = _scaled(size, known)
        expected = 0.0 if guess is None else guess.compilation + 2 * STEPS * _at_once(trainings, devices) * guess.step
        if guess is None or time.perf_counter() - began + expected < limit:
            guess = known[size] = _measured(task, trainings, devices)
        times.append(guess)
    return times


def _scaled(size: _Size, known: dict[_Size, StepTime]) -> StepTime | None:
    """Returns what a network takes by the nearest measured one; None where there is none."""
    if not known:
        return None
    near = min(known, key=lambda other: abs(other.operations - size.operations))
    step = known[near].step * size.operations / near.operations
    return StepTime(step, known[near].compilation * size.sites / near.sites, measured=False)


def _size(task: Task) -> _Size:
    """Returns the operations of a forward pass of a batch, and how many sites a network has."""
    sites = []

    def layer(features: int) -> Layer:
        sites.append(features)
        return Layer(task.baseline, features)

    def forward(key: jax.Array, batch: Any) -> jax.Array:
        network: Any = task.init(layer, key)
        network.train()
        return task.loss(network, batch, key)

    analysis = jax.jit(forward).lower(jax.random.key(0), task.abstract_batch()).cost_analysis() or {}
    return _Size(max(float(analysis.get("flops", 0.0)), 1.0), max(len(sites), 1))


class _Blank:
    """A task whose data are one batch of zeros; all else is the task's own."""

    def __init__(self, task: Task):
        self._task = task

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def data(self) -> Data:
        batch = self._task.abstract_batch()
        return Data(batch, batch, batch)


def _at_once(trainings: int | None, devices: Devices) -> int:
    """Returns how many trainings run at a time."""
    mesh = as_layout(devices).mesh()
    most = int(mesh.shape["candidate"]) * default_lanes(mesh)
    return most if trainings is None else min(trainings, most)


def _measured(task: Task, trainings: int | None, devices: Devices) -> StepTime:
    short = task.at_fidelity(min(1.0, STEPS / task.steps))
    blank: Any = _Blank(short)
    count = _at_once(trainings, devices)
    lanes = fitting_lanes(devices, count)
    trainer = Trainer.specialized(blank, task.baseline, devices=devices, lanes=lanes)
    jobs = trainer.jobs([()] * count, seeds=[0])
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        trainer(jobs)
        seconds.append(time.perf_counter() - began)
    first, warm = seconds
    return StepTime(warm / count / (short.steps + _EVALUATION), max(first - warm, 0.0))

"""Trainer: compiles a task's training once and runs it for any number of candidates, seeds and learning rates."""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from actsearch.engine import LayerFunction, interpret, specialize
from actsearch.evaluation.data_axis import own_stream
from actsearch.evaluation.devices import DataParallel, Devices, as_layout, replicate, resident
from actsearch.evaluation.one_training import Training, TrainState, init_state, train
from actsearch.language import Program
from actsearch.nn import Layer
from actsearch.spaces.template import Template
from actsearch.tasks import Examples, Task

LANES = 64
"""Jobs that an accelerator trains side by side."""

Part = Literal["validation", "test"]
Measure = Callable[[Training], Any]
"""What is done with a candidate, `train` or `ascend`: returns a pytree of scalars; traced and compiled."""


class Job(NamedTuple):
    """One training.

    Attributes:
      choices: the candidate's.
      seed: fixes initial weights and batches.
      rate_scale: factor on the task's learning rate.
    """

    choices: tuple[int, ...]
    seed: int
    rate_scale: float = 1.0


class Trainer:
    """Trains jobs on a task, as many at a time as there are devices, or groups of devices that share a training.

    A job's outcome depends on the task, the seed, the rate and the program alone. On a CPU core jobs run one after
    another; an accelerator, which one small network would leave idle, trains `lanes` of them side by side. Lanes share
    nothing but the data: an outcome is the same to the last bit whatever its neighbours are, and another number of
    lanes changes it by rounding.

    Args:
      task: what to train on.
      candidate: traced int32 choices -> LayerFunction: the interpreter of a template, or one fixed program.
      num_choices: length of a choice vector.
      devices: all of JAX's by default; `DataParallel` lets several share each training.
      jobs_per_call: the most jobs that one device runs before control returns to Python; rounded up to whole lanes.
      lanes: jobs that a device trains side by side; None for LANES on an accelerator that trains alone, else 1.
      measure: what is done with a job; its result, a pytree of numbers, is the job's outcome.

    Example:
      >>> from actsearch.spaces import swish
      >>> from actsearch.tasks import get_task
      >>> trainer = Trainer.interpreted(get_task("digits-mlp"), swish().template)
      >>> trainer.compilations
      0
    """

    def __init__(
        self,
        task: Task,
        candidate: Callable[[jax.Array], LayerFunction],
        num_choices: int,
        *,
        devices: Devices = None,
        jobs_per_call: int = 32,
        lanes: int | None = None,
        measure: Measure = train,
    ):
        self.task = task
        layout = as_layout(devices)
        self._mesh = layout.mesh()
        layout.check(task)
        self._rows = int(self._mesh.shape["candidate"])
        self.lanes = default_lanes(self._mesh) if lanes is None else lanes
        self._num_choices, self._jobs_per_call = num_choices, self.lanes * math.ceil(jobs_per_call / self.lanes)
        self._run = _sharded(functools.partial(_run_jobs, task, candidate, measure, self.lanes, layout), self._mesh)
        self._programs: dict[Any, Callable[..., Any]] = {}
        self._states: tuple[tuple[int, ...], TrainState] | None = None

    @classmethod
    def interpreted(cls, task: Task, template: Template, **options: Any) -> Self:
        """Returns a trainer of every program of a template; see the class for the options."""
        return cls(task, functools.partial(interpret, template, together=True), len(template.decisions), **options)

    @classmethod
    def specialized(cls, task: Task, program: Program, **options: Any) -> Self:
        """Returns a trainer of one program, compiled as a formula; its jobs have no choices."""
        return cls(task, lambda _: specialize(program), 0, **options)

    @property
    def batch(self) -> int:
        """How many jobs one call of the compiled function takes at most."""
        return self._rows * self._jobs_per_call

    @property
    def compilations(self) -> int:
        """How many programs were compiled: one for each number of distinct seeds in a call and each size of a part."""
        return len(self._programs)

    def jobs(
        self, choices: Sequence[tuple[int, ...]], seeds: Sequence[int], rate_scales: Sequence[float] | None = None
    ) -> list[Job]:
        """Returns the jobs that train every candidate with every seed, those of one candidate together.

        Args:
          choices: choice vector of each candidate; `()` for the one of a specialised trainer.
          seeds: of the trainings of each.
          rate_scales: factor on the learning rate for each candidate; 1 by default.
        """
        scales = [1.0] * len(choices) if rate_scales is None else rate_scales
        return [Job(vector, seed, scale) for vector, scale in zip(choices, scales, strict=True) for seed in seeds]

    def __call__(self, jobs: Iterable[Job], part: Part = "validation") -> list[Any]:
        """Trains every job and evaluates it on a part of the data.

        Args:
          jobs: what to train. Calls with the same number of distinct seeds share one compilation.
          part: "validation", or "test" to verify what a search has found.

        Returns:
          One outcome a job, of floats, in the order of the jobs.
        """
        jobs = list(jobs)
        if not jobs:
            return []
        seeds = tuple(dict.fromkeys(job.seed for job in jobs))
        data = self.task.data()
        shared = self._start(seeds), resident(data.train, self._mesh), resident(getattr(data, part), self._mesh)
        outcomes: list[Any] = []
        for first in range(0, len(jobs), self.batch):
            outcomes += self._call(jobs[first : first + self.batch], seeds, shared)
        return outcomes

    def _start(self, seeds: tuple[int, ...]) -> TrainState:
        """Returns the initial states of seeds, stacked, on every device; those of the last call are kept."""
        if self._states is None or self._states[0] != seeds:
            states = [init_state(self.task, seed) for seed in seeds]
            stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
            self._states = seeds, replicate(stacked, self._mesh)
        return self._states[1]

    def _call(self, jobs: list[Job], seeds: tuple[int, ...], shared: Any) -> list[Any]:
        # Shares are fixed. By the seconds that trainings of digits-mlp and digits-resnet-layer take, jobs that each
        # device pulls would end 2 % sooner on 2 devices and 6 to 11 % on 8; each device would compile for itself.
        shares, places = self._rows, {seed: place for place, seed in enumerate(seeds)}
        counts = np.array([len(jobs[share::shares]) for share in range(shares)], np.int32)
        choices = np.zeros((shares, self._jobs_per_call, self._num_choices), np.int32)
        starts = np.zeros((shares, self._jobs_per_call), np.int32)
        rates = np.ones((shares, self._jobs_per_call), np.float32)
        for i, job in enumerate(jobs):
            cell = i % shares, i // shares
            choices[cell], starts[cell], rates[cell] = job.choices, places[job.seed], job.rate_scale
        rows = jax.device_get(self._execute(*replicate((counts, (choices, starts, rates)), self._mesh), *shared))
        return [_outcome(rows, (i % shares, i // shares)) for i in range(len(jobs))]

    def _execute(self, *arguments: Any) -> Any:
        """Runs the program for arguments of these shapes, and compiles it when it is the first of them."""
        shapes = tuple((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(arguments))
        if shapes not in self._programs:
            self._programs[shapes] = self._run.lower(*arguments).compile()
        return self._programs[shapes](*arguments)


def _outcome(rows: Any, cell: tuple[int, int]) -> Any:
    return jax.tree.map(lambda field: float(field[cell]), rows)


def _sharded(run: Callable[..., Any], mesh: Mesh) -> Any:
    split, whole = P("candidate"), P()  # type: ignore[no-untyped-call]
    states = TrainState(whole, P(None, None, "data"), whole)  # type: ignore[no-untyped-call, arg-type]
    specs = (split, split, states, whole, whole)
    # Replicated at the end, so that every process of several can read all outcomes.
    replicated = NamedSharding(mesh, whole)
    spread = jax.shard_map(run, mesh=mesh, in_specs=specs, out_specs=split, check_vma=False)
    return jax.jit(spread, out_shardings=replicated)


def _run_jobs(
    task: Task,
    candidate: Callable[[jax.Array], LayerFunction],
    measure: Measure,
    lanes: int,
    layout: DataParallel,
    counts: jax.Array,
    jobs: tuple[jax.Array, jax.Array, jax.Array],
    states: TrainState,
    data: Examples,
    part: Examples,
) -> Any:
    """Runs the share of one row of the mesh: counts and jobs have a leading axis of 1, and batches are one's own part.

    One lane is no `vmap`: a batched choice would run every branch of the interpreter.
    """

    def run(i: jax.Array) -> Any:
        choices, start, rate_scale = (rows[0, i] for rows in jobs)
        state = jax.tree.map(lambda leaf: leaf[start], states)
        state = state._replace(key=own_stream(layout.axis_name, state.key))
        function = candidate(choices)

        def layer(features: int) -> Layer:
            return Layer(function, features, groups=task.groups)

        training = Training(task, layer, state, rate_scale, data, part, layout.axis_name, layout.synchronized)
        return measure(training)

    def body(i: jax.Array, outcomes: Any) -> Any:
        if lanes == 1:
            return jax.tree.map(lambda rows, value: rows.at[0, i].set(value), outcomes, run(i))
        numbers = i * lanes + jnp.arange(lanes)
        return jax.tree.map(lambda rows, values: rows.at[0, numbers].set(values), outcomes, jax.vmap(run)(numbers))

    shape = jobs[1].shape
    empty = jax.tree.map(lambda leaf: jnp.zeros(shape, leaf.dtype), jax.eval_shape(run, jnp.int32(0)))
    # A loop with a traced bound runs no idle jobs, beyond those of its last lanes, when a device's share is not full.
    return jax.lax.fori_loop(0, -(-counts[0] // lanes), body, empty)


def default_lanes(mesh: Mesh) -> int:
    """Returns how many jobs a device trains side by side where nobody says so: LANES on an accelerator, else 1.

    1 too where devices share a training: its network is a large one.
    """
    return 1 if mesh.shape["data"] > 1 or mesh.devices.flat[0].platform == "cpu" else LANES

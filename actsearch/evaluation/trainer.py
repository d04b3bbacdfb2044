"""Trainer: compiles a task's training once and runs it for any number of candidates, seeds and learning rates."""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from actsearch.engine import bank, interpret, specialize
from actsearch.evaluation.compiled_jobs import Candidate, Measure, run_jobs, sharded
from actsearch.evaluation.data_check import check_resident
from actsearch.evaluation.devices import Devices, as_layout, replicate, resident
from actsearch.evaluation.jobs import Cell, Job, by_program, spread
from actsearch.evaluation.one_training import TrainState, init_state, train
from actsearch.language import Program, parse
from actsearch.nn import LayerFactory
from actsearch.spaces.template import Template
from actsearch.tasks import Task

LANES = 64
"""Jobs that an accelerator trains side by side, where its memory holds them."""

NO_MEMORY = "RESOURCE_EXHAUSTED"
"""What XLA's errors say where a device's memory does not hold a call."""

Part = Literal["validation", "test"]
"""The data that a candidate is scored on: what a search sees, or what only a verification does."""

_IDENTITY = parse("x")


class Trainer:
    """Trains jobs on a task, as many at a time as there are devices, or groups of devices that share a training.

    A job's outcome depends on the task, the seed, the rate and the program alone. On a CPU core jobs run one after
    another; an accelerator, which one small network would leave idle, trains `lanes` of them side by side. Lanes share
    nothing but the data: an outcome is the same to the last bit whatever its neighbours are, and another number of
    lanes changes it by rounding. Where a device's memory does not hold so many, the trainer halves their number, as
    often as it must, and keeps it.

    Args:
      task: what to train on.
      candidate: the interpreter of a template, one fixed program, or a bank.
      num_choices: length of a choice vector.
      devices: all of JAX's by default; `DataParallel` lets several share each training.
      jobs_per_call: the most jobs that one device runs before control returns to Python; rounded up to whole lanes.
      lanes: jobs that a device trains side by side; None for LANES on an accelerator that trains alone, else 1.
      measure: what is done with a job; its result, a pytree of numbers, is the job's outcome.
      place: jobs, groups of devices, lanes -> the cell of each job. Turns go to the devices in rotation.
      layer: makes what stands at each site in the place of the candidate's `Layer`; None for that.

    Raises:
      ActsearchError: a task whose data come in batches: `SavedTrainer` trains on it.

    Attributes:
      lanes: how many are used now.
      halved: whether memory did not hold those that were asked for.

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
        candidate: Candidate,
        num_choices: int,
        *,
        devices: Devices = None,
        jobs_per_call: int = 32,
        lanes: int | None = None,
        measure: Measure = train,
        place: Callable[[Sequence[Job], int, int], list[Cell]] = spread,
        layer: LayerFactory | None = None,
    ):
        check_resident(task)
        self.layer = layer
        self.task, self._candidate, self._measure, self._place = task, candidate, measure, place
        self._layout = as_layout(devices)
        self._mesh = self._layout.mesh()
        self._layout.check(task)
        self._rows = int(self._mesh.shape["candidate"])
        self._num_choices, self._jobs_per_call = num_choices, jobs_per_call
        self._use_lanes(default_lanes(self._mesh) if lanes is None else lanes)
        self.halved = False
        self._states: tuple[tuple[int, ...], TrainState] | None = None

    def _use_lanes(self, lanes: int) -> None:
        """Sets the number of lanes, for which everything is compiled anew."""
        self.lanes = lanes
        run = functools.partial(run_jobs, self.task, self._candidate, self._measure, lanes, self._layout, self.layer)
        self._run, self._programs = sharded(run, self._mesh), dict[Any, Callable[..., Any]]()

    @classmethod
    def interpreted(cls, task: Task, template: Template, **options: Any) -> Self:
        """Returns a trainer of every program of a template; see the class for the options."""
        run = functools.partial(interpret, template, together=True)
        return cls(task, lambda choices, lanes: run(choices), len(template.decisions), **options)

    @classmethod
    def specialized(cls, task: Task, program: Program, **options: Any) -> Self:
        """Returns a trainer of one program, compiled as a formula; its jobs have no choices."""
        return cls(task, lambda choices, lanes: specialize(program), 0, **options)

    @classmethod
    def module(cls, task: Task, layer: LayerFactory, **options: Any) -> Self:
        """Returns a trainer of a network with modules at its sites, which no program says; its jobs have no choices.

        Args:
          task: what to train on.
          layer: number of features -> a Flax module that keeps them, such as `actsearch.nn.units.MaxMin`. Its weights
            start as it makes them, the same with every seed.
          options: see the class.
        """
        return cls(task, lambda choices, lanes: specialize(_IDENTITY), 0, layer=layer, **options)

    @classmethod
    def bank(cls, task: Task, programs: Sequence[Program], *, lanes: int | None = None, **options: Any) -> Self:
        """Returns a trainer of some programs, formulas in one compiled network; a job's choice is a program's number.

        One lane runs one program after another, as suits a CPU; in several lanes they are written out side by side.

        Args:
          task: what to train on.
          programs: the bank.
          lanes: the most, None as for the class; there are no more than one device has programs.
          options: see the class.
        """
        mesh = as_layout(options.get("devices")).mesh()
        most = math.ceil(len(programs) / mesh.shape["candidate"])
        options |= {"lanes": min(lanes or default_lanes(mesh), most), "place": by_program}
        return cls(task, lambda choices, lanes: bank(programs, choices[0], lanes), 1, **options)

    @property
    def batch(self) -> int:
        """How many jobs one call of the compiled function takes at most."""
        return self._rows * self._turns * self.lanes

    @property
    def _turns(self) -> int:
        """How many turns a device has in a call."""
        return math.ceil(self._jobs_per_call / self.lanes)

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
        while True:
            try:
                return self._train(jobs, seeds, shared)
            except jax.errors.JaxRuntimeError as error:
                if NO_MEMORY not in str(error) or self.lanes == 1:
                    raise
            self.halved = True
            self._use_lanes(math.ceil(self.lanes / 2))

    def _start(self, seeds: tuple[int, ...]) -> TrainState:
        """Returns the initial states of seeds, stacked, on every device; those of the last call are kept."""
        if self._states is None or self._states[0] != seeds:
            states = [init_state(self.task, seed) for seed in seeds]
            stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
            self._states = seeds, replicate(stacked, self._mesh)
        return self._states[1]

    def _train(self, jobs: list[Job], seeds: tuple[int, ...], shared: Any) -> list[Any]:
        """Returns the outcome of each job, call after call."""
        # Shares are fixed. By the seconds that trainings of digits-mlp and digits-resnet-layer take, jobs that each
        # device pulls would end 2 % sooner on 2 devices and 6 to 11 % on 8; each device would compile for itself.
        cells, size = self._place(jobs, self._rows, self.lanes), self._rows * self._turns
        outcomes: dict[int, Any] = {}
        for first in range(0, 1 + max(cell.turn for cell in cells), size):
            some = {i: cell._replace(turn=cell.turn - first) for i, cell in enumerate(cells)}
            some = {i: cell for i, cell in some.items() if 0 <= cell.turn < size}
            outcomes |= self._call({i: jobs[i] for i in some}, some, seeds, shared)
        return [outcomes[i] for i in range(len(jobs))]

    def _call(
        self, jobs: dict[int, Job], cells: dict[int, Cell], seeds: tuple[int, ...], shared: Any
    ) -> dict[int, Any]:
        """Returns the outcomes of the jobs of one call."""
        shares, places = self._rows, {seed: place for place, seed in enumerate(seeds)}
        turns = np.zeros(shares, np.int32)
        choices = np.zeros((shares, self._turns, self.lanes, self._num_choices), np.int32)
        starts = np.zeros(choices.shape[:3], np.int32)
        rates = np.ones(choices.shape[:3], np.float32)
        index = {i: (cell.turn % shares, cell.turn // shares, cell.lane) for i, cell in cells.items()}
        for i, job in jobs.items():
            cell = index[i]
            choices[cell], starts[cell], rates[cell] = job.choices, places[job.seed], job.rate_scale
            turns[cell[0]] = max(turns[cell[0]], 1 + cell[1])
        rows = jax.device_get(self._execute(*replicate((turns, (choices, starts, rates)), self._mesh), *shared))
        return {i: jax.tree.map(lambda field, i=i: float(field[index[i]]), rows) for i in jobs}

    def _execute(self, *arguments: Any) -> Any:
        """Runs the program for arguments of these shapes, and compiles it when it is the first of them."""
        shapes = tuple((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(arguments))
        if shapes not in self._programs:
            self._programs[shapes] = self._run.lower(*arguments).compile()
        return self._programs[shapes](*arguments)


def default_lanes(mesh: Mesh) -> int:
    """Returns how many jobs a device trains side by side where nobody says so: LANES on an accelerator, else 1.

    1 too where devices share a training: its network is a large one.
    """
    return 1 if mesh.shape["data"] > 1 or mesh.devices.flat[0].platform == "cpu" else LANES


def fitting_lanes(devices: Devices, jobs: int) -> int:
    """Returns the lanes of a trainer that is given so many jobs once: the default, or fewer, so that none is idle."""
    mesh = as_layout(devices).mesh()
    return min(default_lanes(mesh), math.ceil(jobs / int(mesh.shape["candidate"])))

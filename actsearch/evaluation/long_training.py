"""Trainings of hours: saved on the way, gone on with after a kill, and loaded as a trained network.

`actsearch train` and `verify(..., out=...)` use it; a search, whose trainings take seconds, does not.
"""

import functools
import math
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from actsearch.evaluation.checkpoints import Checkpoints
from actsearch.evaluation.data_check import first_batch
from actsearch.evaluation.devices import Devices, as_layout
from actsearch.evaluation.feeds import Compiled, Feed, Start, feed_of
from actsearch.evaluation.jobs import Job
from actsearch.evaluation.one_training import (
    Loop,
    Outcome,
    Training,
    init_state,
    loop_of,
    merge_network,
    split_network,
)
from actsearch.evaluation.task_check import check_kind, check_own
from actsearch.evaluation.trainer import Part
from actsearch.evaluation.training_folder import ABOUT, OUTCOME, STATES, alone, claim, read, write
from actsearch.language import ActsearchError, Program
from actsearch.nn import Layer, LayerFactory
from actsearch.tasks import Streamed, Task, get_task
from actsearch.trials.codec import read_program

SAVES = 20
"""Times that a training is saved, where nobody says how often."""

Report = Callable[[str], None]


class SavedTrainer:
    """Trains one program on a task, one job after another, each saved in a folder of its own while it goes on.

    Called again with the same folder it goes on where it was: a finished job is read, a killed one continues from its
    newest whole state, and ends with the same metrics, bit for bit on one CPU, as if it had never stopped. The quality
    gate of a search is left out. All devices share each training, its batch split among them.

    Args:
      task: what to train on.
      program: the candidate.
      folder: of the jobs, `seed0-rate1` and so on, made when missing.
      every: steps between two saved states; None for a twentieth of the training.
      keep: how many states of a job stay on disk, at least 1; the last one is the trained network.
      devices: all of JAX's by default.
      report: receives a line for each saved state, and for one that is damaged.

    Raises:
      ActsearchError: a folder that holds another training, when that job is called.
    """

    def __init__(
        self,
        task: Task,
        program: Program,
        folder: Path,
        *,
        every: int | None = None,
        keep: int = 2,
        devices: Devices = None,
        report: Report = lambda line: None,
    ):
        for name, value in {"every": every, "keep": keep}.items():
            if value is not None and value < 1:
                raise ActsearchError(f"{name} must be at least 1; received {value}.")
        self.task, self.program, self.folder, self._keep, self._report = task, program, folder, keep, report
        self._every = every or -(-task.steps // SAVES)
        self._mesh = as_layout(devices).mesh()

    def __call__(self, jobs: Iterable[Job], part: Part = "validation") -> list[Outcome]:
        """Trains every job, or goes on with it, and evaluates it on a part of the data; returns one outcome a job."""
        return [self.train(job, self.folder / f"seed{job.seed}-rate{job.rate_scale:g}", part) for job in jobs]

    def train(self, job: Job, folder: Path, part: Part = "validation") -> Outcome:
        """Trains one job in a folder, or goes on with it, and evaluates it on a part of the data."""
        _check(self.task, self.program, job, part)
        with alone(folder):
            return self._train(job, folder, part)

    def _train(self, job: Job, folder: Path, part: Part) -> Outcome:
        compiled = _compiled(self.task, claim(folder, self.task, self.program, job), self._mesh)
        outcomes = read(folder / OUTCOME) or {}
        if part in outcomes:
            return Outcome(**outcomes[part])
        feed = self._feed(job)
        with Checkpoints(folder / STATES, self._keep, self._report) as states:
            carry = self._trained(compiled, states, feed, folder)
        outcome = Outcome(feed.evaluate(compiled, carry, part), float(carry[3]) / max(1, self.task.steps // 10))
        write(folder / OUTCOME, outcomes | {part: outcome._asdict()})
        return outcome

    def load(self, job: Job, folder: Path) -> Any:
        """Returns the network of a job that has ended, in evaluation mode; raises where it has not."""
        start, steps = self._feed(job).start, self.task.steps
        compiled = _compiled(self.task, self.program, self._mesh)
        with Checkpoints(folder / STATES, report=self._report, read_only=True) as states:
            saved = states.newest(compiled.begin(start))
        if saved is None or saved.step < steps:
            step = 0 if saved is None else saved.step
            raise ActsearchError(
                f"The training in {folder} stands at step {step:,} of {steps:,}: go on with it by the command or call "
                "that began it."
            )
        graph, *_ = split_network(self.task, _layer(self.task, self.program), start.state)
        network = merge_network(self.task, graph, *saved.state[:2])
        network.eval()
        return network

    def _feed(self, job: Job) -> Feed:
        state = init_state(self.task, job.seed)
        return feed_of(self.task, state, jnp.float32(job.rate_scale), job.seed, self._mesh)

    def _trained(self, compiled: Compiled, states: Checkpoints, feed: Feed, folder: Path) -> Any:
        """Returns the carry after the last step, from the newest state on."""
        carry, steps = compiled.begin(feed.start), self.task.steps
        saved = states.newest(carry)
        step, carry = saved or (0, carry)
        if step:
            self._report(f"{folder}: on from step {step:,} of {steps:,}")
        while step < steps:
            last = min(steps, step - step % self._every + self._every)
            carry = feed.go_on(compiled, carry, step, last)
            states.save(last, carry)
            step = last
            self._report(f"{folder}: step {step:,} of {steps:,}")
        return carry


@functools.lru_cache(maxsize=8)
def _compiled(task: Task, program: Program, mesh: Mesh) -> Compiled:
    split = NamedSharding(mesh, P(mesh.axis_names))  # type: ignore[no-untyped-call]

    def loop(start: Start, part: Any = None) -> Loop:
        sharding = split if mesh.size > 1 else None
        return loop_of(Training(task, _layer(task, program), *start, part, sharding=sharding))

    return Compiled(
        jax.jit(lambda start: loop(start).carry),
        jax.jit(lambda carry, first, last, start: jax.lax.fori_loop(first, last, loop(start).one, carry)),
        jax.jit(lambda carry, start, part: loop(start, part).evaluate(carry)),
    )


def _layer(task: Task, program: Program) -> LayerFactory:
    return lambda features: Layer(program, features, groups=task.groups)


def train_saved(
    task: Task | str,
    program: Program | str,
    folder: str | os.PathLike[str],
    *,
    seed: int = 0,
    rate_scale: float = 1.0,
    part: Part = "validation",
    **options: Any,
) -> Outcome:
    """Trains a program on a task, saving its state on the way; the same call goes on after a kill.

    Args:
      task: a Task, or its name.
      program: a Program, or a formula.
      folder: of this training alone, made when missing.
      seed: fixes initial weights and batches.
      rate_scale: factor on the task's learning rate, above 0.
      part: "validation", or "test" to verify what a search has found.
      options: `every`, `keep`, `devices` and `report` of `SavedTrainer`.

    Returns:
      The outcome, metrics and the loss in training.

    Raises:
      ActsearchError: the folder holds another training, or an argument out of range.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     outcome = train_saved("digits-mlp", "x * sigmoid(x)", folder, every=250)
      ...     again = train_saved("digits-mlp", "x * sigmoid(x)", folder)  # read, not trained
      ...     network = load_candidate(folder).network
      >>> outcome == again, outcome.metrics["accuracy"] > 0.9, network(jnp.zeros((1, 64))).shape
      (True, True, (1, 10))
    """
    task, program = _task(task), read_program(program) if isinstance(program, str) else program
    trainer = SavedTrainer(task, program, Path(folder), **options)
    return trainer.train(Job((), seed, rate_scale), Path(folder), part)


class Candidate(NamedTuple):
    """A trained network and what it is.

    Attributes:
      network: in evaluation mode, its weights those after the last step.
      task: what it was trained on.
      program: the candidate at its sites.
      metrics: by part of the data, as far as they were measured.
    """

    network: Any
    task: Task
    program: Program
    metrics: Mapping[str, Mapping[str, float]]


def load_candidate(folder: str | os.PathLike[str], task: Task | None = None) -> Candidate:
    """Returns the trained network of a folder that `train_saved`, `actsearch train` or `verify` filled.

    Args:
      folder: of one training, with a `training.json` in it.
      task: the task where it has no name that `get_task` knows.

    Raises:
      ActsearchError: no training there, one that has not ended, or a task that has changed since.
    """
    folder = Path(folder)
    about = read(folder / ABOUT)
    if about is None:
        raise ActsearchError(
            f"There is no training in {folder}: it has no {ABOUT}; name a folder of `actsearch train`."
        )
    task = task or _task(about["task"])
    job = Job((), about["seed"], about["rate_scale"])
    program = claim(folder, task, read_program(about["program"]), job)
    if not (folder / STATES).exists():
        raise ActsearchError(f"The training in {folder} has no state yet: go on with it by the command that began it.")
    network = SavedTrainer(task, program, folder, report=warnings.warn).load(job, folder)
    outcomes = read(folder / OUTCOME) or {}
    return Candidate(network, task, program, {part: outcome["metrics"] for part, outcome in outcomes.items()})


def _check(task: Task, program: Program, job: Job, part: str) -> None:
    """Raises where an argument is out of range, before the hours that a training takes."""
    if part not in get_args(Part):
        raise ActsearchError(f"part is one of {', '.join(get_args(Part))}; received {part!r}.")
    if not 0 < job.rate_scale < math.inf:
        raise ActsearchError(f"rate_scale must be a number above 0; received {job.rate_scale}.")
    check_kind(task, [program])
    check_own(task)
    if isinstance(task, Streamed):
        first_batch(task, part)  # so that what is missing is said now, not after the last step


def _task(task: Task | str) -> Task:
    return get_task(task) if isinstance(task, str) else task

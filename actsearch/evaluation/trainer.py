"""Scorer: compiles a task's training once and runs it for any number of candidates, seeds and learning rates."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from actsearch.engine import LayerFunction, interpret, specialize
from actsearch.evaluation.devices import candidate_mesh
from actsearch.evaluation.train import Outcome, start, train
from actsearch.language import Program
from actsearch.nn import Layer
from actsearch.spaces.template import Template
from actsearch.tasks import Split, Task

Engine = Literal["auto", "interpret", "specialize"]
Part = Literal["validation", "test"]


class Job(NamedTuple):
    """One training.

    Attributes:
      choices: the candidate's.
      seed: of its start.
      rate_scale: factor on the recipe's learning rate.
      floor: least accuracy at the task's quality gate; training stops there otherwise. 0 lets everything pass.
    """

    choices: tuple[int, ...]
    seed: int
    rate_scale: float = 1.0
    floor: float = 0.0


class Scorer:
    """Trains jobs on a task, as many at a time as there are devices.

    A job's outcome depends on the task, the seed, the rate and the program alone: jobs run one after another on their
    device and share nothing but the data.

    Args:
      task: what to train on.
      candidate: traced int32 choices -> LayerFunction: the interpreter of a template, or one fixed program.
      num_choices: length of a choice vector.
      seeds: every seed that a job may name.
      devices: all of JAX's by default.
      jobs_per_call: the most jobs that one device runs before control returns to Python.
      measure: what is done with a job: `train`, or another of scoring's functions with its signature. Its annotated
        result, a NamedTuple of numbers, is a job's outcome.

    Attributes:
      compilations: how often the training function was traced and compiled; 1 after any number of jobs.

    Example:
      >>> from actsearch.spaces import swish
      >>> from actsearch.tasks import get_task
      >>> scorer = Scorer.interpreted(get_task("digits-mlp"), swish().template, seeds=[0])
      >>> scorer.compilations
      0
    """

    def __init__(
        self,
        task: Task,
        candidate: Callable[[jax.Array], LayerFunction],
        num_choices: int,
        *,
        seeds: Sequence[int],
        devices: Sequence[jax.Device] | None = None,
        jobs_per_call: int = 32,
        measure: Callable[..., Any] = train,
    ):
        self.task = task
        self._measure, self._outcome = measure, measure.__annotations__["return"]
        self.compilations = 0
        self._candidate, self._num_choices, self._jobs_per_call = candidate, num_choices, jobs_per_call
        self._mesh = candidate_mesh(devices)
        self._places = {seed: place for place, seed in enumerate(dict.fromkeys(seeds))}
        starts = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(start(task, seed) for seed in self._places))
        self._shared = self._everywhere((starts, task.data().train))
        split, whole = P("candidate"), P()
        specs = (split, split, split, split, split, whole, whole)
        run = jax.shard_map(self._run, mesh=self._mesh, in_specs=specs, out_specs=split, check_vma=False)
        self._compiled = jax.jit(run)

    @classmethod
    def interpreted(cls, task: Task, template: Template, **kwargs) -> "Scorer":
        """Returns a scorer of every program of a template; see the class for the keywords."""
        return cls(task, lambda choices: interpret(template, choices), len(template.decisions), **kwargs)

    @classmethod
    def specialized(cls, task: Task, program: Program, **kwargs) -> "Scorer":
        """Returns a scorer of one program, compiled as a formula; its jobs have no choices."""
        return cls(task, lambda _: specialize(program), 0, **kwargs)

    @property
    def batch(self) -> int:
        """How many jobs one call of the compiled function takes at most."""
        return self._mesh.size * self._jobs_per_call

    def __call__(self, jobs: Iterable[Job], part: Part = "validation") -> list[Outcome]:
        """Trains every job and evaluates it on a part of the data.

        Args:
          jobs: what to train; their seeds are among the scorer's.
          part: "validation", or "test" to verify what a search has found.

        Returns:
          One outcome a job, of floats, in the order of the jobs.
        """
        jobs = list(jobs)
        data = self._everywhere(getattr(self.task.data(), part))
        outcomes: list[Outcome] = []
        for first in range(0, len(jobs), self.batch):
            outcomes += self._call(jobs[first : first + self.batch], data)
        return outcomes

    def _everywhere(self, tree):
        return jax.device_put(tree, NamedSharding(self._mesh, P()))

    def _call(self, jobs: list[Job], data: Split) -> list[Outcome]:
        devices = self._mesh.size
        counts = np.array([len(jobs[device::devices]) for device in range(devices)], np.int32)
        choices = np.zeros((devices, self._jobs_per_call, self._num_choices), np.int32)
        seeds = np.zeros((devices, self._jobs_per_call), np.int32)
        rates, floors = np.ones((2, devices, self._jobs_per_call), np.float32)
        for i, job in enumerate(jobs):
            place = i % devices, i // devices
            choices[place], seeds[place] = job.choices, self._place(job.seed)
            rates[place], floors[place] = job.rate_scale, job.floor
        result = jax.device_get(self._compiled(counts, choices, seeds, rates, floors, self._shared, data))
        return [self._outcome(*(float(field[i % devices, i // devices]) for field in result)) for i in range(len(jobs))]

    def _place(self, seed: int) -> int:
        if seed not in self._places:
            raise ValueError(f"This Scorer was made for the seeds {list(self._places)}; received a job of seed {seed}.")
        return self._places[seed]

    def _run(self, counts, choices, seeds, rates, floors, shared, part) -> Outcome:
        """Runs one device's share: arrays have a leading axis of 1, the device's part of the mesh."""
        self.compilations += 1  # Python runs this once per trace

        starts, data = shared

        def body(i, outcomes):
            candidate = self._candidate(choices[0, i])
            here = jax.tree.map(lambda leaf: leaf[seeds[0, i]], starts)
            layer = lambda features: Layer(candidate, features, groups=self.task.groups)  # noqa: E731
            outcome = self._measure(self.task, layer, here, rates[0, i], data, part, floors[0, i])
            return jax.tree.map(lambda all_, one: all_.at[0, i].set(one), outcomes, outcome)

        # A loop with a traced bound runs no idle jobs when a device's share is not full.
        empty = self._outcome(*(jnp.zeros(seeds.shape) for _ in self._outcome._fields))
        return jax.lax.fori_loop(0, counts[0], body, empty)


class Result(NamedTuple):
    """The trainings of one program: one metrics mapping a seed, and whether every loss was finite."""

    metrics: tuple[dict[str, float], ...]
    diverged: bool
    score: float


def result(task: Task, outcomes: Sequence[Outcome]) -> Result:
    """Returns what a program's outcomes, one a seed, amount to: the mean score, 0 where any training diverged."""
    metrics = tuple({"score": task.normalize(row), **row} for row in (outcome._asdict() for outcome in outcomes))
    if task.quality is None:
        metrics = tuple({key: value for key, value in row.items() if key != "early"} for row in metrics)
    diverged = any(not math.isfinite(outcome.loss) for outcome in outcomes)
    score = 0.0 if diverged else sum(row["score"] for row in metrics) / len(metrics)
    return Result(metrics, diverged, score)


def combine(results: Mapping[str, Result]) -> Result:
    """Returns one result of a program's results by task: as it is for one task, else with the tasks' names in its keys.

    The score of each seed, and of the whole, is the mean over the tasks.

    Example:
      >>> row = combine({"a": Result(({"score": 0.5},), False, 0.5), "b": Result(({"score": 0.7},), False, 0.7)})
      >>> row.metrics
      ({'score': 0.6, 'a/score': 0.5, 'b/score': 0.7},)

    Where every task has a loss, the mean loss is there too.
    """
    if len(results) == 1:
        return next(iter(results.values()))
    metrics = []
    for rows in zip(*(found.metrics for found in results.values()), strict=True):
        named = {f"{task}/{key}": value for task, row in zip(results, rows, strict=True) for key, value in row.items()}
        shared = [key for key in ("score", "loss") if all(key in row for row in rows)]
        metrics.append({**{key: sum(row[key] for row in rows) / len(rows) for key in shared}, **named})
    diverged = any(found.diverged for found in results.values())
    score = 0.0 if diverged else sum(found.score for found in results.values()) / len(results)
    return Result(tuple(metrics), diverged, score)


COMPILATIONS = 3
"""The interpreter compiles about as long as so many specialised trainings do."""

CROSSOVER = {"activations": 13_800, "layers": 12_900}
"""Steps of training in which the interpreter loses what a specialised compilation takes; experiments/benchmarks."""


def choose_engine(
    engine: Engine, programs: int, steps: int = 0, layers: bool = False
) -> tuple[Literal["interpret", "specialize"], str]:
    """Returns the engine to use, and one line that says why.

    The interpreter compiles once, for as long as COMPILATIONS specialised trainings take to compile, and each of its
    steps is slower, so that after CROSSOVER steps a candidate would have been better compiled on its own. It pays while
    steps < CROSSOVER * (1 - COMPILATIONS / programs).

    Args:
      engine: "auto", or one of the two by name.
      programs: how many will be trained.
      steps: of one training.
      layers: whether they are whole layers, whose interpretation costs more.

    Raises:
      ValueError: an unknown engine.
    """
    if engine not in ("auto", "interpret", "specialize"):
        raise ValueError(f"engine is one of auto, interpret, specialize; received {engine!r}.")
    if engine != "auto":
        return engine, f"engine: {engine} (forced)"
    if programs <= COMPILATIONS:
        return "specialize", f"engine: specialize ({programs} to compile, fewer than the interpreter pays for)"
    most = CROSSOVER["layers" if layers else "activations"] * (1 - COMPILATIONS / programs)
    if steps < most:
        return "interpret", f"engine: interpret (one compilation instead of {programs:,})"
    return "specialize", f"engine: specialize (compiling pays from {most:,.0f} steps on; these are {steps:,})"


def score_programs(
    task: Task,
    programs: Sequence[Program],
    seeds: Sequence[int],
    *,
    rate_scales: Sequence[float] = (1.0,),
    part: Part = "validation",
    engine: Engine = "auto",
    devices: Sequence[jax.Device] | None = None,
    report: Callable[[str], None] = lambda line: None,
    bank_size: int = 32,
) -> list[Result]:
    """Trains a list of programs, of any origin, and returns one result for each.

    Args:
      task: what to train on.
      programs: the candidates.
      seeds: each program is trained once with each of them.
      rate_scales: factors on the recipe's learning rate. With several, each program is credited with the factor of its
        best mean validation score over the seeds, whatever `part` is.
      part: where the reported metrics are measured.
      engine: "auto", or one of the two by name.
      devices: all of JAX's by default.
      report: receives the line that explains the choice of engine, and progress.
      bank_size: programs in one interpreted compilation.

    Returns:
      One Result a program. With several rates each metrics mapping holds "rate_scale" too.
    """
    if not programs or not seeds:
        raise ValueError("score_programs needs at least one program and one seed.")
    chosen, why = choose_engine(engine, len(programs), task.recipe.steps, task.layers)
    report(why)
    size = bank_size if chosen == "interpret" else 1
    results: list[Result] = []
    for first in range(0, len(programs), size):
        group = programs[first : first + size]
        began = time.perf_counter()
        results += _score_group(task, group, seeds, rate_scales, part, chosen, devices)
        done = min(first + size, len(programs))
        report(f"{task.name}: {done} of {len(programs)} programs, {time.perf_counter() - began:.1f} s")
    return results


def _score_group(task, programs, seeds, rate_scales, part, engine, devices) -> list[Result]:
    """Scores programs that share one compilation."""
    if engine == "interpret":
        scorer = Scorer.interpreted(task, Template.bank(programs), seeds=seeds, devices=devices)
    else:
        scorer = Scorer.specialized(task, programs[0], seeds=seeds, devices=devices)
    choices = [(i,) for i in range(len(programs))] if len(programs) > 1 else [()]

    def trained(part: Part, rates: Sequence[float]) -> list[Result]:
        jobs = [Job(choice, seed, rate) for choice, rate in zip(choices, rates, strict=True) for seed in seeds]
        outcomes, n = scorer(jobs, part), len(seeds)
        return [result(task, outcomes[i * n : (i + 1) * n]) for i in range(len(programs))]

    if len(rate_scales) == 1:
        return trained(part, [rate_scales[0]] * len(programs))
    tried = [trained("validation", [rate] * len(programs)) for rate in rate_scales]
    winners = [max(range(len(tried)), key=[row[i].score for row in tried].__getitem__) for i in range(len(programs))]
    rates = [rate_scales[winner] for winner in winners]
    credited = zip(trained(part, rates), rates, strict=True)
    return [row._replace(metrics=tuple({**m, "rate_scale": rate} for m in row.metrics)) for row, rate in credited]

"""What a task is worth: how far the best known function is above none, in units of luck, and what a training costs."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from actsearch.analysis import gap_over_noise, noise_floor, spread
from actsearch.catalog import CATALOG, GATES, LAYER_BASELINES
from actsearch.evaluation.score import diverged, score_programs
from actsearch.evaluation.trainer import Trainer
from actsearch.language import ActsearchError, Program, parse
from actsearch.tasks import Task

FIRST_SEED = 200
"""Seeds that are not given are counted from here, beside those of searches and verifications."""

_ACTIVATIONS = ("relu", "gelu", "silu", "swish", "tanh", "squared_relu", "sine")


class TaskWorth(NamedTuple):
    """What a task can tell.

    Attributes:
      task: its name.
      kind: of its candidates.
      seconds: wall time of one training, warm, every device busy.
      seeds: trainings of each known function; 0 where they were left out.
      best: formula of the best known function; empty where they were left out.
      gap: mean score of the best known function minus that of the identity.
      gap_over_noise: the gap / sd. Below about 3 the task hardly needs a nonlinearity, and a search on it finds luck.
      sd: standard deviation of a function's score over seeds, pooled over the functions that trained.
      sd_difference: of the difference of two functions' scores at one seed.

    NaN stands for what is not known: one seed, or an identity that diverged.

    Example:
      >>> round(TaskWorth("mine", "activation", seconds=0.3, sd_difference=0.01).floor(8), 4)
      0.0116
    """

    task: str
    kind: str
    seconds: float
    seeds: int = 0
    best: str = ""
    gap: float = math.nan
    gap_over_noise: float = math.nan
    sd: float = math.nan
    sd_difference: float = math.nan

    def floor(self, seeds: int) -> float:
        """Returns the smallest difference that `seeds` shared seeds see at 95 % with a power of 80 %; NaN if unknown.

        Functions are compared seed by seed, as `verify` does; see `actsearch.analysis.noise_floor`.
        """
        known = math.isfinite(self.sd_difference)
        return noise_floor(self.sd_difference, seeds, paired=True) if known else math.nan


def measure_task(
    task: Task,
    seeds: int | Sequence[int] = 3,
    *,
    limit: float = math.inf,
    report: Callable[[str], None] = lambda line: None,
) -> TaskWorth:
    """Trains the identity and known functions on a task and tells what its scores are worth.

    Args:
      task: any; its data must be on this machine.
      seeds: how many, counted from 200, or the seeds themselves.
      limit: seconds that the trainings of the known functions may take, by the time of one, compilation not counted;
        where they would take longer only `seconds` is measured, and `report` says so.
      report: receives lines on progress.

    Returns:
      A TaskWorth, on validation data.

    Raises:
      ActsearchError: no seed, or an error of the task's data.
    """
    chosen = range(FIRST_SEED, FIRST_SEED + seeds) if isinstance(seeds, int) else seeds
    if not chosen:
        raise ActsearchError(f"A measurement of a task needs at least one seed; received {seeds}.")
    seconds, programs = seconds_per_training(task), known_programs(task)
    expected = seconds * len(programs) * len(chosen)
    if expected > limit:
        report(f"{task.name}: {len(programs)} known functions would take {expected:.0f} s, more than {limit:g} s.")
        return TaskWorth(task.name, task.kind, seconds)
    results = score_programs(task, programs, list(chosen), report=report)
    rows = {
        place: [row["score"] for row in result.metrics]
        for place, result in enumerate(results)
        if not any(map(diverged, result.metrics))
    }
    return _worth(TaskWorth(task.name, task.kind, seconds, len(chosen)), programs, rows)


def _worth(worth: TaskWorth, programs: Sequence[Program], rows: Mapping[int, Sequence[float]]) -> TaskWorth:
    """Returns the measurement with what the scores of the functions that trained, by place, say."""
    if not rows:
        return worth
    scores, places = np.array(list(rows.values())), list(rows)
    means, (sd, sd_difference) = scores.mean(axis=1), spread(scores)
    known = 0 in rows  # the identity is the first program
    return worth._replace(
        best=str(programs[places[int(means.argmax())]]),
        gap=float(means.max() - means[0]) if known else math.nan,
        gap_over_noise=gap_over_noise(scores, 0) if known else math.nan,
        sd=sd,
        sd_difference=sd_difference,
    )


def known_programs(task: Task) -> list[Program]:
    """Returns the identity, `x`, or `x * y` where sites take two inputs, and published functions of the task's kind."""
    if task.kind == "activation":
        return [parse("x"), *(CATALOG[name].program for name in _ACTIVATIONS)]
    if task.kind == "layer":
        return [parse("x"), *(CATALOG[name].program for name in LAYER_BASELINES)]
    gates = [CATALOG[name].program for name in GATES]
    identity = parse("x * y", inputs=("x", "y"))
    return [identity, *(program for program in gates if program != identity)]


def seconds_per_training(task: Task) -> float:
    """Returns wall seconds a training of the task's baseline, warm, with every device busy."""
    trainer = Trainer.specialized(task, task.baseline)
    jobs = trainer.jobs([()] * len(jax.devices()), seeds=[0])
    trainer(jobs)
    began = time.perf_counter()
    trainer(jobs)
    return (time.perf_counter() - began) / len(jobs)

"""What trainings are worth: results of a program's seeds and tasks, and the scores of a list of programs."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from actsearch.engine import fingerprint
from actsearch.evaluation.data_check import check_resident
from actsearch.evaluation.devices import Devices, platform_of
from actsearch.evaluation.engines import BANK, Engine, choose_engine
from actsearch.evaluation.jobs import Job
from actsearch.evaluation.long_training import Report, SavedTrainer
from actsearch.evaluation.one_training import Outcome
from actsearch.evaluation.task_check import check_own
from actsearch.evaluation.trainer import Part, Trainer, fitting_lanes
from actsearch.language import ActsearchError, Program
from actsearch.spaces.template import Template
from actsearch.tasks import Task


class Result(NamedTuple):
    """The trainings of one program: one metrics mapping a seed, whether any of them diverged, and the mean score."""

    metrics: tuple[dict[str, float], ...]
    diverged: bool
    score: float


def summarize(task: Task, outcomes: Sequence[Outcome]) -> Result:
    """Returns what a program's outcomes, one a seed, amount to: the mean score, the task's `worst` where one diverged.

    Raises:
      ActsearchError: a score below the task's `worst`; a candidate that diverges would then beat one that trains.
    """
    rows = tuple(_row(task, outcome) for outcome in outcomes)
    failed = any(map(diverged, rows))
    score = task.worst if failed else sum(row["score"] for row in rows) / len(rows)
    if score < task.worst:
        raise ActsearchError(
            f"The task {task.name} scored a training {score:g}, below {task.worst:g}, its score of a training that "
            "diverged: give the task a `worst` below all its scores."
        )
    return Result(rows, failed, score)


def diverged(row: Mapping[str, float]) -> bool:
    """Returns whether a training diverged: its score or a metric of the task is not finite.

    Args:
      row: of one seed, from `Result.metrics`. Its loss in training and its early score are no metrics of the task.

    Example:
      >>> diverged({"score": 0.5, "mse": 0.7, "train_loss": math.nan}), diverged({"score": 0.5, "mse": math.inf})
      (False, True)
    """
    return not all(math.isfinite(value) for name, value in row.items() if name not in ("train_loss", "early"))


def _row(task: Task, outcome: Outcome) -> dict[str, float]:
    metrics = {name: float(value) for name, value in outcome.metrics.items()}
    early = {} if outcome.early is None else {"early": float(outcome.early)}
    return {"score": task.score(metrics), **metrics, "train_loss": float(outcome.train_loss), **early}


def combine(results: Mapping[str, Result]) -> Result:
    """Returns one result of a program's results by task: as it is for one task, else with the tasks' names in its keys.

    The score of each seed, and of the whole, is the mean over the tasks; of a whole that diverged anywhere, the least.

    Example:
      >>> row = combine({"a": Result(({"score": 0.5},), False, 0.5), "b": Result(({"score": 0.7},), False, 0.7)})
      >>> row.metrics
      ({'score': 0.6, 'a/score': 0.5, 'b/score': 0.7},)

    Where every task has a loss, the mean loss is there too.
    """
    if len(results) == 1:
        return next(iter(results.values()))
    metrics: list[dict[str, float]] = []
    for rows in zip(*(result.metrics for result in results.values()), strict=True):
        named = {f"{task}/{key}": value for task, row in zip(results, rows, strict=True) for key, value in row.items()}
        shared = [key for key in ("score", "loss") if all(key in row for row in rows)]
        metrics.append({**{key: sum(row[key] for row in rows) / len(rows) for key in shared}, **named})
    failed = [result.score for result in results.values() if result.diverged]
    score = min(failed) if failed else sum(result.score for result in results.values()) / len(results)
    return Result(tuple(metrics), bool(failed), score)


def score_programs(
    task: Task,
    programs: Sequence[Program],
    seeds: Sequence[int],
    *,
    rate_scales: Sequence[float] = (1.0,),
    rate_seeds: Sequence[int] | None = None,
    part: Part = "validation",
    engine: Engine = "auto",
    devices: Devices = None,
    report: Callable[[str], None] = lambda line: None,
    bank_size: int = BANK,
    out: Path | None = None,
) -> list[Result]:
    """Trains a list of programs, of any origin, and returns one result for each.

    Args:
      task: what to train on.
      programs: the candidates.
      seeds: each program is trained once with each of them.
      rate_scales: factors on the recipe's learning rate. With several, each program is credited with the factor of its
        best mean validation score over `rate_seeds`, whatever `part` is.
      rate_seeds: of the trainings that choose among several rates; None for `seeds`.
      part: where the reported metrics are measured.
      engine: "auto", or one of the three by name.
      devices: all of JAX's by default; `DataParallel` lets several share each training.
      report: receives the line that explains the choice of engine, and progress.
      bank_size: programs in one compilation, of the interpreter or of a bank.
      out: a folder where every training is saved while it goes on, by `SavedTrainer`; programs are then compiled one by
        one, and all devices share each training. Called again, only what is missing is trained.

    Returns:
      One Result a program. With several rates each metrics mapping holds "rate_scale" too.

    Raises:
      ActsearchError: no program or seed, or a task of the user's that `check_task` refuses.
    """
    if not programs or not seeds:
        raise ActsearchError("score_programs needs at least one program and one seed.")
    if out is None:
        check_resident(task)
    check_own(task)
    platform = platform_of(devices)
    engine = engine if out is None else "specialize"
    chosen, why = choose_engine(engine, len(programs), task.steps, task.kind, platform=platform, listed=True)
    report(why)
    size = 1 if chosen == "specialize" else bank_size
    results: list[Result] = []
    for first in range(0, len(programs), size):
        group = programs[first : first + size]
        began = time.perf_counter()
        trainer: Trainer | SavedTrainer
        if out is None:
            # With the rates' seeds, so that the lanes serve both.
            jobs = len(group) * max(len(seeds), len(rate_seeds or seeds))
            trainer = _trainer(task, group, chosen, devices, fitting_lanes(devices, jobs))
        else:
            trainer = _saved(task, group[0], devices, out, report)
        # One program alone leaves the interpreter nothing to choose.
        choices = [(i,) for i in range(len(group))] if len(group) > 1 or chosen == "bank" else [()]
        results += at_best_rates(trainer, task, choices, seeds, rate_scales, rate_seeds or seeds, part)
        done = min(first + size, len(programs))
        report(f"{task.name}: {done} of {len(programs)} programs, {time.perf_counter() - began:.1f} s")
    return results


def _trainer(task: Task, programs: Sequence[Program], engine: Engine, devices: Devices, lanes: int) -> Trainer:
    """Returns the trainer of programs that share one compilation; each is one choice."""
    if engine == "interpret":
        return Trainer.interpreted(task, Template.bank(programs), devices=devices, lanes=lanes)
    if engine == "bank":
        return Trainer.bank(task, programs, devices=devices)
    return Trainer.specialized(task, programs[0], devices=devices, lanes=lanes)


def _saved(task: Task, program: Program, devices: Devices, out: Path, report: Report) -> SavedTrainer:
    return SavedTrainer(task, program, Path(out) / task.name / fingerprint(program), devices=devices, report=report)


def at_best_rates(
    trainer: Callable[[list[Job], Part], list[Outcome]],
    task: Task,
    choices: Sequence[tuple[int, ...]],
    seeds: Sequence[int],
    rate_scales: Sequence[float],
    rate_seeds: Sequence[int],
    part: Part,
) -> list[Result]:
    """Returns the result of each candidate of a trainer, at the rate that is best on validation data.

    Args:
      trainer: jobs and part -> an outcome for each, such as a `Trainer`.
      task: what it trains on.
      choices: of each candidate.
      seeds: as for `score_programs`.
      rate_scales: as there.
      rate_seeds: as there.
      part: as there.
    """

    def trained(part: Part, rates: Sequence[float], seeds: Sequence[int] = seeds) -> list[Result]:
        jobs = [Job(choice, seed, rate) for choice, rate in zip(choices, rates, strict=True) for seed in seeds]
        outcomes, n = trainer(jobs, part), len(seeds)
        return [summarize(task, outcomes[i * n : (i + 1) * n]) for i in range(len(choices))]

    if len(rate_scales) == 1:
        return trained(part, [rate_scales[0]] * len(choices))
    tried = [trained("validation", [rate] * len(choices), rate_seeds) for rate in rate_scales]
    winners = [max(range(len(tried)), key=[row[i].score for row in tried].__getitem__) for i in range(len(choices))]
    rates = [rate_scales[winner] for winner in winners]
    credited = zip(trained(part, rates), rates, strict=True)
    return [row._replace(metrics=tuple({**m, "rate_scale": rate} for m in row.metrics)) for row, rate in credited]

"""Verification of a finding: the best of many was lucky, so it is trained again with seeds that no search has seen."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import jax

from actsearch.analysis.verification import Scores, Verification, verified
from actsearch.engine import fingerprint
from actsearch.evaluation.engines import Engine
from actsearch.evaluation.score import Result, score_programs
from actsearch.evaluation.trainer import Part
from actsearch.evaluation.training import as_tasks
from actsearch.language import ActsearchError, Program, parse, simplify
from actsearch.tasks import Task
from actsearch.trials import Trial
from actsearch.trials.ranking import rank

FIRST_SEED = 100
"""Seeds that are not given are counted from here; searches count theirs from 0."""


@runtime_checkable
class HasTrials(Protocol):
    """A run: what `search` returns, or what `open_run` reads."""

    @property
    def trials(self) -> Sequence[Trial]:
        """Trials of the run."""


Programs = Program | str | Sequence[Program | str]
"""One program or several, as objects or formulas."""


def verify(
    programs: Programs | HasTrials,
    tasks: Task | str | Sequence[Task],
    seeds: int | Sequence[int] = 8,
    *,
    baselines: Programs | None = None,
    rate_scales: Sequence[float] = (1.0,),
    part: Part = "test",
    confidence: float = 0.95,
    count: int = 5,
    engine: Engine = "auto",
    devices: Sequence[jax.Device] | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Verification:
    """Trains programs and baselines with fresh seeds and compares them, seed by seed.

    Functions that are equal, by their fingerprints, are trained once. Intervals and tests are those of
    `actsearch.analysis.verification.verified`: pointwise bootstrap intervals, simultaneous ones by max-t over every
    comparison of all tasks, and Holm's p-values.

    Args:
      programs: what was found: programs, formulas, or a run, whose best `count` candidates are taken.
      tasks: a Task, several, or names joined by "+"; best other ones than the search chose by.
      seeds: how many fresh seeds, none of which the run used, or the seeds themselves.
      baselines: what to compare with on every task; each task's own baseline by default.
      rate_scales: factors on the learning rate. With one, all functions train at equal rates; with several, each
        function, baselines too, has the one with its best mean score on validation data, whatever `part` is.
      part: of the data that scores are measured on.
      confidence: in (0, 1), of the intervals.
      count: candidates of a run, by the lower bounds of `actsearch.trials.ranking`.
      engine: "auto", "interpret" or "specialize".
      devices: JAX devices, all by default.
      report: receives lines on progress.

    Returns:
      A Verification: data; `actsearch.report.tables.verification_table` prints it. A training that diverged has the
      task's worst score and is counted in `Scores.diverged`.

    Raises:
      ActsearchError: nothing to verify, fewer than two seeds, seeds that the run used, a whole layer on a task of
        activations.

    Example:
      >>> from actsearch.tasks import get_task
      >>> short = get_task("digits-mlp").at_fidelity(0.02)
      >>> result = verify("x * sigmoid(x)", short, seeds=3)
      >>> [str(program) for program in result.programs], result.seeds
      (['relu(x)', 'x * sigmoid(x)'], (100, 101, 102))
    """
    used = {seed for trial in programs.trials for seed in trial.seeds} if isinstance(programs, HasTrials) else set()
    candidates = _best(programs, count) if isinstance(programs, HasTrials) else _parsed(programs)
    if not candidates:
        raise ActsearchError("There is nothing to verify: give at least one program, or a run with an accepted trial.")
    chosen, trained = _fresh(seeds, used), []
    for task in as_tasks(tasks):
        reference = [task.baseline] if baselines is None else _parsed(baselines)
        functions = _distinct([*reference, *candidates])
        _check_kind(task, functions)
        results = score_programs(
            task,
            functions,
            chosen,
            rate_scales=rate_scales,
            part=part,
            engine=engine,
            devices=devices,
            report=report,
        )
        known = {fingerprint(program) for program in reference}
        for program, result in zip(functions, results, strict=True):
            trained.append(_scores(task, program, fingerprint(program) in known, result, rate_scales))
    return verified(trained, chosen, part=part, confidence=confidence)


def _parsed(programs: Programs) -> list[Program]:
    if isinstance(programs, str | Program):
        programs = [programs]
    return [parse(program) if isinstance(program, str) else program for program in programs]


def _best(run: HasTrials, count: int) -> list[Program]:
    """Returns the best candidates of a run, simplified."""
    return [simplify(stats.program) for stats in rank(run.trials)[:count]]


def _distinct(programs: Sequence[Program]) -> list[Program]:
    """Returns the first program of each function."""
    functions: dict[str, Program] = {}
    for program in programs:
        functions.setdefault(fingerprint(program), program)
    return list(functions.values())


def _fresh(seeds: int | Sequence[int], used: set[int]) -> tuple[int, ...]:
    """Returns the seeds to train with, none of them in `used`."""
    chosen = tuple(itertools.islice(_unused(used), seeds)) if isinstance(seeds, int) else tuple(seeds)
    if len(set(chosen)) < 2 or len(set(chosen)) < len(chosen):
        raise ActsearchError(f"A verification needs at least 2 different seeds; received {seeds}.")
    if seen := used.intersection(chosen):
        raise ActsearchError(f"The run was trained with the seeds {sorted(seen)}: give fresh ones, or their number.")
    return chosen


def _unused(used: set[int]) -> Iterator[int]:
    return (seed for seed in itertools.count(FIRST_SEED) if seed not in used)


def _check_kind(task: Task, programs: Sequence[Program]) -> None:
    for program in programs:
        if program.reductions and task.kind == "activation":
            raise ActsearchError(
                f"{program} is a whole layer; the task {task.name} has sites for activations: give a task of layers."
            )


def _scores(task: Task, program: Program, baseline: bool, result: Result, rate_scales: Sequence[float]) -> Scores:
    """Returns the scores of a function's trainings, the task's worst for those that diverged."""
    failed = [not all(map(math.isfinite, metrics.values())) for metrics in result.metrics]
    scores = [task.worst if bad else row["score"] for bad, row in zip(failed, result.metrics, strict=True)]
    rate_scale = result.metrics[0].get("rate_scale", rate_scales[0])
    return Scores(task.name, program, baseline, tuple(scores), sum(failed), rate_scale)

"""Verification of a finding: the best of many was lucky, so it is trained again with seeds that no search has seen."""

import functools
import itertools
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol, get_args, runtime_checkable

from actsearch.analysis.statistics import check_confidence
from actsearch.analysis.verification import Scores, Verification, verified
from actsearch.engine import fingerprint
from actsearch.evaluation.compilation_cache import use_compilation_cache
from actsearch.evaluation.cost import step_shares
from actsearch.evaluation.data_check import check_resident
from actsearch.evaluation.devices import Devices
from actsearch.evaluation.engines import Engine, choose_engine
from actsearch.evaluation.score import Result, diverged, score_programs
from actsearch.evaluation.task_check import check_kind
from actsearch.evaluation.trainer import Part
from actsearch.evaluation.training import as_tasks
from actsearch.language import INPUTS, ActsearchError, Program, parse, simplify
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
    rate_seeds: int = 3,
    part: Part = "test",
    confidence: float = 0.95,
    count: int = 5,
    equal_time: bool = False,
    engine: Engine = "auto",
    devices: Devices = None,
    report: Callable[[str], None] = lambda line: None,
    out: Path | None = None,
) -> Verification:
    """Trains programs and baselines with fresh seeds and compares them, seed by seed.

    Functions that are equal, by their fingerprints, are trained once. Intervals and tests are those of
    `actsearch.analysis.verified`: pointwise bootstrap intervals, simultaneous ones by max-t over every
    comparison of all tasks, and Holm's p-values.

    Args:
      programs: what was found: programs, formulas, or a run, whose best `count` candidates are taken.
      tasks: a Task, several, or names joined by "+"; best other ones than the search chose by.
      seeds: how many fresh seeds, none of which the run used, or the seeds themselves.
      baselines: what to compare with on every task; each task's own baseline by default.
      rate_scales: factors on the learning rate. With one, all functions train at equal rates; with several, each
        function, baselines too, has the one with its best mean score on validation data, whatever `part` is.
      rate_seeds: how many further fresh seeds choose among several rates, at least 1; none of them is judged by.
      part: of the data that scores are measured on.
      confidence: in (0, 1), of the intervals.
      count: candidates of a run, by the lower bounds of `actsearch.trials.ranking`.
      equal_time: whether a function that trains more slowly than the first baseline makes fewer steps, as many as fit
        in the baseline's time, with a schedule that ends there. The shares, `Scores.share`, are measured by
        `step_shares` on this machine, and so vary from run to run.
      engine: "auto", "interpret", "specialize" or "bank".
      devices: JAX devices, all by default; `DataParallel` lets several share each training.
      report: receives lines on progress.
      out: a folder for trainings of hours: each is saved while it goes on, and the same call goes on after a kill. The
        networks stay there, for `load_candidate`. Not with `equal_time`, whose shares are measured anew each time.

    Returns:
      A Verification, which is data; `actsearch.report.verification_table` prints it. A training that diverged has the
      task's worst score and is counted in `Scores.diverged`.

    Raises:
      ActsearchError: nothing to verify, fewer than two seeds, seeds that the run used, a whole layer on a task of
        activations, a task of the user's that `check_task` refuses, or an argument out of range; all before the first
        training.

    Example:
      >>> from actsearch.tasks import get_task
      >>> short = get_task("digits-mlp").at_fidelity(0.02)
      >>> result = verify("x * sigmoid(x)", short, seeds=3)
      >>> [str(program) for program in result.programs], result.seeds
      (['relu(x)', 'x * sigmoid(x)'], (100, 101, 102))
    """
    trials = programs.trials if isinstance(programs, HasTrials) else ()
    candidates = best_programs(trials, count) if isinstance(programs, HasTrials) else _parsed(programs)
    if not candidates:
        raise ActsearchError("There is nothing to verify: give at least one program, or a run with an accepted trial.")
    chosen, trained = _checked(seeds, trials), list[Scores]()
    if equal_time and out is not None:
        raise ActsearchError(
            "Trainings of equal time are not saved, since their lengths are measured anew: leave out one."
        )
    if rate_seeds < 1:
        raise ActsearchError(f"rate_seeds must be at least 1; received {rate_seeds}.")
    pairs = [(task, [task.baseline] if baselines is None else _parsed(baselines)) for task in as_tasks(tasks)]
    check_options(rate_scales, part, confidence, engine)
    for task, reference in pairs:
        check_kind(task, [*reference, *candidates])
        if out is None:
            check_resident(task)
    use_compilation_cache()
    train = functools.partial(
        score_programs,
        seeds=chosen,
        rate_scales=rate_scales,
        rate_seeds=seeds_beyond(_seeds(trials).union(chosen), rate_seeds),
        part=part,
        engine=engine,
        devices=devices,
        report=report,
        out=out,
    )
    for task, reference in pairs:
        functions = _distinct([*reference, *candidates])
        shares = [1.0, *step_shares(task, functions[1:], functions[0])] if equal_time else [1.0] * len(functions)
        results = _at_shares(task, functions, shares, train)
        known = {fingerprint(program) for program in reference}
        for program, share, result in zip(functions, shares, results, strict=True):
            scores = scores_of(task, program, fingerprint(program) in known, result, rate_scales)
            trained.append(scores._replace(share=share))
    return verified(trained, chosen, part=part, confidence=confidence)


def _at_shares(
    task: Task, functions: Sequence[Program], shares: Sequence[float], train: Callable[..., list[Result]]
) -> list[Result]:
    """Trains functions for their shares of the steps, those of one share together; returns results in their order."""
    results: dict[int, Result] = {}
    for share in dict.fromkeys(shares):
        group = [i for i, own in enumerate(shares) if own == share]
        found = train(task.at_fidelity(share), [functions[i] for i in group])
        results |= dict(zip(group, found, strict=True))
    return [results[i] for i in range(len(functions))]


def _parsed(programs: Programs) -> list[Program]:
    if isinstance(programs, str | Program):
        programs = [programs]
    return [parse(program, inputs=INPUTS) if isinstance(program, str) else program for program in programs]


def best_programs(trials: Iterable[Trial], count: int) -> list[Program]:
    """Returns the best candidates of a run by `actsearch.trials.rank`, at most `count`, simplified."""
    return [simplify(stats.program) for stats in rank(trials)[:count]]


def _distinct(programs: Sequence[Program]) -> list[Program]:
    """Returns the first program of each function."""
    functions: dict[str, Program] = {}
    for program in programs:
        functions.setdefault(fingerprint(program), program)
    return list(functions.values())


def fresh_seeds(trials: Iterable[Trial], n: int) -> tuple[int, ...]:
    """Returns the first `n` seeds from FIRST_SEED on that no trial was trained with.

    Args:
      trials: of any number of runs.
      n: how many.

    Example:
      >>> fresh_seeds([Trial(0, parse("x"), "f00d", "ok", 0.9, ({"score": 0.9},), (100,))], 2)
      (101, 102)
    """
    return seeds_beyond(_seeds(trials), n)


def seeds_beyond(used: Collection[int], n: int) -> tuple[int, ...]:
    """Returns the first `n` seeds from FIRST_SEED on that are not among the used ones."""
    return tuple(itertools.islice((seed for seed in itertools.count(FIRST_SEED) if seed not in used), max(n, 0)))


def _seeds(trials: Iterable[Trial]) -> set[int]:
    return {seed for trial in trials for seed in trial.seeds}


def _checked(seeds: int | Sequence[int], trials: Sequence[Trial]) -> tuple[int, ...]:
    """Returns the seeds to train with, none of which a trial used."""
    chosen = fresh_seeds(trials, seeds) if isinstance(seeds, int) else tuple(seeds)
    if len(set(chosen)) < 2 or len(set(chosen)) < len(chosen):
        raise ActsearchError(f"A verification needs at least 2 different seeds; received {seeds}.")
    if seen := _seeds(trials).intersection(chosen):
        raise ActsearchError(f"The run was trained with the seeds {sorted(seen)}: give fresh ones, or their number.")
    return chosen


def check_options(rate_scales: Sequence[float], part: str, confidence: float, engine: Engine) -> None:
    """Raises where an argument is out of range, before the hours that trainings take."""
    if len(rate_scales) == 0 or not all(0 < scale < math.inf for scale in rate_scales):
        raise ActsearchError(f"rate_scales must be at least one number, each above 0; received {tuple(rate_scales)}.")
    if part not in get_args(Part):
        raise ActsearchError(f"part is one of {', '.join(get_args(Part))}; received {part!r}.")
    check_confidence(confidence)
    choose_engine(engine, 1)


def scores_of(task: Task, program: Program, baseline: bool, result: Result, rate_scales: Sequence[float]) -> Scores:
    """Returns the scores of a function's trainings, the task's worst for those that diverged."""
    failed = [diverged(row) for row in result.metrics]
    scores = [task.worst if bad else row["score"] for bad, row in zip(failed, result.metrics, strict=True)]
    rate_scale = result.metrics[0].get("rate_scale", rate_scales[0])
    return Scores(task.name, program, baseline, tuple(scores), sum(failed), rate_scale)

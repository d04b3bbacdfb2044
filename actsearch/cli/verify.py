"""`actsearch verify`."""

import math
from pathlib import Path
from typing import Any

import tyro

from actsearch.archive import Archive, open_run
from actsearch.cli.common import Json, at_least, explain, print_json, read_formula
from actsearch.evaluation import Verification
from actsearch.evaluation import verify as run_verify
from actsearch.language import ActsearchError, Program
from actsearch.report import show, verification_table
from actsearch.tasks import get_tasks

Targets = tyro.conf.Positional[tuple[str, ...]]


def verify(
    targets: Targets,
    tasks: str = "digits-deep-mlp+digits-resnet",
    seeds: int = 8,
    count: int = 5,
    baselines: tuple[str, ...] = (),
    rate_scales: tuple[float, ...] = (1.0,),
    json: Json = False,
) -> None:
    """Tell whether a finding is real: train it and baselines with fresh seeds, on test data, with intervals.

    Example: actsearch verify "x * sigmoid(beta * x)" "cos(x) - x" --tasks digits-resnet --seeds 8

    Of a run: actsearch verify runs/mine --count 5 --tasks digits-deep-mlp+digits-resnet

    Args:
        targets: formulas, or directories of runs.
        tasks: what to train on, names joined by +; not the task that the search chose by.
        seeds: trainings of each function on each task, at least 2.
        count: how many of a run's best candidates.
        baselines: formulas to compare with; each task's own when left out.
        rate_scales: factors on the learning rate; with several, each function has the one that is best on validation
            data.
    """
    at_least("--seeds", seeds, 2)
    at_least("--count", count, 1)
    programs = [program for target in targets for program in _programs(target, count)]
    if not programs:
        raise ActsearchError("verify needs formulas or directories of runs; received none.")
    verification = run_verify(
        programs,
        get_tasks(tasks),
        seeds,
        baselines=[read_formula(formula) for formula in baselines] or None,
        rate_scales=rate_scales,
        report=explain,
    )
    if json:
        print_json(_finite(verification.to_json()))
    else:
        _print(verification)


def _programs(target: str, count: int) -> list[Program]:
    """Returns the formula that a target is, or the best candidates of the run that it names."""
    if Archive.exists(target):
        return [trial.program for trial in open_run(Path(target)).best(count)]
    return [read_formula(target)]


def _print(verification: Verification) -> None:
    show(verification_table(verification))


def _finite(value: Any) -> Any:
    """Returns plain data with null for numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

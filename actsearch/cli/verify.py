"""`actsearch verify`."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tyro

from actsearch.analysis import Cost
from actsearch.archive import Archive, open_run
from actsearch.catalog import CATALOG
from actsearch.cli.common import (
    Json,
    at_least,
    check_named,
    explain,
    file_name,
    keep_beside,
    novelty_of,
    print_json,
    read_target,
    read_unit,
    show_novelty,
)
from actsearch.evaluation import best_programs, fresh_seeds, measure_costs
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
    equal_time: bool = False,
    cost: bool = False,
    novelty: bool = False,
    out: Path | None = None,
    json: Json = False,
) -> None:
    """Tell whether a finding is real: train it and baselines with fresh seeds, on test data, with intervals.

    Example: actsearch verify "x * sigmoid(beta * x)" "cos(x) - x" --tasks digits-resnet --seeds 8

    Of a run: actsearch verify runs/mine --count 5 --tasks digits-deep-mlp+digits-resnet

    The result is kept in the run's directory, where `actsearch report` finds it.

    Args:
        targets: formulas, or directories of runs.
        tasks: what to train on, names joined by +; not the task that the search chose by.
        seeds: trainings of each function on each task, at least 2.
        count: how many of a run's best candidates.
        baselines: formulas to compare with; each task's own when left out.
        rate_scales: factors on the learning rate; with several, each function has the one that is best on validation
            data with three other seeds.
        equal_time: a function that trains more slowly than the first baseline, measured here, makes fewer steps, as
            many as fit in the baseline's time.
        cost: print what each function's layer costs on a tensor of 64 x 1,024, as ratios to ReLU: operations, bytes,
            and milliseconds forward and backward, measured here.
        out: a folder for long trainings: each is saved while it goes on, and the same command goes on after a kill.
        novelty: tell for each function which published unit it is nearest to, up to scale and shift.
    """
    at_least("--seeds", seeds, 2)
    at_least("--count", count, 1)
    if not targets:
        raise ActsearchError("verify needs formulas or directories of runs; received none.")
    check_named(tasks)
    trials = {target: open_run(target).trials for target in targets if Archive.exists(target)}
    programs = [p for t in targets for p in (best_programs(trials[t], count) if t in trials else [read_target(t)])]
    verification = run_verify(
        programs,
        get_tasks(tasks),
        fresh_seeds(itertools.chain(*trials.values()), seeds),
        baselines=[read_unit(formula) for formula in baselines] or None,
        rate_scales=rate_scales,
        equal_time=equal_time,
        out=out,
        report=explain,
    )
    costs = _costs(verification.programs) if cost else None
    known = novelty_of(programs) if novelty else {}
    facts: dict[str, Any] = verification.to_json()
    facts |= {} if costs is None else {"costs": {str(program): one._asdict() for program, one in costs.items()}}
    facts |= {"novelty": {str(program): verdict for program, verdict in known.items()}} if novelty else {}
    for directory in trials:
        keep_beside(directory, f"verification-{file_name(tasks)}", facts)
    if json:
        print_json(facts)
        return
    show(verification_table(verification, costs=costs))
    if novelty:
        show_novelty(known)


def _costs(programs: Sequence[Program]) -> dict[Program, Cost]:
    """Returns the cost of each program relative to that of ReLU."""
    relu, *others = measure_costs([CATALOG["relu"].program, *programs])
    return {program: one.relative_to(relu) for program, one in zip(programs, others, strict=True)}

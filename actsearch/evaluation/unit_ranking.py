"""Ranking of units: many units on several tasks, each at its own best rate, with fresh seeds."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from actsearch.analysis.cost import Cost
from actsearch.analysis.unit_ranking import UnitRanking, UnitScores, ranked
from actsearch.catalog import CATALOG, MODULES, ModuleEntry
from actsearch.engine import fingerprint
from actsearch.evaluation.compilation_cache import use_compilation_cache
from actsearch.evaluation.cost import measure_costs
from actsearch.evaluation.data_check import check_resident
from actsearch.evaluation.devices import Devices, platform_of
from actsearch.evaluation.engines import BANK, Chosen, Engine, choose_engine
from actsearch.evaluation.result_lines import ResultLines
from actsearch.evaluation.score import Result, at_best_rates, diverged, score_programs
from actsearch.evaluation.task_check import check_kind
from actsearch.evaluation.trainer import Part, Trainer
from actsearch.evaluation.training import as_tasks
from actsearch.evaluation.verification import check_options, seeds_beyond
from actsearch.language import INPUTS, ActsearchError, Program, parse
from actsearch.language.code import code_digest
from actsearch.tasks import Task

Unit = Program | ModuleEntry
"""What is ranked: a program, or a published unit that no program says."""

RATE_SCALES = (0.5, 1.0, 2.0)
"""Factors on the recipe's learning rate among which each unit has its best one."""


def rank_units(
    units: Mapping[str, Unit] | Sequence[Unit | str] | str,
    tasks: Task | str | Sequence[Task],
    seeds: int | Sequence[int] = 5,
    *,
    rate_scales: Sequence[float] = RATE_SCALES,
    rate_seeds: int = 1,
    part: Part = "test",
    confidence: float = 0.95,
    cost: bool = False,
    out: Path | None = None,
    engine: Engine = "auto",
    devices: Devices = None,
    report: Callable[[str], None] = lambda line: None,
) -> UnitRanking:
    """Trains units on several tasks, each at its own best rate, and ranks them.

    Units that are equal, by their fingerprints, are trained once. On each task the unit with the highest mean score
    over seeds has rank 1; the order is that of the mean ranks over tasks, with `mean_rank_intervals`, `friedman_p` and
    `critical_difference` of `actsearch.analysis`.

    Args:
      units: programs by name; or names of published units, formulas and programs; or "all", every published formula of
        the tasks' kind. Units of `actsearch.catalog.MODULES` are trained too, each compiled by itself and without a
        cost; their own weights start the same with every seed.
      tasks: all of one kind: Tasks, or names joined by "+".
      seeds: how many fresh seeds judge, at least 2, or the seeds themselves.
      rate_scales: factors on the learning rate. With several, each unit has on each task the one with its best mean
        score on validation data.
      rate_seeds: how many further seeds choose among the rates, at least 1; none of them judges.
      part: of the data that ranks are of.
      confidence: in (0, 1), of intervals and critical difference.
      cost: whether to measure what each unit's layer costs beside ReLU's, by `measure_costs`, half a second a unit.
      out: folder of the results, `results.jsonl`: a run that was stopped goes on, and one with more units or tasks
        trains those alone. None for none.
      engine: "auto", "interpret", "specialize" or "bank".
      devices: JAX devices, all by default.
      report: receives lines on progress.

    Raises:
      ActsearchError: fewer than two different units, a unit of another kind than the tasks, tasks of several kinds, an
        argument out of range; all before the first training.

    Example:
      >>> from actsearch.tasks import get_task
      >>> short = get_task("digits-mlp").at_fidelity(0.05)
      >>> ranking = rank_units(["relu", "x * sigmoid(1.7 * x)", "x"], short, seeds=2, rate_scales=(1.0,))
      >>> sorted(unit.name for unit in ranking.units)
      ['relu', 'x', 'x * sigmoid(1.7 * x)']
    """
    chosen, wanted = as_tasks(tasks), tuple(seeds) if not isinstance(seeds, int) else seeds_beyond((), seeds)
    named = distinct_units(units_by_name(units, chosen))
    check_options(rate_scales, part, confidence, engine)
    if len(named) < 2:
        raise ActsearchError(f"A ranking needs two or more different units; received {', '.join(named) or 'none'}.")
    if rate_seeds < 1 or len(set(wanted)) < max(2, len(wanted)):
        raise ActsearchError(
            f"A ranking needs 2 or more different seeds and 1 or more rate_seeds; received {seeds}, {rate_seeds}."
        )
    for task in chosen:
        check_resident(task)
        check_kind(task, [unit for unit in named.values() if isinstance(unit, Program)])
    use_compilation_cache()
    plan = _Plan(wanted, tuple(rate_scales), seeds_beyond(wanted, rate_seeds), part, devices, ResultLines(out), report)
    results = [_trained(task, named, engine, plan) for task in chosen]
    trained = {
        name: [_scores(task, unit, own[name], plan) for task, own in zip(chosen, results, strict=True)]
        for name, unit in named.items()
    }
    costs = _costs(named) if cost else None
    return ranked(trained, wanted, rate_scales=rate_scales, costs=costs, part=part, confidence=confidence)


class _Plan(NamedTuple):
    """What all tasks of a ranking share."""

    seeds: tuple[int, ...]
    rate_scales: tuple[float, ...]
    rate_seeds: tuple[int, ...]
    part: Part
    devices: Devices
    results: ResultLines
    report: Callable[[str], None]


def _trained(task: Task, units: Mapping[str, Unit], engine: Engine, plan: _Plan) -> dict[str, Result]:
    """Returns the result of each unit on a task; trains those that are not known, bank by bank, and stores them."""
    # Of all units: a run that goes on must not train its last three with another engine.
    chosen, why = choose_engine(
        engine, len(units), task.steps, task.kind, platform=platform_of(plan.devices), listed=True
    )
    keys = {name: _key(task, unit, chosen, plan) for name, unit in units.items()}
    missing = {name: unit for name, unit in units.items() if keys[name] not in plan.results}
    plan.report(f"{task.name}: {len(missing)} of {len(units)} units to train; {why}")
    done = len(units) - len(missing)
    for group in _batches(missing):
        began = time.perf_counter()
        found = _group(task, [units[name] for name in group], chosen, plan)
        plan.results.store((keys[name], result) for name, result in zip(group, found, strict=True))
        done += len(group)
        plan.report(f"{task.name}: {done} of {len(units)} units, {time.perf_counter() - began:.1f} s")
    return {name: plan.results[key] for name, key in keys.items()}


def _batches(units: Mapping[str, Unit]) -> list[list[str]]:
    """Returns names of units that are trained together: programs in banks, a module by itself."""
    programs = [name for name, unit in units.items() if isinstance(unit, Program)]
    banks = [programs[first : first + BANK] for first in range(0, len(programs), BANK)]
    return banks + [[name] for name, unit in units.items() if not isinstance(unit, Program)]


def _group(task: Task, units: Sequence[Unit], engine: Chosen, plan: _Plan) -> list[Result]:
    """Trains the units of a batch."""
    rates = plan.rate_scales, plan.rate_seeds, plan.part
    if isinstance(units[0], ModuleEntry):
        trainer = Trainer.module(task, units[0].build, devices=plan.devices)
        return at_best_rates(trainer, task, [()], plan.seeds, *rates)
    programs = [unit for unit in units if isinstance(unit, Program)]
    scales, seeds, part = rates
    return score_programs(
        task,
        programs,
        plan.seeds,
        rate_scales=scales,
        rate_seeds=seeds,
        part=part,
        engine=engine,
        devices=plan.devices,
    )


def _key(task: Task, unit: Unit, engine: Chosen, plan: _Plan) -> list[object]:
    """Returns all that a result depends on, as plain data."""
    settings = [list(plan.seeds), list(plan.rate_scales), list(plan.rate_seeds), plan.part]
    if isinstance(unit, ModuleEntry):
        return [task.name, task.digest, f"module {unit.name} {code_digest(unit.kind)}", "module", *settings]
    return [task.name, task.digest, str(unit), engine, *settings]


def _scores(task: Task, unit: Unit, result: Result, plan: _Plan) -> UnitScores:
    """Returns the scores of a unit's trainings, the task's worst for those that diverged."""
    failed = [diverged(row) for row in result.metrics]
    scores = tuple(task.worst if bad else row["score"] for bad, row in zip(failed, result.metrics, strict=True))
    formula = unit.formula if isinstance(unit, ModuleEntry) else str(unit)
    rate_scale = result.metrics[0].get("rate_scale", plan.rate_scales[0])
    return UnitScores(task.name, formula, scores, sum(failed), rate_scale)


def units_by_name(units: Mapping[str, Unit] | Sequence[Unit | str] | str, tasks: Sequence[Task]) -> dict[str, Unit]:
    """Returns units by name, as `rank_units` reads them.

    Raises:
      ActsearchError: no task, tasks of several kinds, no formula, or a module that cannot be a site of activations.
    """
    kinds = {task.kind for task in tasks}
    if len(kinds) != 1:
        raise ActsearchError(f"A ranking needs one or more tasks of one kind; received {', '.join(sorted(kinds))}.")
    if units == "all":
        return {name: entry.program for name, entry in CATALOG.items() if entry.program.kind in kinds}
    listed = [units] if isinstance(units, str) else units
    named = dict(listed) if isinstance(listed, Mapping) else dict(_named(unit) for unit in listed)
    for unit in named.values():
        if isinstance(unit, ModuleEntry) and (kinds != {"activation"} or not unit.is_site):
            raise ActsearchError(f"{unit.name} is a module that cannot stand at these sites: leave it out.")
    return named


def _named(unit: Unit | str) -> tuple[str, Unit]:
    if isinstance(unit, ModuleEntry):
        return unit.name, unit
    if isinstance(unit, Program):
        return str(unit), unit
    if unit in MODULES:
        return unit, MODULES[unit]
    return (unit, CATALOG[unit].program) if unit in CATALOG else (unit, parse(unit, inputs=INPUTS))


def distinct_units(units: Mapping[str, Unit]) -> dict[str, Unit]:
    """Returns the first unit of each function, under the names of all that are equal to it, joined by ", ".

    Programs are compared by their fingerprints; a module equals nothing else.
    """
    names: dict[str, list[str]] = {}
    for name, unit in units.items():
        identity = fingerprint(unit) if isinstance(unit, Program) else f"module {unit.name}"
        names.setdefault(identity, []).append(name)
    return {", ".join(own): units[own[0]] for own in names.values()}


def _costs(units: Mapping[str, Unit]) -> dict[str, Cost]:
    programs = {name: unit for name, unit in units.items() if isinstance(unit, Program)}
    relu, *others = measure_costs([CATALOG["relu"].program, *programs.values()])
    return {name: one.relative_to(relu) for name, one in zip(programs, others, strict=True)}

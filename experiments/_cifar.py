"""What the experiments on CIFAR share: made-up data, an estimate before the start, trainings that are kept."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _card import say, write_json

import actsearch
from actsearch import Program, analysis, report
from actsearch.analysis import Scores, Verification
from actsearch.archive import Archive
from actsearch.data import get_collection, prepare, prepared
from actsearch.evaluation import Engine, verify
from actsearch.study import plan
from actsearch.tasks import Task

IMAGES = {"train": 80, "test": 32}
"""Of made-up data."""


def use_made_up_data(folder: Path) -> None:
    """Makes CIFAR-10 and CIFAR-100 of noise around a colour for each class, and prepares them as the real ones are."""
    os.environ["TFDS_DATA_DIR"] = str(folder)
    for name, classes in (("cifar10", 10), ("cifar100", 100)):
        if prepared(get_collection(name), folder) is not None:
            continue
        rng, arrays = np.random.default_rng(classes), {}
        colours = rng.integers(60, 196, (classes, 1, 1, 3))
        for split, count in IMAGES.items():
            labels = np.arange(count) % classes
            noise = rng.integers(-60, 60, (count, 32, 32, 3))
            arrays |= {f"x_{split}": (colours[labels] + noise).astype(np.uint8), f"y_{split}": labels}
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / f"{name}.npz", **arrays)
        prepare(name, folder / f"{name}.npz", folder, checked=False)


def resized(task: Task, size: str, *, steps: int, batch_size: int | None = None, **fields: Any) -> Task:
    """Returns a task of another size under a name of its own; one that is not changed keeps its name."""
    fields |= {"steps": steps, "batch_size": batch_size or task.batch_size}
    changed = dataclasses.replace(task, **fields)
    return task if changed == task else dataclasses.replace(changed, name=f"{task.name}-{size}")


def print_plan(out: Path, price: float | None, *arguments: Any, **options: Any) -> None:
    """Prints what is ahead, where nothing of it was done yet; arguments as of `actsearch.study.plan`."""
    if not Archive.exists(out):
        report.show(report.plan_table(plan(*arguments, **options), price))


def verified_in_parts(
    programs: Mapping[str, Program], tasks: Sequence[Task], seeds: Sequence[int], out: Path, together: int = 1
) -> Verification:
    """Verifies named programs, of which the first is the baseline; trainings are kept as soon as they are done.

    Args:
      programs: by name; those that are equal are trained once.
      tasks: to train on.
      seeds: the same for all.
      out: folder of the trainings. Those that are there already, on the same task with the same seeds, are read.
      together: functions that are trained between two writes; several are compiled as a bank.
    """
    functions = {actsearch.fingerprint(program): program for program in reversed(programs.values())}
    functions = dict(reversed(functions.items()))
    rows = [row for task in tasks for row in _trained(functions, task, seeds, out, together)]
    return analysis.verified(rows, seeds)


def _trained(
    functions: Mapping[str, Program], task: Task, seeds: Sequence[int], out: Path, together: int
) -> list[Scores]:
    """Returns the trainings of functions, by fingerprint, on a task; the first function is the baseline."""
    key = {"task": task.digest, "seeds": list(seeds)}
    paths = {identity: out / f"{task.name}-{identity}.json" for identity in functions}
    missing = [identity for identity in functions if not _is_of(paths[identity], key)]
    for first in range(0, len(missing), together):
        some = missing[first : first + together]
        for identity, scores in zip(some, _train([functions[one] for one in some], task, seeds), strict=True):
            facts = {"program": str(scores.program), "scores": scores.scores, "diverged": scores.diverged}
            write_json(paths[identity], key | facts)
    rows = []
    for identity, program in functions.items():
        kept = json.loads(paths[identity].read_text())
        rows.append(Scores(task.name, program, not rows, tuple(kept["scores"]), kept["diverged"]))
    return rows


def _train(programs: Sequence[Program], task: Task, seeds: Sequence[int]) -> list[Scores]:
    engine: Engine = "bank" if len(programs) > 1 else "specialize"
    verification = verify(programs[1:] or programs, task, seeds, baselines=programs[0], engine=engine, report=say)
    return [row.trained for row in verification.rows]


def _is_of(path: Path, key: Mapping[str, Any]) -> bool:
    if not path.exists():
        return False
    kept = json.loads(path.read_text())
    return {name: kept[name] for name in key} == dict(key)


def show_medians(verification: Verification, programs: Mapping[str, Program]) -> dict[str, dict[str, float]]:
    """Prints the medians of each function, and a table for each task; returns name -> task -> median test score."""
    names: dict[Program, str] = {}
    for name, program in programs.items():
        key = next(p for p in verification.programs if actsearch.fingerprint(p) == actsearch.fingerprint(program))
        names[key] = f"{names[key]}, {name}" if key in names else name
    found = {
        name: {task: median(verification.row(task, program).trained.scores) for task in verification.tasks}
        for program, name in names.items()
    }
    columns = ["function", *(report.Column(task, ".4f") for task in verification.tasks)]
    rows = [(name, *by_task.values()) for name, by_task in found.items()]
    report.show(report.render(rows, columns, f"Median test score of {len(verification.seeds)} seeds"))
    for task in verification.tasks:
        rows = tuple(row for row in verification.rows if row.task == task)
        report.show(report.verification_table(dataclasses.replace(verification, rows=rows), names))
    return found

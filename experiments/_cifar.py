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
from actsearch.evaluation import verify
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


def verified_one_by_one(
    programs: Mapping[str, Program], tasks: Sequence[Task], seeds: Sequence[int], out: Path
) -> Verification:
    """Verifies named programs, of which the first is the baseline; each function's trainings on a task are kept.

    Args:
      programs: by name; those that are equal are trained once.
      tasks: to train on.
      seeds: the same for all.
      out: folder of the trainings. Those that are there already, on the same task with the same seeds, are read.
    """
    functions = {actsearch.fingerprint(program): program for program in reversed(programs.values())}
    baseline = next(iter(programs.values()))
    rows = [
        _trained(program, task, seeds, out / f"{task.name}-{identity}.json")._replace(
            program=program, baseline=program == baseline
        )
        for task in tasks
        for identity, program in reversed(functions.items())
    ]
    return analysis.verified(rows, seeds)


def _trained(program: Program, task: Task, seeds: Sequence[int], path: Path) -> Scores:
    key = {"task": task.digest, "seeds": list(seeds)}
    if path.exists():
        record = json.loads(path.read_text())
        if {name: record[name] for name in key} == key:
            return Scores(task.name, program, False, tuple(record["scores"]), record["diverged"])
    (row,) = verify(program, task, seeds, baselines=program, engine="specialize", report=say).rows
    write_json(path, key | {"program": str(program), "scores": row.trained.scores, "diverged": row.trained.diverged})
    return row.trained


def show_medians(verification: Verification, programs: Mapping[str, Program]) -> dict[str, dict[str, float]]:
    """Prints the median score of each function on each task, and returns it: name -> task -> median."""
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
    report.show(report.verification_table(verification, names))
    return found

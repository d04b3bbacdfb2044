"""What the experiments on CIFAR share: made-up data, an estimate before the start, medians."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from _card import verified

from actsearch import Program, report
from actsearch.analysis import Verification
from actsearch.archive import Archive
from actsearch.data import get_collection, prepare, prepared
from actsearch.study import plan
from actsearch.tasks import Task

IMAGES = {"train": 400, "test": 32}
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


def verified_medians(
    programs: Mapping[str, Program], tasks: Sequence[Task], seeds: int, out: Path
) -> tuple[Verification, dict[str, dict[str, float]]]:
    """Verifies named programs, the first of them the baseline, on tasks that take hours, and prints their medians.

    Args:
      programs: by name; those that are equal are trained once.
      tasks: to train on.
      seeds: how many fresh ones.
      out: folder where trainings are saved while they go on, so that the same call goes on after a kill.

    Returns:
      The verification, and name -> task -> median test score.
    """
    baseline = next(iter(programs.values()))
    verification, scores = verified(programs, list(tasks), seeds, baselines=baseline, out=out)
    medians = {
        name: {task: median(scores[task][name]) for task in verification.tasks} for name in scores[tasks[0].name]
    }
    columns = ["function", *(report.Column(task, ".4f") for task in verification.tasks)]
    rows = [(name, *by_task.values()) for name, by_task in medians.items()]
    report.show(report.render(rows, columns, f"Median test score of {seeds} seeds"))
    return verification, medians

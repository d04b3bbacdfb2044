"""The commands that list what there is: `actsearch tasks | spaces`."""

import time
from typing import Any

import jax
import tyro
from flax import nnx

from actsearch.cli.common import Json, print_json
from actsearch.engine import count_functions
from actsearch.evaluation import TABLES, Trainer, check_task
from actsearch.language import ActsearchError
from actsearch.nn import Layer
from actsearch.report import Column, render, show
from actsearch.spaces import SPACES, get_space
from actsearch.tasks import TASKS, Task, get_task

ENUMERABLE = 100_000
"""Genotypes of the largest space whose functions are counted."""


def tasks(measure: bool = False, check: str | None = None, json: Json = False) -> None:
    """List the tasks: data, network, parameters and steps.

    Example: actsearch tasks

    Your own, checked before anything trains: actsearch tasks --check my_task.py:make

    Args:
        measure: train each task's baseline, to measure seconds per candidate here, all devices together; about half a
            minute for all. Empty for a task whose data is not on this machine.
        check: a task, by its name or as file.py:function, whose contract is checked instead.
    """
    if check is not None:
        _check(check, json)
        return
    rows = [_task_row(name, measure) for name in TASKS]
    if json:
        print_json(rows)
        return
    columns: list[Column | str] = ["task", "kind", "data and network"]
    columns += [Column("parameters", ",d"), Column("steps", ",d")]
    names = ["task", "kind", "summary", "parameters", "steps"]
    if measure:
        columns.append(Column("s/candidate", ".3f"))
        names.append("seconds_per_candidate")
    show(render([[row[name] for name in names] for row in rows], columns, "Tasks"))
    print(f"Tables, for searches that train nothing: {', '.join(TABLES)}.")


def _check(name: str, json: bool) -> None:
    """Prints what was checked of a task; raises what is wrong."""
    task = get_task(name)
    lines = check_task(task)
    if json:
        print_json({"task": task.name, "digest": task.digest, "checked": lines})
        return
    print("\n".join([f"{task.name}: {task.summary or task.kind}", *(f"  {line}" for line in lines)]))


def spaces(name: tyro.conf.Positional[str | None] = None, json: Json = False) -> None:
    """List the spaces, or count one: expressions, functionally distinct ones, and those that are finite.

    Example: actsearch spaces swish-1

    Args:
        name: a space whose distinct functions are counted, where it has at most 100,000 expressions.
    """
    if name is None:
        rows = [_space_row(known) for known in SPACES]
    else:
        rows = [_space_row(name)]
        if get_space(name).count() <= ENUMERABLE:
            rows[0] |= count_functions(get_space(name))._asdict()
    if json:
        print_json(rows if name is None else rows[0])
        return
    columns = [key if isinstance(value, str) else Column(key, ",d") for key, value in rows[0].items()]
    show(render([list(row.values()) for row in rows], columns, "Spaces"))


def _space_row(name: str) -> dict[str, Any]:
    space = get_space(name)
    return {"space": name, "kind": space.kind, "decisions": len(space.decisions), "expressions": space.count()}


def _task_row(name: str, measure: bool) -> dict[str, Any]:
    task = get_task(name)
    row = {
        "task": name,
        "kind": task.kind,
        "summary": task.summary,
        "parameters": _parameters(task),
        "steps": task.steps,
    }
    return {**row, "seconds_per_candidate": _seconds(task) if measure else None}


def _parameters(task: Task) -> int:
    """Returns the number of trainable parameters of a task's network with its baseline."""
    network = nnx.eval_shape(lambda: task.init(lambda features: Layer(task.baseline, features), jax.random.key(0)))
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))


def _seconds(task: Task) -> float | None:
    """Returns wall seconds a training, warm, with every device busy; None where the task's data is not here."""
    trainer = Trainer.specialized(task, task.baseline)
    jobs = trainer.jobs([()] * len(jax.devices()), seeds=[0])
    try:
        trainer(jobs)
    except ActsearchError:
        return None
    began = time.perf_counter()
    trainer(jobs)
    return (time.perf_counter() - began) / len(jobs)

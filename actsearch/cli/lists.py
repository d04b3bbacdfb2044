"""The commands that list what there is: `actsearch tasks | spaces`."""

import math
from typing import Any

import jax
import tyro
from flax import nnx

from actsearch.cli.common import Json, at_least, explain, print_json
from actsearch.engine import count_functions
from actsearch.evaluation import TABLES, check_task, fidelity_of, measure_task
from actsearch.language import ActsearchError
from actsearch.nn import Layer
from actsearch.report import Column, fidelity_text, render, show
from actsearch.spaces import SPACES, get_space
from actsearch.tasks import DEEP, TASKS, Task, get_task

ENUMERABLE = 100_000
"""Genotypes of the largest space whose functions are counted."""


def tasks(
    names: tyro.conf.Positional[tuple[str, ...]] = (),
    measure: bool = False,
    check: bool = False,
    seeds: int = 3,
    limit: float = 60.0,
    json: Json = False,
) -> None:
    """List the tasks: data, network, parameters and steps.

    Example: actsearch tasks

    What they are worth: actsearch tasks mnist1d-mlp digits-mlp --measure

    Your own, checked before anything trains: actsearch tasks --check my_task.py:make

    Args:
        names: of tasks; all when left out.
        measure: train the identity and known functions here, and print what a score is worth: the gap between the best
            of them and the identity over the standard deviation of a seed; the noise floor, the smallest difference of
            two functions that 3 and 8 seeds see at 95 %; seconds a training; and the published fidelity. Up to --limit
            and half a minute of compilation for each task. Empty for a task whose data is not on this machine.
        check: check the contract of the named tasks, and print what a score on each is worth.
        seeds: trainings of each known function.
        limit: seconds of training for each task; of one that needs more only the seconds of a training are measured.
    """
    at_least("--seeds", seeds, 2)
    if check:
        _check(names, seeds, limit, json)
        return
    rows = [_task_row(name) for name in names or TASKS]
    if measure:
        rows = [row | _worth(get_task(row["task"]), seeds, limit) for row in rows]
    if json:
        print_json(rows)
        return
    if measure:
        _show_worth(rows)
    else:
        columns: list[Column | str] = ["task", "kind", "data and network"]
        columns += [Column("parameters", ",d"), Column("steps", ",d")]
        show(render([list(row.values()) for row in rows], columns, "Tasks"))
    if not names:
        print(f"Deep networks, for verification: {', '.join(DEEP)}.")
        print(f"Tables, for searches that train nothing: {', '.join(TABLES)}.")


def _worth(task: Task, seeds: int, limit: float) -> dict[str, Any]:
    """Returns what a task is worth; None for what is not known."""
    try:
        task.data()
    except ActsearchError as error:  # the data are not on this machine
        explain(f"{task.name}: {error}")
        return dict.fromkeys((*_WORTH, "fidelity"))
    explain(f"{task.name} ...")
    worth = measure_task(task, seeds, limit=limit, report=explain)
    facts = worth._asdict() | {"floor_3": worth.floor(3), "floor_8": worth.floor(8)}
    numbers = {name: facts[name] if math.isfinite(facts[name]) else None for name in _WORTH if name != "best"}
    return numbers | {"best": worth.best or None, "fidelity": fidelity_text(fidelity_of(task)) or None}


_WORTH = ("gap_over_noise", "best", "gap", "sd", "floor_3", "floor_8", "seconds")


def _show_worth(rows: list[dict[str, Any]]) -> None:
    columns: list[Column | str] = ["task", "kind", Column("gap / sd", ".1f"), "best known", Column("gap", ".4f")]
    columns += [Column("sd", ".4f"), Column("floor, 3 seeds", ".4f"), Column("8 seeds", ".4f")]
    columns += [Column("s/training", ".3f")]
    names = ["task", "kind", *_WORTH]
    show(render([[row[name] for name in names] for row in rows], columns, "What a score on each task is worth"))
    for row in rows:
        if row["fidelity"]:
            print(row["fidelity"])


def _check(names: tuple[str, ...], seeds: int, limit: float, json: bool) -> None:
    """Prints what was checked of tasks and what their scores are worth; raises what is wrong."""
    if not names:
        raise ActsearchError("--check needs a task: write actsearch tasks --check my_task.py:make, or a name.")
    rows = []
    for name in names:
        task = get_task(name)
        lines = check_task(task)  # first: the digest needs a task that is right
        rows.append({"task": task.name, "kind": task.kind, "digest": task.digest, "checked": lines})
        if not json:
            print("\n".join([f"{task.name}: {task.summary or task.kind}", *(f"  {line}" for line in lines)]))
        rows[-1] |= _worth(task, seeds, limit)
    if json:
        print_json(rows)
    else:
        _show_worth(rows)


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


def _task_row(name: str) -> dict[str, Any]:
    task = get_task(name)
    return {
        "task": name,
        "kind": task.kind,
        "summary": task.summary,
        "parameters": _parameters(task),
        "steps": task.steps,
    }


def _parameters(task: Task) -> int:
    """Returns the number of trainable parameters of a task's network with its baseline."""
    network = nnx.eval_shape(lambda: task.init(lambda features: Layer(task.baseline, features), jax.random.key(0)))
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))

"""The commands that list what there is: `actsearch tasks | space`."""

import time
from typing import Any

import jax
import tyro
from flax import nnx

from actsearch.cli.common import Json, print_json, reference
from actsearch.engine import probe
from actsearch.evaluation import Job, Scorer
from actsearch.evaluation.tabular import TABULAR
from actsearch.nn import Layer
from actsearch.report.tables import Column, render
from actsearch.report.tables import show as print_table
from actsearch.spaces import get_space
from actsearch.tasks import TASKS, Task, get_task


def tasks(measure: bool = True, json: Json = False) -> None:
    """List the tasks: data, network, parameters, steps, rate, and seconds per candidate measured here.

    Example: actsearch tasks

    Args:
        measure: train ReLU, or BatchNorm and ReLU, to measure seconds per candidate, all devices together; about half a
            minute for all. Empty for a task whose data is not on this machine.
    """
    rows = [_task_row(name, measure) for name in TASKS]
    if json:
        print_json(rows)
        return
    columns = (
        *("task", "data and network", Column("parameters", ",d"), Column("steps", ",d"), Column("batch", "d")),
        *(Column("rate", "g"), Column("s/candidate", ".3f")),
    )
    shown = ("task", "summary", "parameters", "steps", "batch_size", "learning_rate", "seconds_per_candidate")
    print_table(render([[row[key] for key in shown] for row in rows], columns, "Tasks"))
    for rule in dict.fromkeys(row["rate_rule"] for row in rows):
        print(f"{', '.join(row['task'] for row in rows if row['rate_rule'] == rule)}: {rule}.")
    print(f"Tables, for searches that train nothing: {', '.join(TABULAR)}.")


def space(name: tyro.conf.Positional[str] = "swish-1", json: Json = False) -> None:
    """Count a space: expressions, functionally distinct ones, and those finite on the probe.

    Example: actsearch space swish-1

    Args:
        name: as for `actsearch search`; larger spaces are only counted as expressions.
    """
    chosen = get_space(name)
    facts: dict[str, Any] = {"space": name, "decisions": len(chosen.decisions), "expressions": chosen.count()}
    if chosen.count() <= 100_000:
        probes = {p.fingerprint: p.finite for p in map(probe, chosen.enumerate())}
        facts |= {"distinct": len(probes), "finite": sum(probes.values())}
    if json:
        print_json(facts)
        return
    for key, value in facts.items():
        print(f"{key:12} {value:,}" if isinstance(value, int) else f"{key:12} {value}")


def _task_row(name: str, measure: bool) -> dict[str, Any]:
    task = get_task(name)
    network = nnx.eval_shape(lambda: task.init(lambda features: Layer(reference(task), features), jax.random.key(0)))
    parameters = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))
    recipe = task.recipe
    row = {"task": name, "summary": task.summary, "parameters": parameters, "steps": recipe.steps}
    row |= {"batch_size": recipe.batch_size, "learning_rate": recipe.learning_rate, "rate_rule": recipe.rate_rule}
    return {**row, "seconds_per_candidate": _seconds(task) if measure else None}


def _seconds(task: Task) -> float | None:
    """Returns wall seconds a training, warm, with every device busy; None where the task's data is not here."""
    try:
        scorer = Scorer.specialized(task, reference(task), seeds=[0])
    except (OSError, ImportError, ValueError):
        return None
    jobs = [Job((), 0)] * len(jax.devices())
    scorer(jobs)
    began = time.perf_counter()
    scorer(jobs)
    return (time.perf_counter() - began) / len(jobs)

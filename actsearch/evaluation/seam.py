"""What evaluation asks of a task beside what tasks have today; it goes when they have it."""

import hashlib
from typing import Any

from actsearch.tasks import Task


def digest_of(task: Any) -> str:
    """Returns the identity of a task's content."""
    if hasattr(task, "digest"):
        return str(task.digest)
    return hashlib.blake2b(repr((task.name, task.recipe, task.quality)).encode(), digest_size=8).hexdigest()


def at_fidelity(task: Any, share: float) -> Any:
    """Returns the task trained for a share of its steps."""
    if hasattr(task, "at_fidelity"):
        return task.at_fidelity(share)
    return task.shortened(max(1, round(task.recipe.steps * share)))


def kind_of(task: Any) -> str:
    """Returns what a candidate is at the task's sites."""
    return task.kind if hasattr(task, "kind") else ("layer" if task.layers else "activation")


def steps_of(task: Any) -> int:
    """Returns the number of training steps."""
    return int(task.steps if hasattr(task, "steps") else task.recipe.steps)


def baseline_of(task: Any) -> Any:
    """Returns the program that candidates are compared with."""
    if hasattr(task, "baseline"):
        return task.baseline
    from actsearch.catalog import CATALOG

    return CATALOG["batch_norm_relu" if task.layers else "relu"].program


__all__ = ["Task", "at_fidelity", "baseline_of", "digest_of", "kind_of", "steps_of"]

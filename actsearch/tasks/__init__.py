"""What a candidate is scored on. A new task is one file and one row here; the contract tests cover it at once."""

from actsearch.tasks.base import Data, Recipe, Split, Task
from actsearch.tasks.digits import digits_deep_mlp, digits_mlp, digits_resnet

TASKS = {"digits-mlp": digits_mlp, "digits-deep-mlp": digits_deep_mlp, "digits-resnet": digits_resnet}
"""Name -> function that makes the task."""


def get_task(name: str) -> Task:
    """Returns a named task; raises ValueError with the known names otherwise."""
    if name not in TASKS:
        raise ValueError(f"Unknown task {name!r}; write one of {', '.join(TASKS)}.")
    return TASKS[name]()


__all__ = ["TASKS", "Data", "Recipe", "Split", "Task", "get_task"]

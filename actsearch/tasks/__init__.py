"""What a candidate is scored on. A new task is one file and one row here; the contract tests cover it at once."""

from actsearch.tasks.base import Data, Quality, Recipe, Split, Task
from actsearch.tasks.cifar10 import cifar10_efficientnet_layer, cifar10_mobilenet_layer, cifar10_resnet_layer
from actsearch.tasks.digits import (
    digits_deep_mlp,
    digits_efficientnet_layer,
    digits_mlp,
    digits_mobilenet_layer,
    digits_resnet,
    digits_resnet_layer,
)
from actsearch.tasks.warped import (
    warped_mobilenet_layer,
    warped_resnet_layer,
    warped_resnet_layer_batch4,
    warped_resnet_layer_batch16,
)

TASKS = {
    "digits-mlp": digits_mlp,
    "digits-deep-mlp": digits_deep_mlp,
    "digits-resnet": digits_resnet,
    "digits-resnet-layer": digits_resnet_layer,
    "digits-mobilenet-layer": digits_mobilenet_layer,
    "digits-efficientnet-layer": digits_efficientnet_layer,
    "warped-resnet-layer": warped_resnet_layer,
    "warped-resnet-layer-batch16": warped_resnet_layer_batch16,
    "warped-resnet-layer-batch4": warped_resnet_layer_batch4,
    "warped-mobilenet-layer": warped_mobilenet_layer,
    "cifar10-resnet-layer": cifar10_resnet_layer,
    "cifar10-mobilenet-layer": cifar10_mobilenet_layer,
    "cifar10-efficientnet-layer": cifar10_efficientnet_layer,
}
"""Name -> function that makes the task."""


ANCHORS = ("digits-resnet-layer", "digits-mobilenet-layer", "digits-efficientnet-layer")
"""Three networks that differ in kind, on which layers are searched; "digits-anchors" names all three."""

TASK_SETS = {"digits-anchors": ANCHORS}


def get_tasks(names: str) -> tuple[Task, ...]:
    """Returns the tasks of names joined by "+", or of a set of tasks; raises ValueError for an unknown name.

    Example:
      >>> [task.name for task in get_tasks("digits-mlp+digits-resnet")]
      ['digits-mlp', 'digits-resnet']
    """
    parts = [name for part in names.split("+") for name in TASK_SETS.get(part, (part,))]
    return tuple(get_task(name) for name in dict.fromkeys(parts))


def get_task(name: str) -> Task:
    """Returns a named task; raises ValueError with the known names otherwise.

    A number of steps after the name makes a task of that length: "digits-mlp@100".
    """
    known, at, steps = name.partition("@")
    if known not in TASKS or (at and not steps.isdecimal()):
        raise ValueError(f"Unknown task {name!r}; write one of {', '.join([*TASKS, *TASK_SETS])}.")
    task = TASKS[known]()
    return task.shortened(int(steps)) if at else task


__all__ = [
    "ANCHORS",
    "TASKS",
    "TASK_SETS",
    "Data",
    "Quality",
    "Recipe",
    "Split",
    "Task",
    "get_task",
    "get_tasks",
]

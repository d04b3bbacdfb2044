"""Names of tasks: what `search`, the command line and the contract tests find them by."""

import difflib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from actsearch.language import ActsearchError
from actsearch.tasks import cifar10, digits, inr, mnist1d, mnist5k, photos, text, warped
from actsearch.tasks.base import Task
from actsearch.tasks.cifar_deep import CIFAR_DEEP, DEEP_SETS
from actsearch.tasks.imagenet import imagenet_resnet50
from actsearch.tasks.source import load_task

_TASKS: dict[str, Callable[[], Task]] = {
    "digits-mlp": digits.digits_mlp,
    "digits-deep-mlp": digits.digits_deep_mlp,
    "digits-resnet": digits.digits_resnet,
    "digits-resnet-layer": digits.digits_resnet_layer,
    "digits-mobilenet-layer": digits.digits_mobilenet_layer,
    "digits-efficientnet-layer": digits.digits_efficientnet_layer,
    "mnist1d-mlp": mnist1d.mnist1d_mlp,
    "mnist1d-resnet": mnist1d.mnist1d_resnet,
    "photos-cnn": photos.photos_cnn,
    "photos-cnn-24": photos.photos_cnn_24,
    "photos-grey-cnn": photos.photos_grey_cnn,
    "photos-mlp": photos.photos_mlp,
    "photos-mlp-24": photos.photos_mlp_24,
    "photos-resnet-layer": photos.photos_resnet_layer,
    "photos-resnet-layer-24": photos.photos_resnet_layer_24,
    "inr-photo": inr.inr_photo,
    "inr-photo-2": inr.inr_photo_2,
    "mnist5k-resnet": mnist5k.mnist5k_resnet,
    "text-ffn": text.text_ffn,
    "text-ffn-short": text.text_ffn_short,
    "text-ffn-long": text.text_ffn_long,
    "text-ffn-muon": text.text_ffn_muon,
    "text-ffn-wide": text.text_ffn_wide,
    "text-gate": text.text_gate,
    "text-norm": text.text_norm,
    "warped-resnet-layer": warped.warped_resnet_layer,
    "warped-resnet-layer-batch16": warped.warped_resnet_layer_batch16,
    "warped-resnet-layer-batch4": warped.warped_resnet_layer_batch4,
    "warped-mobilenet-layer": warped.warped_mobilenet_layer,
    "cifar10-resnet20": cifar10.cifar10_resnet20,
    "cifar10-resnet-layer": cifar10.cifar10_resnet_layer,
    "cifar10-mobilenet-layer": cifar10.cifar10_mobilenet_layer,
    "cifar10-efficientnet-layer": cifar10.cifar10_efficientnet_layer,
}

TASKS: Mapping[str, Callable[[], Task]] = MappingProxyType(_TASKS)
"""Name -> function that makes the task. Read only; `register` adds one."""

DEEP: Mapping[str, Callable[[], Task]] = MappingProxyType({**CIFAR_DEEP, "imagenet-resnet50": imagenet_resnet50})
"""Name -> function that makes the task. Apart from TASKS: to trace such a network alone takes seconds."""

ANCHORS = ("digits-resnet-layer", "digits-mobilenet-layer", "digits-efficientnet-layer")
"""Three networks that differ in kind, on which layers are searched; "digits-anchors" names all three."""

TASK_SETS: Mapping[str, tuple[str, ...]] = MappingProxyType({"digits-anchors": ANCHORS, **DEEP_SETS})
"""Name -> names of the tasks of a set. Read only."""


def register(name: str, factory: Callable[[], Task]) -> None:
    """Adds a task to TASKS.

    Args:
      name: as in the task itself; without "+", which joins names.
      factory: function without arguments that makes the task.

    Raises:
      ActsearchError: a name that cannot be, or that another task has.
    """
    if not name or "+" in name or ":" in name or name in TASK_SETS:
        raise ActsearchError(
            f'The name of a task is no empty text, has no "+" or ":" and is no set\'s; received {name!r}.'
        )
    if factory_of(name) not in (None, factory):
        raise ActsearchError(f"There is a task {name!r} already; register yours under another name.")
    _TASKS[name] = factory


def factory_of(name: str) -> Callable[[], Task] | None:
    """Returns the function that makes a named task of `TASKS` or `DEEP`; None for an unknown name."""
    return _TASKS.get(name) or DEEP.get(name)


def get_task(name: str) -> Task:
    """Returns a named task, or the one of "file.py:function" or "package.module:function"; of one name they are equal.

    Raises:
      ActsearchError: an unknown name, with the nearest known ones in the message; the name of a set of tasks; or no
        such file or function, or one that returns no task.

    Example:
      >>> get_task("digits-mlp") == get_task("digits-mlp")
      True
    """
    if ":" in name:
        return load_task(name)
    make = factory_of(name)
    if name.endswith(".py"):
        raise ActsearchError(f"{name} is a file; write {name}:make, with the name of its function that makes the task.")
    if name in TASK_SETS:
        raise ActsearchError(f"{name} is a set of tasks; give one of them: {' or '.join(TASK_SETS[name])}.")
    if make is None:
        known = [*TASKS, *DEEP, *TASK_SETS]
        near = difflib.get_close_matches(name, known, n=3) or known
        raise ActsearchError(f"Unknown task {name!r}; write {' or '.join(near)}.")
    return make()


def get_tasks(names: str) -> tuple[Task, ...]:
    """Returns the tasks of names joined by "+", or of a set of tasks; raises ActsearchError for an unknown name.

    Example:
      >>> [task.name for task in get_tasks("digits-mlp+digits-resnet")]
      ['digits-mlp', 'digits-resnet']
    """
    parts = [name for part in names.split("+") for name in TASK_SETS.get(part, (part,))]
    return tuple(get_task(name) for name in dict.fromkeys(parts))

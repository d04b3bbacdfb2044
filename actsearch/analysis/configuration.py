"""What a run's configuration says: space, tasks, controller, and the settings that tell runs apart. For `compare_runs`.

The archive gives configurations of its first format with the names of today, without digests.
"""

from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]
"""The configuration of a run: "space", "space_digest", "evaluator", "controller", "seed", "batch"."""

Digests = Mapping[str, str | None]
"""Names with what they are made of; None where the archive does not know."""


_NO_SETTINGS = (
    "controller",
    "digest",
    "evaluator",
    "seed",
    "seeds",
    "space",
    "space_digest",
    "table",
    "tasks",
)


def space_digests(config: Config) -> Digests:
    """Returns the name of the space with its digest."""
    return {str(config.get("space")): config.get("space_digest")}


def task_digests(config: Config) -> Digests:
    """Returns the names of the tasks, or of the table, with their digests; another evaluator is named by its kind.

    Example:
      >>> task_digests({"evaluator": {"kind": "training", "tasks": {"digits-mlp": "f00d", "digits-resnet": None}}})
      {'digits-mlp': 'f00d', 'digits-resnet': None}
    """
    evaluator = config.get("evaluator", {})
    if "tasks" in evaluator:
        return dict(evaluator["tasks"])
    if "table" in evaluator:
        return {str(evaluator["table"]): evaluator.get("digest")}
    return {str(evaluator.get("kind")): None}


def controller_name(config: Config) -> str:
    """Returns the controller's short name, within those of its wrappers.

    Example:
      >>> controller_name({"controller": {"name": "repeated", "share": 0.1, "inner": {"name": "ppo", "entropy": 0.1}}})
      'repeated(ppo)'
    """
    return _controller_name(config.get("controller", {}))


def settings(config: Config) -> dict[str, Any]:
    """Returns what runs on one space and task may differ in but their seeds, of evaluator and controller too.

    Example:
      >>> settings({"space": "swish-1", "controller": {"name": "evolution", "population": 50}, "seed": 3})
      {'name': 'evolution', 'population': 50}
    """
    values = {**config, **config.get("evaluator", {}), **config.get("controller", {})}
    if "seeds" in values:
        values["seeds_per_trial"] = len(values["seeds"])
    return {name: value for name, value in values.items() if name not in _NO_SETTINGS}


def _controller_name(controller: Mapping[str, Any]) -> str:
    name = str(controller.get("name"))
    return f"{name}({_controller_name(controller['inner'])})" if "inner" in controller else name

"""What a run's configuration says: space, tasks, controller, and the settings that tell runs apart. For `compare_runs`.

Archives of format 1 name the task and the controller, with the controller's `options`; those of format 2 hold the
identity of the evaluator, and the controller with all of its hyperparameters.
"""

from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]
"""The configuration of an archive, of either format."""


def space_digests(config: Config) -> dict[str, str]:
    """Returns the name of the space with its digest, empty where the archive does not have it."""
    return {str(config.get("space")): str(config.get("space_digest", ""))}


def task_digests(config: Config) -> dict[str, str]:
    """Returns the names of the tasks, or of the table, with their digests; empty where the archive has none.

    Example:
      >>> task_digests({"task": "digits-mlp+digits-resnet"})
      {'digits-mlp': '', 'digits-resnet': ''}
      >>> task_digests({"evaluator": {"kind": "training", "tasks": {"digits-mlp": "f00d"}}})
      {'digits-mlp': 'f00d'}
    """
    evaluator = config.get("evaluator")
    if evaluator is None:
        return dict.fromkeys(str(config.get("task")).split("+"), "")
    if "table" in evaluator:
        return {str(evaluator["table"]): str(evaluator.get("digest", ""))}
    return dict(evaluator["tasks"])


def controller_name(config: Config) -> str:
    """Returns the controller's short name, within those of its wrappers.

    Example:
      >>> controller_name({"controller": {"name": "repeated", "share": 0.1, "inner": {"name": "ppo", "entropy": 0.1}}})
      'repeated(ppo)'
    """
    return _controller_name(config.get("controller"))


def settings(config: Config) -> dict[str, Any]:
    """Returns all of a configuration but its seeds, with those of evaluator and controller beside the others.

    Example:
      >>> settings({"space": "swish-1", "controller": "evolution", "options": {"population": 50}, "seed": 3})
      {'space': 'swish-1', 'population': 50, 'name': 'evolution'}
    """
    named = {key: value for key, value in config.items() if key not in ("seed", "controller", "options", "evaluator")}
    evaluator = dict(config.get("evaluator", {}))
    if "seeds" in evaluator:
        named["seeds_per_trial"] = len(evaluator.pop("seeds"))
    controller = config.get("controller")
    if not isinstance(controller, Mapping):
        controller = {**config.get("options", {}), "name": controller}
    return named | evaluator | dict(controller)


def _controller_name(controller: Any) -> str:
    if not isinstance(controller, Mapping):
        return str(controller)
    name = str(controller["name"])
    return f"{name}({_controller_name(controller['inner'])})" if "inner" in controller else name

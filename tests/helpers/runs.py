"""Not a test: runs made by hand, with configurations of both formats of the archive."""

from typing import Any, NamedTuple

from actsearch.archive.format1 import convert_config
from actsearch.language import parse
from actsearch.trials import Trial


class HandMadeRun(NamedTuple):
    """What `compare_runs` needs of a run."""

    name: str
    config: dict[str, Any]
    outcomes: list[Trial]


def scored(scores):
    """Returns trials of different functions with these scores."""
    return [Trial(i, parse("x"), str(i), "ok", score) for i, score in enumerate(scores)]


def old_run(name, scores, controller="random", seed=0, options=None, **config):
    """Returns a run as it comes from an archive of format 1."""
    config = {"space": "swish-1", "task": "digits", "controller": controller, "seed": seed, "batch": 64, **config}
    config |= {"options": options or {}, "seeds_per_trial": 1}
    return HandMadeRun(name, convert_config(config), scored(scores))


def run(name, scores, controller="random", seed=0, *, space="swish-1", digest="s", tasks=None, engine="interpret"):
    """Returns a run as archives of format 2 hold it; the controller is a name or a configuration."""
    if isinstance(controller, str):
        controller = {"name": controller}
    evaluator = {"kind": "training", "tasks": tasks or {"digits": "t"}, "engine": engine, "seeds": [seed]}
    config = {"space": space, "space_digest": digest, "evaluator": evaluator, "controller": controller, "seed": seed}
    return HandMadeRun(name, config | {"batch": 64}, scored(scores))

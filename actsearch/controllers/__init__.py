"""How candidates are proposed: (init, ask, tell). A new controller is one file and one row here."""

from actsearch.controllers.base import Controller, Proposal
from actsearch.controllers.exhaustive import exhaustive
from actsearch.controllers.gflownet import gflownet
from actsearch.controllers.pareto_tournament import pareto_tournament
from actsearch.controllers.ppo import ppo
from actsearch.controllers.random_search import random_search
from actsearch.controllers.regularized_evolution import regularized_evolution
from actsearch.controllers.repeated import repeated
from actsearch.controllers.successive_halving import successive_halving
from actsearch.controllers.surrogate import surrogate
from actsearch.spaces import Space

CONTROLLERS = {
    "random": random_search,
    "exhaustive": exhaustive,
    "evolution": regularized_evolution,
    "pareto": pareto_tournament,
    "ppo": ppo,
    "gflownet": gflownet,
    "surrogate": surrogate,
}
"""Name -> function (space, **options) that makes the controller."""


def get_controller(name: str, space: Space, **options) -> Controller:
    """Returns a named controller of a space; raises ValueError for an unknown name or option."""
    if name not in CONTROLLERS:
        raise ValueError(f"Unknown controller {name!r}; write one of {', '.join(CONTROLLERS)}.")
    try:
        return CONTROLLERS[name](space, **options)
    except TypeError as error:
        raise ValueError(f"Controller {name!r} does not take these options: {error}.") from error


__all__ = [
    "CONTROLLERS",
    "Controller",
    "Proposal",
    "exhaustive",
    "get_controller",
    "gflownet",
    "pareto_tournament",
    "ppo",
    "random_search",
    "regularized_evolution",
    "repeated",
    "successive_halving",
    "surrogate",
]

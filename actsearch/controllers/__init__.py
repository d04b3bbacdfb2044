"""How candidates are proposed: init, ask, tell. A new controller is one file; `register` makes its name known."""

from actsearch.controllers.base import Controller
from actsearch.controllers.exhaustive import Exhaustive
from actsearch.controllers.gflownet import GFlowNet
from actsearch.controllers.pareto_evolution import ParetoEvolution
from actsearch.controllers.ppo import PPO
from actsearch.controllers.random_search import Random
from actsearch.controllers.registry import CONTROLLERS, get_controller, register
from actsearch.controllers.regularized_evolution import RegularizedEvolution
from actsearch.controllers.repeated import Repeated
from actsearch.controllers.seeded import Seeded
from actsearch.controllers.successive_halving import SuccessiveHalving
from actsearch.controllers.surrogate import Surrogate

__all__ = [
    "CONTROLLERS",
    "PPO",
    "Controller",
    "Exhaustive",
    "GFlowNet",
    "ParetoEvolution",
    "Random",
    "RegularizedEvolution",
    "Repeated",
    "Seeded",
    "SuccessiveHalving",
    "Surrogate",
    "get_controller",
    "register",
]

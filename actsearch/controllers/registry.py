"""The controllers by name, for the command line and for benchmarks."""

import dataclasses
import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from actsearch.controllers.base import Controller
from actsearch.controllers.exhaustive import Exhaustive
from actsearch.controllers.gflownet import GFlowNet
from actsearch.controllers.pareto_evolution import ParetoEvolution
from actsearch.controllers.ppo import PPO
from actsearch.controllers.random_search import Random
from actsearch.controllers.regularized_evolution import RegularizedEvolution
from actsearch.controllers.surrogate import Surrogate
from actsearch.language import ActsearchError

Kind = TypeVar("Kind", bound=type[Controller[Any]])

_KINDS: dict[str, type[Controller[Any]]] = {
    kind.name: kind for kind in (Random, Exhaustive, RegularizedEvolution, ParetoEvolution, PPO, GFlowNet, Surrogate)
}

CONTROLLERS: Mapping[str, type[Controller[Any]]] = MappingProxyType(_KINDS)
"""Classes of controllers by name; read-only, `register` adds to it."""


def register(kind: Kind) -> Kind:
    """Makes a class of controllers known by its name; may be used as a decorator.

    Args:
      kind: a frozen dataclass derived from `Controller`, with a name of its own and a default for every field.

    Raises:
      ActsearchError: another kind of class, or a name that is taken.
    """
    if not (isinstance(kind, type) and issubclass(kind, Controller) and _is_frozen(kind)):
        raise ActsearchError(f"register takes a frozen dataclass derived from Controller; received {kind!r}.")
    missing = [field.name for field in dataclasses.fields(kind) if _required(field)]  # type: ignore[arg-type]
    if missing or inspect.isabstract(kind) or not hasattr(kind, "name"):
        raise ActsearchError(
            f"A controller that has a name can be made without arguments; {kind.__name__} lacks "
            f"{', '.join(missing) or 'a name, or one of init, ask and tell'}."
        )
    if _KINDS.setdefault(kind.name, kind) is not kind:
        raise ActsearchError(f"The name {kind.name!r} is that of {_KINDS[kind.name].__name__}: choose another one.")
    return kind


def get_controller(name: str, **options: Any) -> Controller[Any]:
    """Returns a controller by name.

    Args:
      name: of `CONTROLLERS`.
      options: hyperparameters, the fields of its class.

    Raises:
      ActsearchError: an unknown name or option, or a value out of range.

    Example:
      >>> get_controller("evolution", population=50)
      RegularizedEvolution(population=50, sample=25, mutation=1.0, transforms=(), transformed=0.2)
    """
    if name not in CONTROLLERS:
        raise ActsearchError(f"Unknown controller {name!r}; write one of {', '.join(CONTROLLERS)}.")
    kind = CONTROLLERS[name]
    try:
        inspect.signature(kind).bind(**options)
    except TypeError as error:
        known = ", ".join(field.name for field in dataclasses.fields(kind)) or "none"  # type: ignore[arg-type]
        raise ActsearchError(
            f"The controller {name!r} does not take these options: {error}; it has {known}."
        ) from error
    return kind(**options)


def _is_frozen(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.init and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING

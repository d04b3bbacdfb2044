"""The default of a search that trains: all shortly, the best in full, the promising with more seeds."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from actsearch.archive import Archive
from actsearch.controllers import Controller, Repeated, SuccessiveHalving

RUNGS, ETA = 2, 9
"""The best ninth of what is trained for a ninth of the steps is trained in full."""

SHARE = 0.1
"""Of the proposals, the most that train promising candidates with further seeds."""

BATCHES = 4
"""A search of fewer batches trains in full: its short trainings would be over before the long ones begin."""

_WRAPPERS: Mapping[str, Callable[..., Controller[Any]]] = {kind.name: kind for kind in (Repeated, SuccessiveHalving)}


def multi_fidelity(controller: Controller[Any], budget: int, batch: int = 64, share: float = SHARE) -> Controller[Any]:
    """Returns a controller whose candidates are trained shortly, the best of them in full, and these with more seeds.

    A trial counts for the budget whether it is short, full or a repeat. A small budget leaves the controller as it is.

    Args:
      controller: proposes; neither a `Repeated` nor a `SuccessiveHalving`.
      budget: number of trials of the search.
      batch: proposals per round, at least 1.
      share: of the proposals for repeats, below 1; 0 for none.

    Raises:
      ActsearchError: a share out of range, or a controller that repeats or halves.

    Source: `SuccessiveHalving` and `Repeated`; RUNGS, ETA and SHARE were chosen on every function of a space at three
    fidelities, see docs/studies/multi_fidelity.md.

    Example:
      >>> from actsearch.controllers import Random
      >>> multi_fidelity(Random(), budget=1000)
      Repeated(inner=SuccessiveHalving(inner=Random(), rungs=2, eta=9), share=0.1, most=4)
      >>> multi_fidelity(Random(), budget=100)
      Random()
    """
    halved: Controller[Any] = SuccessiveHalving(controller, RUNGS, ETA)
    wrapped = Repeated(halved, share) if share else halved
    return wrapped if budget >= max(BATCHES * batch, wrapped.min_budget()) else controller


def as_begun(controller: Controller[Any], out: str | os.PathLike[str] | None) -> Controller[Any] | None:
    """Returns a controller in the wrappers of the run in a directory, which that run has to keep.

    None where there is no run, or one of another controller.
    """
    if out is None or not Archive.exists(out):
        return None
    with Archive.read(out) as archive:
        return _wrapped_as(archive.config.get("controller"), controller)


def _wrapped_as(config: Any, controller: Controller[Any]) -> Controller[Any] | None:
    """Returns the controller in the wrappers of a stored configuration."""
    if config == controller.config():
        return controller
    if not isinstance(config, Mapping) or config.get("name") not in _WRAPPERS:
        return None
    options = {name: value for name, value in config.items() if name not in ("name", "inner")}
    inner = _wrapped_as(config.get("inner"), controller)
    return inner and _WRAPPERS[config["name"]](inner, **options)

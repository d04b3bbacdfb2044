"""Names of spaces: what `search`, the command line and the contract tests find them by."""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType

from actsearch.language import ActsearchError
from actsearch.spaces.act_bench_space import act_bench
from actsearch.spaces.base import Space
from actsearch.spaces.evonorm_space import evonorm
from actsearch.spaces.gate_space import gate
from actsearch.spaces.norm_space import norm
from actsearch.spaces.swish_space import swish

_SPACES: dict[str, Callable[[], Space]] = {
    **{f"swish-{units}": functools.partial(swish, units) for units in (1, 2, 3)},
    "act-bench": act_bench,
    "evonorm-b": functools.partial(evonorm, series="B"),
    "evonorm-s": functools.partial(evonorm, series="S"),
    "norm": norm,
    **{f"gate-{units}": functools.partial(gate, units) for units in (1, 2)},
}

SPACES: Mapping[str, Callable[[], Space]] = MappingProxyType(_SPACES)
"""Name -> function that makes the space. Read only; `register` adds one."""


def register(name: str, factory: Callable[[], Space]) -> None:
    """Adds a space to SPACES.

    Args:
      name: as in the space itself, which archives keep.
      factory: function without arguments that makes the space.

    Raises:
      ActsearchError: an empty name, one that another space has, or no function.
    """
    if not name:
        raise ActsearchError(f"The name of a space is no empty text; received {name!r}.")
    if not callable(factory):
        raise ActsearchError(f"register takes a function without arguments that makes the space; received {factory!r}.")
    if _SPACES.get(name, factory) is not factory:
        raise ActsearchError(f"There is a space {name!r} already; register yours under another name.")
    _SPACES[name] = factory


def get_space(name: str) -> Space:
    """Returns a named space.

    Raises:
      ActsearchError: an unknown name, with the known ones; or a registered space that is named otherwise.

    Example:
      >>> get_space("swish-1").count()
      6250
    """
    if name not in SPACES:
        raise ActsearchError(f"Unknown space {name!r}; write one of {', '.join(SPACES)}.")
    space = SPACES[name]()
    if space.name != name:
        raise ActsearchError(f"The space registered as {name!r} is named {space.name!r}: give it the name it goes by.")
    return space

"""Which candidates exist: sample, mutate, enumerate, count, and the decisions that determine a program."""

import functools
from collections.abc import Callable

from actsearch.language import ActsearchError
from actsearch.spaces.act_bench_space import act_bench
from actsearch.spaces.base import Space
from actsearch.spaces.evonorm_space import evonorm
from actsearch.spaces.swish_space import swish
from actsearch.spaces.template import Decision, Genotype, Slot, Template
from actsearch.spaces.units import custom

SPACES: dict[str, Callable[[], Space]] = {
    **{f"swish-{units}": functools.partial(swish, units) for units in (1, 2, 3)},
    "act-bench": act_bench,
    "evonorm-b": functools.partial(evonorm, series="B"),
    "evonorm-s": functools.partial(evonorm, series="S"),
}
"""Named spaces for the command line and the contract tests: name -> function that makes the space."""


def get_space(name: str) -> Space:
    """Returns a named space; raises ActsearchError with the known names otherwise."""
    if name not in SPACES:
        raise ActsearchError(f"Unknown space {name!r}; write one of {', '.join(SPACES)}.")
    return SPACES[name]()


__all__ = [
    "SPACES",
    "Decision",
    "Genotype",
    "Slot",
    "Space",
    "Template",
    "act_bench",
    "custom",
    "evonorm",
    "get_space",
    "swish",
]

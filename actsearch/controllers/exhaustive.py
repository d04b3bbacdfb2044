"""Exhaustive search, as the Swish paper does for one core unit."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from actsearch.controllers.base import Controller, Ints, check_flag, propose
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.trials.trial import Proposal, Trial

LARGEST = 10_000_000
"""Genotypes of a space at most."""


class State(NamedTuple):
    """State of exhaustive search.

    Attributes:
      seed: of the run.
      asked: proposals so far.
    """

    seed: int
    asked: int = 0


@dataclasses.dataclass(frozen=True)
class Exhaustive(Controller[State]):
    """Exhaustive search: every genotype of a space, at most 10 million, is proposed once.

    Args:
      shuffle: in a random order fixed by the seed, so that a part of the run is a fair sample; else in the space's
        order.

    Example:
      >>> from actsearch.spaces import swish
      >>> controller, space = Exhaustive(shuffle=False), swish()
      >>> proposals, state = controller.ask(space, controller.init(space, seed=0), 2)
      >>> [str(proposal.program) for proposal in proposals]
      ['x + x', 'x * x']
    """

    name = "exhaustive"

    shuffle: bool = True

    def __post_init__(self) -> None:
        check_flag("shuffle", self.shuffle)

    def init(self, space: Space, seed: int) -> State:
        """Returns the state before the first proposal; raises ActsearchError for a space that is too large."""
        if space.count() > LARGEST:
            raise ActsearchError(
                f"exhaustive takes a space of at most {LARGEST:,} programs; {space.name} has {space.count():,}: "
                "use the controller random or evolution."
            )
        return State(seed)

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns the next n programs, fewer at the end."""
        count = space.count()
        places = range(state.asked, min(state.asked + n, count))
        order = _order(count, state.seed) if self.shuffle else np.arange(count)
        proposals = [propose(space, space.at(int(order[place]))) for place in places]
        return proposals, state._replace(asked=state.asked + len(proposals))

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Learns nothing."""
        return state


@functools.lru_cache(maxsize=2)
def _order(count: int, seed: int) -> Ints:
    """Returns a permutation; the same one for the same arguments, so that the cache only saves time."""
    return np.random.default_rng(seed).permutation(count)

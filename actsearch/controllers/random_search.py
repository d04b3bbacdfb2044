"""Random search: the baseline that every other controller must beat at an equal budget."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from actsearch.controllers.base import Controller, propose
from actsearch.spaces import Space
from actsearch.trials.trial import Proposal, Trial


class State(NamedTuple):
    """State of random search.

    Attributes:
      seed: of the run.
      asked: proposals so far.
    """

    seed: int
    asked: int = 0


@dataclasses.dataclass(frozen=True)
class Random(Controller[State]):
    """Random search: every program is drawn uniformly from the space's choices, with replacement.

    Example:
      >>> from actsearch.spaces import swish
      >>> proposals, state = Random().ask(swish(), Random().init(swish(), seed=0), 3)
      >>> len(proposals), state
      (3, State(seed=0, asked=3))
    """

    name = "random"

    def init(self, space: Space, seed: int) -> State:
        """Returns the state before the first proposal."""
        return State(seed)

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns n random programs."""
        numbers = range(state.asked, state.asked + n)
        genotypes = [space.sample(np.random.default_rng((state.seed, number))) for number in numbers]
        return [propose(space, genotype) for genotype in genotypes], state._replace(asked=state.asked + n)

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Learns nothing."""
        return state

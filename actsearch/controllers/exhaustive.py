"""Exhaustive search, as the Swish paper does for one core unit."""

import functools

import numpy as np

from actsearch.controllers.base import Controller, Proposal
from actsearch.spaces import Space

LARGEST = 10_000_000


def exhaustive(space: Space, *, shuffle: bool = True) -> Controller:
    """Returns the controller that proposes every choice vector of a space once.

    Args:
      space: at most 10 million choice vectors.
      shuffle: in a random order fixed by the seed, so that a part of the run is a fair sample; else in the space's
      order.

    Raises:
      ValueError: the space is too large.

    Example:
      >>> from actsearch.spaces import swish
      >>> controller = exhaustive(swish(), shuffle=False)
      >>> proposals, state = controller.ask(controller.init(0), 2)
      >>> [str(proposal.program) for proposal in proposals]
      ['x + x', 'x * x']
    """
    count = space.count()
    if count > LARGEST:
        raise ValueError(
            f"exhaustive takes a space of at most {LARGEST:,} programs; {space.name} has {count:,}: "
            "use the controller random or evolution."
        )

    @functools.cache
    def order(seed):
        return np.random.default_rng(seed).permutation(count) if shuffle else np.arange(count)

    def ask(state, n):
        chosen = order(state["seed"])[state["next"] : state["next"] + n]
        proposals = [Proposal(space.at(int(index))) for index in chosen]
        return proposals, {**state, "next": state["next"] + len(proposals)}

    return Controller(
        "exhaustive", {"shuffle": shuffle}, lambda seed: {"seed": seed, "next": 0}, ask, lambda state, _: state
    )

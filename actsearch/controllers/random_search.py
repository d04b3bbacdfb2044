"""Random search: the baseline that every other controller must beat at an equal budget."""

from actsearch.controllers.base import Controller, Proposal, rng_from, rng_state
from actsearch.spaces import Space


def random_search(space: Space) -> Controller:
    """Returns the controller that draws every program uniformly from the space's choices, with replacement.

    Example:
      >>> from actsearch.spaces import swish
      >>> controller = random_search(swish())
      >>> proposals, state = controller.ask(controller.init(0), 3)
      >>> len(proposals)
      3
    """

    def ask(state, n):
        rng = rng_from(state)
        return [Proposal(space.sample(rng)) for _ in range(n)], rng.bit_generator.state

    return Controller("random", {}, rng_state, ask, lambda state, trials: state)

"""The interface of controllers: three pure functions. One paper, one file; a row in `CONTROLLERS` makes it known.

A controller proposes programs of a space and learns from trials. It never trains anything, and its state is plain
data, so that a search can be repeated or resumed exactly. A complete one:

    def coin_toss(space):
        def init(seed):
            return {"seed": seed, "asked": 0}

        def ask(state, n):
            rngs = [np.random.default_rng((state["seed"], state["asked"] + i)) for i in range(n)]
            return [Proposal(space.sample(rng)) for rng in rngs], {**state, "asked": state["asked"] + n}

        def tell(state, trials):
            return state

        return Controller("coin_toss", {}, init, ask, tell)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from actsearch.language import Program
from actsearch.trial import Trial

State = Any
"""A controller's own: plain data (dicts, lists, numbers, strings) that survives `json.loads(json.dumps(state))`."""


class Proposal(NamedTuple):
    """A program to score, with the indices of the trials that it was bred from."""

    program: Program
    parents: tuple[int, ...] = ()


class Controller(NamedTuple):
    """A search strategy over one space.

    Attributes:
      name: its id.
      options: the resolved hyperparameters, kept in the archive.
      init: seed -> state.
      ask: (state, n) -> (at most n proposals, state). Fewer than n, or none, when there is nothing left to propose.
      tell: (state, trials) -> state. Called with the trials of earlier proposals, each exactly once, in the order
      asked.
        A trial without a score (rejected) is told too.
    """

    name: str
    options: Mapping[str, Any]
    init: Callable[[int], State]
    ask: Callable[[State, int], tuple[list[Proposal], State]]
    tell: Callable[[State, Sequence[Trial]], State]


def rng_state(seed: int) -> dict[str, Any]:
    """Returns a fresh random generator's state as plain data."""
    return dict(np.random.PCG64(seed).state)


def rng_from(state: Mapping[str, Any]) -> np.random.Generator:
    """Returns the random generator that continues from a state; its own new state is `rng.bit_generator.state`."""
    bits = np.random.PCG64()
    bits.state = state  # type: ignore[assignment]
    return np.random.Generator(bits)

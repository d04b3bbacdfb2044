"""The interface of controllers: three pure functions. One paper, one file; a row in `CONTROLLERS` makes it known.

A controller proposes programs of a space and learns from trials. It never trains anything, and its state is plain data
and arrays, so that a search can be repeated or resumed exactly. A complete one, hill climbing with restarts:

>>> import numpy as np
>>> from actsearch.controllers.base import Controller, Proposal, require_choice, rng_from, rng_state
>>> def hill_climbing(space, *, restart: float = 0.2):
...     '''Proposes mutations of the best program so far, and with probability `restart` a random one.'''
...     if not 0 <= restart <= 1:
...         raise ValueError(f"restart is a probability, from 0 to 1; received {restart}.")
...     require_choice("hill_climbing", space)
...
...     def init(seed):
...         return {"rng": rng_state(seed), "best": None, "score": -1.0}
...
...     def propose(state, rng):
...         if state["best"] is None or rng.random() < restart:
...             return Proposal(space.sample(rng))
...         return Proposal(space.mutate(space.decode(state["best"]), rng))
...
...     def ask(state, n):
...         rng = rng_from(state["rng"])
...         return [propose(state, rng) for _ in range(n)], {**state, "rng": rng.bit_generator.state}
...
...     def tell(state, trials):
...         for trial in trials:
...             if trial.score is not None and trial.score > state["score"]:
...                 state = {**state, "best": list(trial.program.choices), "score": trial.score}
...         return state
...
...     return Controller("hill_climbing", {"restart": restart}, init, ask, tell)

One row, `CONTROLLERS["hill_climbing"] = hill_climbing`, and the command line, the benchmark and the contract tests
know it. Until then it runs by hand:

>>> from actsearch.spaces import swish
>>> from actsearch.trials.trial import Trial
>>> controller = hill_climbing(swish())
>>> proposals, state = controller.ask(controller.init(0), 2)
>>> state = controller.tell(state, [Trial(i, p.program, "", "ok", 0.5 + i / 10) for i, p in enumerate(proposals)])
>>> state["best"] == list(proposals[1].program.choices)
True
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from actsearch.language import Program
from actsearch.spaces import Space
from actsearch.trials.trial import Trial

State = Any
"""A controller's own: dicts with text keys and lists of numbers, text, None and arrays, which
`actsearch.archive.checkpoint` saves and restores exactly."""


class Proposal(NamedTuple):
    """A program to score.

    Attributes:
      program: the candidate.
      parents: indices of the trials that it was bred from, or of the one trial that it goes on from.
      repeat: 0 for a first evaluation; r to train a known candidate again, with the r-th further seeds.
      rung: None to train in full; else how long, a place in the task's `rungs`. Above 0 it goes on from a lower rung.
    """

    program: Program
    parents: tuple[int, ...] = ()
    repeat: int = 0
    rung: int | None = None


class Controller(NamedTuple):
    """A search strategy over one space.

    Attributes:
      name: its id.
      options: the resolved hyperparameters, kept in the archive.
      init: seed -> state.
      ask: (state, n) -> (at most n proposals, state). Fewer than n, or none, when there is nothing left to propose.
      tell: (state, trials) -> state. Called with the trials of earlier proposals; a search tells them in the order
        asked, but late, repeated or reordered trials break nothing. A trial without a score (rejected) is told too.
      least: the smallest budget with which it does anything but start.

    `ask` and `tell` leave the state they are given as it was.
    """

    name: str
    options: Mapping[str, Any]
    init: Callable[[int], State]
    ask: Callable[[State, int], tuple[list[Proposal], State]]
    tell: Callable[[State, Sequence[Trial]], State]
    least: int = 1


def require_choice(name: str, space: Space) -> None:
    """Raises a ValueError where a space has no decisions, and so nothing that a controller could vary or learn."""
    if not space.decisions:
        raise ValueError(
            f"{name} needs a space with decisions; {space.name} has one program only: score it with `actsearch score`."
        )


def at_least(name: str, value: Any, least: int) -> None:
    """Raises a ValueError unless an option is a whole number of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}; received {value!r}.")


def in_range(name: str, value: Any, inside: Callable[[float], bool], text: str) -> None:
    """Raises a ValueError unless an option is a number for which `inside` holds; `text` says what that is."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not inside(value):
        raise ValueError(f"{name} must be {text}; received {value!r}.")


def rng_state(seed: int) -> dict[str, Any]:
    """Returns a fresh random generator's state as plain data."""
    return dict(np.random.PCG64(seed).state)


def rng_from(state: Mapping[str, Any]) -> np.random.Generator:
    """Returns the random generator that continues from a state; its own new state is `rng.bit_generator.state`."""
    bits = np.random.PCG64()
    bits.state = state  # type: ignore[assignment]
    return np.random.Generator(bits)

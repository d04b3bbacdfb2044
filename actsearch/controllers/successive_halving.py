"""Successive halving over any controller, after Li, Jamieson, Rostamizadeh, Gonina et al. (2020, arXiv 1810.05934)."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from actsearch.controllers import delivery
from actsearch.controllers.base import (
    Choices,
    Controller,
    Floats,
    Ints,
    check_controller,
    check_integer,
    choice_table,
    nested,
    propose,
    with_choices,
)
from actsearch.controllers.delivery import Seen, new_trials
from actsearch.controllers.repeated import Repeated
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.trials.trial import Proposal, Status, Trial

KEPT = 300
"""Candidates remembered at a rung that wait for promotion: the best, of which one goes for every eta that finish."""


class Rung(NamedTuple):
    """The trainings of one fidelity, and the candidates that may be promoted from it, best first.

    Attributes:
      finished: trainings that came to an end, diverged ones included.
      promoted: candidates that went on to the next rung.
      first: index of each waiting candidate's first trial, int64 [n].
      score: at this fidelity, float64 [n].
      choices: int32 [n, decisions].
    """

    finished: int
    promoted: int
    first: Ints
    score: Floats
    choices: Choices


class State(NamedTuple):
    """State of successive halving.

    Attributes:
      inner: of the controller inside.
      seen: the trials that were delivered.
      rungs: all but the last one, the lowest fidelity first.
    """

    inner: Any
    seen: Seen
    rungs: tuple[Rung, ...]


@dataclasses.dataclass(frozen=True)
class SuccessiveHalving(Controller[State]):
    """Asynchronous successive halving: short trainings for all, longer ones for the best.

    What the inner controller proposes is trained at rung 0, for 1 / eta^(rungs - 1) of the task's steps. Of the
    trainings that finish at a rung, the best 1 / eta are promoted to the next, each at most once, and are trained for
    eta times as many steps; the last rung is the full training. Promotions come before new candidates, those of higher
    rungs before those of lower ones. The inner controller learns from rung 0 only, so that the scores it compares are
    of one fidelity. The incumbent is chosen at the highest fidelity (`actsearch.trials.ranking`).

    Args:
      inner: proposes what starts at rung 0; neither a `Repeated` nor a `SuccessiveHalving`.
      rungs: fidelities, at least 2.
      eta: one in so many is promoted, at least 2.

    Raises:
      ActsearchError: a hyperparameter out of range, or a controller that repeats or halves already.

    Source: Li et al. 2020, algorithm 2 (ASHA). Different here: the paper promotes whatever is among the best 1 / eta of
    a rung, which as the ranks change is more than 1 / eta in the end; here the best waiting candidate is promoted when
    fewer than floor(finished / eta) have been, so that the cost of every rung is known. Only the best 300 that wait are
    remembered. A diverged training counts as finished and goes nowhere.

    Example:
      >>> from actsearch.controllers import Random
      >>> from actsearch.spaces import swish
      >>> controller, space = SuccessiveHalving(Random()), swish()
      >>> proposals, state = controller.ask(space, controller.init(space, seed=0), 3)
      >>> trials = [
      ...     Trial(i, p.program, f"{i}", "ok", score, genotype=p.genotype, fidelity=p.fidelity)
      ...     for i, (p, score) in enumerate(zip(proposals, [0.7, 0.9, 0.8]))
      ... ]
      >>> proposals, state = controller.ask(space, controller.tell(space, state, trials), 2)
      >>> [(proposal.parents, round(proposal.fidelity, 2)) for proposal in proposals]
      [((1,), 0.33), ((), 0.11)]
    """

    name = "successive_halving"

    inner: Controller[Any]
    rungs: int = 3
    eta: int = 3

    def __post_init__(self) -> None:
        check_controller(self.name, self.inner)
        check_integer("rungs", self.rungs, 2)
        check_integer("eta", self.eta, 2)
        if any(isinstance(controller, Repeated | SuccessiveHalving) for controller in nested(self.inner)):
            raise ActsearchError(
                f"SuccessiveHalving takes a controller that neither repeats nor halves; received {self.inner}: write "
                "Repeated(SuccessiveHalving(controller))."
            )

    @property
    def fidelities(self) -> tuple[float, ...]:
        """Shares of the task's steps, one for each rung, ascending to 1."""
        return tuple(float(self.eta) ** (place + 1 - self.rungs) for place in range(self.rungs))

    def min_budget(self) -> int:
        """Returns the number of trials in which the inner controller gets its smallest budget, and one is promoted."""
        shares = sum(float(self.eta) ** -place for place in range(self.rungs))
        return max(self.eta + 1, math.ceil(self.inner.min_budget() * shares))

    def init(self, space: Space, seed: int) -> State:
        """Returns the state of empty rungs."""
        rung = Rung(0, 0, np.zeros(0, np.int64), np.zeros(0), choice_table(space))
        return State(self.inner.init(space, seed), delivery.empty(), (rung,) * (self.rungs - 1))

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns promotions, and then proposals of the inner controller."""
        ladder, proposals = list(state.rungs), list[Proposal]()
        for place in reversed(range(self.rungs - 1)):
            rung = ladder[place]
            count = max(0, min(n - len(proposals), rung.finished // self.eta - rung.promoted, len(rung.first)))
            proposals += self._promotions(space, rung, count, self.fidelities[place + 1])
            ladder[place] = _without(rung, count)
        wanted = n - len(proposals)
        fresh, inner = self.inner.ask(space, state.inner, wanted) if wanted else ([], state.inner)
        proposals += [proposal._replace(fidelity=self.fidelities[0]) for proposal in fresh]
        return proposals, state._replace(inner=inner, rungs=tuple(ladder))

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Adds trainings to their rungs; the inner controller learns from those of rung 0. Repeats teach nothing."""
        new, seen = new_trials(state.seen, trials)
        by_rung = [[trial for trial in new if not trial.repeat and trial.fidelity == f] for f in self.fidelities[:-1]]
        return State(
            inner=self.inner.tell(space, state.inner, by_rung[0]),
            seen=seen,
            rungs=tuple(_with(space, rung, at_it) for rung, at_it in zip(state.rungs, by_rung, strict=True)),
        )

    def _promotions(self, space: Space, rung: Rung, count: int, fidelity: float) -> list[Proposal]:
        pairs = zip(rung.first[:count].tolist(), rung.choices[:count].tolist(), strict=True)
        return [
            propose(space, space.genotype(choices), (first,))._replace(fidelity=fidelity) for first, choices in pairs
        ]


def _without(rung: Rung, count: int) -> Rung:
    """Returns a rung after the promotion of its best candidates."""
    return Rung(rung.finished, rung.promoted + count, rung.first[count:], rung.score[count:], rung.choices[count:])


def _with(space: Space, rung: Rung, trials: Sequence[Trial]) -> Rung:
    """Returns a rung with further trainings that finished there."""
    trained = [(t, choices) for t, choices in with_choices(space, trials) if t.trained and t.score is not None]
    ok = [(trial, choices) for trial, choices in trained if trial.status is Status.OK]
    first = np.concatenate([rung.first, np.array([trial.first_index for trial, _ in ok], np.int64)])
    score = np.concatenate([rung.score, np.array([trial.score for trial, _ in ok], np.float64)])
    choices = np.concatenate([rung.choices, choice_table(space, [row for _, row in ok])])
    best = np.lexsort((first, -score))[:KEPT]
    return Rung(rung.finished + len(trained), rung.promoted, first[best], score[best], choices[best])

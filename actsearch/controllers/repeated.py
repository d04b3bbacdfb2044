"""Repeated evaluation of promising candidates, over any controller, so that a lucky score does not win."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from actsearch.controllers import delivery
from actsearch.controllers.base import (
    Choices,
    Controller,
    Ints,
    check_controller,
    check_integer,
    check_number,
    choice_table,
    nested,
    propose,
    with_choices,
)
from actsearch.controllers.delivery import Seen, new_trials
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.trials.ranking import promising
from actsearch.trials.scores import Row, Scores, empty, rows, update
from actsearch.trials.trial import Proposal, Trial

KEPT = 300
"""Candidates remembered at least: many more than are ever promising at once."""


class State(NamedTuple):
    """State of repeated evaluation.

    Attributes:
      inner: of the controller inside.
      seen: the trials that were delivered.
      scores: statistics of the candidates, n of them.
      choices: of each candidate, int32 [n, decisions].
      evaluations: of each candidate, those that were asked for included, int64 [n].
      saved: part of a repeat that the share has left, in [0, 1).
    """

    inner: Any
    seen: Seen
    scores: Scores
    choices: Choices
    evaluations: Ints
    saved: float


@dataclasses.dataclass(frozen=True)
class Repeated(Controller[State]):
    """Repeated evaluation: a share of the proposals trains promising candidates again.

    Which are promising is the rule of `actsearch.trials.ranking`: those whose upper bound is above the incumbent's
    lower bound. Each call may spend `share * n` proposals on repeats; an unused part goes to new candidates. When the
    inner controller has nothing left, all that is asked for goes to promising candidates.

    The inner controller learns from first evaluations only: a search that lives on its own proposals, one score for
    each, stays what its paper says. The repeats are for choosing the incumbent. They are full trainings, so that an
    inner successive halving is repeated once it came to these.

    Args:
      inner: proposes the rest; no `Repeated`. Wrap `SuccessiveHalving`, and not the other way round.
      share: of the proposals, above 0 and below 1.
      most: evaluations of a candidate at most, the first one included; at least 2.

    Raises:
      ActsearchError: a hyperparameter out of range, or a controller that repeats already.

    Example:
      >>> from actsearch.controllers import Random
      >>> from actsearch.spaces import swish
      >>> controller, space = Repeated(Random(), share=0.5), swish()
      >>> proposals, state = controller.ask(space, controller.init(space, seed=0), 2)
      >>> trials = [
      ...     Trial(i, p.program, f"{i}", "ok", 0.8 + i / 10, genotype=p.genotype) for i, p in enumerate(proposals)
      ... ]
      >>> proposals, state = controller.ask(space, controller.tell(space, state, trials), 2)
      >>> [(proposal.parents, proposal.repeat) for proposal in proposals]
      [((), 0), ((1,), 1)]
    """

    name = "repeated"

    inner: Controller[Any]
    share: float = 0.1
    most: int = 4

    def __post_init__(self) -> None:
        check_controller(self.name, self.inner)
        check_number("share", self.share, lambda share: 0 < share < 1, "a share, above 0 and below 1")
        check_integer("most", self.most, 2)
        if any(isinstance(controller, Repeated) for controller in nested(self.inner)):
            raise ActsearchError(f"{self.inner} repeats its candidates already: wrap the controller inside it.")

    def min_budget(self) -> int:
        """Returns the number of trials of which the inner controller gets its smallest budget."""
        return math.ceil(self.inner.min_budget() / (1 - self.share))

    def init(self, space: Space, seed: int) -> State:
        """Returns the state before the first proposal."""
        inner = self.inner.init(space, seed)
        return State(inner, delivery.empty(), empty(), choice_table(space), np.zeros(0, np.int64), 0.0)

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns proposals of the inner controller, and then repeats."""
        allowance = state.saved + self.share * n
        repeats = self._promising(state, min(n, int(allowance)))
        wanted = n - len(repeats)
        fresh, inner = self.inner.ask(space, state.inner, wanted) if wanted else ([], state.inner)
        if len(fresh) < wanted:
            repeats = self._promising(state, n - len(fresh))
        places = {first: place for place, first in enumerate(state.scores.first.tolist())}
        evaluations = state.evaluations.copy()
        for row in repeats:
            place = places[row.first]
            genotype = space.genotype(state.choices[place].tolist())
            fresh.append(propose(space, genotype, (row.first,))._replace(repeat=row.evaluations))
            evaluations[place] = row.evaluations + 1
        return fresh, state._replace(inner=inner, evaluations=evaluations, saved=allowance - int(allowance))

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Adds trials to the statistics; the inner controller learns from those that are no repeats."""
        new, seen = new_trials(state.seen, trials)
        known = list(with_choices(space, new))
        scores = update(state.scores, [trial for trial, _ in known], KEPT)
        old = state.scores.first.tolist()
        choices = dict(zip(old, state.choices.tolist(), strict=True))
        choices |= {trial.first_index: list(row) for trial, row in known}
        asked = dict(zip(old, state.evaluations.tolist(), strict=True))
        return state._replace(
            inner=self.inner.tell(space, state.inner, [trial for trial in new if not trial.repeat]),
            seen=seen,
            scores=scores,
            choices=choice_table(space, [choices[first] for first in scores.first.tolist()]),
            evaluations=_evaluations(scores, asked),
        )

    def _promising(self, state: State, n: int) -> list[Row]:
        """Returns up to n candidates to train again, their evaluations with those that are on their way."""
        if state.scores.fidelity < 1:
            return []
        asked = dict(zip(state.scores.first.tolist(), state.evaluations.tolist(), strict=True))
        # A repeat that was asked for counts as one, lest its seeds be used twice while it is on its way.
        return promising([row._replace(evaluations=asked[row.first]) for row in rows(state.scores)], n, self.most)


def _evaluations(scores: Scores, asked: Mapping[int, int]) -> Ints:
    """Returns the evaluations of each candidate: those that were asked for, or more where they came unasked."""
    pairs = zip(scores.first.tolist(), scores.evaluations.tolist(), strict=True)
    return np.array([max(done, asked.get(first, 0)) for first, done in pairs], np.int64)

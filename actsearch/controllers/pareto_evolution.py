"""Evolution with tournaments on the Pareto front of several networks, after Liu, Brock, Simonyan and Le (2020)."""

import dataclasses
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from actsearch.controllers.base import (
    Choices,
    Controller,
    Floats,
    Ints,
    check_integer,
    check_number,
    check_option,
    check_probability,
    choice_table,
    latest,
    propose,
    require_decisions,
    with_choices,
)
from actsearch.spaces import Space
from actsearch.trials.pareto import front
from actsearch.trials.trial import Proposal, Status, Trial

Selection = Literal["pareto", "average", "first"]


class Members(NamedTuple):
    """The latest trials with a score on every task, the oldest first.

    Attributes:
      trial: index of each member's trial, int64 [members].
      choices: of its program, int32 [members, decisions].
      scores: on each task, float64 [members, tasks].
    """

    trial: Ints
    choices: Choices
    scores: Floats


class State(NamedTuple):
    """State of Pareto evolution.

    Attributes:
      seed: of the run.
      asked: proposals so far.
      members: the window.
    """

    seed: int
    asked: int
    members: Members


@dataclasses.dataclass(frozen=True)
class ParetoEvolution(Controller[State]):
    """Pareto evolution: the search that found the EvoNorm layers.

    Each proposal is, with probability `injection`, a fresh random program; else the winner of a tournament, mutated
    `mutations` times. A tournament draws members of the window, the latest trials with a score on every task, without
    replacement; its winner is drawn uniformly from those that no other dominates on the tasks. A member without one of
    the objectives, such as a property that its function does not have, takes part only where all are so.

    Args:
      window: members kept, at least 2.
      tournament: share of the window in a tournament, above 0 and at most 1; at least one member.
      mutations: of an offspring, at least 1.
      injection: probability of a fresh program; every proposal is fresh until the window has a member.
      selection: "pareto", or for comparison "average", the best mean over tasks, or "first", the best on the first.

    Raises:
      ActsearchError: a hyperparameter out of range.

    Source: section 3.3 and appendix. That mutants are scored on several networks, and that tournaments select on all of
    these scores, is confirmed by quotations of figure 3; the defaults of all fields are unverified, since no public
    copy of the text states them. Different here: proposals come in batches, bred from the window as it was when the
    batch was asked for.

    Example:
      >>> ParetoEvolution(window=200).injection
      0.5
    """

    name = "pareto"

    window: int = 2500
    tournament: float = 0.05
    mutations: int = 2
    injection: float = 0.5
    selection: Selection = "pareto"

    def __post_init__(self) -> None:
        check_integer("window", self.window, 2)
        check_number(
            "tournament", self.tournament, lambda share: 0 < share <= 1, "a share of the window, above 0 and at most 1"
        )
        check_integer("mutations", self.mutations, 1)
        check_probability("injection", self.injection)
        check_option("selection", self.selection, get_args(Selection))

    def init(self, space: Space, seed: int) -> State:
        """Returns the state of an empty window."""
        require_decisions(self.name, space)
        return State(seed, 0, _members(space, [], 0))

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns n offspring of winners of tournaments, or random programs."""
        numbers = range(state.asked, state.asked + n)
        proposals = [self._next(space, state.members, np.random.default_rng((state.seed, i))) for i in numbers]
        return proposals, state._replace(asked=state.asked + n)

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Adds the trials with status "ok", and forgets the oldest members."""
        rows = [(t.index, choices, _objectives(t)) for t, choices in with_choices(space, trials) if _scored(t)]
        old = state.members
        tasks = old.scores.shape[1] or (len(rows[0][2]) if rows else 0)
        new = _members(space, [row for row in rows if len(row[2]) == tasks], tasks)
        if not len(old.trial):
            old = _members(space, [], tasks)
        return state._replace(members=latest(old, new, self.window))

    def _next(self, space: Space, members: Members, rng: np.random.Generator) -> Proposal:
        if not len(members.trial) or rng.random() < self.injection:
            return propose(space, space.sample(rng))
        place = self._winner(members, rng)
        genotype = space.genotype(members.choices[place].tolist())
        for _ in range(self.mutations):
            genotype = space.mutate(genotype, rng)
        return propose(space, genotype, (int(members.trial[place]),))

    def _winner(self, members: Members, rng: np.random.Generator) -> int:
        """Returns the place of the winner of a tournament."""
        count = len(members.trial)
        drawn = rng.choice(count, max(1, round(self.tournament * count)), replace=False)
        whole = drawn[~np.isnan(members.scores[drawn]).any(axis=1)]
        drawn = whole if len(whole) else drawn
        scores = np.where(np.isnan(members.scores[drawn]), -np.inf, members.scores[drawn])
        if self.selection == "pareto":
            return int(drawn[rng.choice(front(scores))])
        with np.errstate(invalid="ignore"):  # of inf and -inf there is no mean
            merit = scores[:, 0] if self.selection == "first" else scores.mean(axis=1)
        return int(drawn[np.argmax(np.where(np.isnan(merit), -np.inf, merit))])


def _scored(trial: Trial) -> bool:
    return trial.status is Status.OK and trial.score is not None


def _objectives(trial: Trial) -> list[float]:
    """Returns a trial's score on each task."""
    return list(trial.objectives.values()) or [trial.score or 0.0]


def _members(space: Space, rows: Sequence[tuple[int, tuple[int, ...], list[float]]], tasks: int) -> Members:
    return Members(
        trial=np.array([row[0] for row in rows], np.int64),
        choices=choice_table(space, [row[1] for row in rows]),
        scores=np.array([row[2] for row in rows], np.float64).reshape(len(rows), tasks),
    )

"""Regularized (aging) evolution, after Real, Aggarwal, Huang and Le (2019, arXiv 1802.01548)."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from actsearch.controllers.base import (
    Choices,
    Controller,
    Floats,
    Ints,
    check_integer,
    check_probability,
    choice_table,
    latest,
    propose,
    require_decisions,
    with_choices,
)
from actsearch.language import ActsearchError, Program, parse, simplify
from actsearch.spaces import Space
from actsearch.trials.trial import Proposal, Trial


class Members(NamedTuple):
    """A population, the oldest member first.

    Attributes:
      trial: index of each member's trial, int64 [members].
      choices: of its program, int32 [members, decisions].
      score: of its trial, float64 [members].
    """

    trial: Ints
    choices: Choices
    score: Floats


class State(NamedTuple):
    """State of aging evolution.

    Attributes:
      seed: of the run.
      asked: proposals so far.
      members: the population.
    """

    seed: int
    asked: int
    members: Members


@dataclasses.dataclass(frozen=True)
class RegularizedEvolution(Controller[State]):
    """Aging evolution: the best of a random sample breeds, the oldest member dies.

    The first `population` members are random. Each later proposal is a mutation of the best of `sample` members drawn
    without replacement. Only trials with a score become members, so a rejected program takes no one's place; a
    diverged one has score 0.

    Args:
      population: members kept, at least 2; the paper's default is 100.
      sample: members in a tournament, 1 to `population`; the paper's default is 25.
      mutation: probability that a proposal is a mutation and not a fresh random program; the paper always mutates.
      transforms: of `actsearch.properties.TRANSFORMS`, such as ("smooth:box", "clip:-1:1"), that mutate too, each as
        often as the others; none by default. What comes of one is no member of the space, so that it does not breed,
        and the interpreter cannot run it: the engine is "bank" or "specialize".
      transformed: probability that a mutation is one of these, where there are any and it is for the parent.

    Raises:
      ActsearchError: a hyperparameter out of range, or an unknown transform.

    Source: Real et al. 2019, algorithm 1. Different here: proposals come in batches, bred from the population as it was
    when the batch was asked for, as the paper's parallel workers do.

    Example:
      >>> RegularizedEvolution(population=50, sample=10)
      RegularizedEvolution(population=50, sample=10, mutation=1.0, transforms=(), transformed=0.2)
    """

    name = "evolution"

    population: int = 100
    sample: int = 25
    mutation: float = 1.0
    transforms: tuple[str, ...] = ()
    transformed: float = 0.2

    def __post_init__(self) -> None:
        check_integer("population", self.population, 2)
        check_integer("sample", self.sample, 1)
        if self.sample > self.population:
            raise ActsearchError(f"sample must be from 1 to population ({self.population}); received {self.sample}.")
        check_probability("mutation", self.mutation)
        check_probability("transformed", self.transformed)
        if self.transforms:
            from actsearch.properties import transform

            for step in self.transforms:
                transform(parse("relu(x)"), step)

    def min_budget(self) -> int:
        """Returns the size of the population and one mutation."""
        return self.population + 1

    def init(self, space: Space, seed: int) -> State:
        """Returns the state of an empty population."""
        require_decisions(self.name, space)
        return State(seed, 0, _members(space, []))

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns n mutations of winners of tournaments, or random programs while the population is small."""
        numbers = range(state.asked, state.asked + n)
        proposals = [self._next(space, state.members, np.random.default_rng((state.seed, i))) for i in numbers]
        return proposals, state._replace(asked=state.asked + n)

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Adds the trials that have a score, and lets the oldest members die."""
        new = _members(space, [(t.index, choices, t.score) for t, choices in with_choices(space, trials)])
        return state._replace(members=latest(state.members, new, self.population))

    def _next(self, space: Space, members: Members, rng: np.random.Generator) -> Proposal:
        count = len(members.trial)
        if count < self.population or rng.random() >= self.mutation:
            return propose(space, space.sample(rng))
        tournament = rng.choice(count, self.sample, replace=False)
        # The younger of two equals wins, so that ties do not keep old members breeding.
        winner = max(tournament, key=lambda place: (members.score[place], members.trial[place]))
        parent = space.genotype(members.choices[winner].tolist())
        parents = (int(members.trial[winner]),)
        if self.transforms and rng.random() < self.transformed:
            changed = _transformed(space.decode(parent), self.transforms[rng.integers(len(self.transforms))])
            if changed is not None:
                return Proposal(changed, parents=parents)
        return propose(space, space.mutate(parent, rng), parents)


def _transformed(program: Program, step: str) -> Program | None:
    """Returns a program after a transform; None where that is not for it, or leaves it as it is."""
    from actsearch.properties import transform

    try:
        changed = transform(program, step)
    except ActsearchError:
        return None
    return None if changed == simplify(program) else changed


def _members(space: Space, rows: Sequence[tuple[int, tuple[int, ...], float | None]]) -> Members:
    """Returns the rows that have a score as members."""
    scored = [row for row in rows if row[2] is not None]
    return Members(
        trial=np.array([row[0] for row in scored], np.int64),
        choices=choice_table(space, [row[1] for row in scored]),
        score=np.array([row[2] for row in scored], np.float64),
    )

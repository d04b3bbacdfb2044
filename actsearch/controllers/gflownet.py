"""An order-preserving generative flow network, after Chen and Mauch (2023, arXiv 2310.00386)."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from actsearch.controllers.base import (
    Choices,
    Controller,
    Floats,
    check_integer,
    check_number,
    check_probability,
    choice_table,
    lowest_score,
    option_counts,
    propose,
    require_decisions,
    with_choices,
)
from actsearch.controllers.policy import REMEMBERED, Params, draw_new, policy_functions
from actsearch.controllers.updates import Update, adam_updates
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.trials.trial import Proposal, Status, Trial


class Memory(NamedTuple):
    """The latest trials, each program once with its latest score, the oldest first.

    Attributes:
      choices: int32 [n, decisions].
      scores: float64 [n], NaN of a program that has none because a gate rejected it.
    """

    choices: Choices
    scores: Floats


class State(NamedTuple):
    """State of the flow network.

    Attributes:
      seed: of the run.
      asked: proposals so far.
      updates: updates of the policy so far.
      waiting: trials since the last update.
      lowest: score of a program without one, see `lowest_score`.
      params: weights of the policy.
      opt_state: of Adam.
      memory: what updates are made of.
      proposed: the latest proposals, int32 [n, decisions].
    """

    seed: int
    asked: int
    updates: int
    waiting: int
    lowest: float
    params: Params
    opt_state: optax.OptState
    memory: Memory
    proposed: Choices


@dataclasses.dataclass(frozen=True)
class GFlowNet(Controller[State]):
    """A flow network whose policy orders programs as their scores do.

    Programs are built one choice after another, so that each has one path and its learned reward is its probability,
    up to a constant: R(x) = Z p(x). The order-preserving loss of a set X of programs is

        L = KL( y || softmax_X log p ),    y uniform on the best-scored members of X,

    for pairs, X = {x, x'}: -log of p(best) / (p(x) + p(x')). Only the order of scores counts, so that no temperature of
    rewards has to be chosen. After each `batch` of trials the policy follows `updates` gradients of the mean loss over
    the pairs of a random sample of the programs remembered.

    Args:
      batch: trials between two updates of the policy, at least 2.
      sample: programs in a gradient's sample, which are paired at random; an even number.
      memory: latest trials remembered, each program with its latest score; at least 2.
      updates: gradients after each batch, at least 1.
      learning_rate: of Adam, above 0.
      explore: probability that a proposal is a random program instead, in [0, 1].
      hidden: features of the policy's state, at least 1.
      draws: a proposal is the first of so many draws that was not proposed before, at least 1.

    Raises:
      ActsearchError: a hyperparameter out of range.

    Source: the order-preserving criterion with trajectory balance (ICLR 2024). Different here: the policy alone is
    learned, since Z cancels in the loss; it explores by whole random programs; hyperparameters were chosen on the
    tabular tasks, see the study controllers_tables.

    Example:
      >>> from actsearch.spaces import swish
      >>> controller, space = GFlowNet(explore=0.1), swish()
      >>> proposals, state = controller.ask(space, controller.init(space, seed=0), 3)
      >>> len(proposals)
      3
    """

    name = "gflownet"

    batch: int = 16
    sample: int = 64
    memory: int = 256
    updates: int = 8
    learning_rate: float = 0.01
    explore: float = 0.05
    hidden: int = 32
    draws: int = 8

    def __post_init__(self) -> None:
        for name in ("batch", "sample", "memory"):
            check_integer(name, getattr(self, name), 2)
        for name in ("updates", "hidden", "draws"):
            check_integer(name, getattr(self, name), 1)
        if self.sample % 2:
            raise ActsearchError(f"sample is paired, and must be even; received {self.sample}.")
        check_probability("explore", self.explore)
        check_number("learning_rate", self.learning_rate, lambda rate: 0 < rate < math.inf, "finite and above 0")

    def min_budget(self) -> int:
        """Returns the trials of an update, and one proposal after it."""
        return self.batch + 1

    def init(self, space: Space, seed: int) -> State:
        """Returns the state of a policy that draws as random search does."""
        require_decisions(self.name, space)
        params = policy_functions(option_counts(space), self.hidden).init(seed)
        opt_state = optax.adam(self.learning_rate).init(params)
        memory = Memory(choice_table(space), np.zeros(0))
        return State(seed, 0, 0, 0, 0.0, params, opt_state, memory, choice_table(space))

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns n programs drawn from the policy, some of them random instead."""
        rng = np.random.default_rng((state.seed, 1, state.asked))
        explored = [space.sample(rng) for _ in range(int((rng.random(n) < self.explore).sum()))]
        policy, count = policy_functions(option_counts(space), self.hidden), n - len(explored)
        drawn = policy.sample(state.params, state.seed, self.draws * state.asked, self.draws * count)
        choices, _ = draw_new(drawn, self.draws, state.proposed)
        genotypes = [*(space.genotype(row) for row in choices.tolist()), *explored]
        rows = choice_table(space, [genotype.choices for genotype in genotypes])
        return [propose(space, genotype) for genotype in genotypes], state._replace(
            asked=state.asked + n, proposed=np.concatenate([state.proposed, rows])[-REMEMBERED:]
        )

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Remembers scores, and updates the policy after each batch of them; failed trials teach nothing."""
        new = [(trial, choices) for trial, choices in with_choices(space, trials) if trial.status is not Status.FAILED]
        old = state.memory
        scores = {tuple(row): score for row, score in zip(old.choices.tolist(), old.scores.tolist(), strict=True)}
        for trial, choices in new:
            scores.pop(choices, None)  # the latest stand last
            scores[choices] = np.nan if trial.score is None else trial.score
        rows = list(scores.items())[-self.memory :]
        memory = Memory(choice_table(space, [row[0] for row in rows]), np.array([row[1] for row in rows], float))
        lowest = lowest_score(state.lowest, trials)
        state = state._replace(memory=memory, waiting=state.waiting + len(new), lowest=lowest)
        while state.waiting >= self.batch:
            state = self._learn(space, state._replace(waiting=state.waiting - self.batch))
        return state

    def _learn(self, space: Space, state: State) -> State:
        """Returns the state after an update."""
        rng = np.random.default_rng((state.seed, 2, state.updates))
        drawn = rng.integers(len(state.memory.scores), size=(self.updates, self.sample))
        known = np.nan_to_num(state.memory.scores, nan=state.lowest)
        choices, scores = state.memory.choices[drawn], np.float32(known[drawn])
        params, opt_state = _update(option_counts(space), self)(state.params, state.opt_state, choices, scores)
        return state._replace(updates=state.updates + 1, params=params, opt_state=opt_state)


def order_loss(log_ratio: jax.Array, difference: jax.Array) -> jax.Array:
    """Returns the order-preserving loss of pairs, of any shape: -log sigmoid(log_ratio) where the first is better.

    Args:
      log_ratio: log p of the first program less that of the second.
      difference: score of the first less that of the second; 0 asks for equal probabilities.

    Example:
      >>> [round(float(v), 3) for v in order_loss(jnp.array([0.0, 2.0, 2.0]), jnp.array([1.0, 1.0, -1.0]))]
      [0.693, 0.127, 2.127]
    """
    first = (1 + jnp.sign(difference)) / 2
    return -first * jax.nn.log_sigmoid(log_ratio) - (1 - first) * jax.nn.log_sigmoid(-log_ratio)


@functools.lru_cache(maxsize=8)
def _update(sizes: tuple[int, ...], controller: GFlowNet) -> Update:
    """Returns the compiled update, (params, opt_state, choices, scores) -> (params, opt_state).

    It is a function of the arguments alone; the cache only saves its compilation.
    """
    policy = policy_functions(sizes, controller.hidden)

    def loss(params: Params, step: int, choices: jax.Array, scores: jax.Array) -> jax.Array:
        log_p = policy.follow(params, choices[step]).log_probs.sum(axis=1)
        pairs, order = log_p.reshape(-1, 2), scores[step].reshape(-1, 2)
        return order_loss(pairs[:, 0] - pairs[:, 1], order[:, 0] - order[:, 1]).mean()

    return adam_updates(loss, controller.learning_rate, controller.updates)

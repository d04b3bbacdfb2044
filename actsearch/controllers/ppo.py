"""Reinforcement learning of a recurrent policy, after Ramachandran, Zoph and Le (2017), with PPO or REINFORCE."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from actsearch.controllers.base import (
    Choices,
    Controller,
    Floats,
    check_flag,
    check_integer,
    check_number,
    check_option,
    choice_table,
    latest,
    lowest_score,
    option_counts,
    propose,
    require_decisions,
    with_choices,
)
from actsearch.controllers.policy import REMEMBERED, Params, draw_new, policy_functions
from actsearch.controllers.updates import Update, adam_updates
from actsearch.spaces import Space
from actsearch.trials.trial import Proposal, Status, Trial

Algorithm = Literal["ppo", "reinforce"]
Baseline = Literal["average", "value"]


class Sequences(NamedTuple):
    """Proposals whose trials have not come back.

    Attributes:
      choices: int32 [n, decisions].
      log_probs: of each choice when it was proposed, float32 [n, decisions].
    """

    choices: Choices
    log_probs: NDArray[np.float32]


class Experience(NamedTuple):
    """Proposals with rewards that wait for the next update.

    Attributes:
      sequences: n of them.
      rewards: float64 [n].
    """

    sequences: Sequences
    rewards: Floats


class State(NamedTuple):
    """State of the reinforcement learner.

    Attributes:
      seed: of the run.
      asked: proposals so far.
      params: weights of the policy.
      opt_state: of Adam.
      baseline: moving average of the rewards, None before the first update.
      lowest: reward of a program without a score, see `lowest_score`.
      pending: proposals whose trials have not come back, the latest ones.
      experience: fewer than a batch.
      proposed: the latest proposals, int32 [n, decisions].
    """

    seed: int
    asked: int
    params: Params
    opt_state: optax.OptState
    baseline: float | None
    lowest: float
    pending: Sequences
    experience: Experience
    proposed: Choices


@dataclasses.dataclass(frozen=True)
class PPO(Controller[State]):
    """The reinforcement learning controller of the Swish paper.

    A recurrent policy picks one component after another (`actsearch.controllers.policy`). The reward R of a program is
    its trial's score; where a gate rejected it, 0 or the lowest score so far. After each `batch` of trials the policy
    follows `epochs` gradients of

        L = -mean_t min(r_t A, clip(r_t, 1 - clip, 1 + clip) A) - entropy * mean_t H_t,    A = R - b,

    where r_t is the probability of choice t now over that when it was proposed, and b is an exponential moving average
    of the rewards. With r_t as of the proposal, trials may return late and in any order.

    Args:
      algorithm: "ppo", or "reinforce": one gradient of -r A with r cut off at 1 + clip, and no epochs.
      batch: trials of an update, at least 2.
      epochs: gradients of an update, at least 1.
      learning_rate: of Adam, above 0.
      clip: bound of the ratio's change, above 0.
      entropy: weight of the entropy bonus, at least 0.
      hidden: features of the policy's state, at least 1.
      baseline: "average", or "value": a value head predicts R before each choice, b is its prediction, and its squared
        error is added to the loss.
      decay: of the moving average, in [0, 1).
      normalize: divide A by its standard deviation in the batch.
      draws: a proposal is the first of so many draws that was not proposed before, at least 1.

    Raises:
      ActsearchError: a hyperparameter out of range.

    Source: section 2 names the recurrent controller, PPO (Schulman et al. 2017, arXiv 1707.06347, equation 7), the
    validation accuracy as reward and its exponential moving average as baseline; both are the defaults. It does not
    state size, clip, epochs, rates, batch and entropy bonus: those here were chosen on the tabular tasks, see
    :doc:`/studies/appendix`. Different here: a proposal is the first of `draws` samples that was not proposed before,
    while r_t is computed from the policy's own probabilities; draws=1 is plain PPO.

    Example:
      >>> from actsearch.spaces import swish
      >>> controller, space = PPO(entropy=0.05), swish()
      >>> proposals, state = controller.ask(space, controller.init(space, seed=0), 3)
      >>> len(proposals), state.pending.choices.shape
      (3, (3, 3))
    """

    name = "ppo"

    algorithm: Algorithm = "ppo"
    batch: int = 8
    epochs: int = 4
    learning_rate: float = 0.005
    clip: float = 0.2
    entropy: float = 0.1
    hidden: int = 32
    baseline: Baseline = "average"
    decay: float = 0.9
    normalize: bool = False
    draws: int = 8

    def __post_init__(self) -> None:
        check_option("algorithm", self.algorithm, get_args(Algorithm))
        check_option("baseline", self.baseline, get_args(Baseline))
        check_integer("batch", self.batch, 2)
        check_integer("epochs", self.epochs, 1)
        check_integer("hidden", self.hidden, 1)
        check_integer("draws", self.draws, 1)
        check_number("learning_rate", self.learning_rate, lambda rate: 0 < rate < math.inf, "finite and above 0")
        check_number("clip", self.clip, lambda clip: clip > 0, "above 0")
        check_number("entropy", self.entropy, lambda weight: 0 <= weight < math.inf, "finite and at least 0")
        check_number("decay", self.decay, lambda decay: 0 <= decay < 1, "from 0 to below 1")
        check_flag("normalize", self.normalize)

    def min_budget(self) -> int:
        """Returns the trials of an update, and one proposal after it."""
        return self.batch + 1

    def init(self, space: Space, seed: int) -> State:
        """Returns the state of a policy that draws as random search does."""
        require_decisions(self.name, space)
        params = policy_functions(option_counts(space), self.hidden).init(seed)
        opt_state = optax.adam(self.learning_rate).init(params)
        pending = _sequences(space, [])
        experience = Experience(pending, np.zeros(0))
        return State(seed, 0, params, opt_state, None, 0.0, pending, experience, choice_table(space))

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns n programs drawn from the policy."""
        policy = policy_functions(option_counts(space), self.hidden)
        drawn = policy.sample(state.params, state.seed, self.draws * state.asked, self.draws * n)
        new = Sequences(*draw_new(drawn, self.draws, state.proposed))
        proposals = [propose(space, space.genotype(row)) for row in new.choices.tolist()]
        return proposals, state._replace(
            asked=state.asked + n,
            pending=latest(state.pending, new, REMEMBERED),
            proposed=np.concatenate([state.proposed, new.choices])[-REMEMBERED:],
        )

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Collects rewards, and updates the policy after each batch of them."""
        lowest = lowest_score(state.lowest, trials)
        pending, new = _match(space, state.pending, trials, lowest)
        experience: Experience = jax.tree.map(lambda old, more: np.concatenate([old, more]), state.experience, new)
        state = state._replace(pending=pending, experience=experience, lowest=lowest)
        while len(state.experience.rewards) >= self.batch:
            now = jax.tree.map(lambda rows: rows[: self.batch], state.experience)
            rest = jax.tree.map(lambda rows: rows[self.batch :], state.experience)
            state = self._learn(space, state._replace(experience=rest), now)
        return state

    def _learn(self, space: Space, state: State, batch: Experience) -> State:
        """Returns the state after an update."""
        mean = float(batch.rewards.mean())
        before = mean if state.baseline is None else state.baseline
        params, opt_state = _update(option_counts(space), self)(
            state.params, state.opt_state, batch.sequences, np.float32(batch.rewards), np.float32(before)
        )
        baseline = self.decay * before + (1 - self.decay) * mean
        return state._replace(params=params, opt_state=opt_state, baseline=baseline)


def clipped_gain(log_ratio: jax.Array, advantage: jax.Array, clip: float, algorithm: Algorithm = "ppo") -> jax.Array:
    """Returns what is to be maximised, elementwise.

        ppo:        min(r A, clip(r, 1 - clip, 1 + clip) A),  r = exp(log_ratio)
        reinforce:  stop(min(r, 1 + clip)) A log r

    Written out, because the library that has the first one (rlax) brings a probability framework with it.

    Args:
      log_ratio: log-probability now less that of the proposal, float32 of any shape.
      advantage: of that shape.
      clip: above 0.
      algorithm: which.

    Example:
      >>> gain = clipped_gain(jnp.log(jnp.array([1.5, 0.5, 1.5])), jnp.array([1.0, 1.0, -1.0]), 0.2)
      >>> [round(float(value), 2) for value in gain]
      [1.2, 0.5, -1.5]
    """
    ratio = jnp.exp(log_ratio)
    if algorithm == "reinforce":
        return jax.lax.stop_gradient(jnp.minimum(ratio, 1 + clip)) * advantage * log_ratio
    return jnp.minimum(ratio * advantage, jnp.clip(ratio, 1 - clip, 1 + clip) * advantage)


def _sequences(space: Space, rows: Sequence[tuple[tuple[int, ...], Any]]) -> Sequences:
    choices = choice_table(space, [row[0] for row in rows])
    return Sequences(choices, np.array([row[1] for row in rows], np.float32).reshape(choices.shape))


def _match(space: Space, pending: Sequences, trials: Sequence[Trial], lowest: float) -> tuple[Sequences, Experience]:
    """Returns the proposals whose trials are still to come, and those that came back with their rewards.

    A trial that no proposal waits for, such as one delivered twice, teaches nothing; a failed one says nothing of its
    program.
    """
    waiting: dict[tuple[int, ...], list[int]] = {}
    for place, row in enumerate(pending.choices.tolist()):
        waiting.setdefault(tuple(row), []).append(place)
    back, places, rewards = set(), [], []
    for trial, choices in with_choices(space, trials):
        if waiting.get(choices):
            back.add(place := waiting[choices].pop(0))
            if trial.status is not Status.FAILED:
                places.append(place)
                rewards.append(lowest if trial.score is None else trial.score)
    left = [place for place in range(len(pending.choices)) if place not in back]
    rewarded = Sequences(pending.choices[places], pending.log_probs[places])
    return Sequences(pending.choices[left], pending.log_probs[left]), Experience(rewarded, np.array(rewards, float))


@functools.lru_cache(maxsize=8)
def _update(sizes: tuple[int, ...], controller: PPO) -> Update:
    """Returns the compiled update, (params, opt_state, sequences, rewards, average) -> (params, opt_state).

    It is a function of the arguments alone; the cache only saves its compilation.
    """
    policy = policy_functions(sizes, controller.hidden)
    epochs = controller.epochs if controller.algorithm == "ppo" else 1

    def loss(params: Params, step: int, sequences: Sequences, rewards: jax.Array, average: jax.Array) -> jax.Array:
        steps = policy.follow(params, sequences.choices)
        learned = controller.baseline == "value"
        expected = jax.lax.stop_gradient(steps.values) if learned else average
        advantage = jnp.broadcast_to(rewards[:, None] - expected, steps.log_probs.shape)
        if controller.normalize:
            advantage = advantage / (advantage.std() + 1e-6)
        gain = clipped_gain(steps.log_probs - sequences.log_probs, advantage, controller.clip, controller.algorithm)
        error = jnp.square(steps.values - rewards[:, None]).mean() if learned else 0.0
        return error - gain.mean() - controller.entropy * steps.entropy.mean()

    return adam_updates(loss, controller.learning_rate, epochs)

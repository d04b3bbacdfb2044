"""Reinforcement learning of a recurrent policy, after Ramachandran, Zoph and Le (2017), with PPO or REINFORCE."""

import functools
from collections.abc import Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax

from actsearch.controllers.base import Controller, Proposal, at_least, in_range, require_choice
from actsearch.controllers.policy import REMEMBERED, compiled, propose
from actsearch.spaces import Space
from actsearch.trials.trial import Trial


def ppo(
    space: Space,
    *,
    algorithm: Literal["ppo", "reinforce"] = "ppo",
    batch: int = 8,
    epochs: int = 4,
    learning_rate: float = 0.005,
    clip: float = 0.2,
    entropy: float = 0.1,
    hidden: int = 32,
    baseline: Literal["average", "value"] = "average",
    decay: float = 0.9,
    normalize: bool = False,
    draws: int = 8,
) -> Controller:
    """Returns the reinforcement learning controller of the Swish paper.

    A recurrent policy picks one component after another (`actsearch.controllers.policy`). The reward R of a program is
    its trial's score, 0 where a gate rejected it. After each `batch` of trials the policy follows `epochs` gradients of

        L = -mean_t min(r_t A, clip(r_t, 1 - clip, 1 + clip) A) - entropy * mean_t H_t,    A = R - b,

    where r_t is the probability of choice t now over that when it was proposed, and b is an exponential moving average
    of the rewards. With r_t as of the proposal, trials may return late and in any order.

    Args:
      space: where programs come from.
      algorithm: "ppo", or "reinforce": one gradient of -r A with r cut off at 1 + clip, and no epochs.
      batch: trials of an update, at least 2.
      epochs: gradients of an update.
      learning_rate: of Adam.
      clip: bound of the ratio's change, above 0.
      entropy: weight of the entropy bonus, at least 0.
      hidden: features of the policy's state.
      baseline: "average", or "value": a value head predicts R before each choice, b is its prediction, and its squared
        error is added to the loss.
      decay: of the moving average, in [0, 1).
      normalize: divides A by its standard deviation in the batch.
      draws: a proposal is the first of so many draws that was not proposed before, at least 1.

    Raises:
      ValueError: a hyperparameter out of range, or a space without decisions.

    Source: section 2 names the recurrent controller, PPO (Schulman et al. 2017, arXiv 1707.06347, equation 7), the
    validation accuracy as reward and its exponential moving average as baseline; both are the defaults. It does not
    state size, clip, epochs, rates, batch and entropy bonus: those here were chosen on the tabular tasks, see
    experiments/README.md. Different here: a proposal is the first of `draws` samples that was not proposed before,
    while r_t is computed from the policy's own probabilities; draws=1 is plain PPO.

    Example:
      >>> from actsearch.spaces import swish
      >>> controller = ppo(swish())
      >>> proposals, state = controller.ask(controller.init(0), 3)
      >>> len(proposals), len(state["pending"])
      (3, 3)
    """
    options = {
        **{"algorithm": algorithm, "batch": batch, "epochs": epochs, "learning_rate": learning_rate, "clip": clip},
        **{
            "entropy": entropy,
            "hidden": hidden,
            "baseline": baseline,
            "decay": decay,
            "normalize": normalize,
            "draws": draws,
        },
    }
    _check(options)
    require_choice("ppo", space)
    sizes = tuple(len(decision.options) for decision in space.decisions)
    policy = compiled(sizes, hidden)
    lesson = _lesson(sizes, hidden, algorithm, epochs, learning_rate, clip, entropy, baseline, normalize)

    def init(seed: int) -> dict[str, Any]:
        weights = policy.init(seed)
        optimizer = jax.tree.leaves(optax.adam(learning_rate).init(weights))
        return {
            **{"seed": seed, "asked": 0, "weights": weights, "optimizer": optimizer, "baseline": None},
            **{"pending": [], "seen": [], "told": []},
        }

    def ask(state, n):
        picked, state = propose(policy, state, n, draws)
        proposals = [Proposal(space.decode(choices)) for choices, _ in picked]
        return proposals, {**state, "pending": [*state["pending"], *picked][-REMEMBERED:]}

    def tell(state, trials):
        pending, told = _match(state["pending"], trials)
        state = {**state, "pending": pending, "told": state["told"] + told}
        while len(state["told"]) >= batch:
            state = learn({**state, "told": state["told"][batch:]}, state["told"][:batch])
        return state

    def learn(state, rows):
        choices, log_probs, rewards = (np.array(column) for column in zip(*rows, strict=True))
        before = rewards.mean() if state["baseline"] is None else state["baseline"]
        arrays = choices.astype(np.int32), log_probs.astype(np.float32), np.float32(rewards), np.float32(before)
        weights, optimizer = lesson(state["weights"], state["optimizer"], *arrays)
        after = decay * before + (1 - decay) * rewards.mean()
        return {**state, "weights": weights, "optimizer": optimizer, "baseline": float(after)}

    return Controller("ppo", options, init, ask, tell, least=batch + 1)


def _match(pending: list, trials: Sequence[Trial]) -> tuple[list, list]:
    """Returns the proposals still waited for, and (choices, log-probabilities, reward) of those that came back.

    A trial that nothing waits for, such as one told twice, teaches nothing; a failed one says nothing of its program.
    """
    waiting: dict[tuple[int, ...], list[int]] = {}
    for place, (choices, _) in enumerate(pending):
        waiting.setdefault(tuple(choices), []).append(place)
    done, told = set(), []
    for trial in trials:
        places = waiting.get(trial.program.choices or ())
        if places:
            done.add(place := places.pop(0))
            if trial.status != "failed":
                told.append([*pending[place], float(trial.score or 0.0)])
    return [row for place, row in enumerate(pending) if place not in done], told


@functools.cache
def _lesson(sizes, hidden, algorithm, epochs, learning_rate, clip, entropy, baseline, normalize):
    """Returns the compiled update: (weights, optimizer, choices, log_probs, rewards, average) -> the first two anew."""
    policy, optimizer = compiled(sizes, hidden), optax.adam(learning_rate)

    def loss(weights, choices, log_probs, rewards, average):
        steps = policy.follow(weights, choices)
        expected = jax.lax.stop_gradient(steps.values) if baseline == "value" else average
        advantage = jnp.broadcast_to(rewards[:, None] - expected, log_probs.shape)
        if normalize:
            advantage = advantage / (advantage.std() + 1e-6)
        gain = clipped_gain(steps.log_probs - log_probs, advantage, clip, algorithm)
        error = jnp.square(steps.values - rewards[:, None]).mean() if baseline == "value" else 0.0
        return error - gain.mean() - entropy * steps.entropy.mean()

    @jax.jit
    def lesson(weights, leaves, *batch):
        structure = jax.tree.structure(jax.eval_shape(optimizer.init, weights))

        def one(_, carry):
            weights, state = carry
            updates, state = optimizer.update(jax.grad(loss)(weights, *batch), state)
            return optax.apply_updates(weights, updates), state

        carry = weights, jax.tree.unflatten(structure, leaves)
        weights, state = jax.lax.fori_loop(0, epochs if algorithm == "ppo" else 1, one, carry)
        return weights, jax.tree.leaves(state)

    return lesson


def clipped_gain(
    log_ratio: jax.Array, advantage: jax.Array, clip: float, algorithm: Literal["ppo", "reinforce"] = "ppo"
) -> jax.Array:
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


def _check(options: dict[str, Any]) -> None:
    for name, known in {"algorithm": ("ppo", "reinforce"), "baseline": ("average", "value")}.items():
        if options[name] not in known:
            raise ValueError(f"{name} is {' or '.join(known)}; received {options[name]!r}.")
    for name, least in {"batch": 2, "epochs": 1, "hidden": 1, "draws": 1}.items():
        at_least(name, options[name], least)
    for name in ("learning_rate", "clip"):
        in_range(name, options[name], lambda value: value > 0, "above 0")
    in_range("entropy", options["entropy"], lambda value: value >= 0, "at least 0")
    in_range("decay", options["decay"], lambda value: 0 <= value < 1, "from 0 to below 1")

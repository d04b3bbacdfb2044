"""An order-preserving generative flow network, after Chen and Mauch (2023, arXiv 2310.00386)."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from actsearch.controllers.base import Controller, Proposal, at_least, in_range, require_choice
from actsearch.controllers.policy import REMEMBERED, compiled, propose
from actsearch.spaces import Space


def gflownet(
    space: Space,
    *,
    batch: int = 16,
    sample: int = 64,
    memory: int = 256,
    updates: int = 8,
    learning_rate: float = 0.01,
    explore: float = 0.05,
    hidden: int = 32,
    draws: int = 8,
) -> Controller:
    """Returns the controller whose policy orders programs as their scores do.

    Programs are built one choice after another, so that each has one path and its learned reward is its probability,
    up to a constant: R(x) = Z p(x). The order-preserving loss of a set X of programs is

        L = KL( y || softmax_X log p ),    y uniform on the best-scored members of X,

    for pairs, X = {x, x'}: -log of p(best) / (p(x) + p(x')). Only the order of scores counts, so that no temperature of
    rewards has to be chosen. After each `batch` of trials the policy follows `updates` gradients of the mean loss over
    the pairs of a random sample of the programs remembered.

    Args:
      space: where programs come from.
      batch: trials between two lessons, at least 2.
      sample: programs in a gradient's sample, which are paired at random; an even number.
      memory: latest trials remembered, each program with its latest score.
      updates: gradients of a lesson.
      learning_rate: of Adam.
      explore: probability that a proposal is a random program instead, in [0, 1].
      hidden: features of the policy's state.
      draws: a proposal is the first of so many draws that was not proposed before, at least 1.

    Raises:
      ValueError: a hyperparameter out of range, or a space without decisions.

    Source: the order-preserving criterion with trajectory balance (ICLR 2024). Different here: the policy alone is
    learned, since Z cancels in the loss; it explores by whole random programs; hyperparameters were chosen on the
    tabular tasks, see experiments/README.md.

    Example:
      >>> from actsearch.spaces import swish
      >>> controller = gflownet(swish())
      >>> proposals, state = controller.ask(controller.init(0), 3)
      >>> len(proposals)
      3
    """
    options: dict[str, Any] = {"batch": batch, "sample": sample, "memory": memory, "updates": updates}
    options |= {"hidden": hidden, "draws": draws}
    for name, value in options.items():
        at_least(name, value, 1 if name in ("updates", "hidden", "draws") else 2)
    if sample % 2:
        raise ValueError(f"sample is paired, and must be even; received {sample}.")
    in_range("explore", explore, lambda value: 0 <= value <= 1, "a probability, from 0 to 1")
    in_range("learning_rate", learning_rate, lambda value: value > 0, "above 0")
    require_choice("gflownet", space)
    sizes = tuple(len(decision.options) for decision in space.decisions)
    policy, lesson = compiled(sizes, hidden), _lesson(sizes, hidden, sample, updates, learning_rate)

    def init(seed: int) -> dict[str, Any]:
        weights = policy.init(seed)
        optimizer = jax.tree.leaves(optax.adam(learning_rate).init(weights))
        return {
            **{"seed": seed, "asked": 0, "lessons": 0, "weights": weights, "optimizer": optimizer},
            **{"told": [], "waiting": 0, "seen": []},
        }

    def ask(state, n):
        rng = np.random.default_rng((state["seed"], 1, state["asked"]))
        fresh = [space.sample(rng) for _ in range(int((rng.random(n) < explore).sum()))]
        picked, state = propose(policy, state, n - len(fresh), draws)
        programs = [*(space.decode(choices) for choices, _ in picked), *fresh]
        seen = [*state["seen"], *(list(program.choices or ()) for program in fresh)][-REMEMBERED:]
        return [Proposal(program) for program in programs], {
            **state,
            "asked": state["asked"] + len(fresh),
            "seen": seen,
        }

    def tell(state, trials):
        rows = {tuple(row[0]): row[1] for row in state["told"]}
        new = [trial for trial in trials if trial.status != "failed" and trial.program.choices is not None]
        for trial in new:
            rows.pop(trial.program.choices, None)  # the latest stand last
            rows[trial.program.choices] = float(trial.score or 0.0)
        told = [[list(choices), score] for choices, score in rows.items()][-memory:]
        state = {**state, "told": told, "waiting": state["waiting"] + len(new)}
        while state["waiting"] >= batch:
            state = learn({**state, "waiting": state["waiting"] - batch})
        return state

    def learn(state):
        rng = np.random.default_rng((state["seed"], 2, state["lessons"]))
        drawn = rng.integers(len(state["told"]), size=(updates, sample))
        choices = np.array([row[0] for row in state["told"]], np.int32)[drawn]
        scores = np.array([row[1] for row in state["told"]], np.float32)[drawn]
        weights, optimizer = lesson(state["weights"], state["optimizer"], choices, scores)
        return {**state, "lessons": state["lessons"] + 1, "weights": weights, "optimizer": optimizer}

    options |= {"learning_rate": learning_rate, "explore": explore}
    return Controller("gflownet", options, init, ask, tell, least=batch + 1)


@functools.cache
def _lesson(sizes, hidden, sample, updates, learning_rate):
    """Returns the compiled lesson: (weights, optimizer, choices, scores) -> the first two anew."""
    policy, optimizer = compiled(sizes, hidden), optax.adam(learning_rate)

    def loss(weights, choices, scores):
        log_p = policy.follow(weights, choices).log_probs.sum(axis=1)
        pairs, order = log_p.reshape(-1, 2), scores.reshape(-1, 2)
        return order_loss(pairs[:, 0] - pairs[:, 1], order[:, 0] - order[:, 1]).mean()

    @jax.jit
    def lesson(weights, leaves, choices, scores):
        structure = jax.tree.structure(jax.eval_shape(optimizer.init, weights))

        def one(i, carry):
            weights, state = carry
            updates, state = optimizer.update(jax.grad(loss)(weights, choices[i], scores[i]), state)
            return optax.apply_updates(weights, updates), state

        weights, state = jax.lax.fori_loop(0, updates, one, (weights, jax.tree.unflatten(structure, leaves)))
        return weights, jax.tree.leaves(state)

    return lesson


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

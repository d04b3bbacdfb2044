"""The recurrent policy of the learned controllers: one choice a step, each given the ones before.

    p(c) = prod_t softmax(head_t(h_t))[c_t],   h_t = GRU(h_{t-1}, embedding(c_{t-1}))

A choice that does not exist has probability 0, so that every sampled program is legal. The heads start at 0, so that
the first programs are drawn as random search draws them.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

REMEMBERED = 4096
"""Proposals that a learned controller remembers; older ones are forgotten."""


class Steps(NamedTuple):
    """What the policy says of sequences of choices, one column a decision.

    Attributes:
      log_probs: of each choice, float32 [sequences, decisions].
      entropy: of each step's distribution in nats, float32 [sequences, decisions].
      values: the expected reward before each choice, float32 [sequences, decisions].
    """

    log_probs: jax.Array
    entropy: jax.Array
    values: jax.Array


class Policy(nnx.Module):
    """The network; see the module's docstring.

    Args:
      sizes: number of options of each decision.
      hidden: features of the state and of the embedding.
      rngs: of the initial weights.
    """

    def __init__(self, sizes: tuple[int, ...], hidden: int, *, rngs: nnx.Rngs):
        # Row 0 of the embedding is the start; each decision has rows of its own.
        self.embedding = nnx.Embed(1 + sum(sizes), hidden, rngs=rngs)
        # Flax's orthogonal start takes seconds to compile; at this size it makes no difference.
        self.cell = nnx.GRUCell(hidden, hidden, recurrent_kernel_init=nnx.initializers.lecun_normal(), rngs=rngs)
        self.heads = nnx.Param(jnp.zeros((len(sizes), hidden, max(sizes))))
        self.value = nnx.Linear(hidden, 1, kernel_init=nnx.initializers.zeros, rngs=rngs)
        self.hidden, self.sizes = hidden, sizes

    def step(
        self, carry: jax.Array, previous: jax.Array, decision: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Returns the new state [n, hidden], log-probabilities [n, options] and value [n] of one decision.

        Args:
          carry: state, float32 [n, hidden].
          previous: row of the embedding of the choice before, int32 [n].
          decision: its number, a scalar.
        """
        carry, output = self.cell(carry, self.embedding(previous))
        logits = output @ self.heads[...][decision]
        legal = jnp.arange(max(self.sizes)) < jnp.array(self.sizes)[decision]
        return carry, jax.nn.log_softmax(jnp.where(legal, logits, -jnp.inf)), self.value(output)[:, 0]

    def start(self, n: int) -> tuple[jax.Array, jax.Array]:
        """Returns the state and the row of the embedding before the first decision."""
        return jnp.zeros((n, self.hidden)), jnp.zeros(n, jnp.int32)

    def rows(self, choices: jax.Array, decision: jax.Array) -> jax.Array:
        """Returns the rows of the embedding of choices of one decision, int32 [n]."""
        offsets = jnp.array(np.cumsum([1, *self.sizes[:-1]]), jnp.int32)
        return offsets[decision] + choices

    def follow(self, choices: jax.Array) -> Steps:
        """Returns what the policy says of given choices, int32 [n, decisions]."""

        def one(state, inputs):
            decision, chosen = inputs
            carry, log_probs, value = self.step(state[0], state[1], decision)
            likely = jnp.where(jnp.isfinite(log_probs), log_probs, 0)
            entropy = -(jnp.exp(log_probs) * likely).sum(axis=1)
            picked = jnp.take_along_axis(log_probs, chosen[:, None], axis=1)[:, 0]
            return (carry, self.rows(chosen, decision)), Steps(picked, entropy, value)

        inputs = jnp.arange(len(self.sizes)), choices.T
        _, steps = jax.lax.scan(one, self.start(len(choices)), inputs)
        return jax.tree.map(jnp.transpose, steps)

    def sample(self, keys: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Returns one sequence of choices for each key, int32 [n, decisions], and their log-probabilities."""

        def one(state, decision):
            carry, log_probs, _ = self.step(state[0], state[1], decision)
            draw = lambda key, row: jax.random.categorical(jax.random.fold_in(key, decision), row)  # noqa: E731
            chosen = jax.vmap(draw)(keys, log_probs)
            picked = jnp.take_along_axis(log_probs, chosen[:, None], axis=1)[:, 0]
            return (carry, self.rows(chosen, decision)), (chosen, picked)

        _, (choices, picked) = jax.lax.scan(one, self.start(len(keys)), jnp.arange(len(self.sizes)))
        return choices.T, picked.T


class Compiled(NamedTuple):
    """Functions of a policy's weights, which are a list of arrays.

    Attributes:
      init: seed -> weights.
      sample: (weights, seed, first, n) -> choices [n, decisions] and log-probabilities, as NumPy arrays; sequence i
        depends on the weights, the seed and first + i, and on n only as rounding does.
      follow: (weights, choices) -> Steps, to be differentiated.
    """

    init: Any
    sample: Any
    follow: Any


@functools.cache
def compiled(sizes: tuple[int, ...], hidden: int) -> Compiled:
    """Returns a policy's functions, compiled once for all controllers of its shape."""

    @jax.jit
    def init(seed) -> list[jax.Array]:
        return jax.tree.leaves(nnx.split(Policy(sizes, hidden, rngs=nnx.Rngs(jax.random.key(seed))))[1])

    graph, weights = nnx.split(nnx.eval_shape(lambda: Policy(sizes, hidden, rngs=nnx.Rngs(0))))
    structure = jax.tree.structure(weights)

    def policy(leaves: Sequence[jax.Array]) -> Policy:
        return nnx.merge(graph, jax.tree.unflatten(structure, leaves))

    @functools.partial(jax.jit, static_argnums=3)
    def draw(leaves, seed, first, n):
        keys = jax.vmap(lambda i: jax.random.fold_in(jax.random.key(seed), first + i))(jnp.arange(n))
        return policy(leaves).sample(keys)

    def sample(leaves, seed: int, first: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        padded = 1 << max(0, n - 1).bit_length()  # a few lengths, so that few are compiled
        choices, log_probs = jax.device_get(draw(leaves, seed, first, padded))
        return choices[:n], log_probs[:n]

    return Compiled(init, sample, lambda leaves, choices: policy(leaves).follow(choices))


def propose(policy: Compiled, state: dict[str, Any], n: int, draws: int) -> tuple[list[Any], dict[str, Any]]:
    """Draws n sequences of choices, each the first of `draws` that was not proposed before.

    A score that is known teaches little. Where all draws are known, the policy has made up its mind, and the first one
    stands.

    Args:
      policy: the functions.
      state: a controller's, with "weights", "seed", "asked" and "seen".
      n: how many.
      draws: at least 1.

    Returns:
      Rows [choices, log-probabilities], and the state after them.
    """
    drawn = policy.sample(state["weights"], state["seed"], draws * state["asked"], draws * n)
    rows = list(zip(*(part.tolist() for part in drawn), strict=True))
    seen = set(map(tuple, state["seen"]))
    picked = []
    for i in range(0, len(rows), draws):
        group = rows[i : i + draws]
        row = next((row for row in group if tuple(row[0]) not in seen), group[0])
        seen.add(tuple(row[0]))
        picked.append(list(row))
    proposed = [*state["seen"], *(choices for choices, _ in picked)]
    return picked, {**state, "asked": state["asked"] + n, "seen": proposed[-REMEMBERED:]}

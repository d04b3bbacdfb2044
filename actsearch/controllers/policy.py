"""The recurrent policy of the learned controllers: one choice a step, each given the ones before.

    p(c) = prod_t softmax(head_t(h_t))[c_t],   h_t = GRU(h_{t-1}, embedding(c_{t-1}))

A choice that does not exist has probability 0, so that every sampled program is legal. The heads start at 0, so that
the first programs are drawn as random search draws them.
"""

import functools
from typing import NamedTuple, Protocol, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from actsearch.controllers.base import Choices

Params: TypeAlias = list[jax.Array]
"""Weights of a policy."""

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

        def one(
            state: tuple[jax.Array, jax.Array], inputs: tuple[jax.Array, jax.Array]
        ) -> tuple[tuple[jax.Array, jax.Array], Steps]:
            decision, chosen = inputs
            carry, log_probs, value = self.step(state[0], state[1], decision)
            likely = jnp.where(jnp.isfinite(log_probs), log_probs, 0)
            entropy = -(jnp.exp(log_probs) * likely).sum(axis=1)
            picked = jnp.take_along_axis(log_probs, chosen[:, None], axis=1)[:, 0]
            return (carry, self.rows(chosen, decision)), Steps(picked, entropy, value)

        inputs = jnp.arange(len(self.sizes)), choices.T
        _, steps = jax.lax.scan(one, self.start(len(choices)), inputs)
        return Steps(*(part.T for part in steps))

    def sample(self, keys: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Returns one sequence of choices for each key, int32 [n, decisions], and their log-probabilities."""

        def one(
            state: tuple[jax.Array, jax.Array], decision: jax.Array
        ) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]:
            carry, log_probs, _ = self.step(state[0], state[1], decision)
            step_keys = jax.vmap(jax.random.fold_in, (0, None))(keys, decision)
            chosen = jax.vmap(jax.random.categorical)(step_keys, log_probs)
            picked = jnp.take_along_axis(log_probs, chosen[:, None], axis=1)[:, 0]
            return (carry, self.rows(chosen, decision)), (chosen, picked)

        _, (choices, picked) = jax.lax.scan(one, self.start(len(keys)), jnp.arange(len(self.sizes)))
        return choices.T, picked.T


class Init(Protocol):
    """seed -> weights."""

    def __call__(self, seed: int) -> Params: ...


class Sample(Protocol):
    """Draws sequences of choices, [n, decisions], with their log-probabilities, as NumPy arrays.

    Sequence i depends on the weights, the seed and first + i, and on n only as rounding does.
    """

    def __call__(self, params: Params, seed: int, first: int, n: int) -> tuple[Choices, NDArray[np.float32]]: ...


class Follow(Protocol):
    """(weights, choices [n, decisions]) -> Steps, to be differentiated."""

    def __call__(self, params: Params, choices: jax.Array | Choices) -> Steps: ...


class PolicyFunctions(NamedTuple):
    """Functions of a policy's weights.

    Attributes:
      init: see `Init`.
      sample: see `Sample`.
      follow: see `Follow`.
    """

    init: Init
    sample: Sample
    follow: Follow


@functools.lru_cache(maxsize=8)
def policy_functions(sizes: tuple[int, ...], hidden: int) -> PolicyFunctions:
    """Returns a policy's functions, compiled once for all controllers of its shape."""

    @jax.jit
    def init(seed: int) -> Params:
        return jax.tree.leaves(nnx.split(Policy(sizes, hidden, rngs=nnx.Rngs(jax.random.key(seed))))[1])

    graph, weights = nnx.split(nnx.eval_shape(lambda: Policy(sizes, hidden, rngs=nnx.Rngs(0))))
    structure = jax.tree.structure(weights)

    def policy(params: Params) -> Policy:
        return nnx.merge(graph, jax.tree.unflatten(structure, params))

    def follow(params: Params, choices: jax.Array | Choices) -> Steps:
        return policy(params).follow(jnp.asarray(choices))

    @functools.partial(jax.jit, static_argnums=3)
    def draw(params: Params, seed: int, first: int, n: int) -> tuple[jax.Array, jax.Array]:
        keys = jax.vmap(lambda i: jax.random.fold_in(jax.random.key(seed), first + i))(jnp.arange(n))
        return policy(params).sample(keys)

    def sample(params: Params, seed: int, first: int, n: int) -> tuple[Choices, NDArray[np.float32]]:
        padded = 1 << max(0, n - 1).bit_length()  # a few lengths, so that few are compiled
        choices, log_probs = jax.device_get(draw(params, seed, first, padded))
        return choices[:n], log_probs[:n]

    return PolicyFunctions(init, sample, follow)


def draw_new(
    drawn: tuple[Choices, NDArray[np.float32]], draws: int, proposed: Choices
) -> tuple[Choices, NDArray[np.float32]]:
    """Returns the first of each group of `draws` sequences that was not proposed before.

    A score that is known teaches little. Where all of a group are known, the policy is certain, and the first one
    stands.

    Args:
      drawn: choices [groups * draws, decisions] and their log-probabilities.
      draws: at least 1.
      proposed: choices that were proposed before, [n, decisions].

    Returns:
      Choices and log-probabilities, [groups, decisions].
    """
    known = set(map(tuple, proposed.tolist()))
    rows = list(map(tuple, drawn[0].tolist()))
    places = []
    for start in range(0, len(rows), draws):
        place = next((i for i in range(start, start + draws) if rows[i] not in known), start)
        known.add(rows[place])
        places.append(place)
    return drawn[0][places], drawn[1][places]

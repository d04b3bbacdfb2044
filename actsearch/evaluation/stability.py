"""The stability gate of layers: can an adversary who moves the weights blow the gradient up?

After Liu et al. 2020, section 3.3: gradient ascent on the weights to maximise the norm of the loss gradient, up to 100
steps; a layer is rejected when the norm passes 1e8 (both numbers unverified: from memory of the paper). What the paper
does not state is chosen here: one fixed batch, and steps of a fixed length relative to the initial weights.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from actsearch.evaluation.data_axis import mean_over
from actsearch.evaluation.one_training import Training, batch_of, merge_network, split_network

STEPS = 100
LIMIT = 1e8
STEP_LENGTH = 0.005
"""Length of one ascent step, as a share of the norm of the initial weights: ReLU without any normalisation passes on
digits-resnet-layer with a norm of 8e6, `exp(x)` does not, and the published layers stay below 1e4."""


class Stability(NamedTuple):
    """Result of the test: the largest norm of the loss gradient met; infinite where it was not finite."""

    gradient: jax.Array | float


def ascend(training: Training) -> Stability:
    """Returns the largest norm of the loss gradient met while ascending on it, at most STEPS steps.

    Args:
      training: its network from its initial weights; the first of its batches is the one used.
    """
    task, state = training.task, training.state
    statistics_axis = training.axis_name if training.synchronized else None
    graph, parameters, rest = split_network(task, training.layer, state, statistics_axis)
    batch = batch_of(training, 0)

    def gradient(parameters: Any) -> Any:
        def loss(parameters: Any) -> jax.Array:
            network = merge_network(task, graph, parameters, rest)
            network.train()
            return task.loss(network, batch, state.key)

        return mean_over(training.axis_name, jax.grad(loss)(parameters))

    length = STEP_LENGTH * optax.tree.norm(parameters)

    def goes_on(state: Any) -> jax.Array:
        step, _, _, norm = state
        return jnp.logical_and(step <= STEPS, norm <= LIMIT)

    def climb(state: Any) -> Any:
        # The slope of half the squared norm is the Hessian times the gradient: forward over reverse.
        step, parameters, largest, _ = state
        point = gradient(parameters)
        slope = jax.jvp(gradient, (parameters,), (point,))[1]
        # Where the slope has left float32 nothing is left to climb: that gradient counts as infinite.
        norm = jnp.where(jnp.isfinite(_largest(slope)), _finite(optax.tree.norm(point)), jnp.inf)
        moved = jax.tree.map(lambda w, d: w + length * d, parameters, direction(slope))
        return step + 1, moved, jnp.maximum(largest, norm), norm

    start = jnp.int32(0), parameters, jnp.float32(0), jnp.float32(0)
    return Stability(jax.lax.while_loop(goes_on, climb, start)[2])


def direction(slope: Any) -> Any:
    """Returns a tree of length 1 along `slope`, whose squares may be beyond the range of its type; 0 stays 0."""
    slope = jax.tree.map(lambda d: d / jnp.maximum(_largest(slope), 1e-30), slope)
    norm = jnp.maximum(optax.tree.norm(slope), 1e-30)
    return jax.tree.map(lambda d: d / norm, slope)


def _largest(tree: Any) -> jax.Array:
    return jnp.max(jnp.stack([jnp.max(jnp.abs(leaf)) for leaf in jax.tree.leaves(tree)]))


def _finite(norm: jax.Array) -> jax.Array:
    return jnp.where(jnp.isfinite(norm), norm, jnp.inf)

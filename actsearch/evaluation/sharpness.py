"""Sharpness: the largest eigenvalue of the Hessian of a loss, by power iteration. For `look_inside`."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

ITERATIONS = 40
"""Of each of the two power iterations."""


def sharpness(loss: Callable[[Any], jax.Array], parameters: Any, iterations: int = ITERATIONS) -> jax.Array:
    """Returns the largest eigenvalue of the Hessian of a loss; jit-compatible.

    Products H v are forward derivatives of the gradient; the Hessian is never formed. A first power iteration finds the
    eigenvalue of the largest magnitude; where it is negative, a second one on H + |it| finds the largest. The estimate
    is a Rayleigh quotient, so it is never above the eigenvalue, and near it where the next one is clearly smaller. With
    gradient descent of the rate eta a minimum is stable below 2 / eta.

    Args:
      loss: a scalar function of the parameters, twice differentiable where they are.
      parameters: a pytree of floats.
      iterations: of each power iteration.

    Source: power iteration is standard; for networks: Cohen et al. 2021, 'Gradient descent on neural networks typically
    occurs at the edge of stability', which uses Lanczos' method.

    Example:
      >>> quadratic = lambda w: 0.5 * (3.0 * w[0] ** 2 - 8.0 * w[1] ** 2 + w[2] ** 2)
      >>> round(float(sharpness(quadratic, jnp.ones(3))), 3)
      3.0
    """
    leaves, structure = jax.tree.flatten(parameters)
    keys = jax.random.split(jax.random.key(0), len(leaves))
    start = [jax.random.normal(key, leaf.shape, jnp.float32) for key, leaf in zip(keys, leaves, strict=True)]

    def product(vector: Any) -> Any:
        return jax.jvp(jax.grad(loss), (parameters,), (vector,))[1]

    def largest(shift: jax.Array | float) -> jax.Array:
        def step(_: int, vector: Any) -> Any:
            turned = jax.tree.map(lambda h, v: h + shift * v, product(vector), vector)
            return _unit(turned)

        vector = jax.lax.fori_loop(0, iterations, step, _unit(jax.tree.unflatten(structure, start)))
        return _dot(vector, product(vector))

    first = largest(0.0)
    found: jax.Array = jax.lax.cond(first < 0, lambda: largest(-first), lambda: first)
    return found


def _dot(a: Any, b: Any) -> jax.Array:
    return jnp.sum(jnp.stack([jnp.vdot(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)]))


def _unit(vector: Any) -> Any:
    length = jnp.maximum(jnp.sqrt(_dot(vector, vector)), 1e-30)
    return jax.tree.map(lambda leaf: leaf / length, vector)

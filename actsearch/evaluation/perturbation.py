"""A trained network under small changes: of its inputs, against the loss, and of its numbers, to eight bits."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

FGSM = 0.1
"""Size of the step against the loss, in standard deviations of the inputs."""


def fgsm(gradient: Callable[[jax.Array], jax.Array], inputs: jax.Array, size: float = FGSM) -> jax.Array:
    """Returns inputs moved by one step against the loss: x + size std(x) sign(d loss / dx).

    Args:
      gradient: of inputs as float32 -> d loss / dx, of their shape; only its sign matters, not the scale of a row.
      inputs: any shape; integers, such as pixels, become float32.
      size: of the step, in standard deviations of all numbers in `inputs`.

    Source: Goodfellow, Shlens, Szegedy 2015, 'Explaining and harnessing adversarial examples', section 4. Different
    here: the step is relative to the spread of the data, and moved inputs may leave their range.

    Example:
      >>> fgsm(jax.grad(lambda x: jnp.sum(x * jnp.array([[2.0, -1.0]]))), jnp.array([[1.0, -1.0]]), 0.5).tolist()
      [[1.5, -1.5]]
    """
    start = jnp.asarray(inputs, jnp.float32)
    moved: jax.Array = start + size * jnp.std(start) * jnp.sign(gradient(start))
    return moved


def int8(values: jax.Array) -> jax.Array:
    """Returns numbers rounded to eight bits with one scale for the whole tensor: s round(x / s), s = max|x| / 127.

    Symmetric and without a zero point, so that 0 stays 0; of the dtype of the input. A tensor of zeros stays as it is.

    Example:
      >>> int8(jnp.array([-127.0, 0.4, 0.6, 100.2])).tolist()
      [-127.0, 0.0, 1.0, 100.0]
    """
    scale = jnp.maximum(jnp.max(jnp.abs(values)), 1e-30) / 127
    rounded: jax.Array = jnp.round(values / scale) * scale
    return rounded.astype(values.dtype)

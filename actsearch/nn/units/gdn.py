"""Divisive normalisation over channels, for image compression."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from actsearch.nn.units.checks import as_input, lifted

_PEDESTAL = 2.0**-36  # of the square roots that are trained, so that a gradient reaches those at 0
_LEAST = 1e-6


@jax.custom_vjp
def _at_least(value: jax.Array, bound: float) -> jax.Array:
    """Returns max(value, bound); a gradient reaches a value below its bound where a step along it would raise it."""
    return jnp.maximum(value, bound)


def _forward(value: jax.Array, bound: float) -> tuple[jax.Array, jax.Array]:
    return jnp.maximum(value, bound), value >= bound


def _backward(free: jax.Array, slope: jax.Array) -> tuple[jax.Array, None]:
    return jnp.where(free | (slope < 0), slope, 0), None


_at_least.defvjp(_forward, _backward)


class GDN(nnx.Module):
    """Generalised divisive normalisation: y_i = x_i / sqrt(b_i + sum_j g_ij x_j^2), or times that root, its inverse.

    What is trained are square roots, so that b >= 1e-6 and g >= 0; a root that an optimizer put below its bound has the
    gradient that leads back, as in the authors' TensorFlow code. Pools over channels alone, each position for itself.
    The inverse is one step of the fixed point, not exact.

    Args:
      num_features: size of the last axis.
      inverse: whether to multiply (IGDN).
      param_dtype: of the parameters.
      rngs: accepted as Flax's layers do; the start is not random.

    Attributes:
      beta: sqrt(b + 2^-36), [num_features]; b starts at 1.
      gamma: sqrt(g + 2^-36), [num_features, num_features], of j and i; g starts at 0.1 on the diagonal, else 0.

    Source: Balle, Laparra, Simoncelli 2016, Density Modeling of Images using a Generalized Normalization
      Transformation; defaults as TensorFlow and PyTorch ports.

    Example:
      >>> [round(float(value), 4) for value in GDN(2)(jnp.array([0.0, 1.0]))]
      [0.0, 0.9535]
    """

    def __init__(
        self,
        num_features: int,
        *,
        inverse: bool = False,
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        self.num_features, self.inverse = num_features, inverse
        self.beta = nnx.Param(jnp.sqrt(jnp.ones(num_features, param_dtype) + _PEDESTAL))
        self.gamma = nnx.Param(jnp.sqrt(0.1 * jnp.eye(num_features, dtype=param_dtype) + _PEDESTAL))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array of the shape of x, [..., num_features]."""
        x = as_input("GDN", self.num_features, x)
        beta = _at_least(self.beta[...], (_LEAST + _PEDESTAL) ** 0.5) ** 2 - _PEDESTAL
        gamma = _at_least(self.gamma[...], _PEDESTAL**0.5) ** 2 - _PEDESTAL
        root = jnp.sqrt(lifted(beta, x.ndim) + jnp.square(x) @ gamma)
        return x * root if self.inverse else x / root

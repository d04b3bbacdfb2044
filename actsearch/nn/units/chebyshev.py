"""A layer of Chebyshev polynomials on each edge."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from actsearch.nn.units.checks import as_input, check_range


def chebyshev(t: jax.Array, degree: int) -> jax.Array:
    """Returns T_0(t) to T_degree(t), [..., degree + 1], by the recurrence T_n = 2 t T_(n-1) - T_(n-2).

    cos(n arccos(t)) has no gradient at +-1, where tanh saturates.

    Example:
      >>> chebyshev(jnp.float32(0.5), 3).tolist()
      [1.0, 0.5, -0.5, -1.0]
    """
    rows = [jnp.ones_like(t), t]
    for _ in range(degree - 1):
        rows.append(2 * t * rows[-1] - rows[-2])
    return jnp.stack(rows[: degree + 1], axis=-1)


class Chebyshev(nnx.Module):
    """A layer with a polynomial on each edge: y_o = sum_in a_ion T_n(tanh(x_i)).

    The paper has a LayerNorm after it and layers of ReLU behind: put `nnx.LayerNorm(out_features)` there.

    Args:
      in_features: size of the last axis of the input.
      out_features: size of that of the result.
      degree: highest, at least 0.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      coefficients: a, [in_features, out_features, degree + 1], normal with standard deviation
        1 / (in_features (degree + 1)).

    Source: Rezaeian et al. 2024, SL2A-INR, the authors' code; that tanh brings x into +-1 is from memory.

    Example:
      >>> Chebyshev(3, 2, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).shape
      (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        degree: int = 4,
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        check_range("Chebyshev", "degree", degree, 0)
        self.in_features, self.degree = in_features, degree
        shape = in_features, out_features, degree + 1
        noise = jax.random.normal(rngs.params(), shape, param_dtype)
        self.coefficients = nnx.Param(noise / (in_features * (degree + 1)))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("Chebyshev", self.in_features, x)
        return jnp.einsum("...in,ion->...o", chebyshev(jnp.tanh(x), self.degree), self.coefficients[...])

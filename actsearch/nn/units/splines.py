"""Units of B-splines: a KAN layer, with a curve on each edge, and a curve for each neuron."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from actsearch.nn.units.checks import as_input, check_interval, check_range, lifted


def bspline_basis(x: jax.Array, intervals: int, degree: int, low: float, high: float) -> jax.Array:
    """Returns the B-splines of a uniform grid at x, [..., intervals + degree].

    They sum to 1 from `low` to `high`, and are all 0 far outside, where a spline has no gradient.

    Example:
      >>> bspline_basis(jnp.float32(0.3), 5, 3, -1.0, 1.0).sum().round(5).item()
      1.0
    """
    step = (high - low) / intervals
    x = x[..., None]
    knots = lifted(low + step * jnp.arange(-degree, intervals + degree + 1, dtype=x.dtype), x.ndim)
    basis = ((x >= knots[..., :-1]) & (x < knots[..., 1:])).astype(x.dtype)
    for order in range(1, degree + 1):  # Cox and de Boor; the knots are uniform
        left = (x - knots[..., : -order - 1]) / (order * step)
        right = (knots[..., order + 1 :] - x) / (order * step)
        basis = left * basis[..., :-1] + right * basis[..., 1:]
    return basis


class KAN(nnx.Module):
    """A layer with a trained curve on each edge: y_o = sum_i wb_oi silu(x_i) + ws_oi sum_k c_oik B_k(x_i).

    The grid stays where it is; the original moves it with the data by least squares.

    Args:
      in_features: size of the last axis of the input.
      out_features: size of that of the result.
      intervals: of the grid.
      degree: of the splines; 3 is cubic.
      low, high: ends of the grid, in order.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      base: wb, [in_features, out_features], N(0, 1 / in_features).
      scale: ws, [in_features, out_features], 1.
      coefficients: c, [in_features, out_features, intervals + degree], N(0, (0.1 / intervals)^2).

    Source: Liu et al. 2024, KAN: Kolmogorov-Arnold Networks; from memory. The start of `base` is our choice.

    Example:
      >>> KAN(3, 2, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).shape
      (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        intervals: int = 5,
        degree: int = 3,
        low: float = -1.0,
        high: float = 1.0,
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        check_interval("KAN", low, high)
        self.in_features, self.grid = in_features, (intervals, degree, low, high)
        shape = in_features, out_features
        self.base = nnx.Param(jax.random.normal(rngs.params(), shape, param_dtype) / in_features**0.5)
        self.scale = nnx.Param(jnp.ones(shape, param_dtype))
        self.coefficients = _coefficients("KAN", shape, intervals, degree, param_dtype, rngs)

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("KAN", self.in_features, x)
        curves = self.scale[...][..., None] * self.coefficients[...]
        spline = jnp.einsum("...ik,iok->...o", bspline_basis(x, *self.grid), curves)
        return jax.nn.silu(x) @ self.base[...] + spline


class SplineActivation(nnx.Module):
    """A trained curve for each feature: wb silu(x) + sum_k c_k B_k(x), after a linear map: the fair peer of a KAN.

    Args:
      num_features: size of the last axis.
      intervals: of the grid.
      degree: of the splines.
      low, high: ends of the grid, in order.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      base: wb, [num_features], 1.
      coefficients: c, [num_features, intervals + degree], N(0, (0.1 / intervals)^2).

    Source: Yu, Yu, Wang 2024, KAN or MLP: A Fairer Comparison; from memory.

    Example:
      >>> SplineActivation(3, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).shape
      (5, 3)
    """

    def __init__(
        self,
        num_features: int,
        *,
        intervals: int = 5,
        degree: int = 3,
        low: float = -1.0,
        high: float = 1.0,
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        check_interval("SplineActivation", low, high)
        self.num_features, self.grid = num_features, (intervals, degree, low, high)
        self.base = nnx.Param(jnp.ones(num_features, param_dtype))
        self.coefficients = _coefficients("SplineActivation", (num_features,), intervals, degree, param_dtype, rngs)

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array of the shape of x, [..., num_features]."""
        x = as_input("SplineActivation", self.num_features, x)
        basis = bspline_basis(x, *self.grid)
        curve = jnp.sum(lifted(self.coefficients[...], basis.ndim) * basis, axis=-1)
        return lifted(self.base[...], x.ndim) * jax.nn.silu(x) + curve


def _coefficients(
    unit: str, shape: tuple[int, ...], intervals: int, degree: int, param_dtype: DTypeLike, rngs: nnx.Rngs
) -> nnx.Param[jax.Array]:
    """Returns the first coefficients of curves, [*shape, intervals + degree], N(0, (0.1 / intervals)^2)."""
    check_range(unit, "intervals", intervals, 1)
    check_range(unit, "degree", degree, 0)
    noise = jax.random.normal(rngs.params(), (*shape, intervals + degree), param_dtype)
    return nnx.Param(0.1 / intervals * noise)

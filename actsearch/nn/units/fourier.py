"""Units of sines and cosines: a Fourier series on each edge, and a layer that is a third periodic."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from actsearch.nn.units.checks import as_input, check_divides, check_range, lifted


class FourierKAN(nnx.Module):
    """A layer with a Fourier series on each edge: y_o = sum_ik a_iok cos(k x_i) + b_iok sin(k x_i) + c_o, k = 1..K.

    Args:
      in_features: size of the last axis of the input.
      out_features: size of that of the result.
      terms: K, at least 1.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      cosines, sines: a and b, [in_features, out_features, terms], N(0, 1 / (in_features K)).
      bias: c, [out_features], 0.

    Source: the first public layer of this name; Mehrabian et al. 2024, FKAN, uses it as the first layer of a network of
      coordinates.

    Example:
      >>> FourierKAN(3, 2, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).shape
      (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        terms: int = 5,
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        check_range("FourierKAN", "terms", terms, 1)
        self.in_features, self.terms = in_features, terms
        shape, scale = (in_features, out_features, terms), (in_features * terms) ** -0.5
        self.cosines = nnx.Param(scale * jax.random.normal(rngs.params(), shape, param_dtype))
        self.sines = nnx.Param(scale * jax.random.normal(rngs.params(), shape, param_dtype))
        self.bias = nnx.Param(jnp.zeros(out_features, param_dtype))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("FourierKAN", self.in_features, x)
        angles = x[..., None] * lifted(jnp.arange(1, self.terms + 1, dtype=x.dtype), x.ndim + 1)
        series = [
            jnp.einsum("...ik,iok->...o", wave(angles), weights[...])
            for wave, weights in ((jnp.cos, self.cosines), (jnp.sin, self.sines))
        ]
        return series[0] + series[1] + lifted(self.bias[...], x.ndim)


class FAN(nnx.Module):
    """A layer of which half is periodic: concat(cos(P x), sin(P x), gelu(G x + b)), a quarter, a quarter, a half.

    Args:
      in_features: size of the last axis of the input.
      out_features: size of that of the result, a multiple of 4.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      periodic: P, an `nnx.Linear` without offset; its start is Flax's own.
      plain: G and b, an `nnx.Linear`.

    Source: Dong et al. 2024, FAN: Fourier Analysis Networks, the authors' code.

    Example:
      >>> FAN(3, 8, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).shape
      (5, 8)
    """

    def __init__(self, in_features: int, out_features: int, *, param_dtype: DTypeLike = jnp.float32, rngs: nnx.Rngs):
        check_divides("FAN", out_features, 4)
        self.in_features = in_features
        quarter, half = out_features // 4, out_features // 2
        self.periodic = nnx.Linear(in_features, quarter, use_bias=False, param_dtype=param_dtype, rngs=rngs)
        self.plain = nnx.Linear(in_features, half, param_dtype=param_dtype, rngs=rngs)

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("FAN", self.in_features, x)
        angles = self.periodic(x)
        plain = jax.nn.gelu(self.plain(x), approximate=False)
        return jnp.concatenate([jnp.cos(angles), jnp.sin(angles), plain], axis=-1)

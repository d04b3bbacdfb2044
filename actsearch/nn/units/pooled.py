"""Units that look at a whole example: a threshold or a switch from its statistics, or a gate over its tokens."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from actsearch.nn.units.checks import as_input, check_divides, check_range, lifted


class PercentileASH(nnx.Module):
    """Keeps the largest share of each example: x where x is at or above its percentile, else 0.

    The percentile is over all axes but the first, or over the features of an input with two axes or one. No gradient
    passes through it.

    Args:
      num_features: size of the last axis.
      share: that is kept, above 0 and at most 1.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Djurisic et al. 2023, Extremely Simple Activation Shaping; as a unit: the public code of Loni et al. 2023.

    Example:
      >>> PercentileASH(4, share=0.5)(jnp.array([3.0, -1.0, 2.0, 1.0])).tolist()
      [3.0, 0.0, 2.0, 0.0]
    """

    def __init__(self, num_features: int, *, share: float = 0.1, rngs: nnx.Rngs | None = None):
        check_range("PercentileASH", "share", share, 1e-6, 1)
        self.num_features, self.share = num_features, share

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("PercentileASH", self.num_features, x)
        axes = tuple(range(1, x.ndim)) if x.ndim > 2 else (-1,)
        threshold = jnp.quantile(jax.lax.stop_gradient(x), 1 - self.share, axis=axes, keepdims=True)
        return jnp.where(x >= threshold.astype(x.dtype), x, 0)


class MetaACON(nnx.Module):
    """ACON-C whose switch is computed from the example: d = (p1 - p2) x; d sigmoid(beta d) + p2 x.

    beta = sigmoid(W2 W1 m) of each channel, with m the mean over space, x itself where there is none.

    Args:
      num_features: size of the last axis, the channels.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      p1, p2: [num_features], from N(0, 1).
      down, up: W1 to max(16, num_features / 16) numbers, and W2 back.

    Source: Ma et al. 2021, Activate or Not, ports of the authors' code, without the BatchNorms that some have behind W1
      and W2.

    Example:
      >>> MetaACON(3, rngs=nnx.Rngs(0))(jnp.zeros((2, 5, 5, 3))).shape
      (2, 5, 5, 3)
    """

    def __init__(self, num_features: int, *, param_dtype: DTypeLike = jnp.float32, rngs: nnx.Rngs):
        self.num_features, width = num_features, max(16, num_features // 16)
        self.p1 = nnx.Param(jax.random.normal(rngs.params(), (num_features,), param_dtype))
        self.p2 = nnx.Param(jax.random.normal(rngs.params(), (num_features,), param_dtype))
        self.down = nnx.Linear(num_features, width, param_dtype=param_dtype, rngs=rngs)
        self.up = nnx.Linear(width, num_features, param_dtype=param_dtype, rngs=rngs)

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("MetaACON", self.num_features, x)
        pooled = jnp.mean(x, axis=tuple(range(1, x.ndim - 1)), keepdims=True)
        p1, p2 = (lifted(p[...], x.ndim) for p in (self.p1, self.p2))
        slope = (p1 - p2) * x
        return slope * jax.nn.sigmoid(jax.nn.sigmoid(self.up(self.down(pooled))) * slope) + p2 * x


class SpatialGate(nnx.Module):
    """The gate of gMLP: u (W LN(v) + b), with u and v the halves of the features and W over the tokens.

    Not equivariant to the order of tokens, and of a fixed number of them.

    Args:
      num_features: size of the last axis, even; the result has half of it.
      tokens: size of the axis before it.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      weights: W, [tokens, tokens], of outputs and inputs, normal with standard deviation 1e-3 / tokens.
      bias: b, [tokens], 1 at first, so that the gate is open.

    Source: Liu et al. 2021, Pay Attention to MLPs; initial values as in ports, which disagree on that of W.

    Example:
      >>> SpatialGate(4, tokens=3, rngs=nnx.Rngs(0))(jnp.ones((2, 3, 4))).shape
      (2, 3, 2)
    """

    def __init__(self, num_features: int, *, tokens: int = 1, param_dtype: DTypeLike = jnp.float32, rngs: nnx.Rngs):
        check_divides("SpatialGate", num_features, 2)
        check_range("SpatialGate", "tokens", tokens, 1)
        self.num_features, self.tokens = num_features, tokens
        self.norm = nnx.LayerNorm(num_features // 2, use_fast_variance=False, param_dtype=param_dtype, rngs=rngs)
        noise = jax.random.normal(rngs.params(), (tokens, tokens), param_dtype)
        self.weights = nnx.Param(noise * (1e-3 / tokens))
        self.bias = nnx.Param(jnp.ones(tokens, param_dtype))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., tokens, num_features / 2] of x, [..., tokens, num_features]."""
        x = as_input("SpatialGate", self.num_features, x)
        u, v = jnp.split(x, 2, axis=-1)
        mixed = jnp.einsum("st,...tf->...sf", self.weights[...], self.norm(v))
        return u * (mixed + lifted(self.bias[...][:, None], x.ndim))

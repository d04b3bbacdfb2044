"""Units that are linear in pieces or look at shifted copies, and weights standardised for them."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import DTypeLike

from actsearch.language import ActsearchError
from actsearch.nn.units.checks import as_input, check_interval, check_range, lifted


class PiecewiseGain(nnx.Module):
    """A trained gain for each interval that x falls into: x d(x), d piecewise constant; it jumps at the knots but 0.

    Starts as ReLU: the gain is 0 in the intervals below 0, 1 above.

    Args:
      num_features: size of the last axis; each feature has its own gains.
      knots: ascending places between the intervals, 0 among them.
      param_dtype: of the parameters.
      rngs: accepted as Flax's layers do; the start is not random.

    Attributes:
      levels: [knots + 1, num_features].

    Source: Liu et al. 2021, Neural Networks with Trainable Matrix Activation Functions, the diagonal case; from memory.

    Example:
      >>> PiecewiseGain(2)(jnp.array([-2.0, 3.0])).tolist()
      [-0.0, 3.0]
    """

    def __init__(
        self,
        num_features: int,
        *,
        knots: tuple[float, ...] = (-2.0, -1.0, 0.0, 1.0, 2.0),
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        if 0 not in knots or list(knots) != sorted(set(knots)):
            raise ActsearchError(f"PiecewiseGain needs ascending knots, 0 among them; received {knots}.")
        self.num_features, self.knots = num_features, knots
        above = jnp.arange(len(knots) + 1)[:, None] > knots.index(0)
        self.levels = nnx.Param(jnp.broadcast_to(above, (len(knots) + 1, num_features)).astype(param_dtype))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("PiecewiseGain", self.num_features, x)
        interval = jnp.searchsorted(jnp.asarray(self.knots, x.dtype), jax.lax.stop_gradient(x))
        return x * self.levels[...][interval, jnp.arange(self.num_features).reshape((1,) * (x.ndim - 1) + (-1,))]


class GaussianBasis(nnx.Module):
    """Shifted copies of a bump: exp(-(x - t_i)^2 / (2 w^2)) for each centre t_i, an embedding of coordinates.

    Args:
      num_features: size of the last axis; the result has `count` times as many, those of one feature together.
      count: centres, evenly from low to high, at least 2; w is the distance between two.
      low: the lowest centre.
      high: the highest, above it.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Zheng, Ramasinghe, Lucey 2021, Rethinking Positional Encoding; from memory of the paper.

    Example:
      >>> [round(float(bump), 3) for bump in GaussianBasis(1, count=3)(jnp.array([0.0]))]
      [0.607, 1.0, 0.607]
    """

    def __init__(
        self,
        num_features: int,
        *,
        count: int = 8,
        low: float = -1.0,
        high: float = 1.0,
        rngs: nnx.Rngs | None = None,
    ):
        check_range("GaussianBasis", "count", count, 2)
        check_interval("GaussianBasis", low, high)
        self.num_features, self.centres = num_features, tuple(np.linspace(low, high, count).tolist())
        self.width = (high - low) / (count - 1)

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., count num_features] of x, [..., num_features]."""
        x = as_input("GaussianBasis", self.num_features, x)
        centres = jnp.asarray(self.centres, x.dtype).reshape((1,) * x.ndim + (-1,))
        bumps = jnp.exp(-jnp.square((x[..., None] - centres) / self.width) / 2)
        return bumps.reshape(*x.shape[:-1], -1)


class ScaledWSLinear(nnx.Module):
    """A linear layer with scaled weight standardisation: W_hat = gain (W - mean) / (std sqrt(fan in)) of each output.

    Beside units of unit variance, such as `scaled_relu`, it stands in for normalisation.

    Args:
      in_features: size of the last axis of the input, the fan in.
      out_features: size of that of the result.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      kernel: W, [in_features, out_features], standard normal at first.
      gain: [out_features], 1 at first; bias: 0.

    Source: Brock, De, Smith 2021, Characterizing signal propagation in unnormalized ResNets; variance times fan in is
      kept above 1e-4, as in the authors' code.

    Example:
      >>> ScaledWSLinear(3, 2, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).round(5).tolist()[0]
      [0.0, 0.0]
    """

    def __init__(self, in_features: int, out_features: int, *, param_dtype: DTypeLike = jnp.float32, rngs: nnx.Rngs):
        self.in_features = in_features
        self.kernel = nnx.Param(jax.random.normal(rngs.params(), (in_features, out_features), param_dtype))
        self.gain = nnx.Param(jnp.ones(out_features, param_dtype))
        self.bias = nnx.Param(jnp.zeros(out_features, param_dtype))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("ScaledWSLinear", self.in_features, x)
        weights = self.kernel[...]
        centred = weights - weights.mean(axis=0, keepdims=True)
        variance = jnp.mean(jnp.square(centred), axis=0, keepdims=True)
        scale = self.gain[...][None] / jnp.sqrt(jnp.maximum(variance * self.in_features, 1e-4))
        return x @ (centred * scale) + lifted(self.bias[...], x.ndim)

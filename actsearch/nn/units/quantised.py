"""Units of few values with a gradient of their own: square waves, scaled signs, rounding."""

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn.units.backward import with_slope
from actsearch.nn.units.checks import as_input, check_interval, check_range


class BiPer(nnx.Module):
    """Binary and periodic: forward sign(sin(omega x)), backward omega cos(omega x).

    Args:
      num_features: size of the last axis.
      omega: frequency, above 0; the paper's is not known here.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Vargas et al. 2024, BiPer: Binary Neural Networks using a Periodic Function, where weights have it too.

    Example:
      >>> BiPer(3)(jnp.array([1.0, 4.0, -1.0])).tolist()
      [1.0, -1.0, -1.0]
    """

    def __init__(self, num_features: int, *, omega: float = 1.0, rngs: nnx.Rngs | None = None):
        check_range("BiPer", "omega", omega, 1e-6)
        self.num_features, self.omega = num_features, omega

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]; 0 becomes 1."""
        x = as_input("BiPer", self.num_features, x)
        wave = with_slope(
            lambda x: jnp.where(jnp.sin(self.omega * x) < 0, -1, 1).astype(x.dtype),
            lambda x: self.omega * jnp.cos(self.omega * x),
        )
        return wave(x)


class ScaledSign(nnx.Module):
    """Sign times the mean magnitude over channels, smoothed over space: sign(x) K, K = box(mean_c |x|).

    The sign has a straight-through gradient where `|x| <= 1`; that of K is its derivative.

    Args:
      num_features: size of the last axis, the channels.
      window: side of the box over height and width, odd, of inputs with at least four axes; others have no space.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Rastegari et al. 2016, XNOR-Net, section 3.2. Different here: the border is averaged over what is there.

    Example:
      >>> ScaledSign(2)(jnp.array([3.0, -1.0])).tolist()
      [2.0, -2.0]
    """

    def __init__(self, num_features: int, *, window: int = 3, rngs: nnx.Rngs | None = None):
        if window < 1 or window % 2 == 0:
            raise ActsearchError(f"ScaledSign needs an odd window of at least 1; received {window}.")
        self.num_features, self.window = num_features, window

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("ScaledSign", self.num_features, x)
        sign = with_slope(lambda x: jnp.where(x < 0, -1, 1).astype(x.dtype), lambda x: jnp.abs(x) <= 1)
        scale = jnp.mean(jnp.abs(x), axis=-1, keepdims=True)
        smooth: jax.Array = _box(scale, self.window) if x.ndim >= 4 else scale
        return sign(x) * smooth


def _box(scale: jax.Array, window: int) -> jax.Array:
    """Returns the mean over a window of height and width, [..., height, width, 1]."""
    sides = (1,) * (scale.ndim - 3) + (window, window, 1)
    strides = (1,) * scale.ndim
    total, count = (
        jax.lax.reduce_window(rows, jnp.zeros((), rows.dtype), jax.lax.add, sides, strides, "SAME")
        for rows in (scale, jnp.ones_like(scale))
    )
    mean: jax.Array = total / count
    return mean


class FakeQuant(nnx.Module):
    """Rounding to 2^bits levels from low to high; backward 1 inside of them, 0 outside.

    Args:
      num_features: size of the last axis.
      low: the lowest level.
      high: the highest, above it.
      bits: 1 to 16.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: the straight-through estimator, as quantised training has it; Jacob et al. 2018.

    Example:
      >>> FakeQuant(3, low=0.0, high=3.0, bits=2)(jnp.array([-1.0, 1.2, 9.0])).tolist()
      [0.0, 1.0, 3.0]
    """

    def __init__(
        self,
        num_features: int,
        *,
        low: float = -1.0,
        high: float = 1.0,
        bits: int = 8,
        rngs: nnx.Rngs | None = None,
    ):
        check_range("FakeQuant", "bits", bits, 1, 16)
        check_interval("FakeQuant", low, high)
        self.num_features, self.low, self.high = num_features, low, high
        self.step: float = (high - low) / (2**bits - 1)

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("FakeQuant", self.num_features, x)
        rounded = with_slope(self._rounded, lambda x: (x >= self.low) & (x <= self.high))
        return rounded(x)

    def _rounded(self, x: jax.Array) -> jax.Array:
        inside = jnp.minimum(jnp.maximum(x, self.low), self.high)
        rounded: jax.Array = self.low + self.step * jnp.round((inside - self.low) / self.step)
        return rounded

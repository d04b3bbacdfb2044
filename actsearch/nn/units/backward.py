"""Units whose backward is not the derivative of their forward: hysteresis, straight-through, few bits."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from actsearch.nn.units.checks import as_input, check_range

Unary = Callable[[jax.Array], jax.Array]


def with_slope(forward: Unary, slope: Unary) -> Unary:
    """Returns a function whose gradient is `slope`, whatever the derivative of `forward` is.

    Example:
      >>> constant = with_slope(jnp.zeros_like, jnp.ones_like)
      >>> float(constant(2.0)), float(jax.grad(constant)(2.0))
      (0.0, 1.0)
    """

    @jax.custom_vjp
    def function(x: jax.Array) -> jax.Array:
        return forward(x)

    function.defvjp(lambda x: (forward(x), x), lambda x, gradient: (gradient * slope(x).astype(gradient.dtype),))
    return function


class HeLU(nnx.Module):
    """ReLU whose gradient passes a little further: forward max(0, x), backward 1 where x > -alpha.

    Args:
      num_features: size of the last axis.
      alpha: width of the hysteresis, at least 0; 0 is ReLU.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Kimhi et al. 2024, Hysteresis Activation Function for Efficient Inference, the authors' code.

    Example:
      >>> float(jax.grad(lambda x: HeLU(1)(x).sum())(jnp.array([-0.01]))[0])
      1.0
    """

    def __init__(self, num_features: int, *, alpha: float = 0.05, rngs: nnx.Rngs | None = None):
        check_range("HeLU", "alpha", alpha, 0)
        self.num_features, self.alpha = num_features, alpha

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("HeLU", self.num_features, x)
        return with_slope(jax.nn.relu, lambda x: x > -self.alpha)(x)


class SignSTE(nnx.Module):
    """Sign with a straight-through gradient: forward -1 for x < 0, else 1; backward 1 where `|x| <= 1`.

    Args:
      num_features: size of the last axis.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Courbariaux et al. 2016, Binarized Neural Networks; that 0 is +1 is the habit of most code.

    Example:
      >>> SignSTE(3)(jnp.array([-0.2, 0.0, 4.0])).tolist()
      [-1.0, 1.0, 1.0]
    """

    def __init__(self, num_features: int, *, rngs: nnx.Rngs | None = None):
        self.num_features = num_features

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("SignSTE", self.num_features, x)
        return with_slope(lambda x: jnp.where(x < 0, -1, 1).astype(x.dtype), lambda x: jnp.abs(x) <= 1)(x)


class FewBit(nnx.Module):
    """A function with a derivative of 2^bits levels, so that the backward keeps a byte in the place of x.

    The levels and the places between them are the best for x of N(0, 1), in mean square, found by dynamic programming.

    Args:
      num_features: size of the last axis.
      function: elementwise, array -> array; the exact GELU by default.
      bits: 1 to 8.
      rngs: accepted as Flax's layers do; nothing here is random.

    Attributes:
      borders: places between the pieces, 2^bits - 1 numbers; levels: the slope of each piece.
      error: mean square of slope less level under N(0, 1).

    Source: Novikov et al. 2023, Few-bit Backward.

    Example:
      >>> round(FewBit(4, bits=2).error, 4)
      0.008
    """

    def __init__(
        self, num_features: int, *, function: Unary | None = None, bits: int = 3, rngs: nnx.Rngs | None = None
    ):
        check_range("FewBit", "bits", bits, 1, 8)
        self.num_features = num_features
        self.function = function or functools.partial(jax.nn.gelu, approximate=False)
        borders, levels, self.error = best_levels(self.function, 2**bits)
        self.borders, self.levels = tuple(borders.tolist()), tuple(levels.tolist())

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("FewBit", self.num_features, x)
        return _few_bits(self.function, self.borders, self.levels, x)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _few_bits(function: Unary, borders: tuple[float, ...], levels: tuple[float, ...], x: jax.Array) -> jax.Array:
    return function(x)


def _few_bits_forward(
    function: Unary, borders: tuple[float, ...], levels: tuple[float, ...], x: jax.Array
) -> tuple[jax.Array, jax.Array]:
    piece = jnp.searchsorted(jnp.asarray(borders, x.dtype), x)
    return function(x), piece.astype(jnp.uint8)


def _few_bits_backward(
    function: Unary, borders: tuple[float, ...], levels: tuple[float, ...], piece: jax.Array, gradient: jax.Array
) -> tuple[jax.Array]:
    return (gradient * jnp.asarray(levels, gradient.dtype)[piece],)


_few_bits.defvjp(_few_bits_forward, _few_bits_backward)


@functools.lru_cache(maxsize=64)
def best_levels(function: Unary, count: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Returns borders, levels and mean square error of the best piecewise constant slope under N(0, 1).

    Args:
      function: elementwise, array -> array.
      count: number of pieces.
    """
    x = np.linspace(-6, 6, 1201)
    with jax.enable_x64(True):
        slope = np.asarray(jax.vmap(jax.grad(lambda x: function(x)))(jnp.asarray(x)))
    weight = np.exp(-(x**2) / 2)
    weight /= weight.sum()
    costs = _costs(slope, weight)
    best, choices = costs[0], []
    for _ in range(count - 1):  # best[j]: error of the first j points with one piece more
        totals = best[:, None] + costs
        choices.append(totals.argmin(axis=0))
        best = totals.min(axis=0)
    ends = [len(x)]
    for choice in reversed(choices):
        ends.append(int(choice[ends[-1]]))
    starts = [*ends[:0:-1], len(x)]
    pieces = [slice(low, high) for low, high in zip([0, *starts[:-1]], starts, strict=True)]
    levels = np.array([np.average(slope[piece], weights=weight[piece]) for piece in pieces if slope[piece].size])
    borders = np.array([(x[end - 1] + x[end]) / 2 for end in starts[:-1] if 0 < end < len(x)])
    return borders, levels, float(best[-1])


def _costs(slope: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Returns the error of one level for points i to j, [points + 1, points + 1], infinite for j <= i."""
    sums: list[Any] = [np.concatenate([[0], np.cumsum(weight * slope**power)]) for power in range(3)]
    mass, first, second = (row[None, :] - row[:, None] for row in sums)
    cost = np.maximum(second - first**2 / np.where(mass > 0, mass, 1), 0)
    size = len(cost)
    return np.where(np.arange(size)[None, :] > np.arange(size)[:, None], cost, np.inf)

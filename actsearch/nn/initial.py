"""Initial weights: the numbers of Flax's initialisers, without compiling a draw for each shape of a weight.

The draws were a fifth to a third of a search's first call. JAX's random numbers depend on the key and on their place
alone (`jax_threefry_partitionable`, its default), so that the first n of one long draw are those of a draw of n.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

MOST = 2**16
"""Numbers in the one draw; weights of more have draws of their own shape."""


@dataclasses.dataclass(frozen=True)
class OneDraw:
    """An initialiser whose weights in float32 are the first numbers of one draw, times a scale.

    Attributes:
      initializer: Flax's, for all other weights.
      draw: (key, shape, dtype) -> standard numbers, as the initialiser takes them.
      scale: shape -> what it multiplies them by.
    """

    initializer: nnx.Initializer
    draw: Callable[[jax.Array, tuple[int, ...], Any], jax.Array]
    scale: Callable[[Sequence[int]], np.float32]

    def __call__(self, key: jax.Array, shape: Sequence[int], dtype: Any = None, out_sharding: Any = None) -> jax.Array:
        """Returns initial weights; arguments as for every initialiser of Flax."""
        dtype = jnp.result_type(float) if dtype is None else dtype
        if dtype != jnp.float32 or out_sharding is not None or math.prod(shape) > MOST:
            weights: jax.Array = self.initializer(key, shape, dtype, out_sharding=out_sharding)
        else:
            weights = _cut(self.draw(key, (MOST,), jnp.float32), self.scale(shape), tuple(shape))
        return weights


@partial(jax.jit, static_argnums=2)
def _cut(numbers: jax.Array, scale: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    return numbers[: math.prod(shape)].reshape(shape) * scale


def _he_scale(shape: Sequence[int]) -> np.float32:
    deviation = np.float32(0.87962566103423978)  # of the standard normal between -2 and 2
    return np.float32(np.sqrt(np.float32(2 / math.prod(shape[:-1]))) / deviation)


def _truncated(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    return jax.random.truncated_normal(key, -2, 2, shape, dtype)


he_normal = OneDraw(nnx.initializers.he_normal(), _truncated, _he_scale)
"""He et al. (2015): a normal distribution, cut at two deviations, of the variance 2 / inputs."""


def normal(deviation: float) -> OneDraw:
    """Returns the initialiser of a normal distribution.

    Args:
      deviation: its standard deviation, above 0.

    Example:
      >>> normal(0.02)(jax.random.key(0), (3, 4)).shape
      (3, 4)
    """
    return OneDraw(nnx.initializers.normal(deviation), jax.random.normal, lambda shape: np.float32(deviation))

"""Units that compare features: the k largest, sorted groups, winners of groups."""

from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from actsearch.language import ActsearchError
from actsearch.nn.units.checks import as_input, check_divides, check_range, lifted

Mode = Literal["linear", "relu", "subtract"]


class TopK(nnx.Module):
    """Keeps the k largest of all features, and puts 0 in the place of the others.

    "linear" keeps x itself, "relu" max(x, 0); "subtract" is relu(x - the kth largest), continuous in x. Exactly k are
    kept where values tie: the first ones. The gradient passes through what is kept, in "subtract" to the kth too.

    Args:
      num_features: size of the last axis.
      k: how many, 1 to num_features.
      mode: "linear", "relu" or "subtract".
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Makhzani, Frey 2013, k-Sparse Autoencoders ("linear"); Li et al. 2022, The Lazy Neuron Phenomenon ("relu");
      the public code of Hard ASH ("subtract").

    Example:
      >>> TopK(4, k=2)(jnp.array([3.0, -1.0, 2.0, 1.0])).tolist()
      [3.0, 0.0, 2.0, 0.0]
    """

    def __init__(self, num_features: int, *, k: int = 1, mode: Mode = "linear", rngs: nnx.Rngs | None = None):
        check_range("TopK", "k", k, 1, num_features)
        if mode not in ("linear", "relu", "subtract"):
            raise ActsearchError(f"TopK has the modes linear, relu and subtract; received {mode!r}.")
        self.num_features, self.k, self.mode = num_features, k, mode

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("TopK", self.num_features, x)
        values, places = jax.lax.top_k(x, self.k)
        if self.mode == "subtract":
            return jax.nn.relu(x - values[..., -1:])
        kept = jax.nn.one_hot(places, self.num_features, dtype=bool).any(axis=-2)
        return jnp.where(kept, x if self.mode == "linear" else jax.nn.relu(x), 0)


class MaxMin(nnx.Module):
    """Sorts neighbours: (a, b) becomes (max(a, b), min(a, b)), features 0 and 1, 2 and 3, and so on.

    Keeps norms, so that a network of it and orthogonal weights is 1-Lipschitz. Others put all maxima first.

    Args:
      num_features: size of the last axis, even.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Anil, Lucas, Grosse 2019, Sorting Out Lipschitz Function Approximation.

    Example:
      >>> MaxMin(4)(jnp.array([1.0, 2.0, 5.0, 3.0])).tolist()
      [2.0, 1.0, 5.0, 3.0]
    """

    def __init__(self, num_features: int, *, rngs: nnx.Rngs | None = None):
        check_divides("MaxMin", num_features, 2)
        self.num_features = num_features

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("MaxMin", self.num_features, x)
        first, second = x[..., ::2], x[..., 1::2]
        return jnp.stack([jnp.maximum(first, second), jnp.minimum(first, second)], axis=-1).reshape(x.shape)


class GroupSort(nnx.Module):
    """Sorts each group of neighbouring features, the smallest first; groups of 2 are MaxMin the other way round.

    Args:
      num_features: size of the last axis, a multiple of `group`.
      group: features of a group; None for all.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Anil, Lucas, Grosse 2019, Sorting Out Lipschitz Function Approximation.

    Example:
      >>> GroupSort(4, group=4)(jnp.array([3.0, -1.0, 2.0, 1.0])).tolist()
      [-1.0, 1.0, 2.0, 3.0]
    """

    def __init__(self, num_features: int, *, group: int | None = 2, rngs: nnx.Rngs | None = None):
        self.num_features, self.group = num_features, num_features if group is None else group
        check_divides("GroupSort", num_features, self.group)

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("GroupSort", self.num_features, x)
        return jnp.sort(x.reshape(*x.shape[:-1], -1, self.group), axis=-1).reshape(x.shape)


class LWTA(nnx.Module):
    """Keeps the largest of each group of neighbouring features and puts 0 in the place of the others.

    Of equal ones the first is kept.

    Args:
      num_features: size of the last axis, a multiple of `group`.
      group: features of a group.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Srivastava et al. 2013, Compete to Compute; the public code of Hard ASH.

    Example:
      >>> LWTA(4)(jnp.array([1.0, 2.0, 5.0, 3.0])).tolist()
      [0.0, 2.0, 5.0, 0.0]
    """

    def __init__(self, num_features: int, *, group: int = 2, rngs: nnx.Rngs | None = None):
        check_divides("LWTA", num_features, group)
        self.num_features, self.group = num_features, group

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        x = as_input("LWTA", self.num_features, x)
        groups = x.reshape(*x.shape[:-1], -1, self.group)
        kept = jax.nn.one_hot(groups.argmax(axis=-1), self.group, dtype=bool)
        return jnp.where(kept, groups, 0).reshape(x.shape)


class Householder(nnx.Module):
    """Reflects each pair of neighbours that lies behind a trained plane: z if v.z > 0, else z - 2 v (v.z), |v| = 1.

    Keeps norms. It starts at v = (1, -1) / sqrt(2), where it is MaxMin; v is normalised on each call.

    Args:
      num_features: size of the last axis, even.
      param_dtype: of the parameters.
      rngs: accepted as Flax's layers do; the start is not random.

    Attributes:
      direction: v of each pair, [num_features / 2, 2].

    Source: Singla, Singla, Feizi 2021, Householder Activations for Provable Robustness; from memory.

    Example:
      >>> Householder(2)(jnp.array([1.0, 2.0])).round(3).tolist()
      [2.0, 1.0]
    """

    def __init__(self, num_features: int, *, param_dtype: DTypeLike = jnp.float32, rngs: nnx.Rngs | None = None):
        check_divides("Householder", num_features, 2)
        self.num_features = num_features
        self.direction = nnx.Param(jnp.tile(jnp.array([1.0, -1.0], param_dtype) / 2**0.5, (num_features // 2, 1)))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array of the shape of x, [..., num_features]."""
        x = as_input("Householder", self.num_features, x)
        direction = self.direction[...]
        pairs = x.reshape(*x.shape[:-1], -1, 2)
        v = lifted(direction / jnp.linalg.norm(direction, axis=-1, keepdims=True), pairs.ndim)
        along = jnp.sum(v * pairs, axis=-1, keepdims=True)
        return (pairs - 2 * v * jnp.minimum(along, 0)).reshape(x.shape)

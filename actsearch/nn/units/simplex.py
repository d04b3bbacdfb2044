"""Maps onto the simplex: positive numbers that sum to 1 over the features, as attention needs them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn.units.checks import as_input

Form = Literal["softmax", "sparsemax", "stablemax", "softplus"]

_FLAT = -30.0  # below it softplus(x) is exp(x) to the last bit


def sparsemax(x: jax.Array) -> jax.Array:
    """Returns the nearest point of the simplex: max(x - t, 0), with t so that the sum is 1.

    Example:
      >>> sparsemax(jnp.array([1.0, 0.5, -2.0])).tolist()
      [0.75, 0.25, 0.0]
    """
    ordered = -jnp.sort(-x, axis=-1)
    sums = jnp.cumsum(ordered, axis=-1)
    places = jnp.arange(1, x.shape[-1] + 1, dtype=x.dtype).reshape((1,) * (x.ndim - 1) + (-1,))
    count = jnp.sum(1 + places * ordered > sums, axis=-1, keepdims=True)
    threshold = (jnp.take_along_axis(sums, count - 1, axis=-1) - 1) / count.astype(x.dtype)
    return jax.nn.relu(x - threshold)


def stablemax(x: jax.Array) -> jax.Array:
    """Returns s(x) over its sum, with s(x) = x + 1 for x >= 0, else 1 / (1 - x)."""
    positive = jnp.where(x >= 0, x + 1, 1 / (1 - jnp.minimum(x, 0)))
    return positive / positive.sum(axis=-1, keepdims=True)


def softplus_share(x: jax.Array) -> jax.Array:
    """Returns softplus(x) over its sum, by logarithms, so that numbers far below 0 keep their shares."""
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))  # in float16 softplus(-30) is 0
    logarithm = jnp.where(wide < _FLAT, wide, jnp.log(jax.nn.softplus(jnp.maximum(wide, _FLAT))))
    return jax.nn.softmax(logarithm, axis=-1).astype(x.dtype)


_FORMS: Mapping[str, Callable[[jax.Array], jax.Array]] = MappingProxyType(
    {"softmax": jax.nn.softmax, "sparsemax": sparsemax, "stablemax": stablemax, "softplus": softplus_share}
)


class Simplex(nnx.Module):
    """A positive map over its sum: features that are at least 0 and sum to 1.

    "softmax" is exp(x) over its sum; "stablemax" and "softplus" have slower maps; "sparsemax", the nearest point of the
    simplex, has exact zeros.

    Args:
      num_features: size of the last axis, that is summed over.
      form: one of the four.
      rngs: accepted as Flax's layers do; nothing here is random.

    Source: Martins, Astudillo 2016, From Softmax to Sparsemax; Prieto et al. 2025, Grokking at the Edge of Numerical
      Stability (stablemax). Of softplus attention, its length-dependent scale is left out.

    Example:
      >>> Simplex(2, form="stablemax")(jnp.array([1.0, -1.0])).tolist()
      [0.800000011920929, 0.20000000298023224]
    """

    def __init__(self, num_features: int, *, form: Form = "softmax", rngs: nnx.Rngs | None = None):
        if form not in _FORMS:
            raise ActsearchError(f"Simplex has the forms {', '.join(_FORMS)}; received {form!r}.")
        self.num_features, self.form = num_features, form

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array like x, [..., num_features]."""
        return _FORMS[self.form](as_input("Simplex", self.num_features, x))

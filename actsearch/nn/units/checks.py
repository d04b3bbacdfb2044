"""What the units check of their arguments and inputs; each says what was wrong and what to write."""

import jax
import jax.numpy as jnp

from actsearch.language import ActsearchError


def check_divides(name: str, num_features: int, group: int) -> None:
    """Raises an error where groups of this size do not fill the features."""
    if group < 1 or num_features < 1 or num_features % group:
        raise ActsearchError(
            f"{name} needs features that groups of {group} fill; received {num_features}: pass a multiple."
        )


def check_range(name: str, option: str, value: float, low: float, high: float = float("inf")) -> None:
    """Raises an error for an option outside of low to high."""
    if not low <= value <= high:
        raise ActsearchError(f"{name} needs {option} of {low} to {high}; received {value}.")


def check_interval(name: str, low: float, high: float) -> None:
    """Raises an error for ends that are not finite or not in order."""
    if not float("-inf") < low < high < float("inf"):
        raise ActsearchError(f"{name} needs low below high; received {low} and {high}.")


def lifted(values: jax.Array, ndim: int) -> jax.Array:
    """Returns an array with so many axes, new ones first: JAX can be told to add none by itself."""
    return values.reshape((1,) * (ndim - values.ndim) + values.shape)


def as_input(name: str, num_features: int, x: jax.typing.ArrayLike) -> jax.Array:
    """Returns the input as an array, or raises an error for one that a unit of so many features cannot take."""
    x = jnp.asarray(x)
    if x.ndim == 0 or x.shape[-1] != num_features:
        raise ActsearchError(
            f"{name} has {num_features} features; received an input of shape {x.shape}: make it with the size of the "
            "last axis."
        )
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(f"{name} needs a floating-point input; received {x.dtype}: write x.astype(jnp.float32).")
    return x

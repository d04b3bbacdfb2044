"""Reductions: statistics of a tensor, the primitives that make a program a layer rather than a curve.

A tensor is [batch, ..., features]; the axes between, if any, are its space. NHWC images have two of them, sequences
[batch, length, features] one, plain vectors [batch, features] none. Each index set is what a statistic runs over, and
so what shares one value of it:

    batch     batch and space                 one value for each feature
    instance  space                           one for each example and feature; not for [batch, features]
    layer     space and features              one for each example
    group     space and a group's features    one for each example and group

For [batch, features], layer runs over all features and group over those of a group. Source: the index sets of Liu,
Brock, Simonyan and Le 2020, 'Evolving Normalization-Activation Layers', table of primitives.

A statistic is a *moment*, which is averaged over an index set, and a closed form of it: mean(x) of itself,
rms(x) = sqrt(mean(x^2) + epsilon) and std(x) = sqrt(mean((x - mean(x))^2) + epsilon), the biased variance. Moments are
what moving averages follow. They are computed in float32 at least, whatever the precision of `x`.
"""

import jax
import jax.numpy as jnp

GROUPS = 32
"""Most groups of features; lowered to the largest divisor of the number of features."""

EPSILON = 1e-5
"""Added inside every root of a reduction. Division is unguarded, as in the published layers; `safe_div` and
`signed_log` keep their own constant, `actsearch.language.primitives.EPSILON`."""

INDEX_SETS = ("batch", "instance", "layer", "group")
STATISTICS = ("mean", "rms", "std")


class ShapeError(ValueError):
    """A statistic has no meaning for a tensor of this shape."""


def group_count(features: int, groups: int = GROUPS) -> int:
    """Returns the number of groups: the largest divisor of `features` that is at most `groups`.

    Example:
      >>> group_count(64), group_count(24), group_count(37)
      (32, 24, 1)
    """
    return next(count for count in range(min(features, groups), 0, -1) if features % count == 0)


def reduce(name: str, x: jax.Array, groups: int = GROUPS, epsilon: float = EPSILON) -> jax.Array:
    """Returns a statistic of a tensor, repeated over the axes that it runs over, so that the shape stays.

    Args:
      name: of a reduction, such as "group_std".
      x: floating-point [batch, ..., features].
      groups: most groups; see `group_count`.
      epsilon: added inside the root.

    Raises:
      ShapeError: the statistic has no meaning for this shape.

    Example:
      >>> reduce("layer_mean", jnp.array([[1.0, 3.0]]))
      Array([[2., 2.]], dtype=float32)
    """
    return spread(name, moment(name, x, groups), x, epsilon)


def moment(name: str, x: jax.Array, groups: int = GROUPS) -> jax.Array:
    """Returns what is averaged for a statistic: [features] for the batch's, else as `x` with 1 for the axes averaged.

    A group's moment is repeated for each of its features.
    """
    _check(name, x.shape)
    index_set, statistic = name.split("_")
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    match statistic:
        case "mean":
            found = _mean(index_set, wide, groups)
        case "rms":
            found = _mean(index_set, jnp.square(wide), groups)
        case _:  # in two passes: the difference of two means of squares loses digits where the mean is large
            found = _mean(index_set, jnp.square(wide - _mean(index_set, wide, groups)), groups)
    return found.reshape(-1) if index_set == "batch" else found


def spread(name: str, moment: jax.Array, x: jax.Array, epsilon: float = EPSILON) -> jax.Array:
    """Returns the statistic that belongs to a moment, with the shape and dtype of `x`."""
    value = moment if name.endswith("_mean") else jnp.sqrt(moment + epsilon)
    value = value.reshape((1,) * (x.ndim - value.ndim) + value.shape)
    return jnp.broadcast_to(value, x.shape).astype(x.dtype)


def _mean(index_set: str, x: jax.Array, groups: int) -> jax.Array:
    """Returns the mean over an index set, with 1 for the axes averaged; a group's mean for each of its features."""
    space = tuple(range(1, x.ndim - 1))
    if index_set != "group":
        axes = {"batch": (0, *space), "instance": space, "layer": (*space, x.ndim - 1)}[index_set]
        return jnp.mean(x, axes, keepdims=True)
    # Space first: it leaves little to regroup, and the tensor itself keeps its layout.
    small = jnp.mean(x, space, keepdims=True)
    count = group_count(x.shape[-1], groups)
    grouped = small.reshape(*small.shape[:-1], count, x.shape[-1] // count)
    return jnp.broadcast_to(jnp.mean(grouped, -1, keepdims=True), grouped.shape).reshape(small.shape)


def _check(name: str, shape: tuple[int, ...]) -> None:
    problem = None
    if len(shape) < 2:
        problem = "needs an input [batch, ..., features] of at least two axes: add one for the batch, x[None]"
    elif 0 in shape:
        problem = "has nothing to average over, because an axis is empty: leave out batches without examples"
    elif name.startswith("instance") and len(shape) == 2:
        problem = "averages over the axes between batch and features, and there are none: use batch_, layer_ or group_"
    if problem:
        raise ShapeError(f"{name} {problem}; received shape {shape}.")

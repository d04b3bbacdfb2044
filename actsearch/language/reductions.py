"""Reductions: statistics of a tensor, the primitives that make a program a layer rather than a curve.

A tensor is [batch, ..., features]; the axes between, if any, are its space. NHWC images have two of them, sequences
[batch, length, features] one, plain vectors [batch, features] none. Each index set is what a statistic runs over, and
so what shares one value of it:

    batch     batch and space                 one value for each feature
    instance  space                           one for each example and feature; not for [batch, features]
    layer     space and features              one for each example
    group     space and a group's features    one for each example and group
    feature   features                        one for each example and position

For [batch, features], layer and feature run over all features and group over those of a group. In a sequence `feature`
alone keeps a position apart from the others, so that a causal network stays causal. Source: the first four are those of
Liu, Brock, Simonyan and Le 2020, 'Evolving Normalization-Activation Layers', table of primitives, made for images; the
last is what Flax and PyTorch mean by LayerNorm and RMSNorm.

A statistic is a *moment*, which is averaged over an index set, and a closed form of it: mean(x) of itself,
rms(x) = sqrt(mean(x^2) + epsilon) and std(x) = sqrt(mean((x - mean(x))^2) + epsilon), the biased variance. Moments are
what moving averages follow. They are computed in float32 at least, whatever the precision of `x`.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from actsearch.language.errors import ActsearchError

GROUPS = 32
"""Most groups of features; lowered to the largest divisor of the number of features."""

EPSILON = 1e-5
"""Added inside every root of a reduction. Division is unguarded, as in the published layers; `safe_div` and
`signed_log` keep their own constant, `actsearch.language.EPSILON`."""

IndexSet = Literal["batch", "instance", "layer", "group", "feature"]
Statistic = Literal["mean", "rms", "std"]

EVONORM_INDEX_SETS: tuple[IndexSet, ...] = ("batch", "instance", "layer", "group")
"""The index sets of the EvoNorm paper, in the order of its table."""

INDEX_SETS: tuple[IndexSet, ...] = (*EVONORM_INDEX_SETS, "feature")
STATISTICS: tuple[Statistic, ...] = ("mean", "rms", "std")


class Reduction(NamedTuple):
    """One statistic over one index set.

    Attributes:
      index_set: what it runs over.
      statistic: what is computed there.

    Example:
      >>> Reduction("batch", "std").name, Reduction("batch", "std").initial_moment
      ('batch_std', 1.0)
    """

    index_set: IndexSet
    statistic: Statistic

    @property
    def name(self) -> str:
        """The name of its primitive."""
        return f"{self.index_set}_{self.statistic}"

    @property
    def over_batch(self) -> bool:
        """Whether it mixes examples, and so needs a moving average for evaluation."""
        return self.index_set == "batch"

    @property
    def is_mean(self) -> bool:
        """Whether the statistic is its moment; the others are roots of theirs."""
        return self.statistic == "mean"

    @property
    def initial_moment(self) -> float:
        """Where a moving average of its moment starts: 0 for a mean, 1 for a mean square or a variance."""
        return 0.0 if self.is_mean else 1.0


class ShapeError(ActsearchError):
    """A statistic has no meaning for a tensor, or a mask, of this shape."""


def group_count(features: int, groups: int = GROUPS) -> int:
    """Returns the number of groups: the largest divisor of `features` that is at most `groups`.

    Example:
      >>> group_count(64), group_count(24), group_count(37)
      (32, 24, 1)
    """
    return next(count for count in range(min(features, groups), 0, -1) if features % count == 0)


def reduce(reduction: Reduction, x: jax.Array, groups: int = GROUPS, epsilon: float = EPSILON) -> jax.Array:
    """Returns a statistic of a tensor, repeated over the axes that it runs over, so that the shape stays.

    Args:
      reduction: which statistic, over what.
      x: floating-point [batch, ..., features].
      groups: most groups; see `group_count`.
      epsilon: added inside the root.

    Raises:
      ShapeError: the statistic has no meaning for this shape.

    Example:
      >>> reduce(Reduction("layer", "mean"), jnp.array([[1.0, 3.0]]))
      Array([[2., 2.]], dtype=float32)
    """
    return spread(reduction, moment(reduction, x, groups), x, epsilon)


def moment(
    reduction: Reduction,
    x: jax.Array,
    groups: int = GROUPS,
    *,
    mask: jax.Array | None = None,
    axis_name: str | None = None,
    axis_index_groups: Sequence[Sequence[int]] | None = None,
) -> jax.Array:
    """Returns what is averaged for a statistic, in float32 or wider.

    Args:
      reduction: which statistic, over what.
      x: floating-point [batch, ..., features].
      groups: most groups; see `group_count`.
      mask: boolean, broadcastable to `x`: the positions that statistics over the batch count, at least one for each
        feature; all where it is None. Other statistics count every position.
      axis_name: name of a mapped axis, whose members average their moments over the batch; with a mask, too, each of
        them counts alike.
      axis_index_groups: groups of indices of that axis which average among themselves; None for one group of all.

    Returns:
      [features] for statistics over the batch; else as `x`, with 1 for the axes averaged. A group's moment is repeated
      for each of its features.

    Raises:
      ShapeError: the statistic has no meaning for this shape, or the mask does not fit it.
    """
    _check(reduction, x.shape)
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    mean: Callable[[jax.Array], jax.Array] = functools.partial(_mean, reduction.index_set, groups=groups)
    if reduction.over_batch:
        where = None if mask is None else _fitted(mask, x.shape)
        mean = functools.partial(_batch_mean, where=where, axis_name=axis_name, groups=axis_index_groups)
    match reduction.statistic:
        case "mean":
            value = mean(wide)
        case "rms":
            value = mean(jnp.square(wide))
        case "std":  # in two passes: the difference of two means of squares loses digits where the mean is large
            value = mean(jnp.square(wide - mean(wide)))
    return value.reshape(-1) if reduction.over_batch else value


def spread(reduction: Reduction, moment: jax.Array, x: jax.Array, epsilon: float = EPSILON) -> jax.Array:
    """Returns the statistic that belongs to a moment, with the shape and dtype of `x`."""
    value = moment if reduction.is_mean else jnp.sqrt(moment + epsilon)
    value = value.reshape((1,) * (x.ndim - value.ndim) + value.shape)
    return jnp.broadcast_to(value, x.shape).astype(x.dtype)


def _mean(index_set: IndexSet, x: jax.Array, groups: int) -> jax.Array:
    """Returns the mean over an index set, with 1 for the axes averaged; a group's mean for each of its features."""
    space = tuple(range(1, x.ndim - 1))
    if index_set != "group":
        axes = {"instance": space, "layer": (*space, x.ndim - 1), "feature": (x.ndim - 1,)}[index_set]
        return jnp.mean(x, axes, keepdims=True)
    # Space first: it leaves little to regroup, and the tensor itself keeps its layout.
    small = jnp.mean(x, space, keepdims=True)
    count = group_count(x.shape[-1], groups)
    grouped = small.reshape(*small.shape[:-1], count, x.shape[-1] // count)
    return jnp.broadcast_to(jnp.mean(grouped, -1, keepdims=True), grouped.shape).reshape(small.shape)


def _batch_mean(
    x: jax.Array, where: jax.Array | None, axis_name: str | None, groups: Sequence[Sequence[int]] | None
) -> jax.Array:
    """Returns the mean over all axes but the last, with 1 for them, of all members of a mapped axis."""
    mean = jnp.mean(x, tuple(range(x.ndim - 1)), keepdims=True, where=where)
    if axis_name is None:
        return mean
    return jax.lax.pmean(mean, axis_name, axis_index_groups=groups)  # type: ignore[no-untyped-call, no-any-return]


def _fitted(mask: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    mask = jnp.asarray(mask, bool)
    try:
        return jnp.broadcast_to(mask, shape)
    except ValueError:
        raise ShapeError(
            f"a mask must broadcast to the input, {shape}; received shape {mask.shape}: add an axis for the features, "
            "mask[..., None]."
        ) from None


def _check(reduction: Reduction, shape: tuple[int, ...]) -> None:
    problem = None
    if not shape:
        problem = "needs an input [..., features], with at least two axes for all but feature_: add one, x[None]"
    elif len(shape) < 2 and reduction.index_set != "feature":
        problem = "needs an input [batch, ..., features] of at least two axes: add one for the batch, x[None]"
    elif 0 in shape:
        problem = "has nothing to average over, because an axis is empty: leave out batches without examples"
    elif reduction.index_set == "instance" and len(shape) == 2:
        problem = "averages over the axes between batch and features, and there are none: use batch_, layer_ or group_"
    if problem:
        raise ShapeError(f"{reduction.name} {problem}; received shape {shape}.")

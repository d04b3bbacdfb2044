"""Trained rational functions: one for all features, or one for each group of them."""

from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from actsearch.language import ActsearchError
from actsearch.nn.units.checks import as_input, check_divides, lifted

Form = Literal["A", "B"]

# Fitted to the leaky ReLU of slope 0.01 in form A; within 0.03 of it on +-3.
NUMERATOR = (0.02996348, 0.61690165, 2.37539147, 3.06608078, 1.52474449, 0.25281987)
DENOMINATOR = (1.19160814, 4.40811795, 0.91111034, 0.34885983)


def rational(x: jax.Array, numerator: jax.Array, denominator: jax.Array, form: Form) -> jax.Array:
    """Returns P(x) / Q(x), with the coefficients of x^0.. in P and of x^1.. in Q on the last axis.

    Q = 1 + sum_j |b_j x^j| in form A, 1 + |sum_j b_j x^j| in form B: neither has a zero.

    Example:
      >>> one, b = jnp.array([1.0]), jnp.array([1.0, -1.0])
      >>> [round(1 / float(rational(jnp.float32(2.0), one, b, form))) for form in "AB"]
      [7, 3]
    """
    top_size, bottom_size = numerator.shape[-1], denominator.shape[-1]
    powers = x[..., None] ** lifted(jnp.arange(max(top_size, bottom_size + 1)), x.ndim + 1)
    top = jnp.sum(lifted(numerator, powers.ndim) * powers[..., :top_size], axis=-1)
    terms = lifted(denominator, powers.ndim) * powers[..., 1 : bottom_size + 1]
    bottom = jnp.sum(jnp.abs(terms), axis=-1) if form == "A" else jnp.abs(jnp.sum(terms, axis=-1))
    return top / (1 + bottom)


class Rational(nnx.Module):
    """A trained rational function, one for all features: the Pade activation unit of orders (5, 4).

    Args:
      num_features: size of the last axis.
      form: "A", 1 + sum_j |b_j x^j|, or "B", 1 + |sum_j b_j x^j|, in the denominator: two functions.
      param_dtype: of the parameters.
      rngs: accepted as Flax's layers do; the start is not random.

    Attributes:
      numerator: a_0 to a_5; denominator: b_1 to b_4. They start near a leaky ReLU in form A.

    Source: Molina, Schramowski, Kersting 2019, Pade Activation Units; Delfosse et al. 2021, Adaptive Rational
      Activations. The coefficients of the start are from memory, and their function was checked.

    Example:
      >>> [round(float(value), 2) for value in Rational(2)(jnp.array([0.0, 3.0]))]
      [0.03, 3.0]
    """

    def __init__(
        self,
        num_features: int,
        *,
        form: Form = "A",
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        if form not in ("A", "B"):
            raise ActsearchError(f"Rational has the forms A and B; received {form!r}.")
        self.num_features, self.form = num_features, form
        self.numerator = nnx.Param(jnp.array(NUMERATOR, param_dtype))
        self.denominator = nnx.Param(jnp.array(DENOMINATOR, param_dtype))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array of the shape of x, [..., num_features]."""
        x = as_input("Rational", self.num_features, x)
        return rational(x, self.numerator[...], self.denominator[...], self.form)


class GroupRational(nnx.Module):
    """A trained rational function for each group of features; the groups share the numerator.

    Texts and code of the paper disagree on the denominator; this is form A, 1 + sum_j |b_j x^j|, which has no zero.

    Args:
      num_features: size of the last axis, a multiple of `groups`.
      groups: 8 in the paper.
      param_dtype: of the parameters.
      rngs: accepted as Flax's layers do; the start is not random.

    Attributes:
      numerator: a_0 to a_5 of all groups; denominator: b_1 to b_4 of each, [groups, 4]. They start as `Rational`.

    Source: Yang, Wang 2024, Kolmogorov-Arnold Transformer, its public code.

    Example:
      >>> GroupRational(16)(jnp.ones((5, 16))).shape
      (5, 16)
    """

    def __init__(
        self,
        num_features: int,
        *,
        groups: int = 8,
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs | None = None,
    ):
        check_divides("GroupRational", num_features, groups)
        self.num_features, self.groups = num_features, groups
        self.numerator = nnx.Param(jnp.array(NUMERATOR, param_dtype))
        self.denominator = nnx.Param(jnp.tile(jnp.array(DENOMINATOR, param_dtype), (groups, 1)))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns an array of the shape of x, [..., num_features]."""
        x = as_input("GroupRational", self.num_features, x)
        grouped = x.reshape(*x.shape[:-1], self.groups, -1)
        return rational(grouped, self.numerator[...], self.denominator[...][:, None], "A").reshape(x.shape)

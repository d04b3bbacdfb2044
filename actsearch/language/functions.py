"""The functions of scalar primitives that JAX does not have, or has with another gradient; the table's rows use them.

Each takes arrays of one shape and floating-point dtype and returns one like them. The conventions at the kinks are in
`actsearch.language.primitives`.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

EPSILON = 1e-7
"""Added inside `log_abs`, `signed_log` and `safe_div`; the Swish paper names an epsilon and gives no value."""


def _widened(function: Callable[..., Array]) -> Callable[..., Array]:
    """Computes in float32 at least: epsilon, squares and quotients leave the range of float16 before the value does."""

    @functools.wraps(function)
    def widened(*operands: Array) -> Array:
        dtype = operands[0].dtype
        wide = jnp.promote_types(dtype, jnp.float32)
        return function(*(operand.astype(wide) for operand in operands)).astype(dtype)

    return widened


def absolute(x: Array) -> Array:
    """Returns |x|, with slope 0 at 0."""
    return x * jnp.sign(x)


def sqrt(x: Array) -> Array:
    """Returns the square root, with slope 0 at 0."""
    # The inner `where` keeps the infinite slope at 0 out of the gradient: inf * 0 would be NaN.
    zero = x == 0
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, x)))


def signed_sqrt(x: Array) -> Array:
    """Returns sgn(x) sqrt|x|, with slope 0 at 0."""
    zero = x == 0
    return jnp.where(zero, 0, jnp.sign(x) * jnp.sqrt(jnp.abs(jnp.where(zero, 1, x))))


@_widened
def log_abs(x: Array) -> Array:
    """Returns log(|x| + epsilon)."""
    return jnp.log(absolute(x) + EPSILON)


def signed_log(x: Array) -> Array:
    """Returns sgn(x) log(|x| + epsilon)."""
    return jnp.sign(x) * log_abs(x)


def step(x: Array) -> Array:
    """Returns 0 for x < 0, else 1, with slope 0."""
    return jnp.heaviside(x, jnp.ones_like(x))


def clip(x: Array, low: Array, high: Array) -> Array:
    """Returns max(min(x, high), low)."""
    return jnp.maximum(jnp.minimum(x, high), low)


def minzero(x: Array) -> Array:
    """Returns min(x, 0), with slope 0 at 0."""
    return -jax.nn.relu(-x)


def sinh(x: Array) -> Array:
    """Returns the hyperbolic sine; jnp.sinh is odd up to its last bit only."""
    sign = jnp.where(x < 0, -1, 1).astype(x.dtype)
    return sign * jnp.sinh(sign * x)


@_widened
def asinh(x: Array) -> Array:
    """Returns the inverse hyperbolic sine."""
    return jnp.arcsinh(x)


@_widened
def softsign(x: Array) -> Array:
    """Returns x / (1 + |x|)."""
    return jax.nn.soft_sign(x)


def sinc(x: Array) -> Array:
    """Returns sin(x) / x, and 1 at 0."""
    # sin(x)/x loses the digits of its derivative near 0, so a series takes over; its last term is below 1e-17 at 0.5.
    small = jnp.abs(x) < 0.5
    s = jnp.square(jnp.where(small, x, 0))
    series = jnp.ones_like(s)
    for n in (14, 12, 10, 8, 6, 4, 2):
        series = 1 - s / (n * (n + 1)) * series
    safe = jnp.where(small, 1, x)
    return jnp.where(small, series, jnp.sin(safe) / safe)


def gauss(x: Array) -> Array:
    """Returns exp(-x^2)."""
    # exp(-40^2) is 0 in float64: clipping changes no value and keeps 0 * inf out of the gradient.
    return jnp.exp(-jnp.square(jnp.clip(x, -40, 40)))


def gelu(x: Array) -> Array:
    """Returns x times the normal distribution function of x: the exact GELU, with erf."""
    return jax.nn.gelu(x, approximate=False)


def integer_power(n: int) -> Callable[[Array], Array]:
    """Returns the function x^n."""
    return lambda x: jax.lax.integer_pow(x, n)


@jax.custom_jvp
def _quotient(a: Array, b: Array) -> Array:
    return a / b


@_quotient.defjvp
def _quotient_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    # (da - y * db) / b keeps finite what -a / b^2 loses to the underflow of b^2.
    value = _quotient(*primals)
    return value, (tangents[0] - value * tangents[1]) / primals[1]


@_widened
def div(a: Array, b: Array) -> Array:
    """Returns a / b."""
    return _quotient(a, b)


@_widened
def safe_div(a: Array, b: Array) -> Array:
    """Returns a / (b + epsilon)."""
    return _quotient(a, b + EPSILON)


def sigmul(a: Array, b: Array) -> Array:
    """Returns sigmoid(a) b."""
    return jax.nn.sigmoid(a) * b


@jax.custom_jvp
def _decay(distance: Array, beta: Array) -> Array:
    """Returns exp(-beta * distance) for distance >= 0, with derivative 0 once the value has underflowed to 0."""
    return jnp.exp(-beta * distance)


@_decay.defjvp
def _decay_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    distance, beta = primals
    d_distance, d_beta = tangents
    value = _decay(distance, beta)
    slope = jnp.where(value == 0, 0, -beta * value)
    slope_beta = jnp.where(value == 0, 0, -jnp.where(value == 0, 0, distance) * value)
    return value, slope * d_distance + slope_beta * d_beta


@_widened
def rbf(a: Array, b: Array, beta: Array) -> Array:
    """Returns exp(-beta (a - b)^2)."""
    difference = a - b
    # Beyond 1e15 the square overflows float32 while the value is 0 for every positive beta in use.
    return _decay(jnp.square(jnp.clip(difference, -1e15, 1e15)), beta)


@_widened
def laplace(a: Array, b: Array, beta: Array) -> Array:
    """Returns exp(-beta |a - b|)."""
    return _decay(absolute(a - b), beta)


def mix(a: Array, b: Array, beta: Array) -> Array:
    """Returns beta a + (1 - beta) b."""
    return beta * a + (1 - beta) * b


@jax.custom_jvp
def _power(a: Array, b: Array) -> Array:
    return jnp.power(a, b)


@_power.defjvp
def _power_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    # No real slope exists in b where a <= 0, and an infinite one in a at 0 where 0 < b < 1: both are defined as 0.
    # A power that has come to 0 wins against an infinite factor, as in a^b ln a for an infinite a.
    a, b = primals
    value = _power(a, b)
    steep = (a == 0) & (b < 1)
    lower = jnp.power(jnp.where(steep, 1, a), jnp.where(steep, 1, b) - 1)
    slope_a = jnp.where(steep | (lower == 0), 0, b * lower)
    known = (a > 0) & (value != 0)
    slope_b = jnp.where(known, value * jnp.log(jnp.where(known, a, 1)), 0)
    return value, slope_a * tangents[0] + slope_b * tangents[1]


@_widened
def power(a: Array, b: Array) -> Array:
    """Returns a^b."""
    return _power(a, b)

"""The table of primitives: every operation that a program may contain.

One row is one primitive. The parser, the printer, both engines, the fingerprint and the contract tests read this
table, so that a new primitive is one new row.

Conventions at the kinks (they are part of the product, and tested):
  - `relu`, `minzero` and the piecewise units take the one-sided slope 0 at 0, as `jax.nn.relu` does;
  - `max` and `min` share the gradient equally at a tie, as `jnp.maximum` does;
  - `abs` and `log_abs` have slope 0 at 0, the middle of their two one-sided slopes;
  - `sqrt` and `signed_sqrt` have an infinite slope at 0; their gradient there is defined as 0.
"""

import functools
from collections.abc import Callable
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import erf, erfc

from actsearch.language import reductions

EPSILON = 1e-7
"""Added inside `log_abs`, `signed_log` and `safe_div`; the Swish paper names an epsilon and gives no value."""


class Primitive(NamedTuple):
    """One operation of the language.

    Attributes:
      name: the identifier used in text, `sigmoid` in `sigmoid(x)`.
      arity: number of operands, implicit ones included.
      function: arrays of one shape and dtype -> an array of that shape and dtype. That of a reduction takes the number
        of `groups` and the `epsilon` of `actsearch.language.reductions` too.
      latex: a template with one `{}` per operand.
      domain: where the value is finite, and the convention at each kink.
      symbol: the infix or prefix sign it is printed with, or None for call syntax.
      commutative: whether the first two operands may be exchanged.
      parity: "even" or "odd" for a unary with f(-x) = f(x) or f(-x) = -f(x), exactly in floating point; else None.
      implicit: names of trainable parameters that a call may leave out: `rbf(a, b)` means `rbf(a, b, beta)`.
      kind: "elementwise", or "reduction" for a statistic of the whole tensor.
    """

    name: str
    arity: int
    function: Callable[..., jax.Array]
    latex: str
    domain: str
    symbol: str | None = None
    commutative: bool = False
    parity: str | None = None
    implicit: tuple[str, ...] = ()
    kind: str = "elementwise"


def _abs(x):
    return x * jnp.sign(x)


def _sqrt(x):
    # The inner `where` keeps the infinite slope at 0 out of the gradient: inf * 0 would be NaN.
    zero = x == 0
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, x)))


def _signed_sqrt(x):
    zero = x == 0
    return jnp.where(zero, 0, jnp.sign(x) * jnp.sqrt(jnp.abs(jnp.where(zero, 1, x))))


def _log_abs(x):
    return jnp.log(_abs(x) + EPSILON)


def _signed_log(x):
    return jnp.sign(x) * _log_abs(x)


def _sinh(x):
    # jnp.sinh is odd up to its last bit only.
    sign = jnp.where(x < 0, -1, 1).astype(x.dtype)
    return sign * jnp.sinh(sign * x)


def _sinc(x):
    # sin(x)/x loses the digits of its derivative near 0, so a series takes over; its last term is below 1e-17 at 0.5.
    small = jnp.abs(x) < 0.5
    s = jnp.square(jnp.where(small, x, 0))
    series = jnp.ones_like(s)
    for n in (14, 12, 10, 8, 6, 4, 2):
        series = 1 - s / (n * (n + 1)) * series
    safe = jnp.where(small, 1, x)
    return jnp.where(small, series, jnp.sin(safe) / safe)


def _gauss(x):
    # exp(-40^2) is 0 in float64: clipping changes no value and keeps 0 * inf out of the gradient.
    return jnp.exp(-jnp.square(jnp.clip(x, -40, 40)))


@jax.custom_jvp
def _div(a, b):
    return a / b


@_div.defjvp
def _div_jvp(primals, tangents):
    # (da - y * db) / b keeps finite what -a / b^2 loses to the underflow of b^2.
    value = _div(*primals)
    return value, (tangents[0] - value * tangents[1]) / primals[1]


def _safe_div(a, b):
    return _div(a, b + EPSILON)


@jax.custom_jvp
def _decay(distance, beta):
    """exp(-beta * distance) for distance >= 0, with derivative 0 once the value has underflowed to 0."""
    return jnp.exp(-beta * distance)


@_decay.defjvp
def _decay_jvp(primals, tangents):
    distance, beta = primals
    d_distance, d_beta = tangents
    value = _decay(distance, beta)
    slope = jnp.where(value == 0, 0, -beta * value)
    slope_beta = jnp.where(value == 0, 0, -jnp.where(value == 0, 0, distance) * value)
    return value, slope * d_distance + slope_beta * d_beta


def _rbf(a, b, beta):
    difference = a - b
    # Beyond 1e15 the square overflows float32 while the value is 0 for every positive beta in use.
    return _decay(jnp.square(jnp.clip(difference, -1e15, 1e15)), beta)


def _laplace(a, b, beta):
    return _decay(_abs(a - b), beta)


def _mix(a, b, beta):
    return beta * a + (1 - beta) * b


@jax.custom_jvp
def _pow(a, b):
    return jnp.power(a, b)


@_pow.defjvp
def _pow_jvp(primals, tangents):
    # No real slope exists in b where a <= 0, and an infinite one in a at 0 where 0 < b < 1: both are defined as 0.
    a, b = primals
    value = _pow(a, b)
    steep = (a == 0) & (b < 1)
    slope_a = jnp.where(steep, 0, b * jnp.power(jnp.where(steep, 1, a), jnp.where(steep, 1, b) - 1))
    slope_b = jnp.where(a > 0, value * jnp.log(jnp.where(a > 0, a, 1)), 0)
    return value, slope_a * tangents[0] + slope_b * tangents[1]


def _integer_power(n):
    return lambda x: jax.lax.integer_pow(x, n)


def _reduction(index_set: str, statistic: str) -> Primitive:
    """Returns the row of one statistic over one index set of [batch, ..., features]."""
    name = f"{index_set}_{statistic}"
    axes = {"batch": "b,h,w", "instance": "h,w", "layer": "h,w,c", "group": "h,w,c/g"}[index_set]
    sign = {"mean": r"\mu", "rms": r"\rho", "std": r"s"}[statistic]
    return Primitive(
        name,
        1,
        functools.partial(reductions.reduce, name),
        f"{sign}_{{{{{axes}}}}}({{}})",
        "finite until the square overflows; see actsearch.language.reductions for axes and epsilon",
        parity="odd" if statistic == "mean" else "even",
        kind="reduction",
    )


_ALL = "finite for every x"
_OVERFLOW = "finite until float overflow"


def _unary(name, function, latex, domain=_ALL, **kwargs):
    return Primitive(name, 1, function, latex, domain, **kwargs)


_ROWS = (
    # The published unaries (Ramachandran et al. 2017, section 2); identity and beta are leaves, beta*x and x+beta are
    # programs.
    _unary("neg", jnp.negative, "-{}", symbol="-", parity="odd"),
    _unary("abs", _abs, r"\left|{}\right|", "finite for every x; slope 0 at 0", parity="even"),
    _unary("square", jnp.square, "{}^{{2}}", _OVERFLOW, parity="even"),
    _unary("cube", _integer_power(3), "{}^{{3}}", _OVERFLOW, parity="odd"),
    _unary("sqrt", _sqrt, r"\sqrt{{{}}}", "NaN for x < 0, as published; slope defined as 0 at 0"),
    _unary(
        "log_abs",
        _log_abs,
        r"\log(\left|{}\right|+\epsilon)",
        "finite for every x; slope 0 at 0, up to 1/epsilon beside it",
        parity="even",
    ),
    _unary("exp", jnp.exp, r"e^{{{}}}", "overflows beyond 88 in float32"),
    _unary("sin", jnp.sin, r"\sin({})", parity="odd"),
    _unary("cos", jnp.cos, r"\cos({})", parity="even"),
    _unary("sinh", _sinh, r"\sinh({})", "overflows beyond 89 in float32", parity="odd"),
    _unary("cosh", jnp.cosh, r"\cosh({})", "overflows beyond 89 in float32", parity="even"),
    _unary("tanh", jnp.tanh, r"\tanh({})", parity="odd"),
    _unary("asinh", jnp.arcsinh, r"\operatorname{{asinh}}({})", parity="odd"),
    _unary("atan", jnp.arctan, r"\arctan({})", parity="odd"),
    _unary("sinc", _sinc, r"\operatorname{{sinc}}({})", "sin(x)/x, 1 at 0 (not normalised by pi)", parity="even"),
    _unary("relu", jax.nn.relu, r"\max({}, 0)", "finite for every x; slope 0 at 0"),
    _unary("minzero", lambda x: -jax.nn.relu(-x), r"\min({}, 0)", "finite for every x; slope 0 at 0"),
    _unary("sigmoid", jax.nn.sigmoid, r"\sigma({})"),
    _unary("softplus", jax.nn.softplus, r"\log(1+e^{{{}}})"),
    _unary("gauss", _gauss, r"e^{{-{}^2}}", parity="even"),
    _unary("erf", erf, r"\operatorname{{erf}}({})", parity="odd"),
    # Beside them.
    _unary("log", jnp.log, r"\log({})", "NaN for x < 0, -inf at 0"),
    _unary(
        "signed_sqrt",
        _signed_sqrt,
        r"\operatorname{{sgn}}({0})\sqrt{{\left|{0}\right|}}",
        "finite for every x; slope defined as 0 at 0",
        parity="odd",
    ),
    _unary(
        "signed_log",
        _signed_log,
        r"\operatorname{{sgn}}({0})\log(\left|{0}\right|+\epsilon)",
        "jumps at 0, where value and slope are 0",
        parity="odd",
    ),
    _unary("reciprocal", jnp.reciprocal, r"{}^{{-1}}", "infinite at 0", parity="odd"),
    _unary("erfc", erfc, r"\operatorname{{erfc}}({})"),
    _unary("expm1", jnp.expm1, r"(e^{{{}}}-1)", "overflows beyond 88 in float32"),
    _unary("log_sigmoid", jax.nn.log_sigmoid, r"\log\sigma({})"),
    _unary("bessel_i0e", jax.scipy.special.i0e, r"e^{{-\left|{0}\right|}}I_0({0})", parity="even"),
    _unary("bessel_i1e", jax.scipy.special.i1e, r"e^{{-\left|{0}\right|}}I_1({0})", parity="odd"),
    _unary("elu", jax.nn.elu, r"\operatorname{{ELU}}({})", "finite for every x; alpha = 1"),
    _unary("selu", jax.nn.selu, r"\operatorname{{SELU}}({})", "finite for every x; at 0 the left slope"),
    _unary("silu", jax.nn.silu, r"\operatorname{{SiLU}}({})"),
    _unary(
        "gelu",
        lambda x: jax.nn.gelu(x, approximate=False),
        r"\operatorname{{GELU}}({})",
        "finite for every x; the exact form, with erf",
    ),
    _unary("mish", jax.nn.mish, r"\operatorname{{Mish}}({})"),
    _unary(
        "leaky_relu",
        jax.nn.leaky_relu,
        r"\operatorname{{LReLU}}({})",
        "finite for every x; slope 0.01 left of 0, 1 at 0",
    ),
    _unary("softsign", jax.nn.soft_sign, r"\operatorname{{softsign}}({})", parity="odd"),
    _unary(
        "hard_sigmoid",
        jax.nn.hard_sigmoid,
        r"\operatorname{{hardsigmoid}}({})",
        "relu6(x + 3) / 6; slope 0 at both corners",
    ),
    _unary("hard_swish", jax.nn.hard_swish, r"\operatorname{{hardswish}}({})", "x * relu6(x + 3) / 6"),
    *(
        _unary(f"power{n}", _integer_power(n), f"{{}}^{{{{{n}}}}}", _OVERFLOW, parity="odd" if n % 2 else "even")
        for n in range(4, 9)
    ),
    # The published binaries.
    Primitive("add", 2, jnp.add, "{} + {}", _OVERFLOW, "+", commutative=True),
    Primitive("mul", 2, jnp.multiply, r"{} \cdot {}", _OVERFLOW, "*", commutative=True),
    Primitive("sub", 2, jnp.subtract, "{} - {}", _OVERFLOW, "-"),
    Primitive("safe_div", 2, _safe_div, r"\frac{{{}}}{{{} + \epsilon}}", "infinite at b = -epsilon"),
    Primitive(
        "max", 2, jnp.maximum, r"\max({}, {})", "finite for all a, b; a tie shares the gradient", commutative=True
    ),
    Primitive(
        "min", 2, jnp.minimum, r"\min({}, {})", "finite for all a, b; a tie shares the gradient", commutative=True
    ),
    Primitive("sigmul", 2, lambda a, b: jax.nn.sigmoid(a) * b, r"\sigma({}) \cdot {}", "finite for all a, b"),
    Primitive(
        "rbf", 3, _rbf, r"e^{{-{2} ({0} - {1})^2}}", "finite for beta >= 0", commutative=True, implicit=("beta",)
    ),
    Primitive(
        "laplace",
        3,
        _laplace,
        r"e^{{-{2} \left|{0} - {1}\right|}}",
        "finite for beta >= 0; slope 0 at a = b",
        commutative=True,
        implicit=("beta",),
    ),
    Primitive("mix", 3, _mix, "{2} {0} + (1 - {2}) {1}", _OVERFLOW, implicit=("beta",)),
    # Beside them.
    Primitive("div", 2, _div, r"\frac{{{}}}{{{}}}", "infinite or NaN at b = 0", "/"),
    Primitive(
        "pow",
        2,
        _pow,
        "{}^{{{}}}",
        "NaN for a < 0 and b not whole; infinite at a = 0 and b < 0; slope in b defined as 0 for a <= 0",
    ),
    # The statistics of Liu et al. 2020.
    *(_reduction(index_set, statistic) for index_set in reductions.INDEX_SETS for statistic in reductions.STATISTICS),
)

PRIMITIVES: MappingProxyType[str, Primitive] = MappingProxyType({row.name: row for row in _ROWS})
"""Every primitive by name. Read only."""

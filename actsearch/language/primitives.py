"""The table of primitives: every operation that a program may contain, a row each.

One row is one primitive: its columns say how it is computed, read, printed, drawn and simplified, so that a new
primitive is one new row here, or one call of `actsearch.language.register` from outside.

Conventions at the kinks (they are part of the product, and tested):
  - `relu`, `minzero` and the piecewise units take the one-sided slope 0 at 0, as `jax.nn.relu` does;
  - `max`, `min` and `clip` share the gradient equally at a tie, as `jnp.maximum` does;
  - `sign` and `step` have slope 0 everywhere, at their jump too;
  - `abs` and `log_abs` have slope 0 at 0, the middle of their two one-sided slopes;
  - `sqrt` and `signed_sqrt` have an infinite slope at 0; their gradient there is defined as 0.

In float16 and bfloat16 the operations that add epsilon, square or divide are computed in float32 and rounded last. A
slope is NaN or infinite only where the value is, or where the true slope is beyond the dtype's largest number.
"""

# ruff: noqa: RUF001, what a graph draws are signs as people write them

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import erf, erfc

from actsearch.language import functions, reductions
from actsearch.language.reductions import INDEX_SETS, STATISTICS, Reduction
from actsearch.language.row import Precedence, Primitive, Result, WithConstant

SUM, PRODUCT, SIGN, POWER = Precedence.SUM, Precedence.PRODUCT, Precedence.SIGN, Precedence.POWER
ZERO, ONE, OTHER, NEGATED = Result.ZERO, Result.ONE, Result.OTHER, Result.NEGATED


def _reduction(reduction: Reduction) -> Primitive:
    """Returns the row of one statistic over one index set of [batch, ..., features]."""
    axes = {"batch": "b,h,w", "instance": "h,w", "layer": "h,w,c", "group": "h,w,c/g", "feature": "c"}
    over = axes[reduction.index_set]
    sign = {"mean": r"\mu", "rms": r"\rho", "std": r"s"}[reduction.statistic]
    return Primitive(
        reduction.name,
        1,
        functools.partial(reductions.reduce, reduction),
        f"{sign}_{{{{{over}}}}}({{}})",
        "finite until the square overflows; see actsearch.language.reductions for axes and epsilon",
        drawn=f"{reduction.statistic} over {over}",
        parity="odd" if reduction.is_mean else "even",
        reduction=reduction,
    )


_ALL = "finite for every x"
_OVERFLOW = "finite until float overflow"


def _unary(
    name: str, function: Callable[[jax.Array], jax.Array], latex: str = "", domain: str = _ALL, **columns: Any
) -> Primitive:
    return Primitive(name, 1, function, latex, domain, **columns)


def _power(name: str, n: int, function: Callable[[jax.Array], jax.Array]) -> Primitive:
    return Primitive(
        name,
        1,
        function,
        f"{{:atom}}^{{{{{n}}}}}",
        _OVERFLOW,
        f"^{n}",
        precedence=POWER,
        drawn="( )" + "⁰¹²³⁴⁵⁶⁷⁸"[n],
        parity="odd" if n % 2 else "even",
    )


ROWS = (
    # The published unaries (Ramachandran et al. 2017, section 2); identity and beta are leaves, beta*x and x+beta are
    # programs.
    _unary(
        "neg",
        jnp.negative,
        "-{:product}",
        symbol="-",
        precedence=SIGN,
        latex_precedence=SUM,
        drawn="−( )",
        parity="odd",
    ),
    _unary(
        "abs", functions.absolute, r"\left|{}\right|", "finite for every x; slope 0 at 0", drawn="|  |", parity="even"
    ),
    _power("square", 2, jnp.square),
    _power("cube", 3, functions.integer_power(3)),
    _unary("sqrt", functions.sqrt, r"\sqrt{{{}}}", "NaN for x < 0, as published; slope defined as 0 at 0", drawn="√"),
    _unary(
        "log_abs",
        functions.log_abs,
        r"\log(\left|{}\right| + \epsilon)",
        "finite for every x; slope 0 at 0, up to 1/epsilon beside it",
        drawn="log |  |",
        parity="even",
    ),
    _unary("exp", jnp.exp, r"e^{{{}}}", "overflows beyond 88 in float32", latex_precedence=POWER),
    _unary("sin", jnp.sin, r"\sin({})", parity="odd"),
    _unary("cos", jnp.cos, r"\cos({})", parity="even"),
    _unary("sinh", functions.sinh, r"\sinh({})", "overflows beyond 89 in float32", parity="odd"),
    _unary("cosh", jnp.cosh, r"\cosh({})", "overflows beyond 89 in float32", parity="even"),
    _unary("tanh", jnp.tanh, r"\tanh({})", parity="odd"),
    _unary("asinh", functions.asinh, parity="odd"),
    _unary("atan", jnp.arctan, r"\arctan({})", parity="odd"),
    _unary("sinc", functions.sinc, domain="sin(x)/x, 1 at 0 (not normalised by pi)", parity="even"),
    _unary("relu", jax.nn.relu, r"\max({}, 0)", "finite for every x; slope 0 at 0"),
    _unary("minzero", functions.minzero, r"\min({}, 0)", "finite for every x; slope 0 at 0"),
    _unary("sigmoid", jax.nn.sigmoid, r"\sigma({})", drawn="σ"),
    _unary("softplus", jax.nn.softplus, r"\log(1 + e^{{{}}})"),
    _unary("gauss", functions.gauss, r"e^{{-{:atom}^{{2}}}}", latex_precedence=POWER, parity="even"),
    _unary("erf", erf, parity="odd"),
    # Beside them.
    _unary("log", jnp.log, r"\log({})", "NaN for x < 0, -inf at 0"),
    _unary(
        "signed_sqrt",
        functions.signed_sqrt,
        r"\operatorname{{sgn}}({0}) \cdot \sqrt{{\left|{0}\right|}}",
        "finite for every x; slope defined as 0 at 0",
        latex_precedence=PRODUCT,
        drawn="sgn √|  |",
        parity="odd",
    ),
    _unary(
        "signed_log",
        functions.signed_log,
        r"\operatorname{{sgn}}({0}) \cdot \log(\left|{0}\right| + \epsilon)",
        "jumps at 0, where value and slope are 0",
        latex_precedence=PRODUCT,
        drawn="sgn log |  |",
        parity="odd",
    ),
    _unary(
        "reciprocal",
        jnp.reciprocal,
        r"{:atom}^{{-1}}",
        "infinite at 0",
        latex_precedence=POWER,
        drawn="1 ÷ ( )",
        parity="odd",
        pole=0,
    ),
    _unary("erfc", erfc),
    _unary("expm1", jnp.expm1, r"e^{{{}}} - 1", "overflows beyond 88 in float32", latex_precedence=SUM),
    _unary("log_sigmoid", jax.nn.log_sigmoid, r"\log(\sigma({}))"),
    _unary(
        "bessel_i0e",
        jax.scipy.special.i0e,
        r"e^{{-\left|{0}\right|}} \cdot I_{{0}}({0})",
        latex_precedence=PRODUCT,
        parity="even",
    ),
    _unary(
        "bessel_i1e",
        jax.scipy.special.i1e,
        r"e^{{-\left|{0}\right|}} \cdot I_{{1}}({0})",
        latex_precedence=PRODUCT,
        parity="odd",
    ),
    _unary("elu", jax.nn.elu, r"\operatorname{{ELU}}({})", "finite for every x; alpha = 1"),
    _unary("selu", jax.nn.selu, r"\operatorname{{SELU}}({})", "finite for every x; at 0 the left slope"),
    _unary("silu", jax.nn.silu, r"\operatorname{{SiLU}}({})"),
    _unary("gelu", functions.gelu, r"\operatorname{{GELU}}({})", "finite for every x; the exact form, with erf"),
    _unary("mish", jax.nn.mish, r"\operatorname{{Mish}}({})"),
    _unary(
        "leaky_relu",
        jax.nn.leaky_relu,
        r"\operatorname{{LReLU}}({})",
        "finite for every x; slope 0.01 left of 0, 1 at 0",
    ),
    _unary("softsign", functions.softsign, parity="odd"),
    _unary(
        "hard_sigmoid",
        jax.nn.hard_sigmoid,
        r"\operatorname{{hardsigmoid}}({})",
        "relu6(x + 3) / 6; slope 0 at both corners",
    ),
    _unary("hard_swish", jax.nn.hard_swish, r"\operatorname{{hardswish}}({})", "x * relu6(x + 3) / 6"),
    _unary("sign", jnp.sign, r"\operatorname{{sgn}}({})", "jumps at 0, where it is 0", drawn="sgn", parity="odd"),
    _unary("step", functions.step, domain="jumps at 0, where it is 1"),
    *(_power(f"power{n}", n, functions.integer_power(n)) for n in range(4, 9)),
    # The published binaries.
    Primitive(
        "add",
        2,
        jnp.add,
        "{} + {:product}",
        _OVERFLOW,
        "+",
        precedence=SUM,
        drawn="+",
        commutative=True,
        with_constant=(WithConstant(0, 0.0, OTHER),),
    ),
    Primitive(
        "mul",
        2,
        jnp.multiply,
        r"{:product} \cdot {:power}",
        _OVERFLOW,
        "*",
        precedence=PRODUCT,
        drawn="×",
        commutative=True,
        with_constant=(
            WithConstant(0, 0.0, ZERO),
            WithConstant(0, 1.0, OTHER, keeps_zero=True),
            WithConstant(0, -1.0, NEGATED, keeps_zero=True),
        ),
    ),
    Primitive(
        "sub",
        2,
        jnp.subtract,
        "{} - {:product}",
        _OVERFLOW,
        "-",
        precedence=SUM,
        drawn="a − b",
        with_constant=(WithConstant(0, 0.0, NEGATED), WithConstant(1, 0.0, OTHER, keeps_zero=True)),
        with_itself=ZERO,
    ),
    Primitive(
        "safe_div",
        2,
        functions.safe_div,
        r"\frac{{{}}}{{{} + \epsilon}}",
        "infinite at b = -epsilon",
        latex_precedence=POWER,
        drawn="a ÷ (b + ε)",
    ),
    Primitive(
        "max",
        2,
        jnp.maximum,
        r"\max({}, {})",
        "finite for all a, b; a tie shares the gradient",
        commutative=True,
        with_itself=OTHER,
    ),
    Primitive(
        "min",
        2,
        jnp.minimum,
        r"\min({}, {})",
        "finite for all a, b; a tie shares the gradient",
        commutative=True,
        with_itself=OTHER,
    ),
    Primitive(
        "sigmul",
        2,
        functions.sigmul,
        r"\sigma({}) \cdot {:power}",
        "finite for all a, b",
        latex_precedence=PRODUCT,
        drawn="σ(a) × b",
    ),
    Primitive(
        "rbf",
        3,
        functions.rbf,
        r"e^{{-{2:power} \cdot ({0} - {1:product})^{{2}}}}",
        "finite for beta >= 0",
        latex_precedence=POWER,
        drawn="exp(−c (a − b)²)",
        commutative=True,
        implicit=("beta",),
    ),
    Primitive(
        "laplace",
        3,
        functions.laplace,
        r"e^{{-{2:power} \cdot \left|{0} - {1:product}\right|}}",
        "finite for beta >= 0; slope 0 at a = b",
        latex_precedence=POWER,
        drawn="exp(−c |a − b|)",
        commutative=True,
        implicit=("beta",),
    ),
    Primitive(
        "mix",
        3,
        functions.mix,
        r"{2:product} \cdot {0:power} + (1 - {2:product}) \cdot {1:power}",
        _OVERFLOW,
        latex_precedence=SUM,
        drawn="c a + (1 − c) b",
        implicit=("beta",),
    ),
    # Beside them.
    Primitive(
        "div",
        2,
        functions.div,
        r"\frac{{{}}}{{{}}}",
        "infinite or NaN at b = 0",
        "/",
        precedence=PRODUCT,
        latex_precedence=POWER,
        drawn="a ÷ b",
        pole=1,
        with_constant=(
            WithConstant(0, 0.0, ZERO),
            WithConstant(1, 1.0, OTHER, keeps_zero=True),
            WithConstant(1, -1.0, NEGATED, keeps_zero=True),
        ),
        with_itself=ONE,
    ),
    Primitive(
        "pow",
        2,
        functions.power,
        "{:atom}^{{{}}}",
        "NaN for a < 0 and b not whole; infinite at a = 0 and b < 0; slope in b defined as 0 for a <= 0",
        latex_precedence=POWER,
        drawn="a ^ b",
        pole=0,
        with_constant=(
            WithConstant(0, 1.0, ONE, keeps_zero=True),
            WithConstant(1, 0.0, ONE, keeps_zero=True),
            WithConstant(1, 1.0, OTHER, keeps_zero=True),
        ),
    ),
    Primitive(
        "clip",
        3,
        functions.clip,
        r"\max(\min({0}, {2}), {1})",
        "max(min(a, c), b), finite for all a, b, c; a tie shares the gradient",
    ),
    # The statistics of Liu et al. 2020, and those over features alone.
    *(_reduction(Reduction(index_set, statistic)) for index_set in INDEX_SETS for statistic in STATISTICS),
)
"""Every primitive of the package, in the order of the table."""

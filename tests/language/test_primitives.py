"""The contract of every row of PRIMITIVES: values and slopes as mathematics has them, in four precisions.

That of reductions is in test_reductions.py.
"""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from mpmath import mp

from actsearch.language import DEFAULT_PARAMETERS, EPSILON, PRIMITIVES, Precedence

mp.dps = 60
NAMES = list(PRIMITIVES)
ELEMENTWISE = [name for name, row in PRIMITIVES.items() if row.kind == "elementwise"]
DTYPES = ("float64", "float32", "bfloat16", "float16")
UNARY_POINTS = (0.0, 1e-3, 0.25, 0.5, 1.0, 1.7, 3.0, 4.0, 20.0, 1e3, 1e15)
OPERAND_POINTS = (-1e15, -20.0, -2.0, -0.75, 0.0, 0.5, 1.0, 3.0, 20.0, 1e15)
LAST_OPERAND_POINTS = (0.25, 1.0, 2.0)  # beta, where there are three operands

RELU6 = lambda x: min(max(x, 0), 6)  # noqa: E731
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def _sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def _softplus(x):
    return max(x, 0) + mp.log1p(mp.exp(-abs(x)))


def _erfc(x):
    return mp.erfc(x) if x < 1e9 else mp.zero  # mpmath has no exponent that large


def _scaled_bessel(order):
    def function(x):
        if abs(x) < 1e4:
            return mp.exp(-abs(x)) * mp.besseli(order, x)
        # The asymptotic series, Abramowitz and Stegun 9.7.1.
        mu, z = 4 * order**2, 8 * abs(x)
        series = 1 - (mu - 1) / z + (mu - 1) * (mu - 9) / (2 * z**2) - (mu - 1) * (mu - 9) * (mu - 25) / (6 * z**3)
        return mp.sign(x) ** order * series / mp.sqrt(2 * mp.pi * abs(x))

    return function


REFERENCES = {
    "neg": lambda x: -x,
    "abs": abs,
    "square": lambda x: x**2,
    "cube": lambda x: x**3,
    "sqrt": mp.sqrt,
    "log_abs": lambda x: mp.log(abs(x) + EPSILON),
    "exp": mp.exp,
    "sin": mp.sin,
    "cos": mp.cos,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": lambda x: mp.sign(x) * mp.log(abs(x) + mp.sqrt(x**2 + 1)) if abs(x) > 1e-20 else x,
    "atan": mp.atan,
    "sinc": mp.sinc,
    "relu": lambda x: max(x, 0),
    "minzero": lambda x: min(x, 0),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "gauss": lambda x: mp.exp(-(x**2)),
    "erf": mp.erf,
    "log": lambda x: mp.log(x) if x else -mp.inf,
    "signed_sqrt": lambda x: mp.sign(x) * mp.sqrt(abs(x)),
    "signed_log": lambda x: mp.sign(x) * mp.log(abs(x) + EPSILON),
    "reciprocal": lambda x: 1 / x if x else mp.inf,
    "erfc": _erfc,
    "expm1": mp.expm1,
    "log_sigmoid": lambda x: -_softplus(-x),
    "bessel_i0e": _scaled_bessel(0),
    "bessel_i1e": _scaled_bessel(1),
    "elu": lambda x: x if x > 0 else mp.expm1(x),
    "selu": lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mp.expm1(x)),
    "silu": lambda x: x * _sigmoid(x),
    "gelu": lambda x: x / 2 * _erfc(-x / mp.sqrt(2)),
    "mish": lambda x: x * mp.tanh(_softplus(x)),
    "leaky_relu": lambda x: x if x > 0 else mp.mpf(1) / 100 * x,
    "softsign": lambda x: x / (1 + abs(x)),
    "hard_sigmoid": lambda x: RELU6(x + 3) / 6,
    "hard_swish": lambda x: x * RELU6(x + 3) / 6,
    "sign": lambda x: mp.mpf(int(x > 0) - int(x < 0)),
    "step": lambda x: mp.mpf(int(x >= 0)),
    **{f"power{n}": lambda x, n=n: x**n for n in range(4, 9)},
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "sub": lambda a, b: a - b,
    "safe_div": lambda a, b: a / (b + EPSILON),
    "max": max,
    "min": min,
    "sigmul": lambda a, b: _sigmoid(a) * b,
    "rbf": lambda a, b, beta: mp.exp(-beta * (a - b) ** 2),
    "laplace": lambda a, b, beta: mp.exp(-beta * abs(a - b)),
    "mix": lambda a, b, beta: beta * a + (1 - beta) * b,
    "div": lambda a, b: a / b if b else (mp.nan if a == 0 else mp.sign(a) * mp.inf),
    "clip": lambda a, b, c: max(min(a, c), b),
    "pow": lambda a, b: mp.power(a, b) if a else (mp.one if b == 0 else mp.inf if b < 0 else mp.zero),
}

KINKS = {
    # name -> point -> the slope by convention, where a two-sided derivative does not exist or is infinite
    "abs": {0.0: 0.0},
    "sqrt": {0.0: 0.0},
    "log_abs": {0.0: 0.0},
    "relu": {0.0: 0.0},
    "minzero": {0.0: 0.0},
    "signed_sqrt": {0.0: 0.0},
    "signed_log": {0.0: 0.0},
    "elu": {0.0: 1.0},
    "selu": {0.0: SELU_SCALE * SELU_ALPHA},
    "leaky_relu": {0.0: 1.0},
    "softsign": {0.0: 1.0},
    "hard_sigmoid": {-3.0: 0.0, 3.0: 0.0},
    "hard_swish": {-3.0: 0.0, 3.0: 1.0},
    "sign": {0.0: 0.0},
    "step": {0.0: 0.0},
}


CANCELLING = ("log_abs", "signed_log")
TAILS = ("gelu", "rbf")


def kink_of_operands(name, operand, a, b, c=0.0):
    """The slope in operand 0 or 1 by convention, or None where the derivative is the ordinary one."""
    if name in ("max", "min") and a == b:
        return 0.5
    if name == "clip":
        inside = float(a <= c) - 0.5 * (a == c)
        above = float(min(a, c) >= b) - 0.5 * (min(a, c) == b)
        return (above * inside, 1 - above, above * (1 - inside))[operand]
    if name == "laplace" and a == b and operand < 2:
        return 0.0
    if name == "pow" and operand == 1 and a <= 0:
        return 0.0
    if name == "pow" and operand == 0 and a == 0 and b < 1:
        return 0.0
    return None


def points(name, dtype):
    """Operands whose exact value and slopes are worth their computation."""
    arity = PRIMITIVES[name].arity
    if arity == 1:
        rows = [(sign * x,) for x in UNARY_POINTS for sign in ((1, -1) if x else (1,))]
    else:
        rows = itertools.product(*[OPERAND_POINTS, OPERAND_POINTS, LAST_OPERAND_POINTS][:arity])
    return [row for row in rows if max(map(abs, row)) <= float(jnp.finfo(dtype).max)]


def limits(name, dtype):
    """Operands at 0, at kinks and beside them, and at the dtype's limits: largest, smallest normal, their roots."""
    info, arity = jnp.finfo(dtype), PRIMITIVES[name].arity
    largest, tiny, eps = float(info.max), float(info.tiny), float(info.eps)
    ends = (largest, largest / 2, largest**0.5, tiny, tiny**0.5, *([tiny / 8] if dtype == "float16" else []))
    right = (*ends, 1.0, 1 - eps, 1 + eps, 3.0, 3 * (1 - eps), 3 * (1 + eps), 6.0)
    every = [0.0, *right, *(-x for x in right)]
    return list(itertools.product(*[every, every, LAST_OPERAND_POINTS][:arity]))


def grid(name, dtype):
    """Operands at every scale that the dtype has, and for unaries a fine grid where activations live."""
    arity = PRIMITIVES[name].arity
    tiny, largest = {"float64": (1e-307, 1e307), "float16": (1e-4, 6e4)}.get(dtype, (1e-37, 3e38))
    if arity == 1:
        right = np.concatenate([np.geomspace(tiny, largest, 160), np.linspace(0, 12, 97)])
        return [(float(sign * x),) for x in right for sign in (1, -1)]
    right = (tiny, 1e-20, 1e-8, 1e-7, 0.5, 1.0, 3.0, 1e2, 1e4, 1e10, 1e19, largest)
    coarse = [0.0, *(x for y in right if tiny <= y <= largest for x in (y, -y))]
    return list(itertools.product(*[coarse, coarse, LAST_OPERAND_POINTS][:arity]))


@functools.cache
def compiled(name):
    function, operands = PRIMITIVES[name].function, range(PRIMITIVES[name].arity)
    return jax.jit(lambda *columns: (function(*columns), jax.vmap(jax.grad(function, operands))(*columns)))


def evaluate(name, operands, dtype):
    """Returns the values [rows] and the slopes [operands, rows], rounded by nothing but the dtype itself."""
    with jax.enable_x64(dtype == "float64"):
        value, slopes = compiled(name)(*(jnp.asarray(column) for column in operands.T))
    return np.asarray(value).astype(float), np.stack([np.asarray(slope).astype(float) for slope in slopes])


@functools.cache
def measured(name, dtype):
    """Returns operands [rows, operands] of `points`, `limits` and then `grid`, with their values and slopes."""
    operands = np.array(points(name, dtype) + limits(name, dtype) + grid(name, dtype), jnp.dtype(dtype))
    return operands.astype(float), *evaluate(name, operands, dtype)


def exact(name, operands):
    value = REFERENCES[name](*map(mp.mpf, operands))
    return mp.nan if isinstance(value, mpmath.mpc) else value


def exact_slope(name, operands, operand):
    numbers = [mp.mpf(float(number)) for number in operands]
    if len(numbers) == 1:
        kink = KINKS.get(name, {}).get(float(operands[0]))
    else:
        kink = kink_of_operands(name, operand, *map(float, operands))
    if kink is not None:
        return mp.mpf(kink)

    def along(number):
        value = REFERENCES[name](*numbers[:operand], number, *numbers[operand + 1 :])
        return value.real if isinstance(value, mpmath.mpc) else value

    step = mp.ldexp(1, -120 + (mp.mag(numbers[operand]) if numbers[operand] else 0))
    return mp.diff(along, numbers[operand], h=step)


def close(actual, expected, dtype, *, cancelled=0.0, tail=False):
    """Whether a number of `dtype` is the exact one, up to rounding, overflow and underflow.

    Args:
      cancelled: the size of the numbers whose difference it is: their rounding error is in the result.
      tail: it is an exponential of a rounded number, so that its relative error grows with its exponent.
    """
    info = jnp.finfo(dtype)
    actual, largest, ulps = float(actual), float(info.max), float(info.eps) * (8 if info.bits == 16 else 32)
    if mp.isnan(expected):
        return math.isnan(actual)
    if abs(expected) > largest * (1 - ulps):
        return abs(actual) > largest * (1 - ulps) and math.copysign(1, actual) == mp.sign(expected)
    exponent = abs(mp.log(abs(expected))) if tail and expected else 0
    tolerance = ulps * abs(expected) * max(1, exponent) + max(ulps * cancelled, float(info.tiny))
    return math.isfinite(actual) and abs(mp.mpf(actual) - expected) <= tolerance


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values(name, dtype):
    operands, values, _ = measured(name, dtype)
    wrong = []
    for row, value in zip(operands[: len(points(name, dtype) + limits(name, dtype))].tolist(), values, strict=False):
        expected, cancelled = exact(name, row), float(name in CANCELLING)
        if name == "mix":
            cancelled = max(map(abs, row)) * max(1, abs(row[2]))
        if not close(value, expected, dtype, cancelled=cancelled, tail=name in TAILS):
            wrong.append(f"{name}{tuple(row)} = {value}; expected {mp.nstr(expected)}")
    assert not wrong


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slopes(name, dtype):
    operands, values, slopes = measured(name, dtype)
    wrong = []
    for index, row in enumerate(operands[: len(points(name, dtype))].tolist()):
        for operand in range(len(row) if math.isfinite(values[index]) else 0):
            slope, expected = slopes[operand, index], exact_slope(name, row, operand)
            # Slopes such as 1 - tanh^2 lose the digits that 1 does not have; sigmul multiplies one by an operand.
            cancelled = max(1.0, abs(row[1])) if name == "sigmul" else 1.0
            if not close(slope, expected, dtype, cancelled=cancelled, tail=name in TAILS):
                wrong.append(f"d{operand} {name}{tuple(row)} = {slope}; expected {mp.nstr(expected)}")
    assert not wrong


@pytest.mark.parametrize(("name", "slope"), [("asinh", 300**-1.0), ("softsign", 301**-2.0)])
def test_a_square_beyond_float16_does_not_spoil_a_slope(name, slope):
    _, slopes = evaluate(name, np.array([[300.0], [-300.0]], np.float16), "float16")
    assert slopes[0] == pytest.approx([slope, slope], rel=5e-3)


def test_a_power_that_is_0_for_an_infinite_operand_has_slopes_0():
    rows = [(math.inf, -1.0), (math.inf, -math.inf), (0.0, math.inf), (0.5, math.inf)]
    values, slopes = evaluate("pow", np.array(rows, np.float32), "float32")
    assert not values.any()
    assert not slopes.any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_finite_value_has_a_finite_slope(name, dtype):
    operands, values, slopes = measured(name, dtype)
    wrong = []
    for operand, index in np.argwhere(np.isfinite(values) & ~np.isfinite(slopes)):
        # The only excuse is a derivative that the dtype cannot hold, such as that of 1/x at 1e-30.
        expected = exact_slope(name, operands[index], operand)
        if not abs(expected) > float(jnp.finfo(dtype).max) / 4:
            wrong.append(
                f"d{operand} {name}{tuple(operands[index].tolist())} = {slopes[operand, index]}; {mp.nstr(expected)}"
            )
    assert not wrong


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_shape_and_dtype_stay_under_every_transformation(name, dtype):
    function, arity = PRIMITIVES[name].function, PRIMITIVES[name].arity
    slopes = jax.grad(lambda *operands: function(*operands).sum(), range(arity))
    with jax.enable_x64(dtype == "float64"):
        for shape in ((), (3,), (2, 3, 4)):
            operands = [jax.ShapeDtypeStruct(shape, dtype)] * arity
            results = [jax.eval_shape(f, *operands) for f in (function, jax.jit(function))]
            results += jax.eval_shape(slopes, *operands)
            results += [jax.eval_shape(jax.vmap(function), *operands)] if shape else []
            assert {(result.shape, result.dtype.name) for result in results} == {(shape, dtype)}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if PRIMITIVES[name].arity == 1])
def test_parity(name, dtype):
    operands, values, _ = measured(name, dtype)
    mirrored, _ = evaluate(name, -operands.astype(jnp.dtype(dtype)), dtype)
    agree = {
        "even": np.array_equal(mirrored, values, equal_nan=True),
        "odd": np.array_equal(mirrored, -values, equal_nan=True),
    }
    assert [parity for parity in agree if agree[parity]] == [parity for parity in [PRIMITIVES[name].parity] if parity]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if PRIMITIVES[name].arity > 1])
def test_commutativity(name, dtype):
    operands, values, _ = measured(name, dtype)
    exchanged = operands.astype(jnp.dtype(dtype))
    exchanged[:, :2] = exchanged[:, 1::-1]
    assert np.array_equal(evaluate(name, exchanged, dtype)[0], values, equal_nan=True) == PRIMITIVES[name].commutative


@pytest.mark.parametrize("name", NAMES)
def test_row_is_well_formed(name):
    row = PRIMITIVES[name]
    assert row.name == name
    assert name.isidentifier()
    assert row.domain
    assert set(row.implicit) <= set(DEFAULT_PARAMETERS)
    assert row.arity > len(row.implicit)
    assert row.kind in ("elementwise", "reduction")
    assert (row.symbol is None) == (row.precedence == Precedence.ATOM)


def test_table_is_read_only_and_its_signs_are_unique():
    signs = [(row.symbol, row.arity) for row in PRIMITIVES.values() if row.symbol]
    assert len(set(signs)) == len(signs)
    with pytest.raises(TypeError):
        PRIMITIVES["mine"] = PRIMITIVES["relu"]


def test_every_elementwise_row_has_a_reference():
    assert set(REFERENCES) == set(ELEMENTWISE)


PUBLISHED_UNARIES = (
    *("neg", "abs", "square", "cube", "sqrt", "log_abs", "exp", "sin", "cos", "sinh", "cosh", "tanh", "asinh", "atan"),
    *("sinc", "relu", "minzero", "sigmoid", "softplus", "gauss", "erf"),
)
PUBLISHED_BINARIES = ("add", "mul", "sub", "safe_div", "max", "min", "sigmul", "rbf", "laplace", "mix")


def test_published_primitives_are_present():
    """Ramachandran et al. 2017, section 2; of its 25 unaries x, beta, beta * x and x + beta are programs here."""
    assert {PRIMITIVES[name].arity for name in PUBLISHED_UNARIES} == {1}
    assert {PRIMITIVES[name].arity - len(PRIMITIVES[name].implicit) for name in PUBLISHED_BINARIES} == {2}
    assert (len(PUBLISHED_UNARIES) + 4, len(PUBLISHED_BINARIES)) == (25, 10)

"""LaTeX reads back to the same function: every primitive, program, number and name, in the reader of the tests."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from actsearch.catalog import CATALOG
from actsearch.export import to_latex
from actsearch.language import DEFAULT_PARAMETERS, PRIMITIVES, Builder, Primitive, parse, register, unregister
from actsearch.spaces import evonorm, swish
from tests.helpers.latex_reader import Reader
from tests.helpers.programs import NUMBERS, programs

TENSOR = np.random.default_rng(0).normal(0.3, 1.2, (3, 2, 2, 4))
ORDINARY = st.one_of(st.integers(-9, 9).map(float), st.floats(-20, 20).map(lambda value: round(value, 3)))
LARGEST = 20.0  # where closed forms such as log(1 + e^x) and the primitives agree


def call(op, *operands):
    row = PRIMITIVES[op]
    with jax.enable_x64(True):
        columns = [jnp.broadcast_to(jnp.asarray(operand, jnp.float64), TENSOR.shape) for operand in operands]
        return np.asarray(row.function(*columns, 2) if row.kind == "reduction" else row.function(*columns))


def node_values(program, values):
    """Returns the value of each node in float64."""
    results = []
    for op, args, payload in program.nodes:
        if args:
            results.append(call(op, *(results[arg] for arg in args)))
        else:
            results.append(np.broadcast_to(payload if op == "constant" else values[payload], TENSOR.shape))
    return results


def assert_reads_back(program):
    leaves = [node for node in program.nodes if isinstance(node.payload, str)]
    values = {
        leaf.payload: TENSOR if leaf.op == "input" else np.float64(0.4 + 0.37 * i) for i, leaf in enumerate(leaves)
    }
    names = dict(zip(shown_names(leaves), values.values(), strict=True))
    expected = node_values(program, values)
    with np.errstate(all="ignore"):
        actual = Reader(to_latex(program), names, call).value()
        limits = [5 * LARGEST if node.op == "constant" else LARGEST for node in program.nodes]
        ordinary = np.all([np.abs(value) <= limit for value, limit in zip(expected, limits, strict=True)], axis=0)
    actual = np.broadcast_to(actual, TENSOR.shape)
    np.testing.assert_allclose(actual[ordinary], expected[-1][ordinary], 1e-7, 1e-7, err_msg=to_latex(program))
    return ordinary.any()


def assert_typesets(program):
    """Matplotlib's own reader of LaTeX raises an error for what it cannot set."""
    MathTextParser("path").parse(f"${to_latex(program)}$")


def shown_names(leaves):
    """Returns how inputs and parameters are shown beside each other: the parts of their sum."""
    if not leaves:
        return []
    builder = Builder()
    nodes = [
        builder.input(leaf.payload) if leaf.op == "input" else builder.parameter(leaf.payload, 1) for leaf in leaves
    ]
    return to_latex(builder.program(functools.reduce(functools.partial(builder.apply, "add"), nodes))).split(" + ")


PLACES = ("{}", "{}^2", "-{}", "{} * v", "v * {}", "v - {}", "{} / v", "mix({0}, {0}, {0})")
OPERANDS = (("x", "v", "alpha"), ("x + 1", "v - 2", "alpha * x"), ("-x", "-2", "x^2"))


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_in_every_place(name):
    for place, operands in itertools.product(PLACES, OPERANDS):
        arguments = ", ".join(operands[: PRIMITIVES[name].arity])
        assert_reads_back(parse(place.format(f"({name}({arguments}))")))
    assert_typesets(parse(f"({name}({', '.join(['x + 1', '-v', '1e-7'][: PRIMITIVES[name].arity])}))^2"))


@pytest.mark.parametrize("name", CATALOG)
def test_the_catalogue(name):
    assert assert_reads_back(CATALOG[name].program)
    assert_typesets(CATALOG[name].program)


@pytest.mark.parametrize("space", [swish(units=2), evonorm(series="B"), evonorm(series="S")], ids=lambda s: s.name)
def test_samples_of_spaces(space):
    rng = np.random.default_rng(0)
    compared = [assert_reads_back(space.decode(space.sample(rng))) for _ in range(100)]
    assert sum(compared) > 30


@settings(max_examples=300)
@given(programs(numbers=ORDINARY))
def test_any_program(program):
    assert_reads_back(program)


@settings(max_examples=300)
@given(NUMBERS)
def test_any_number_keeps_every_digit(number):
    builder = Builder()
    program = builder.program(builder.constant(number))
    assert Reader(to_latex(program), {}, call).value() == pytest.approx(number, rel=1e-15)


@settings(max_examples=300)
@given(st.lists(st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,4}\Z"), min_size=1, max_size=4, unique=True))
def test_any_name(names):
    names = [name for name in names if name not in {*PRIMITIVES, *DEFAULT_PARAMETERS, "x", "y", "param"}]
    declared = "".join(f"param {name} = 1; " for name in names)
    program = parse(f"{declared}{' + '.join(['x', *names])}")
    assert_reads_back(program)
    assert_typesets(program)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("beta", r"\beta"),
        ("tau", r"\tau"),
        ("v1", "v_{1}"),
        ("v_10", "v_{10}"),
        ("alpha2", r"\alpha_{2}"),
        ("slope", r"\mathrm{slope}"),
        ("a1b2", r"\mathrm{a1b2}"),
        ("slope_of_x", r"\mathrm{slope\_of\_x}"),
        ("epsilon", r"\mathrm{epsilon}"),
        ("e", r"\mathrm{e}"),
        ("_1", r"\mathrm{\_}_{1}"),
    ],
)
def test_names(name, shown):
    assert to_latex(parse(f"param {name} = 1; {name} * x")) == rf"{shown} \cdot x"


def test_names_that_would_look_alike_are_written_as_they_are():
    assert to_latex(parse("param v_1 = 1; v1 + v_1 * x")) == r"\mathrm{v1} + \mathrm{v\_1} \cdot x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mix(x, sin(x), x + 1)", r"\left(x + 1\right) \cdot x + (1 - \left(x + 1\right)) \cdot \sin(x)"),
        ("signed_sqrt(x)^2", r"\left(\operatorname{sgn}(x) \cdot \sqrt{\left|x\right|}\right)^{2}"),
        ("(x/2)^2", r"\left(\frac{x}{2}\right)^{2}"),
        ("1e-7 + x", "10^{-7} + x"),
        ("x - 2.5e-9", r"x - 2.5 \cdot 10^{-9}"),
        ("x * -2", r"x \cdot \left(-2\right)"),
        ("0.1234567891 * x", r"0.1234567891 \cdot x"),
        ("(x^2)^3", r"\left(x^{2}\right)^{3}"),
        ("exp(x)^2", r"\left(e^{x}\right)^{2}"),
        ("x - (1 - x)", r"x - \left(1 - x\right)"),
        ("erf(x) + log_abs(x)", r"\operatorname{erf}(x) + \log(\left|x\right| + \epsilon)"),
    ],
)
def test_golden(text, shown):
    assert to_latex(parse(text)) == shown


def test_long_subterms_are_written_once():
    doubled = "".join(f"s{i + 1} = s{i} + s{i};" if i else "s1 = x + sin(x);" for i in range(300))
    latex = to_latex(parse(f"{doubled} s300 * 1e-90"))
    assert len(latex) < 30_000
    assert latex.startswith("t_{1} = ")


def test_a_registered_primitive_shows_its_name_or_its_template():
    register(Primitive("my_unit", 2, jnp.arctan2))
    register(
        Primitive("triple", 1, lambda x: 3 * x, r"3 \cdot {:power}", latex_precedence=PRIMITIVES["mul"].precedence)
    )
    try:
        assert to_latex(parse("my_unit(x, 1)^2")) == r"\operatorname{my\_unit}(x, 1)^{2}"
        assert to_latex(parse("triple(x + 1)^2")) == r"\left(3 \cdot \left(x + 1\right)\right)^{2}"
    finally:
        unregister("my_unit")
        unregister("triple")

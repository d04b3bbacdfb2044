"""`simplify` keeps the function: on random programs over every primitive, bit by bit where nothing is folded."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.language import INPUTS, PRIMITIVES, Builder, Program, parse, simplify
from actsearch.language.rules import _value
from actsearch.spaces import evonorm

POINTS = np.array([0.0, -0.0, 1.0, -1.0, 0.3, -0.7, 2.5, -3.0, 6.0, -20.0, 50.0, -1e3, 1e5, 1e15, -1e15, 1e-9])
PARAMETERS = {"beta": 1.0, "alpha": 0.25, "v0": -1.5}
VALUES = PARAMETERS | {"v1": 0.75, "gamma": 1.25}
CONSTANTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.7)
ELEMENTWISE = tuple(name for name, row in PRIMITIVES.items() if row.kind == "elementwise")
TENSOR = np.random.default_rng(0).normal(0.5, 1.5, (3, 2, 2, 4))
SEEDS = [pytest.param(seed, marks=pytest.mark.slow if seed > 2 else []) for seed in range(8)]
SIGNS_AND_SUMS = ("neg", "add", "sub", "mul", "div", "max", "abs", "sin", "cos", "reciprocal", "atan", "relu", "sigmul")


@functools.cache
def compiled(op):
    if PRIMITIVES[op].kind == "reduction":
        return jax.jit(functools.partial(PRIMITIVES[op].function, groups=2))
    # One number at a time, as constants are folded: in a vector the last bit of atan may differ.
    return jax.jit(lambda *operands: over_numbers(PRIMITIVES[op].function, operands))


def over_numbers(function, operands):
    flat = jax.lax.map(lambda numbers: function(*numbers), tuple(operand.ravel() for operand in operands))
    return flat.reshape(operands[0].shape)


def values(program, x=POINTS):
    """Evaluates a program at `x` in float64, primitive by primitive, so that XLA fuses and reorders nothing."""
    results = []
    with jax.enable_x64(True):
        for op, args, payload in program.nodes:
            if args:
                results.append(compiled(op)(*(results[arg] for arg in args)))
            elif op == "input":
                results.append(jnp.asarray(x if payload == "x" else x[::-1]))
            else:
                results.append(jnp.full(x.shape, payload if op == "constant" else VALUES[payload]))
    return np.asarray(results[-1])


def random_program(rng, ops, size, constants, inputs=("x",)):
    builder = Builder()
    nodes = [*map(builder.input, inputs), *(builder.parameter(name, value) for name, value in PARAMETERS.items())]
    nodes += [builder.constant(value) for value in constants]
    for _ in range(size):
        op = ops[rng.integers(len(ops))]
        # Half of the operands are recent nodes, so that programs are deep and share subterms.
        recent = nodes[-4:] if rng.random() < 0.5 else nodes
        nodes.append(builder.apply(op, *(recent[rng.integers(len(recent))] for _ in range(PRIMITIVES[op].arity))))
    return builder.program(nodes[-1])


def assert_same(program, x=POINTS):
    result = simplify(program)
    before, after = values(program, x), values(result, x)
    where = np.isfinite(before)
    np.testing.assert_array_equal(after[where], before[where], err_msg=f"{program}\n{result}")
    assert simplify(result) == result
    assert len(result.nodes) <= len(program.nodes) + sum(node.op == "sigmul" for node in program.nodes)
    assert set(result.parameters) <= set(program.parameters)


@pytest.mark.parametrize("seed", SEEDS)
def test_values_stay(seed):
    rng = np.random.default_rng(seed)
    for _ in range(125):
        assert_same(random_program(rng, ELEMENTWISE, rng.integers(1, 14), (0.0, 1.0)))


@pytest.mark.parametrize("seed", range(2))
def test_values_of_two_inputs_stay(seed):
    rng = np.random.default_rng(seed)
    for _ in range(125):
        assert_same(random_program(rng, SIGNS_AND_SUMS, rng.integers(1, 14), CONSTANTS, INPUTS))


@pytest.mark.parametrize("seed", SEEDS)
def test_values_stay_where_rules_meet(seed):
    rng = np.random.default_rng(seed)
    for _ in range(250):
        assert_same(random_program(rng, SIGNS_AND_SUMS, rng.integers(1, 14), CONSTANTS))


@pytest.mark.parametrize("seed", range(2))
def test_values_stay_with_reductions(seed):
    rng = np.random.default_rng(seed)
    for _ in range(100):
        assert_same(random_program(rng, tuple(PRIMITIVES), rng.integers(1, 14), (0.0, 1.0)), TENSOR)


@pytest.mark.parametrize("series", ["B", "S"])
def test_values_of_layers_stay(series):
    space, rng = evonorm(series=series), np.random.default_rng(0)
    for _ in range(100):
        assert_same(space.decode(space.sample(rng)), TENSOR)


GOLDEN = {
    "x + 0": "x",
    "0 + x": "x",
    "x - 0": "x",
    "0 - x": "-x",
    "x * 1": "x",
    "1 * x": "x",
    "x / 1": "x",
    "x * -1": "-x",
    "x / -1": "-x",
    "x * 0": "0",
    "0 / x": "0",
    "x - x": "0",
    "x / x": "1",
    "--x": "x",
    "---x": "-x",
    "x + -sin(x)": "x - sin(x)",
    "-sin(x) + x": "x - sin(x)",
    "x - -sin(x)": "x + sin(x)",
    "x - -2": "2 + x",
    "x + -2": "x - 2",
    "-x - -x": "0",
    "-(x - beta)": "beta - x",
    "-x * sigmoid(x)": "-(x * sigmoid(x))",
    "-x * -sigmoid(x)": "x * sigmoid(x)",
    "x / -exp(x)": "-(x / exp(x))",
    "cos(-x)": "cos(x)",
    "abs(-x) + gauss(-x)": "abs(x) + gauss(x)",
    "tanh(-x)": "-tanh(x)",
    "sin(tanh(-x))": "-sin(tanh(x))",
    "sigmoid(-x)": "sigmoid(-x)",
    "max(x, x)": "x",
    "min(x, x)": "x",
    "x * x": "x^2",
    "-x * -x": "x^2",
    "sigmul(x, x)": "x * sigmoid(x)",
    "sigmoid(beta * x) * x": "x * sigmoid(x * beta)",
    "max(tanh(x), x)": "max(x, tanh(x))",
    "pow(x, 1) + pow(x, 0)": "1 + x",
    "2 + 3 * 4 - 5^2": "-11",
    "sqrt(4) * x": "2 * x",
    "1 / 0 + x": "x + 1 / 0",
    "log(0 - 1)": "log(-1)",
    "sqrt(0 * x)": "0",
    "t1 = -x; max(t1, t1 * beta)": "t1 = -x; max(t1, beta * t1)",
    "param a = 0.25; max(x, x * a)": "param a = 0.25; max(x, x * a)",
    "param a = 0.25; x + a * 0": "x",
    "batch_mean(-x)": "-batch_mean(x)",
    "group_std(-x) + layer_rms(-x)": "group_std(x) + layer_rms(x)",
    "x - batch_mean(2)": "x - batch_mean(2)",
    "x / batch_std(x) + x / batch_std(x + 0)": "t1 = x / batch_std(x); t1 + t1",
}


@pytest.mark.parametrize("text", GOLDEN)
def test_golden(text):
    assert str(simplify(parse(text))) == GOLDEN[text]


def test_a_zero_keeps_its_sign_where_a_division_reads_it():
    program = parse("atan(1 / (-relu(x) + 0))")
    assert str(simplify(program)) == "atan(1 / (0 - relu(x)))"
    assert str(simplify(parse("atan(-relu(x) + 0)"))) == "-atan(relu(x))"


@pytest.mark.parametrize("text", ["log(-1) * x", "(1 / 0 - 1 / 0) + x", "0 / 0 + x", "exp(1000) * x"])
def test_a_constant_that_is_not_finite_is_data_while_nans_are_debugged(text):
    expected = simplify(parse(text))
    _value.cache_clear()
    with jax.debug_nans(True), jax.debug_infs(True):
        assert simplify(parse(text)) == expected


@pytest.mark.parametrize("name", [name for name, row in PRIMITIVES.items() if row.commutative])
def test_commutative_operands_have_one_order(name):
    builder = Builder()
    x, tanh = builder.input("x"), builder.apply("tanh", builder.input("x"))
    assert simplify(builder.program(builder.apply(name, x, tanh))) == simplify(
        builder.program(builder.apply(name, tanh, x))
    )


def test_long_chains_need_no_recursion():
    builder = Builder()
    node = builder.input("x")
    for _ in range(3000):
        node = builder.apply("sin", builder.apply("neg", node))
    result = simplify(builder.program(node))
    assert isinstance(result, Program)
    assert [n.op for n in result.nodes] == ["input"] + ["sin"] * 3000

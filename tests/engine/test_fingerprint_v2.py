"""Functional identity: one fingerprint for one function, however it is written, and another for any other."""

import itertools
import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import fingerprint, parse, simplify
from actsearch.engine import count_functions, identity
from actsearch.engine.probe import RESOLUTION
from actsearch.language import PRIMITIVES, ActsearchError, Builder, Primitive, register, unregister
from actsearch.language.reductions import INDEX_SETS, STATISTICS, Reduction
from actsearch.spaces import SPACES, custom, evonorm, get_space, swish

SAME = [
    ("x * sigmoid(x)", "sigmul(x, x)", "-(-x) * sigmoid(x)", "silu(x)", "x / (1 + exp(-x))"),
    ("x", "beta - beta + x", "-(-x)", "x + 0 * beta", "relu(x) + minzero(x)", "0.5 * x + 0.5 * x"),
    ("beta * x", "x * beta", "beta * (x + beta) - beta^2", "mix(x, 0, beta)", "alpha * x"),
    ("max(x, 0)", "relu(x)", "(x + abs(x)) / 2"),
    ("rbf(x, 1)", "rbf(1, x)", "exp(-beta * (x - 1)^2)"),
    ("sqrt(x)", "sqrt(x) * 1"),  # NaN left of 0 counts as a value
    ("1 / x", "reciprocal(x)"),  # so does an infinity
    ("0", "x - x", "beta - beta"),
    ("x * sigmoid(beta * x)", "x * sigmoid(alpha * x)", "param my_slope = 1; sigmul(my_slope * x, x)"),
    # Far out these cancel, as far as float64 goes.
    ("x", "x + exp(x) - exp(x)", "x + cosh(x) - cosh(x)", "silu(x) - silu(-x)"),
    ("exp(x)", "cosh(x) + sinh(x)", "sigmoid(x) / sigmoid(-x)"),
    ("tanh(x)", "2 * sigmoid(2 * x) - 1", "sinh(x) / cosh(x)", "1 - 2 / (exp(2 * x) + 1)"),
    ("softplus(x)", "-log_sigmoid(-x)", "x + softplus(-x)", "relu(x) + softplus(-abs(x))"),
]
DIFFERENT = [
    *("x", "relu(x)", "beta * x", "x + beta", "beta", "x + beta - shift", "x + shift", "alpha * x + beta"),
    *("param beta = 2; beta * x", "param beta = 2; x + beta", "0.73 * x", "1.3371 * x", "x + 1e-5", "x * 1.00001"),
    *("sqrt(x)", "sqrt(-x)", "signed_sqrt(x)", "1 / x", "abs(1 / x)", "-x", "0"),
    *("x * sigmoid(beta * x)", "x * sigmoid(x)", "x * sigmoid(-x)", "max(beta, 1) * x", "max(beta^2, 1) * x"),
    *("param beta = 0.25; alpha * x + beta", "param beta = 0.25; beta * x + alpha"),
]
SATURATING = [
    *("relu(x)", "min(relu(x), 6)", "min(relu(x), 5)", "min(relu(x), 3)", "min(relu(x), 7.5)", "min(relu(x), 15)"),
    *("x", "max(x, -6)", "max(x, -11)", "min(max(x, -6), 6)", "hard_sigmoid(x)", "relu(x + 3) / 6"),
    *("hard_swish(x)", "x * relu(x + 3) / 6", "x * min(relu(x + 4), 6) / 6", "cosh(x)", "min(cosh(x), 1000)"),
]


@pytest.mark.parametrize("texts", SAME, ids=lambda texts: texts[0])
def test_one_function_one_fingerprint(texts):
    assert len({fingerprint(parse(text)) for text in texts}) == 1


@pytest.mark.parametrize("texts", [DIFFERENT, SATURATING], ids=["different", "saturating"])
def test_other_functions_other_fingerprints(texts):
    prints = {text: fingerprint(parse(text)) for text in texts}
    assert len(set(prints.values())) == len(texts), prints


def test_rounding_below_the_grid_is_not_seen():
    assert fingerprint(parse("x * sigmoid(x)")) == fingerprint(parse(f"x * sigmoid(x) * {1 + 1e-15!r}"))
    assert fingerprint(parse("x * sigmoid(x)")) != fingerprint(parse(f"x * sigmoid(x) + {3 * RESOLUTION:.7f}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("relu(x)", "2b4b1482c9180e5a5ac40dadd42a18a2"),
        ("x * sigmoid(beta * x)", "ffbc1224e619c04a9c001a928de411a7"),
        ("param a = 0.25; max(x, a * x)", "373c42cf1e81b6f2d7aa65723982b096"),
        ("x / batch_std(x) * gamma + shift", "a7dc86213a3c970c051b56b1f3897eda"),
    ],
)
def test_golden_values(text, expected):
    """Archives keep fingerprints, so they may not change within a version; rounding is far below their grid."""
    assert fingerprint(parse(text)) == expected
    assert int(expected, 16) < 16**32


@pytest.mark.parametrize(
    ("text", "finite"),
    [
        ("x * sigmoid(beta * x)", True),
        ("sqrt(x)", False),  # NaN
        ("1 / x", False),  # the probe holds 0
        ("safe_div(1, x)", True),
        ("exp(x^4)", False),  # e^625 is finite in float64 and not in float32
        ("exp(exp(x / 2))", True),
        ("exp(x^2)", True),  # near; far it is not, which is no matter
        ("sqrt(x + 5)", True),
        ("sqrt(relu(x))", True),
        ("x / batch_std(x)", True),
        ("x / batch_std(0 * x) * 1e38", False),
    ],
)
def test_finite(text, finite):
    assert identity(parse(text)).finite is finite


# Parameters.


@pytest.mark.parametrize(
    "form",
    [
        "{a} * x + {b}",
        "{a} * x + {b} * x^2 - {c} * tanh({d} * x)",
        "relu({a} * x) + {b} * minzero({c} - x)",
        "({a} - {b}) * x + ({b} - {c}) * x^2",
        "x * {a} / batch_std({b} * x + {c} * x^2)",
    ],
)
def test_names_and_order_of_parameters_do_not_count(form):
    names = ("alpha", "gamma", "v", "v1")
    texts = [form.format(**dict(zip("abcd", order, strict=True))) for order in itertools.permutations(names)]
    assert len({identity(parse(text)) for text in texts}) == 1


def test_roles_of_parameters_count_where_their_initial_values_differ():
    texts = [f"param a = {a}; param b = {b}; a * x + b" for a, b in itertools.permutations((0, 0.5, 1, 2), 2)]
    assert len({fingerprint(parse(text)) for text in texts}) == len(texts) == 12


def test_a_parameter_without_effect_does_not_count():
    for text in ("param a = 3; x + 0 * a", "param a = 3; x + a - a", "(alpha - alpha) * beta + x"):
        assert fingerprint(parse(text)) == fingerprint(parse("x"))
    assert fingerprint(parse("0 * alpha + gamma * x")) == fingerprint(parse("gamma * x"))


def test_what_channels_share_counts():
    """As two roles: a line of a shared slope and an offset per channel is not one of a shared offset."""
    texts = [f"{one} a = 1; {other} b = 1; a * x + b" for one in ("param", "scalar") for other in ("param", "scalar")]
    assert len({fingerprint(parse(text)) for text in texts}) == 4
    assert fingerprint(parse("scalar u = 1; param v = 1; u * x + v")) == fingerprint(parse(texts[2]))
    assert fingerprint(parse("scalar a = 3; x + 0 * a")) == fingerprint(parse("x"))


def test_of_five_parameters_alike_the_order_counts_and_the_names_do_not():
    first = "alpha * x + beta * x^2 + gamma * x^3 + v * x^4 + v1"
    renamed = "v1 * x + v * x^2 + alpha * x^3 + gamma * x^4 + beta"
    assert fingerprint(parse(first)) == fingerprint(parse(renamed))


# Layers.

SAME_LAYERS = [
    ("(x - batch_mean(x)) / batch_std(x)", "x / batch_std(x) - batch_mean(x) / batch_std(x)"),
    ("batch_std(x)", "batch_rms(x - batch_mean(x))", "batch_std(x + 1)", "batch_std(batch_mean(x) - x)"),
    ("x * sigmoid(x) / group_std(x)", "silu(x) / group_std(x)", "sigmul(x, x) * (1 / group_std(-x))"),
    ("layer_mean(x)", "layer_mean(instance_mean(x))", "layer_mean(group_mean(x))"),
    ("gamma * instance_mean(x) + v", "v + instance_mean(gamma * x)"),
    ("batch_mean(batch_std(x))", "batch_std(x)"),
    ("x", "x - layer_mean(x) + layer_mean(x)", "x / batch_std(x) * batch_std(x)"),  # what is left is a curve
]


@pytest.mark.parametrize("texts", SAME_LAYERS, ids=lambda texts: texts[0])
def test_one_layer_one_fingerprint(texts):
    assert len({fingerprint(parse(text)) for text in texts}) == 1


@pytest.mark.parametrize("form", ["{}(x)", "x / {}(x)", "x * sigmoid(v * x) - {}(x^2) * gamma"])
def test_index_sets_and_statistics_are_told_apart(form):
    names = [Reduction(index_set, statistic).name for index_set in INDEX_SETS for statistic in STATISTICS]
    assert len({fingerprint(parse(form.format(name))) for name in names}) == len(names)


@pytest.mark.parametrize("index_set", INDEX_SETS)
def test_saturation_after_a_normaliser_is_told_apart(index_set):
    layer = f"relu((x - {index_set}_mean(x)) / {index_set}_std(x) * gamma + shift)"
    assert fingerprint(parse(layer)) != fingerprint(parse(f"min({layer}, 6)"))


def test_places_of_parameters_are_told_apart():
    texts = ("gamma * batch_std(x)", "batch_std(x + gamma * x)", "batch_std(x) + gamma", "gamma * layer_std(x)")
    assert len({fingerprint(parse(text)) for text in texts}) == len(texts)


# Rewritten programs.


def rewritten(program, rng):
    """Returns the same function in other words: at random nodes another spelling, other names of the parameters."""
    builder, new = Builder(), []
    initial = {name: value for name, value in program.parameters}
    names = rng.sample([f"p{i}" for i in range(10)], len(initial))
    renamed = dict(zip(initial, names, strict=True))
    for op, args, payload in program.nodes:
        operands = [new[arg] for arg in args]
        if op == "parameter":
            node = builder.parameter(renamed[payload], initial[payload])
        elif not args:
            node = builder.input(payload) if op == "input" else builder.constant(payload)
        else:
            node = spelt(builder, op, operands, rng)
        if rng.random() < 0.2:
            node = builder.apply("neg", builder.apply("neg", node))
        new.append(node)
    return builder.program(new[-1])


def spelt(builder, op, operands, rng):
    a, b = operands[0], operands[-1]
    if PRIMITIVES[op].commutative and rng.random() < 0.5:
        operands[:2] = operands[1::-1]
    spellings = {
        "sigmul": lambda: builder.apply("mul", b, builder.apply("sigmoid", a)),
        "sub": lambda: builder.apply("add", builder.apply("neg", b), a),
        "square": lambda: builder.apply("mul", a, a),
        "relu": lambda: builder.apply("max", a, builder.constant(0)),
        "minzero": lambda: builder.apply("neg", builder.apply("relu", builder.apply("neg", a))),
        "abs": lambda: builder.apply("max", a, builder.apply("neg", a)),
        "add": lambda: builder.apply("sub", b, builder.apply("neg", a)),
        "sin": lambda: builder.apply("neg", builder.apply("sin", builder.apply("neg", a))),
        "mul": lambda: builder.apply("div", builder.apply("mul", builder.apply("add", a, a), b), builder.constant(2)),
    }
    return spellings[op]() if op in spellings and rng.random() < 0.7 else builder.apply(op, *operands)


@pytest.mark.parametrize("name", SPACES)
def test_other_words_for_one_function(name):
    space, stream, rng = get_space(name), np.random.default_rng(0), random.Random(0)
    compared = 0
    for program in (space.decode(space.sample(stream)) for _ in range(80)):
        before, other = identity(program), rewritten(program, rng)
        if before.finite and other != program:
            compared += 1
            assert identity(other) == before, f"{program} became {other}"
    assert compared > 25


@pytest.mark.parametrize("space", [swish(1), swish(2), swish(3), evonorm(nodes=6)], ids=lambda space: space.name)
def test_simplify_keeps_the_fingerprint(space):
    rng = np.random.default_rng(0)
    compared = 0
    for program in (space.decode(space.sample(rng)) for _ in range(150)):
        before, simple = identity(program), simplify(program)
        if before.finite and simple != program:
            compared += 1
            assert identity(simple) == before, f"{program} became {simple}"
    assert compared > 25


# Around it.


@pytest.mark.parametrize("version", [1, 2])
def test_a_users_debugging_of_nans_is_no_matter(version):
    texts = ("sqrt(x)", "1 / x", "log(x)", "x / batch_std(0 * x) * 1e38")
    expected = [identity(parse(text), version) for text in texts]
    with jax.debug_nans(True), jax.debug_infs(True):
        assert [identity(parse(text), version) for text in texts] == expected


@pytest.mark.parametrize("version", [1, 2])
def test_primitives_that_are_registered_later(version):
    for function, twin in (
        (jnp.log1p, "log(1 + x)"),
        (jnp.exp2, "exp(0.6931471805599453 * x)"),
    ):  # one name after another
        register(Primitive("later", 1, function))
        try:
            assert identity(parse("later(x)"), version) == identity(parse(twin), version)
        finally:
            unregister("later")


@pytest.mark.parametrize("version", [1, 2])
def test_counts(version):
    counts = count_functions(custom(["x", "-x", "sqrt"], ["+", "max"]), version)
    # 2x, 0, -2x, x + sqrt, -x + sqrt, 2 sqrt; x, abs(x), -x, max(x, sqrt), sqrt, which max(-x, sqrt) is too
    assert counts == (11, 6)


def test_a_large_space_is_not_counted():
    with pytest.raises(ActsearchError, match=r"swish-2 has .* genotypes, too many to evaluate \(at most 100,000\)"):
        count_functions(swish(2))

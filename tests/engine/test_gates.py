"""Programs of two inputs: closed forms, both engines alike, and an identity that tells the inputs apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf

from actsearch import fingerprint, parse, to_function
from actsearch.catalog import CATALOG, GATES
from actsearch.engine import NormSettings, embed, identity, interpret, interpreter, specialize
from actsearch.engine.formula import evaluate
from actsearch.language import INPUTS, PRIMITIVES, ActsearchError
from actsearch.spaces import custom, gate
from actsearch.spaces.template import Template

RNG = np.random.default_rng(0)
X, Y, GRADIENT = (RNG.normal(size=(6, 3)) for _ in range(3))
BETA = np.array([0.73, 1.2, -0.4])
TOLERANCE = {"float64": 1e-12, "float32": 2e-6, "bfloat16": 3e-2, "float16": 4e-3}
every_dtype = pytest.mark.parametrize("dtype", TOLERANCE)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def normal(x):
    return (1 + erf(x / np.sqrt(2))) / 2


FORMS = {
    "glu": (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    "bilinear": (lambda x: x, np.ones_like),
    "reglu": (lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
    "geglu": (lambda x: x * normal(x), lambda x: normal(x) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)),
    "swiglu": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
}
"""The function of the activated input, and its derivative."""


def gate_of(text):
    return parse(text, inputs=INPUTS)


def arrays(dtype):
    return tuple(jnp.asarray(value, dtype) for value in (X, Y, GRADIENT))


def assert_close(actual, expected, dtype, what=""):
    assert actual.dtype == jnp.dtype(dtype)
    np.testing.assert_allclose(
        np.asarray(actual, np.float64), expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype], err_msg=what
    )


def test_every_published_gate_has_a_form():
    assert {*FORMS} == {*GATES}


@every_dtype
@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("engine", ["function", "specialised", "interpreted"])
def test_published_gates_are_their_closed_forms(name, dtype, engine):
    """Value, and gradients of x and of y; x is the activated input."""
    program = CATALOG[name].program
    with jax.enable_x64(dtype == "float64"):
        x, y, gradient = arrays(dtype)
        # What is compared is the arithmetic in this type, not the rounding of the inputs.
        a, b, g = (np.asarray(value, np.float64) for value in (x, y, gradient))
        function, slope = FORMS[name]
        value, back = jax.vjp(two_inputs(program, engine), x, y)
        dx, dy = back(gradient)
        assert_close(value, function(a) * b, dtype)
        assert_close(dx, g * slope(a) * b, dtype)
        assert_close(dy, g * function(a), dtype)


def two_inputs(program, engine):
    """Returns (x, y) -> value."""
    if engine == "function":
        return to_function(program)
    if engine == "interpreted":
        candidate = interpret(Template.bank([parse("x"), program]), jnp.array([1]))
    else:
        candidate = specialize(program)
    assert candidate.inputs == INPUTS
    return lambda x, y: candidate.function(x, {}, None, NormSettings(), y=y)[0]


@every_dtype
def test_gradients_of_a_trained_gate(dtype):
    program = gate_of("x * sigmoid(beta * x) * y")
    with jax.enable_x64(dtype == "float64"):
        x, y, gradient = arrays(dtype)
        beta = jnp.asarray(BETA, dtype)
        a, b, g, p = (np.asarray(value, np.float64) for value in (x, y, gradient, beta))
        s = sigmoid(p * a)
        value, back = jax.vjp(lambda x, y, beta: to_function(program)(x, y, beta=beta), x, y, beta)
        dx, dy, dbeta = back(gradient)
        assert_close(value, a * s * b, dtype)
        assert_close(dx, g * b * s * (1 + a * p * (1 - s)), dtype)
        assert_close(dy, g * a * s, dtype)
        np.testing.assert_allclose(
            np.asarray(dbeta, np.float64), (g * b * a * a * s * (1 - s)).sum(axis=0), rtol=0, atol=4 * TOLERANCE[dtype]
        )


def interpreted(template, choices):
    """Returns value, gradients of x and y, and of every parameter, for many choice vectors."""
    apply = interpreter(template)
    parameters = tuple(jnp.asarray(BETA) for _ in template.parameters)

    def one(choice):
        value, back = jax.vjp(
            lambda x, y, own: apply(choice, x, own, y=y)[0], jnp.asarray(X), jnp.asarray(Y), parameters
        )
        return value, *back(jnp.asarray(GRADIENT))

    return jax.device_get(jax.jit(lambda choices: jax.lax.map(one, choices))(jnp.asarray(choices, jnp.int32)))


COMPILED = {name: jax.jit(row.function) for name, row in PRIMITIVES.items()}


def specialised(program):
    """The same of the specialised form, each primitive compiled once for all programs."""

    def function(x, y, own):
        return evaluate(program, {"x": x, "y": y}, own, functions=COMPILED)

    own = {name: jnp.asarray(BETA) for name, _ in program.parameters}
    value, back = jax.vjp(function, jnp.asarray(X), jnp.asarray(Y), own)
    return jax.device_get((value, *back(jnp.asarray(GRADIENT))))


def assert_alike(actual, expected, what):
    expected = np.asarray(expected)
    with np.errstate(invalid="ignore"):
        scale = np.where(np.isfinite(expected), 1 + np.abs(expected), 1)
    np.testing.assert_allclose(actual / scale, expected / scale, rtol=0, atol=1e-12, err_msg=what)


@pytest.mark.slow
@pytest.mark.parametrize(("units", "count"), [(1, 1500), (2, 300)])
def test_the_interpreter_is_the_specialised_form(units, count):
    """One unit runs unrolled, two by the loop over live slots."""
    assert_engines_agree(gate(units), count)


@pytest.mark.parametrize("units", [1, 2])
def test_both_interpreters_on_a_small_space(units):
    assert_engines_agree(custom(["x", "sqrt", "beta * x", "sigmoid"], ["*", "max", "-"], units, inputs=INPUTS), 40)


def assert_engines_agree(space, count):
    rng = np.random.default_rng(space.count())
    genotypes = [space.sample(rng) for _ in range(count)]
    with jax.enable_x64(True):
        results = interpreted(space.template, [genotype.choices for genotype in genotypes])
        for row, program in enumerate(map(space.decode, genotypes)):
            value, dx, dy, own = specialised(program)
            assert_alike(results[0][row], value, f"value of {program}")
            assert_alike(results[1][row], dx, f"slope by x of {program}")
            assert_alike(results[2][row], dy, f"slope by y of {program}")
            for (name, initial), gradients in zip(space.template.parameters, results[3], strict=True):
                used = (name, initial) in program.parameters
                assert_alike(gradients[row], own[name] if used else np.zeros(3), f"slope by {name} of {program}")


def test_candidates_side_by_side_are_those_one_after_another():
    space = custom(["x", "beta * x", "sigmoid"], ["*", "max"], inputs=INPUTS)
    choices = jnp.array([genotype.choices for genotype in space.enumerate()])
    parameters = {"beta=1.0": jnp.asarray(BETA, "float32")}
    x, y, _ = arrays("float32")

    def values(together):
        def one(choice):
            candidate = interpret(space.template, choice, together=together)
            return candidate.function(x, parameters, None, NormSettings(), y=y)[0]

        return jax.jit(jax.vmap(one))(choices)

    np.testing.assert_allclose(values(True), values(False), rtol=1e-6)


def test_a_gate_of_statistics():
    """The inputs of a gate may be normalised; its moments are those of whichever input they are of."""
    program = gate_of("x * (y - batch_mean(y)) / batch_std(y)")
    candidate, x, y = specialize(program), *arrays("float32")[:2]
    value, moments = candidate.function(x, {}, None, NormSettings(), y=y)
    np.testing.assert_allclose(value, X * (Y - Y.mean(axis=0)) / np.sqrt(Y.var(axis=0) + 1e-5), rtol=2e-5, atol=1e-5)
    np.testing.assert_allclose(moments, [Y.mean(axis=0), Y.var(axis=0)], rtol=1e-5, atol=1e-6)
    template = Template.bank([program])
    again, used = interpret(template, jnp.array([], jnp.int32)).function(x, {}, None, NormSettings(), y=y)
    np.testing.assert_allclose(again, value, rtol=1e-6)
    np.testing.assert_allclose(used, moments, rtol=1e-6)


class TestFunction:
    def test_inputs_promote(self):
        product = to_function(gate_of("x * y"))
        assert product(jnp.ones(3, jnp.bfloat16), jnp.ones(3, jnp.float32)).dtype == jnp.float32
        assert product(jnp.ones(3, jnp.bfloat16), jnp.ones(3, jnp.float16)).dtype == jnp.float32
        assert product(jnp.ones(3, jnp.bfloat16), jnp.ones(3, jnp.bfloat16)).dtype == jnp.bfloat16

    @pytest.mark.parametrize(
        ("text", "inputs", "message"),
        [
            ("x * y", (np.ones(3),), "x \\* y takes two inputs, x and y; received x alone"),
            ("relu(x)", (np.ones(3), np.ones(3)), r"relu\(x\) takes one input, x; received a second one"),
            ("x * y", (np.ones(3), np.ones(4)), r"x and y of one shape; received \(3,\) and \(4,\)"),
            ("x * y", (np.ones((2, 3)), np.ones(3)), r"x and y of one shape; received \(2, 3\) and \(3,\)"),
        ],
    )
    def test_wrong_inputs(self, text, inputs, message):
        with pytest.raises(ActsearchError, match=message):
            to_function(gate_of(text))(*inputs)

    def test_whole_numbers(self):
        with pytest.raises(TypeError, match="needs a floating-point y; received int32"):
            to_function(gate_of("x * y"))(np.ones(3, np.float32), np.ones(3, np.int32))


class TestIdentity:
    @pytest.mark.parametrize(
        "texts",
        [
            ("x * y", "y * x", "--y * x"),
            ("silu(x) * y", "y * x / (1 + exp(-x))", "sigmul(x, x) * y"),
            ("max(x, y)", "x + relu(y - x)"),
        ],
    )
    def test_one_function(self, texts):
        assert len({fingerprint(gate_of(text)) for text in texts}) == 1

    def test_other_functions(self):
        texts = [
            "silu(x) * y",
            "silu(y) * x",
            "relu(x)",
            "relu(y)",
            "x",
            "y",
            "x - y",
            "y - x",
            "x * x",
            "x * y",
            "y * y",
        ]
        assert len({fingerprint(gate_of(text)) for text in texts}) == len(texts)

    def test_a_gate_is_finite_where_its_probe_is(self):
        assert identity(gate_of("exp(x) * y")).finite
        assert not identity(gate_of("x / y")).finite
        assert not identity(gate_of("x * sqrt(y)")).finite

    def test_many_at_once(self):
        space = custom(["x", "relu", "beta * x", "sqrt", "1"], ["*", "max", "-"], inputs=INPUTS)
        genotypes = [*space.enumerate()]
        rows = embed(space.template, [genotype.choices for genotype in genotypes])
        expected = [identity(space.decode(genotype)) for genotype in genotypes]
        assert rows.fingerprints.tolist() == [one.fingerprint for one in expected]
        assert rows.finite.tolist() == [one.finite for one in expected]
        assert np.isfinite(rows.values).all()

    def test_an_embedding_tells_the_inputs_apart(self):
        template = Template.bank([gate_of(text) for text in ("silu(x) * y", "silu(y) * x", "x * sigmoid(x) * y")])
        one, other, same = embed(template, [(0,), (1,), (2,)]).values
        np.testing.assert_allclose(one, same, atol=1e-5)
        assert np.abs(one - other).max() > 1e-2

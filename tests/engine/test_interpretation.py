"""Programs as data equal programs as formulas: value, gradient of x, gradient of every parameter, NaN for NaN.

In float64 the two agree to 1e-12, in float32 to 2e-6; both relative to 1 + |value|. They are the same operations, and
XLA may fuse them differently.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from actsearch import parse
from actsearch.engine import NormSettings, interpret, interpreter, specialize
from actsearch.engine.formula import evaluate
from actsearch.evaluation import DataParallel
from actsearch.language import PRIMITIVES
from actsearch.spaces import custom, swish
from actsearch.spaces.template import Slot, Template

TOLERANCE = {"float64": 1e-12, "float32": 2e-6}
X = np.concatenate([[[0.0, -0.5, 1.3], [-2.2, 0.7, 3.1]], np.random.default_rng(0).normal(size=(4, 3))])
GRADIENT = np.random.default_rng(1).normal(size=X.shape)
VALUES = {"beta": [0.73, 1.2, -0.4], "alpha": [1.1, 0.6, 0.9], "shift": [0.2, -0.3, 0.0]}
SMALL = custom(["x", "sqrt", "beta * x", "sin"], ["+", "*", "max"], units=2)


def value_and_gradients(function, x, parameters):
    value, back = jax.vjp(function, x, parameters)
    return value, *back(jnp.asarray(GRADIENT, x.dtype))


def arguments(template, dtype):
    """Returns `x`, and every parameter of a template."""
    return jnp.asarray(X, dtype), tuple(jnp.asarray(VALUES[name], dtype) for name, _ in template.parameters)


def interpreted(template, choices, dtype):
    """Returns value, gradient of x and gradients of the parameters of many choice vectors, in one compilation."""
    apply, (x, parameters) = interpreter(template), arguments(template, dtype)

    @jax.jit
    def run(choices, x, parameters):
        one = lambda choice: value_and_gradients(lambda *args: apply(choice, *args)[0], x, parameters)  # noqa: E731
        return jax.vmap(one)(choices)

    return jax.device_get(run(jnp.asarray(choices, jnp.int32), x, parameters))


def assert_equal(actual, expected, dtype, what):
    expected = np.asarray(expected)
    with np.errstate(invalid="ignore"):
        scale = np.where(np.isfinite(expected), 1 + np.abs(expected), 1)
    np.testing.assert_allclose(actual / scale, expected / scale, rtol=0, atol=TOLERANCE[dtype], err_msg=str(what))


def assert_agrees(template, results, index, program, expected, dtype):
    """Compares one program's row of the interpreter with the specialised form; unused parameters get no gradient."""
    value, dx, d_parameters = (jax.tree.map(lambda leaf: leaf[index], part) for part in results)
    assert_equal(value, expected[0], dtype, f"value of {program}")
    assert_equal(dx, expected[1], dtype, f"slope of {program}")
    for (name, initial), gradient in zip(template.parameters, d_parameters, strict=True):
        own = expected[2][name] if (name, initial) in program.parameters else np.zeros(3)
        assert_equal(gradient, own, dtype, f"gradient of {name} in {program}")


def one_primitive_programs(names):
    operands = ("alpha * x", "shift + x", "beta")
    elementwise = [name for name in names if PRIMITIVES[name].kind == "elementwise"]
    return [parse(f"{name}({', '.join(operands[: PRIMITIVES[name].arity])})") for name in elementwise]


@functools.cache
def compiled():
    return {name: jax.jit(row.function) for name, row in PRIMITIVES.items()}


def specialised(program, x, dtype):
    """The specialised form, each primitive compiled once for all programs: thousands would take an hour to compile."""
    own = {name: jnp.asarray(VALUES[name], dtype) for name, _ in program.parameters}
    function = lambda x, own: evaluate(program, {"x": x}, own, functions=compiled())  # noqa: E731
    return jax.device_get(value_and_gradients(function, x, own))


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_every_primitive(dtype):
    sampled_below = {node.op for slot in swish().template.slots for option in slot.options for node in option.nodes}
    programs = one_primitive_programs(PRIMITIVES if dtype == "float32" else sorted(PRIMITIVES.keys() - sampled_below))
    template = Template.bank(programs)
    with jax.enable_x64(dtype == "float64"):
        results = interpreted(template, [(i,) for i in range(len(programs))], dtype)
        for i, program in enumerate(programs):
            assert_agrees(template, results, i, program, specialised(program, jnp.asarray(X, dtype), dtype), dtype)


def test_formulas_compiled_whole():
    """What XLA makes of a whole formula agrees as well as primitive by primitive."""
    texts = ["x * sigmoid(beta * x)", "sqrt(x) - shift", "max(sin(alpha * x), rbf(x, beta))", "safe_div(x^2, cosh(x))"]
    programs = [parse(text) for text in texts]
    template = Template.bank(programs)
    results = interpreted(template, [(i,) for i in range(len(programs))], "float32")

    @jax.jit
    def whole(x, values):
        own = [{name: values[name] for name, _ in program.parameters} for program in programs]
        functions = [specialize(program).function for program in programs]
        first = [lambda x, own, f=f: f(x, own, None, NormSettings())[0] for f in functions]
        return [value_and_gradients(f, x, o) for f, o in zip(first, own, strict=True)]

    expected = whole(jnp.asarray(X, "float32"), {name: jnp.asarray(v, "float32") for name, v in VALUES.items()})
    for i, program in enumerate(programs):
        assert_agrees(template, results, i, program, expected[i], "float32")


@pytest.mark.parametrize(
    ("units", "count"),
    [(1, 200), (3, 200), *(pytest.param(units, 800, marks=pytest.mark.slow) for units in (1, 2, 3))],
)
def test_sampled_programs(units, count):
    space, rng = swish(units), np.random.default_rng(units)
    genotypes = [space.sample(rng) for _ in range(count)]
    with jax.enable_x64(True):
        results = interpreted(space.template, [genotype.choices for genotype in genotypes], "float64")
        for i, program in enumerate(map(space.decode, genotypes)):
            expected = specialised(program, jnp.asarray(X), "float64")
            assert_agrees(space.template, results, i, program, expected, "float64")


def test_a_user_space_in_float32():
    rng = np.random.default_rng(0)
    genotypes = [SMALL.sample(rng) for _ in range(100)]
    results = interpreted(SMALL.template, [genotype.choices for genotype in genotypes], "float32")
    for i, program in enumerate(map(SMALL.decode, genotypes)):
        assert_agrees(
            SMALL.template, results, i, program, specialised(program, jnp.asarray(X, "float32"), "float32"), "float32"
        )


def test_a_dead_slot_spoils_no_gradient():
    """sqrt(x) is NaN left of 0; where nothing reads it, value and gradients know nothing of it."""
    options = tuple(map(parse, ["sqrt(beta * x)", "beta * x"]))
    template = Template((Slot("dead", options, ((0,),)), Slot("out", options[1:], ((0, 1),))))
    results = interpreted(template, [(0, 0), (0, 1)], "float32")
    (alone, through), (dx_alone, _) = results[0], results[1]
    np.testing.assert_allclose(alone, X * VALUES["beta"], rtol=1e-6)
    np.testing.assert_allclose(dx_alone, GRADIENT * VALUES["beta"], rtol=1e-6)
    np.testing.assert_allclose(results[2][0][0], (GRADIENT * X).sum(axis=0), rtol=1e-5)
    assert np.isnan(through).any()  # and where it is read, it shows


def test_an_option_that_ignores_its_operand_keeps_it_dead():
    template = Template(
        (
            Slot("nan", (parse("sqrt(x - 100)"), parse("x")), ((0,),)),
            Slot("out", (parse("beta"), parse("x")), ((1,),)),
        )
    )
    value, dx, (d_beta,) = interpreted(template, [(0, 0)], "float32")
    np.testing.assert_array_equal(value[0], np.broadcast_to(np.float32(VALUES["beta"]), X.shape))
    np.testing.assert_array_equal(dx[0], np.zeros(X.shape))
    np.testing.assert_allclose(d_beta[0], GRADIENT.sum(axis=0), rtol=1e-5)


def test_a_template_with_nothing_to_choose():
    template = Template.bank([parse("x * sigmoid(beta * x)")])
    assert template.decisions == ()
    value, _, _ = interpreted(template, np.zeros((1, 0)), "float32")
    expected = X / (1 + np.exp(-np.array(VALUES["beta"]) * X))
    np.testing.assert_allclose(value[0], expected, rtol=1e-6)


@pytest.mark.parametrize("axes", [(0, None, None), (None, 0, None), (None, None, 0), (0, 0, 0)])
def test_vmap_equals_one_after_another(axes):
    """Batched choices, batched x and batched parameters, each alone and all together."""
    apply, rng = interpreter(SMALL.template), np.random.default_rng(5)
    choices = np.array([SMALL.sample(rng).choices for _ in range(8)], np.int32)
    x, beta = rng.normal(size=(8, 4, 3)).astype("float32"), rng.normal(size=(8, 3)).astype("float32")

    def row(i):
        return [leaf[0 if axis is None else i] for leaf, axis in zip((choices, x, beta), axes, strict=True)]

    def run(choices, x, beta):
        return apply(choices, x, (beta,))[0]

    together = [leaf if axis == 0 else leaf[0] for leaf, axis in zip((choices, x, beta), axes, strict=True)]
    alone = jax.jit(run)
    expected = np.stack([alone(*row(i)) for i in range(8)])
    np.testing.assert_allclose(jax.jit(jax.vmap(run, axes))(*together), expected, rtol=1e-6)


@pytest.mark.parametrize("units", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_together_equals_one_after_another(units):
    """Side by side every branch is run: a NaN of one that was not chosen reaches no value and no gradient."""
    space, rng = swish(units), np.random.default_rng(units)
    choices = np.array([space.sample(rng).choices for _ in range(100)], np.int32)
    x, parameters = arguments(space.template, "float32")
    keys = [f"{name}={initial!r}" for name, initial in space.template.parameters]

    def run(together):
        def one(choice, x, parameters):
            function = interpret(space.template, choice, together=together).function
            return value_and_gradients(
                lambda x, p: function(x, dict(zip(keys, p, strict=True)), None, NormSettings())[0], x, parameters
            )

        return jax.device_get(jax.jit(jax.vmap(one, (0, None, None)))(choices, x, parameters))

    for together, alone in zip(*(jax.tree.leaves(run(choice)) for choice in (True, False)), strict=True):
        assert_equal(together, alone, "float32", "every program")


def test_four_devices_equal_one():
    """One compiled function over a mesh: each device runs its share of the candidates."""
    assert jax.device_count() == 4
    apply, (x, parameters) = interpreter(SMALL.template), arguments(SMALL.template, "float32")
    rng = np.random.default_rng(6)
    choices = jnp.array([SMALL.sample(rng).choices for _ in range(12)])

    def many(choices, x, parameters):
        one = lambda choice: value_and_gradients(lambda *args: apply(choice, *args)[0], x, parameters)  # noqa: E731
        return jax.vmap(one)(choices)

    def over(devices):
        mesh = DataParallel(1, tuple(devices)).mesh()
        spread = jax.shard_map(
            many, mesh=mesh, in_specs=(P("candidate"), P(), P()), out_specs=P("candidate"), check_vma=False
        )
        return jax.jit(spread)(choices, x, parameters)

    four, one = over(jax.devices()), over(jax.devices()[:1])
    assert len(four[0].sharding.device_set) == 4
    jax.tree.map(np.testing.assert_array_equal, jax.device_get(four), jax.device_get(one))


def test_one_name_with_two_initial_values():
    """A bank may hold `a` twice; each program reads and trains its own."""
    programs = [parse("param a = 0.25; a * x"), parse("param a = 2; a * x"), parse("relu(x)")]
    template = Template.bank(programs)
    assert template.parameters == (("a", 0.25), ("a", 2.0))
    for index, (scale, own) in enumerate([(0.25, 0), (2.0, 1)]):
        candidate = interpret(template, jnp.array([index]))
        assert list(candidate.parameters.values()) == [0.25, 2.0]
        parameters = {key: jnp.full(3, value) for key, value in candidate.parameters.items()}
        x = jnp.asarray(X, jnp.float32)
        function = lambda x, p, f=candidate.function: f(x, p, None, NormSettings())[0]  # noqa: E731
        np.testing.assert_array_equal(function(x, parameters), scale * x)
        slopes = jax.grad(lambda p, x=x, f=function: f(x, p).sum())(parameters)
        sums = np.asarray(x.sum(axis=0))
        for place, slope in enumerate(slopes.values()):
            np.testing.assert_array_equal(slope, sums if place == own else np.zeros(3))


def test_one_name_shared_and_not():
    """Each option has its own: one number where it is a scalar, one per channel where it is not."""
    texts = [f"{word} alpha = 0.5; tanh(alpha * x) * gamma" for word in ("scalar", "param")]
    template, x = Template.bank([parse(text) for text in texts]), jnp.arange(6.0).reshape(2, 3)
    for choice, text in enumerate(texts):
        ours, alone = interpret(template, jnp.array([choice])), specialize(parse(text))
        results = []
        for candidate in (ours, alone):
            values = {key: jnp.full(candidate.shape_of(key, 3), 0.7) for key in candidate.parameters}
            run = lambda values, run=candidate.function: run(x, values, None, NormSettings())[0].sum()  # noqa: E731
            results.append(jax.value_and_grad(run)(values))
        np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-6)
        slopes = {key.split("=")[0].split()[-1]: slope for key, slope in results[0][1].items() if slope.any()}
        assert {key: slope.shape for key, slope in slopes.items()} == {"alpha": ((), (3,))[choice], "gamma": (3,)}
        for key, slope in results[1][1].items():
            np.testing.assert_allclose(slopes[key], slope, rtol=1e-6)


def test_choices_are_data():
    """Another program is another argument, not another compilation."""
    traces = []

    @jax.jit
    def run(choices, x, parameters):
        traces.append(1)
        return interpreter(SMALL.template)(choices, x, parameters)

    x, parameters = arguments(SMALL.template, "float32")
    rng = np.random.default_rng(7)
    for _ in range(10):
        run(jnp.array(SMALL.sample(rng).choices), x, parameters)
    assert len(traces) == 1

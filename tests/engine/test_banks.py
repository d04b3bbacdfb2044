"""Programs of a bank equal programs as formulas: value, every gradient and the moments of batch statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import parse
from actsearch.engine import NormSettings, bank, specialize
from actsearch.engine.interpretation import parameter_keys
from actsearch.spaces.template import Template

SETTINGS = NormSettings(groups=2)
SHAPE = (4, 3, 3, 4)
TEXTS = {
    "activation": (
        "tanh(x) * relu(x)",
        "max(beta * x, x^3)",
        "param beta = 0.5; sin(beta * x)",
        "scalar beta = 0.5; tanh(beta * x)",
        "1",
    ),
    "layer": (
        "param beta = 0; (x - batch_mean(x)) / batch_std(x) * gamma + beta",
        "x / group_std(x)",
        "batch_std(x) + batch_mean(instance_std(x))",
    ),
    "gate": ("sigmoid(x) * y", "max(x, beta * y)", "y"),
}


def programs_of(kind):
    inputs = ("x", "y") if kind == "gate" else ("x",)
    return [parse(text, inputs=inputs) for text in TEXTS[kind]]


def arguments(programs, kind):
    """Returns for each program inputs, parameters and moving averages of its own, and the gradient that comes back."""
    rng = np.random.default_rng(0)
    inputs = [jnp.asarray(rng.normal(size=(len(programs), *SHAPE))) for _ in range(2 if kind == "gate" else 1)]
    candidate, count = bank(programs, jnp.int32(0)), len(programs)
    shapes = {key: (count, *candidate.shape_of(key, SHAPE[-1])) for key in candidate.parameters}
    parameters = {key: jnp.asarray(rng.uniform(0.4, 1.4, shape)) for key, shape in shapes.items()}
    averages = max(len(program.batch_reductions) for program in programs)
    moving = jnp.asarray(rng.uniform(0.5, 1.5, (len(programs), averages, SHAPE[-1])))
    return inputs, parameters, moving, jnp.asarray(rng.normal(size=(len(programs), *SHAPE)))


def together(programs, lanes, numbers, inputs, parameters, moving, gradient):
    """Returns value, moments and gradients of some programs of a bank, one in each lane."""

    def one(number, inputs, parameters, moving, gradient):
        function = bank(programs, number, lanes).function
        value, back, used = jax.vjp(
            lambda inputs, parameters: function(inputs[0], parameters, moving, SETTINGS, None, *inputs[1:]),
            *(inputs, parameters),
            has_aux=True,
        )
        return value, used, *back(gradient)

    rows = jax.tree.map(lambda leaf: leaf[numbers], (inputs, parameters, moving, gradient))
    return jax.jit(jax.vmap(one))(jnp.asarray(numbers), *rows)


def keys_of(program):
    """Returns the keys of a program's own parameters, in their order."""
    return parameter_keys(Template.bank([program]))


def alone(program, inputs, parameters, moving, gradient):
    """Returns the same of one specialised program, gradients by its own parameters."""
    candidate = specialize(program)
    own = {name: parameters[key] for (name, _), key in zip(program.parameters, keys_of(program), strict=True)}
    moving = None if moving is None else moving[: len(program.batch_reductions)]
    value, back, used = jax.vjp(
        lambda inputs, own: candidate.function(inputs[0], own, moving, SETTINGS, None, *inputs[1:]),
        *(inputs, own),
        has_aux=True,
    )
    return value, used, *back(gradient)


@pytest.mark.parametrize("trained", [False, True], ids=["on the batch", "on moving averages"])
@pytest.mark.parametrize("kind", TEXTS)
def test_equal_the_formulas(kind, trained):
    """In float64, where both engines differ by its rounding."""
    with jax.enable_x64(True):
        programs = programs_of(kind)
        inputs, parameters, moving, gradient = arguments(programs, kind)
        moving = moving if trained else None
        numbers = np.arange(len(programs))
        value, used, d_inputs, d_parameters = together(
            programs, len(programs), numbers, inputs, parameters, moving, gradient
        )
        for lane, program in enumerate(programs):
            row = jax.tree.map(lambda leaf, lane=lane: leaf[lane], (inputs, parameters, moving, gradient))
            expected, moments, d_own_inputs, d_own = alone(program, *row)
            np.testing.assert_allclose(value[lane], expected, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(used[lane, : len(moments)], moments, rtol=1e-9)
            for found, other in zip(d_inputs, d_own_inputs, strict=True):
                np.testing.assert_allclose(found[lane], other, rtol=1e-9, atol=1e-12)
            own = {key: d_own[name] for (name, _), key in zip(program.parameters, keys_of(program), strict=True)}
            for key, found in d_parameters.items():
                np.testing.assert_allclose(
                    found[lane], own.get(key, jnp.zeros_like(found[lane])), rtol=1e-9, atol=1e-12
                )


def test_places_of_a_lane():
    """With half the lanes every program has the value that it had; a lane that nobody reads may say 0."""
    with jax.enable_x64(True):
        programs = programs_of("layer")
        rows = arguments(programs, "layer")
        whole = together(programs, 3, np.array([0, 1, 2]), *rows)
        for numbers in ([0, 1], [2, 0]):
            half = together(programs, 2, np.array(numbers), *rows)
            read = numbers if numbers == [0, 1] else numbers[:1]
            for lane, number in enumerate(read):
                jax.tree.map(
                    lambda a, b, lane=lane, number=number: np.testing.assert_allclose(a[lane], b[number], rtol=1e-12),
                    *(half, whole),
                )


def test_a_mask_counts_as_in_the_formula():
    program, other = parse("x - batch_mean(x)"), parse("x")
    x, mask = jnp.arange(12.0).reshape(2, 3, 2), jnp.array([True, True, False])[:, None]

    def one(number):
        return bank([program, other], number, 2).function(x, {}, None, SETTINGS, mask)[0]

    value = jax.vmap(one)(jnp.arange(2))
    expected = specialize(program).function(x, {}, None, SETTINGS, mask)[0]
    np.testing.assert_allclose(value[0], expected, rtol=1e-6)
    np.testing.assert_array_equal(value[1], x)


def test_a_lane_computes_its_own_program_alone():
    programs = [parse("tanh(x)"), parse("sin(x)"), parse("x")]

    def one(number, x):
        return bank(programs, number, 3).function(x, {}, None, SETTINGS)[0]

    text = str(jax.make_jaxpr(jax.vmap(one))(jnp.arange(3), jnp.ones((3, 2, 2))))
    assert (text.count(" tanh "), text.count(" sin "), text.count("cond")) == (1, 1, 0)


def test_bfloat16_is_kept():
    def one(number, x):
        return bank(programs_of("layer"), number, 3).function(x, parameters, None, SETTINGS)[0]

    parameters = {key: jnp.ones(4, jnp.bfloat16) for key in bank(programs_of("layer"), jnp.int32(0)).parameters}
    value = jax.vmap(one)(jnp.arange(3), jnp.ones((3, *SHAPE), jnp.bfloat16))
    assert value.dtype == jnp.bfloat16

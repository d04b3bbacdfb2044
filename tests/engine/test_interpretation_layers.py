"""Layers as data equal layers as formulas: value, every gradient and the moments of batch statistics."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import parse
from actsearch.engine import NormSettings, interpreter, specialize
from actsearch.engine.formula import evaluate_layer
from actsearch.language.reductions import Reduction, moment, reduce
from actsearch.spaces import evonorm
from actsearch.spaces.template import Template

SPACE = evonorm(series="B")
SETTINGS = NormSettings(groups=2)
SHAPES = [(4, 3, 3, 4), (3, 5, 6), (2, 2, 3, 8)]
"""Two kinds of images, and [batch, length, features]; [batch, features] has no instance statistics."""


def arguments(shape, seed=0):
    """Returns x, one array for each parameter of the space, and the gradient that comes back."""
    rng = np.random.default_rng(seed)
    x = jnp.asarray(rng.normal(size=shape) * rng.uniform(0.5, 2, (shape[0], *[1] * (len(shape) - 1))) + 0.3)
    values = {name: jnp.asarray(rng.uniform(0.4, 1.4, shape[-1])) for name, _ in SPACE.template.parameters}
    return x, values, jnp.asarray(rng.normal(size=shape))


@functools.partial(jax.jit, static_argnames="template")
def as_data(template, choices, x, parameters, gradient):
    def one(choice):
        run = interpreter(template, SETTINGS)
        value, back, moments = jax.vjp(lambda x, p: run(choice, x, p), x, parameters, has_aux=True)
        return value, *back(gradient), moments

    return jax.lax.map(one, choices)


def sampled(count, seed):
    """Returns genotypes of graphs that read x; the others are constants."""
    rng = np.random.default_rng(seed)
    drawn = (SPACE.sample(rng) for _ in range(100 * count))
    reading = (genotype for genotype in drawn if "x" in SPACE.decode(genotype).inputs)
    return list(itertools.islice(reading, count))


def assert_close(actual, expected, what):
    """Equal to 1e-9 of the scale; NaN and infinity in the same places."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite], err_msg=str(what))
    assert np.isfinite(actual[finite]).all(), what
    scale = np.abs(expected[finite]).max(initial=1.0)
    np.testing.assert_allclose(actual[finite] / scale, expected[finite] / scale, rtol=0, atol=1e-9, err_msg=str(what))


def rows(moments):
    """Returns the rows of an array as a set of texts, where NaN equals NaN."""
    return {str(np.round(row, 6).tolist()) for row in np.asarray(moments)}


@pytest.mark.parametrize(
    ("shape", "count"),
    [(SHAPES[0], 100), *(pytest.param(shape, 700, marks=pytest.mark.slow) for shape in SHAPES)],
    ids=str,
)
def test_sampled_graphs(shape, count):
    """Hundreds of graphs a shape: the interpreter compiles once, each specialised graph runs operation by operation."""
    genotypes = sampled(count, seed=len(shape))
    with jax.enable_x64(True):
        x, values, gradient = arguments(shape)
        parameters = tuple(values[name] for name, _ in SPACE.template.parameters)
        choices = jnp.asarray([genotype.choices for genotype in genotypes], jnp.int32)
        results = jax.device_get(as_data(SPACE.template, choices, x, parameters, gradient))
        for i, program in enumerate(map(SPACE.decode, genotypes)):
            value, dx, d_parameters, moments = jax.tree.map(lambda leaf, i=i: leaf[i], results)
            own = {name: values[name] for name, _ in program.parameters}
            with jax.disable_jit():
                expected, back, used = jax.vjp(
                    lambda x, own, program=program: evaluate_layer(program, {"x": x}, own, None, SETTINGS),
                    *(x, own),
                    has_aux=True,
                )
                d_x, d_own = back(gradient)
            assert_close(value, expected, program)
            assert_close(dx, d_x, program)
            for (name, _), found in zip(SPACE.template.parameters, d_parameters, strict=True):
                assert_close(found, d_own.get(name, np.zeros(shape[-1])), f"{name} in {program}")
            # A shared node has one row in the program, and as many in the machine as there are slots that compute it.
            assert rows(used) <= rows(moments), program


def test_moving_averages_take_the_place_of_the_batch():
    """At evaluation the interpreter reads the row of each slot, whatever the batch."""
    programs = [parse("param beta = 0; (x - batch_mean(x)) / batch_std(x) * gamma + beta"), parse("batch_rms(x) * x")]
    template = Template.bank(programs)
    x, values, _ = arguments((3, 2, 2, 4))
    run = jax.jit(interpreter(template, SETTINGS))
    parameters = tuple(values.get(name, jnp.ones(4)) for name, _ in template.parameters)
    moving = jnp.array([[0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0]])
    for index, program in enumerate(programs):
        candidate = specialize(program)
        own = {row[0]: parameters[template.parameters.index(row)] for row in program.parameters}
        mine = moving[: len(program.batch_reductions)]
        expected, _ = candidate.function(x, own, mine, SETTINGS)
        found, _ = run(jnp.array([index]), x, parameters, moving)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        alone, _ = run(jnp.array([index]), x[:1], parameters, moving)
        np.testing.assert_array_equal(alone, found[:1])


def test_float32_inputs_where_float64_is_enabled():
    template = Template.bank([parse("x / batch_std(x)"), parse("x")])
    with jax.enable_x64(True):
        x = jnp.ones((3, 2, 2, 4), jnp.float32)
        value, moments = interpreter(template, SETTINGS)(jnp.array([0]), x, ())
        assert (value.dtype, moments.dtype) == (jnp.float32, jnp.float32)


def test_moments_of_a_bank_stand_in_the_order_of_the_program():
    program = parse("batch_std(x) + batch_mean(instance_std(x))")
    template = Template.bank([program, parse("x")])
    x, _, _ = arguments((4, 3, 3, 4))
    _, moments = interpreter(template, SETTINGS)(jnp.array([0]), x, ())
    inner = reduce(Reduction("instance", "std"), x)
    expected = [moment(Reduction("batch", "std"), x), moment(Reduction("batch", "mean"), inner)]
    np.testing.assert_allclose(moments, jnp.stack(expected), rtol=1e-5)


def test_an_overflowing_graph_gives_no_error():
    """Division by the constant 0 and a chain of exponentials are values, like everything else."""
    space = evonorm(nodes=3)
    choices = (0, 0, 7, 4, 0, 7, 5, 0, 7)
    assert str(space.decode(choices)) == "param beta = 0; exp(exp(exp(x))) * gamma + beta"
    parameters = tuple(jnp.full(4, value) for _, value in space.template.parameters)
    value, _ = interpreter(space.template)(jnp.array(choices), jnp.full((1, 2, 2, 4), 9.0), parameters)
    assert not np.isfinite(value).any()

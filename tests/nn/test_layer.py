"""The layer that holds a candidate: its parameters, its errors, and who may run its function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse, to_function
from actsearch.catalog import CATALOG, LAYERS
from actsearch.engine import interpret
from actsearch.language.template import Template
from actsearch.nn import Layer

PRELU = parse("param alpha = 0.25; relu(x) + alpha * minzero(x) + shift")
X = np.array([[-2.0, 0.5, 1.0], [0.0, -0.25, 3.0]], np.float32)
IMAGES = np.random.default_rng(0).normal(size=(4, 5, 2, 3)).astype(np.float32)


def test_parameters_are_one_value_a_channel_at_their_initial_value():
    layer = Layer(PRELU, num_features=3)
    state = nnx.state(layer, nnx.Param)
    assert sorted(layer.parameters) == ["alpha", "shift"]
    np.testing.assert_array_equal(layer.parameters["alpha"][...], [0.25] * 3)
    np.testing.assert_array_equal(layer.parameters["shift"][...], [0.0] * 3)
    assert sum(leaf.size for leaf in jax.tree.leaves(state)) == 6
    assert jax.tree.leaves(nnx.state(layer, nnx.Not(nnx.Param))) == []


def test_a_layer_without_parameters_has_no_state():
    assert jax.tree.leaves(nnx.state(Layer(parse("relu(x)"), 3))) == []


@pytest.mark.parametrize("entry", CATALOG.values(), ids=lambda entry: entry.name)
def test_computes_the_published_function(entry):
    x = jnp.asarray(IMAGES if entry.name in LAYERS else X)
    np.testing.assert_array_equal(Layer(entry.program, 3)(x), to_function(entry.program)(x))


def test_uses_its_parameters_and_trains_them():
    layer = Layer(PRELU, 3)
    layer.parameters["alpha"][...] = jnp.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(layer(X), np.where(X > 0, X, X * [1.0, 2.0, 3.0]), rtol=1e-6)
    graph, parameters = nnx.split(layer)
    gradient = jax.grad(lambda parameters: nnx.merge(graph, parameters)(X).sum())(parameters)
    slopes = nnx.to_pure_dict(gradient)["parameters"]
    np.testing.assert_allclose(slopes["alpha"], np.minimum(X, 0).sum(axis=0))
    np.testing.assert_allclose(slopes["shift"], [2.0, 2.0, 2.0])


def test_keeps_the_precision_of_its_input():
    assert Layer(PRELU, 3)(jnp.asarray(X, jnp.bfloat16)).dtype == jnp.bfloat16


def test_an_interpreted_program_is_a_layer_too():
    template = Template.bank([parse("tanh(x)"), PRELU])
    layer = Layer(interpret(template, jnp.array([1])), 3)
    np.testing.assert_allclose(layer(jnp.asarray(X)), Layer(PRELU, 3)(jnp.asarray(X)), rtol=1e-6)


@pytest.mark.parametrize("features", [0, -1])
def test_refuses_a_number_of_features(features):
    with pytest.raises(ValueError, match=f"num_features of at least 1; received {features}: pass the size"):
        Layer(PRELU, features)


@pytest.mark.parametrize("shape", [(), (2,), (3, 2), (2, 3, 1)])
def test_refuses_an_input_of_another_size(shape):
    with pytest.raises(
        ValueError, match=r"has 3 features; received an input of shape \(.*make the layer with the size"
    ):
        Layer(PRELU, 3)(jnp.ones(shape))

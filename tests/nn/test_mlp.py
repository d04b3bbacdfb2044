"""MLPs: sites where they belong, weights as initialised."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.nn import MLP, Layer

RNG = np.random.default_rng(0)


def sites(make):
    """Returns a network and the number of features of each of its sites, in the order they are made."""
    seen = []

    def layer(features):
        seen.append(features)
        return Layer(parse("beta * x"), features)

    return make(layer), seen


def test_mlp():
    network, seen = sites(lambda layer: MLP((5, 7, 6, 4), layer, rngs=nnx.Rngs(0)))
    assert seen == [7, 6]
    x = RNG.normal(size=(3, 5)).astype(np.float32)
    hidden = x
    for linear, scale in zip(network.linears, (2.0, 3.0, None), strict=True):
        hidden = hidden @ np.asarray(linear.kernel[...]) + np.asarray(linear.bias[...])
        hidden = hidden if scale is None else scale * hidden
    for layer, scale in zip(network.layers, (2.0, 3.0), strict=True):
        layer.parameters["beta"][...] = jnp.full(layer.num_features, scale)
    assert hidden.shape == (3, 4)
    np.testing.assert_allclose(network(x), hidden, rtol=1e-4, atol=1e-5)


def test_mlp_starts_he_normal_without_bias():
    network, _ = sites(lambda layer: MLP((400, 300, 10), layer, rngs=nnx.Rngs(0)))
    assert float(jnp.std(network.linears[0].kernel[...])) == pytest.approx((2 / 400) ** 0.5, rel=0.02)
    assert not np.asarray(network.linears[0].bias[...]).any()


def test_the_candidate_leaves_the_other_weights_alone():
    """Starts are paired: two candidates with different parameters have the same initial weights."""
    weights = [MLP((5, 7, 4), lambda n, t=text: Layer(parse(t), n), rngs=nnx.Rngs(3)) for text in ("x", "beta * x")]
    first, second = (network.linears[0].kernel[...] for network in weights)
    np.testing.assert_array_equal(first, second)

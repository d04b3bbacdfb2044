"""The CNN: convolution, BatchNorm, layer for each stage; a site after each BatchNorm."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from actsearch.nn import CNN, CNNConfig, sites

X = jnp.asarray(3 + 2 * np.random.default_rng(0).normal(size=(4, 8, 8, 3)), jnp.float32)


def test_shapes_and_sites():
    config = CNNConfig(3, ((4, 1), (6, 2), (8, 2)), 9)
    assert [(site.name, site.features) for site in sites(lambda layer: config(layer, rngs=nnx.Rngs(0)))] == [
        ("layer1", 4),
        ("layer2", 6),
        ("layer3", 8),
    ]

    def shapes():
        network = config(lambda features: nnx.relu, rngs=nnx.Rngs(0))
        return network.convs[1](jnp.zeros((4, 8, 8, 4))), network(X)

    assert [value.shape for value in jax.eval_shape(shapes)] == [(4, 4, 4, 6), (4, 9)]


def test_a_site_sees_normalised_features():
    seen = []

    def layer(features):
        return lambda x: (seen.append(x), nnx.relu(x))[1]

    CNN(3, ((4, 1), (6, 2)), 9, layer, rngs=nnx.Rngs(0))(X)
    for x in seen:
        np.testing.assert_allclose(x.mean((0, 1, 2)), 0, atol=1e-4)
        np.testing.assert_allclose(x.std((0, 1, 2)), 1, atol=1e-2)


def test_ends_with_a_linear_head_on_the_mean_over_the_image():
    network = CNN(3, ((4, 1),), 9, lambda features: nnx.relu, rngs=nnx.Rngs(0))
    features = jax.nn.relu(network.norms[0](network.convs[0](X)))
    np.testing.assert_allclose(network(X), network.head(features.mean((1, 2))), rtol=1e-5, atol=1e-6)

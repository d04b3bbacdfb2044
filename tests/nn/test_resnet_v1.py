"""The first ResNets: their blocks, sites and published numbers of weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.language import ActsearchError
from actsearch.nn import BasicBlock, Layer, ResNetV1Config, sites


def identity(features):
    return Layer(parse("x"), features)


@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (56, 0.85), (110, 1.7)])
def test_published_number_of_weights(depth, millions):
    """Table 6 of the paper."""
    network = nnx.eval_shape(lambda: ResNetV1Config(depth, 10)(identity, rngs=nnx.Rngs(0)))
    weights = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))
    assert round(weights / 1e6, 1 if depth == 110 else 2) == millions


def test_sites():
    rows = sites(lambda layer: ResNetV1Config(20, 10)(layer, rngs=nnx.Rngs(0)))
    assert [site.features for site in rows] == [16] * 7 + [32] * 6 + [64] * 6


def test_a_block_that_keeps_its_size():
    block = BasicBlock(3, 3, 1, lambda features: Layer(parse("relu(x)"), features), rngs=nnx.Rngs(0))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 6, 6, 3)), jnp.float32)

    def norm(x):
        return (x - x.mean((0, 1, 2), keepdims=True)) / jnp.sqrt(x.var((0, 1, 2), keepdims=True) + 1e-5)

    h = norm(block.conv2(jax.nn.relu(norm(block.conv1(x)))))
    np.testing.assert_allclose(block(x), jax.nn.relu(x + h), rtol=1e-3, atol=1e-3)


def test_a_block_that_changes_it_has_no_weights_beside_its_convolutions():
    """Every second pixel, and zeros in the new channels: where the convolution gives zero, that is all."""
    block = BasicBlock(2, 5, 2, identity, rngs=nnx.Rngs(0))
    block.conv2.kernel[...] = jnp.zeros_like(block.conv2.kernel[...])
    x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 6, 6, 2)), jnp.float32)
    expected = np.pad(x[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (1, 2)))
    np.testing.assert_allclose(block(x), expected, atol=1e-6)


@pytest.mark.parametrize("depth", [2, 18, 21])
def test_depth(depth):
    with pytest.raises(ActsearchError, match=f"6 n \\+ 2, as 20; received {depth}"):
        ResNetV1Config(depth, 10)

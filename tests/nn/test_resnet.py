"""ResNets: sites where they belong, with and without BatchNorm of their own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.nn import BottleneckBlock, Layer, PreActivationBlock, ResNet

RNG = np.random.default_rng(0)


def sites(make):
    """Returns a network and the number of features of each of its sites, in the order they are made."""
    seen = []

    def layer(features):
        seen.append(features)
        return Layer(parse("beta * x"), features)

    return make(layer), seen


def test_block_is_batch_norm_layer_convolution_twice_beside_a_shortcut():
    block, seen = sites(lambda layer: PreActivationBlock(3, 3, 1, layer, rngs=nnx.Rngs(0)))
    assert (seen, block.shortcut) == ([3, 3], None)
    x = jnp.asarray(5 + 2 * RNG.normal(size=(4, 6, 6, 3)), jnp.float32)

    def norm(x):
        return (x - x.mean((0, 1, 2), keepdims=True)) / jnp.sqrt(x.var((0, 1, 2), keepdims=True) + 1e-5)

    np.testing.assert_allclose(block(x), x + block.conv2(norm(block.conv1(norm(x)))), rtol=1e-3, atol=1e-3)


def test_block_that_changes_shape_projects_its_shortcut():
    def run(x):
        block, seen = sites(lambda layer: PreActivationBlock(3, 5, 2, layer, rngs=nnx.Rngs(0)))
        assert seen == [3, 5]
        assert (block.shortcut.size, block.shortcut.stride) == ((1, 1), 2)
        return block(x)

    assert jax.eval_shape(run, jax.ShapeDtypeStruct((4, 6, 6, 3), jnp.float32)).shape == (4, 3, 3, 5)


def test_batch_norm_keeps_running_statistics():
    block, _ = sites(lambda layer: PreActivationBlock(3, 3, 1, layer, rngs=nnx.Rngs(0)))
    x = jnp.asarray(5 + 2 * RNG.normal(size=(4, 6, 6, 3)), jnp.float32)
    block.train()
    block(x)
    mean = np.asarray(block.norm1.mean[...])
    np.testing.assert_allclose(mean, 0.1 * np.asarray(x).mean((0, 1, 2)), rtol=1e-4)  # momentum 0.9 from 0
    block.eval()
    one, alone = block(x), block(x[:1])
    np.testing.assert_allclose(one[:1], alone, rtol=1e-3, atol=1e-3)  # no example sees another one
    np.testing.assert_array_equal(block.norm1.mean[...], mean)


def test_resnet():
    def run(x):
        network, seen = sites(lambda layer: ResNet(1, 4, ((4, 1), (6, 2)), 10, layer, rngs=nnx.Rngs(0)))
        assert seen == [4, 4, 4, 6, 6]
        return network(x)

    assert jax.eval_shape(run, jax.ShapeDtypeStruct((2, 8, 8, 1), jnp.float32)).shape == (2, 10)


def test_block_without_batch_norm_is_its_layers_and_convolutions():
    make = lambda layer: PreActivationBlock(3, 5, 2, layer, normalize=False, rngs=nnx.Rngs(0))  # noqa: E731
    block, seen = sites(make)
    assert seen == [3, 5]
    assert not any(isinstance(module, nnx.BatchNorm) for _, module in nnx.iter_graph(block))
    x = jnp.asarray(RNG.normal(size=(4, 6, 6, 3)), jnp.float32)
    np.testing.assert_allclose(block(x), block.shortcut(x) + block.conv2(block.conv1(x)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("normalize", "norms"), [(False, 0), (True, 3)])
def test_bottleneck_block(normalize, norms):
    def run(x):
        make = lambda layer: BottleneckBlock(8, 16, 2, layer, normalize=normalize, rngs=nnx.Rngs(0))  # noqa: E731
        block, seen = sites(make)
        assert seen == [8, 4, 4]
        assert sum(isinstance(module, nnx.BatchNorm) for _, module in nnx.iter_graph(block)) == norms
        return block(x)

    assert jax.eval_shape(run, jax.ShapeDtypeStruct((4, 6, 6, 8), jnp.float32)).shape == (4, 3, 3, 16)

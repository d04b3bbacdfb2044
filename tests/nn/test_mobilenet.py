"""Inverted bottlenecks: what they compute, their sites, and a gradient to every parameter."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.nn import InvertedBottleneck, Layer, MobileNet, ResNet, SqueezeExcite, Stage, sites

RNG = np.random.default_rng(0)
STAGES = (Stage(1, 4), Stage(3, 6, stride=2))
NETWORKS = {
    "mobilenet": lambda layer: MobileNet(1, 4, STAGES, 12, 10, layer, rngs=nnx.Rngs(0)),
    "efficientnet": lambda layer: MobileNet(1, 4, STAGES, 12, 10, layer, squeeze_excite=True, rngs=nnx.Rngs(0)),
    "resnet": lambda layer: ResNet(1, 4, ((4, 1), (6, 2)), 10, layer, normalize=False, rngs=nnx.Rngs(0)),
}


def layer(features):
    return Layer(parse("x * sigmoid(beta * x)"), features)


def identity(features):
    return Layer(parse("x"), features)


def images(*shape):
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


@pytest.mark.parametrize(("stage", "residual"), [(Stage(3, 4), True), (Stage(3, 6), False), (Stage(3, 4, 2), False)])
def test_block(stage, residual):
    block, x = InvertedBottleneck(4, stage, identity, rngs=nnx.Rngs(0)), images(2, 6, 6, 4)
    block.affine.scale[...] = jnp.full(stage.features, 2.0)
    plain = 2 * block.project(block.depthwise(block.expand(x)))
    np.testing.assert_allclose(block(x), plain + x if residual else plain, rtol=1e-4, atol=1e-5)
    side = 6 // stage.stride
    assert plain.shape == (2, side, side, stage.features)


def test_block_without_expansion_has_one_site():
    block = InvertedBottleneck(4, Stage(1, 4), layer, rngs=nnx.Rngs(0))
    assert (block.expand, block.expand_layer) == (None, None)
    assert block(images(2, 6, 6, 4)).shape == (2, 6, 6, 4)


def test_squeeze_excite_scales_channels_by_what_the_mean_image_says():
    module, x = SqueezeExcite(4, 2, rngs=nnx.Rngs(0)), images(2, 6, 6, 4)
    factor = module(x) / x
    np.testing.assert_allclose(factor, jnp.broadcast_to(factor[:, :1, :1], factor.shape), rtol=1e-4)
    assert float(factor.min()) > 0
    assert float(factor.max()) < 1


def test_efficientnet_squeezes_to_a_quarter_of_the_channels_that_enter_the_block():
    block = InvertedBottleneck(8, Stage(3, 8), layer, squeeze_excite=True, rngs=nnx.Rngs(0))
    assert block.excite.squeeze.kernel.shape == (24, 2)


@pytest.mark.parametrize("name", ["mobilenet", "efficientnet"])
def test_sites(name):
    assert [(site.name, site.features) for site in sites(NETWORKS[name])] == [
        ("stem", 4),
        ("block1.depthwise", 4),
        ("block2.expand", 12),
        ("block2.depthwise", 12),
        ("last", 12),
    ]


@pytest.mark.parametrize("name", [pytest.param("mobilenet", marks=pytest.mark.slow), "efficientnet", "resnet"])
def test_logits_and_a_gradient_to_every_parameter(name):
    graph, parameters, rest = nnx.split(NETWORKS[name](layer), nnx.Param, ...)
    x = images(3, 8, 8, 1)

    def loss(parameters):
        logits = nnx.merge(graph, parameters, rest)(x)
        return jnp.square(logits).sum(), logits

    gradients, logits = jax.jit(jax.grad(loss, has_aux=True))(parameters)
    assert logits.shape == (3, 10)
    for path, leaf in jax.tree.leaves_with_path(gradients):
        assert np.asarray(leaf).any(), jax.tree_util.keystr(path)

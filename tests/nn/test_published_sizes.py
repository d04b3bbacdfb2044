"""Networks of ImageNet, text and CIFAR: the published numbers of weights, sites, and what each one starts as."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.catalog import CATALOG
from actsearch.language import ActsearchError
from actsearch.nn import (
    Layer,
    PostActivationBottleneck,
    airbench,
    efficientnet_b0,
    gpt2,
    imagenet_resnet,
    mobilenet_v2,
    vit,
)
from actsearch.nn.airbench_net import _dirac_conv, max_pool

full = {"width": 1.0, "strided": True}
NETWORKS = {
    # Of torchvision's models of these names; timm's deit_tiny and deit_small have the same numbers.
    "resnet-50": (lambda: imagenet_resnet(), 25_557_032, 49),
    "mobilenet-v2": (lambda: mobilenet_v2(1000, **full, normalize=True), 3_504_872, 35),
    "efficientnet-b0": (lambda: efficientnet_b0(1000, **full, normalize=True), 5_288_548, 33),
    "vit-ti": (lambda: vit("Ti"), 5_717_416, 12),
    "vit-s": (lambda: vit("S"), 22_050_664, 12),
    # GPT-2's checkpoint; of airbench94, counted from its published code.
    "gpt-2": (lambda: gpt2(), 124_439_808, 12),
    "airbench94": (lambda: airbench(), 1_971_640, 7),
}
SMALL = {
    "resnet-50": (imagenet_resnet(10, width=0.125, depth=0.2), (2, 64, 64, 3), (2, 10)),
    "mobilenet-v2": (mobilenet_v2(10, width=0.25, strided=True, normalize=True), (2, 64, 64, 3), (2, 10)),
    "efficientnet-b0": (efficientnet_b0(10, width=0.25, depth=0.1, strided=True), (2, 64, 64, 3), (2, 10)),
    "vit": (vit("Ti", 10, image=32, patch=8, width=0.25, depth=0.2), (2, 32, 32, 3), (2, 10)),
    "airbench": (airbench(width=0.125), (2, 32, 32, 3), (2, 10)),
}


def identity(features):
    return Layer(parse("x"), features)


def built(config, layer=identity):
    return nnx.eval_shape(lambda: config(layer, rngs=nnx.Rngs(0)))


def weights(network):
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))


@pytest.mark.parametrize("name", NETWORKS)
def test_published_number_of_weights(name):
    make, count, places = NETWORKS[name]
    network = built(make())
    assert weights(network) == count
    assert len([module for _, module in nnx.iter_graph(network) if isinstance(module, Layer)]) == places


@pytest.mark.slow
def test_whole_layers_have_the_parameters_of_what_they_stand_for():
    """BatchNorm+ReLU as layers, and an affine after each projection, have as many weights as BatchNorm everywhere."""
    layer = lambda features: Layer(CATALOG["batch_norm_relu"].program, features)  # noqa: E731
    whole = built(efficientnet_b0(1000, width=0.5), layer)
    assert weights(whole) == weights(built(efficientnet_b0(1000, width=0.5, normalize=True)))


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_miniature_has_logits(name):
    config, images, logits = SMALL[name]
    shape = jax.eval_shape(
        lambda x: config(identity, rngs=nnx.Rngs(0))(x), jax.ShapeDtypeStruct(images, jnp.float32)
    ).shape
    assert shape == logits


@pytest.mark.slow
def test_a_miniature_of_gpt2_has_logits_of_every_token():
    config = gpt2(vocabulary=1_100, length=8, width=1 / 64, depth=1 / 12)
    network = config(identity, rngs=nnx.Rngs(0))
    tokens = np.array([[3, 1_099, 7]], np.int32)
    logits = network(tokens)
    assert logits.shape == (1, 3, 1_100)
    table = network.tokens.embedding[...]
    before = table[tokens] + network.positions.embedding[None, :3]
    for block in network.blocks:
        before = block(before)
    np.testing.assert_allclose(logits, network.norm(before) @ table.T, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_tokens_of_an_image_see_each_other():
    network = vit("Ti", 4, image=4, patch=2, width=1 / 64, depth=1 / 12)(identity, rngs=nnx.Rngs(0))
    image = jnp.zeros((1, 4, 4, 3))
    assert (network(image) != network(image.at[0, 3, 3].set(5.0))).any()


@pytest.mark.slow
def test_a_block_of_resnet_50_starts_as_its_shortcut():
    """The scale of its last BatchNorm is 0, as in the published code; the layer on the sum is the identity here."""
    block = PostActivationBottleneck(8, 2, 1, identity, rngs=nnx.Rngs(0))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(1, 4, 4, 8)), jnp.float32)
    np.testing.assert_array_equal(block(x), x)


def test_kernels_of_airbench_start_as_the_identity():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(1, 3, 3, 4)), jnp.float32)
    np.testing.assert_allclose(_dirac_conv(4, 6, nnx.Rngs(0))(x)[..., :4], x, atol=1e-6)


def test_a_pooling_takes_the_largest_pixel():
    np.testing.assert_array_equal(max_pool(jnp.arange(25.0).reshape(1, 5, 5, 1), 2)[0, ..., 0], [[6, 8], [16, 18]])


@pytest.mark.parametrize(
    "make",
    [
        lambda: imagenet_resnet(width=0),
        lambda: vit("L"),
        lambda: vit(depth=0),
        lambda: gpt2(depth=-1),
        lambda: airbench(depth=0),
        lambda: efficientnet_b0(10, depth=0),
    ],
    ids=["resnet", "vit size", "vit", "gpt", "airbench", "efficientnet"],
)
def test_out_of_range(make):
    with pytest.raises(ActsearchError, match="above 0"):
        make()


def test_patches_tile_the_image():
    with pytest.raises(ActsearchError, match="patch divides image"):
        vit(image=30)(identity, rngs=nnx.Rngs(0))


def test_an_unknown_site_is_refused():
    with pytest.raises(ActsearchError, match="site is one of ffn, gate, norm; received 'fnn'"):
        vit("Ti", image=32, depth=0.1, site="fnn")(identity, rngs=nnx.Rngs(0))

"""The Swish paper's networks: published numbers of weights, sites, and miniatures that run."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from actsearch import parse
from actsearch.language import ActsearchError
from actsearch.nn import Layer, densenet, preactivation_resnet, sites, wide_resnet


def identity(features):
    return Layer(parse("x"), features)


@pytest.mark.parametrize(
    ("config", "millions", "count"),
    [
        pytest.param(preactivation_resnet(10), 1.7, 163, marks=pytest.mark.slow),
        (wide_resnet(10), 36.5, 25),
        pytest.param(densenet(10), 7.0, 99, marks=pytest.mark.slow),
        pytest.param(densenet(10, bottleneck=True), 0.8, 99, marks=pytest.mark.slow),
    ],
    ids=["resnet-164", "wrn-28-10", "densenet-100-12", "densenet-bc-100-12"],
)
def test_published_number_of_weights(config, millions, count):
    network = nnx.eval_shape(lambda: config(identity, rngs=nnx.Rngs(0)))
    weights = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))
    assert round(weights / 1e6, 1) == millions
    layers = [module for _, module in nnx.iter_graph(network) if isinstance(module, Layer)]
    assert len(layers) == count


@pytest.mark.parametrize(
    "config",
    [
        preactivation_resnet(10, depth=11),
        wide_resnet(10, depth=10, width=2),
        densenet(10, depth=7),
        densenet(10, depth=10, bottleneck=True),
    ],
    ids=["resnet", "wide", "dense", "dense-bc"],
)
def test_a_miniature(config):
    """Logits of the batch, through an image of 8 x 8 pixels at the last stage."""

    def run(x):
        return config(identity, rngs=nnx.Rngs(0))(x)

    assert jax.eval_shape(run, jax.ShapeDtypeStruct((2, 32, 32, 3), jnp.float32)).shape == (2, 10)
    assert len(sites(lambda layer: config(layer, rngs=nnx.Rngs(0)))) > 3


def test_a_dense_layer_sees_all_before_it():
    rows = sites(lambda layer: densenet(10, depth=10)(layer, rngs=nnx.Rngs(0)))
    assert [site.features for site in rows] == [16, 28, 40, 40, 52, 64, 64, 76, 88]


@pytest.mark.parametrize(
    "make",
    [lambda: preactivation_resnet(10, depth=21), lambda: wide_resnet(10, depth=27), lambda: densenet(10, depth=99)],
    ids=["resnet", "wide", "dense"],
)
def test_depth(make):
    with pytest.raises(ActsearchError, match=r"depth of this .* n \+ \d"):
        make()


@pytest.mark.parametrize("width", [0, 0.5])
def test_width(width):
    with pytest.raises(ActsearchError, match=r"width is a whole number of at least 1"):
        wide_resnet(10, width=width)

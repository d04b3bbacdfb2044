"""The paper's networks: channels, sites, strides, and the size of the published ones at full width."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from actsearch import parse
from actsearch.language import ActsearchError
from actsearch.nn import Layer, efficientnet_b0, mobilenet_v2, resnet_50, sites
from actsearch.nn.zoo import round_width

MAKE = {"resnet": resnet_50, "mobilenet": mobilenet_v2, "efficientnet": efficientnet_b0}


def identity(features):
    return Layer(parse("x"), features)


def make(name, **kwargs):
    return lambda layer: MAKE[name](10, **kwargs)(layer, rngs=nnx.Rngs(0))


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [("resnet", 49, 16, 512), ("mobilenet", 35, 16, 1280), ("efficientnet", 33, 16, 640)],
)
def test_sites(name, count, first, last):
    rows = sites(make(name))
    assert (len(rows), rows[0].features, rows[-1].features) == (count, first, last)
    assert len({site.name for site in rows}) == count


@pytest.mark.parametrize(("name", "side"), [("resnet", 3), ("mobilenet", 3), ("efficientnet", 3)])
def test_reductions_after_the_first_two_are_kept(name, side):
    """24 pixels, three reductions of stride 2."""

    def run(x):
        network = make(name)(identity)
        for block in [network.stem, *network.blocks]:
            x = block(x)
        return x

    assert jax.eval_shape(run, jax.ShapeDtypeStruct((2, 24, 24, 3), jnp.float32)).shape[1:3] == (side, side)


@pytest.mark.parametrize(("name", "millions"), [("resnet", 23.5), ("mobilenet", 2.2), ("efficientnet", 4.0)])
def test_full_width_has_the_published_number_of_weights(name, millions):
    """With 10 classes: 25.6, 3.5 and 5.3 million less the 990 outputs; normalisation is a small part of each."""
    network = nnx.eval_shape(lambda: make(name, width=1.0)(identity))
    weights = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))
    assert weights / 1e6 == pytest.approx(millions, rel=0.02)


@pytest.mark.parametrize(
    ("channels", "width", "rounded"), [(32, 1.0, 32), (32, 0.5, 16), (24, 0.5, 16), (64, 0.3, 24), (8, 0.1, 8)]
)
def test_round_width(channels, width, rounded):
    assert round_width(channels, width) == rounded


@pytest.mark.parametrize("width", [0, -0.5, float("nan")])
def test_refuses_a_width(width):
    with pytest.raises(ActsearchError, match=f"width must be above 0; received {width}"):
        resnet_50(10, width=width)

"""The sites of a network are found from its structure, in the order of its data flow."""

from flax import nnx

from actsearch import parse
from actsearch.nn import MLP, Layer, ResNet, sites


def resnet(layer):
    return ResNet(1, 4, ((4, 1), (6, 2)), 10, layer, rngs=nnx.Rngs(0))


def test_resnet():
    assert [site[:2] for site in sites(resnet)] == [
        *(("block1.layer1", 4), ("block1.layer2", 4), ("block2.layer1", 4), ("block2.layer2", 6), ("layer", 6))
    ]


def test_mlp():
    found = sites(lambda layer: MLP((5, 7, 6, 4), layer, rngs=nnx.Rngs(0)))
    assert [site[:2] for site in found] == [("layer1", 7), ("layer2", 6)]


def test_a_site_finds_its_layer():
    network = nnx.eval_shape(lambda: resnet(lambda features: Layer(parse("beta * x"), features)))
    found = sites(resnet)
    assert found[2].layer(network) is network.blocks[1].layer1
    assert all(site.layer(network).num_features == site.features for site in found)

"""A network's configuration is a value: it can be compared, hashed and pickled, and makes the network."""

import pickle

import jax
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.nn import (
    CNN,
    MLP,
    CNNConfig,
    Layer,
    MLPConfig,
    MobileNet,
    MobileNetConfig,
    ResNet,
    ResNetConfig,
    ResNetV1,
    ResNetV1Config,
    Stage,
    Transformer,
    TransformerConfig,
    airbench,
    densenet,
    efficientnet_b0,
    gpt2,
    imagenet_resnet,
    mobilenet_v2,
    preactivation_resnet,
    resnet_50,
    vit,
    wide_resnet,
)

STAGES = (Stage(1, 4), Stage(3, 6, stride=2))
PAIRS = {
    "cnn": (
        lambda: CNNConfig(1, ((4, 1), (6, 2)), 10),
        lambda layer, rngs: CNN(1, ((4, 1), (6, 2)), 10, layer, rngs=rngs),
    ),
    "mlp": (lambda: MLPConfig((5, 7, 4)), lambda layer, rngs: MLP((5, 7, 4), layer, rngs=rngs)),
    "resnet": (
        lambda: ResNetConfig(1, 4, ((4, 1), (6, 2)), 10, normalize=False),
        lambda layer, rngs: ResNet(1, 4, ((4, 1), (6, 2)), 10, layer, normalize=False, rngs=rngs),
    ),
    "resnet v1": (
        lambda: ResNetV1Config(8, 10, in_features=1, width=4),
        lambda layer, rngs: ResNetV1(8, 10, layer, in_features=1, width=4, rngs=rngs),
    ),
    "mobilenet": (
        lambda: MobileNetConfig(1, 4, STAGES, 12, 10, stem_stride=2, squeeze_excite=True),
        lambda layer, rngs: MobileNet(1, 4, STAGES, 12, 10, layer, stem_stride=2, squeeze_excite=True, rngs=rngs),
    ),
    "transformer": (
        lambda: TransformerConfig(10, 6, 8, 2, 1, site="norm"),
        lambda layer, rngs: Transformer(10, 6, 8, 2, 1, layer, site="norm", rngs=rngs),
    ),
}


def layer(features):
    return Layer(parse("x * sigmoid(beta * x)"), features)


@pytest.mark.parametrize("name", PAIRS)
def test_makes_the_network(name):
    """The same modules, and weights by the same operations: traced, not compiled."""
    structures, operations = [], []
    for make in (PAIRS[name][0](), PAIRS[name][1]):

        def weights(make=make):
            structure, state = nnx.split(make(layer, rngs=nnx.Rngs(3)))
            structures.append(structure)
            return jax.tree.leaves(state)

        operations.append(jax.make_jaxpr(weights)())
    assert structures[0] == structures[1]
    assert str(operations[0]) == str(operations[1])
    jax.tree.map(np.testing.assert_array_equal, *(each.consts for each in operations))


@pytest.mark.parametrize(
    "make",
    [
        *(config for config, _ in PAIRS.values()),
        *(
            lambda f=f: f(10)
            for f in (resnet_50, mobilenet_v2, efficientnet_b0, preactivation_resnet, wide_resnet, densenet)
        ),
        *(imagenet_resnet, vit, gpt2, airbench),
    ],
)
def test_is_a_value(make):
    first, second = make(), make()
    assert first == second
    assert hash(first) == hash(second)
    assert pickle.loads(pickle.dumps(first)) == first

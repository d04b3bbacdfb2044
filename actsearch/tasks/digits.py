"""Tasks on scikit-learn's 1,797 real handwritten digits, 8 x 8 pixels; on every machine, no download.

Three are for activations; the three named `-layer` are the anchors of a search for normalisation-activation layers.
"""

import functools

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from actsearch.nn import MLP, MobileNet, ResNet, Stage
from actsearch.tasks.base import Data, Quality, Recipe, Split, Task

_RATE_RULE = "smallest within one standard error of ReLU's best validation loss; experiments/choose_rates.py"


@functools.cache
def digits(image: bool = False) -> Data:
    """Returns the digits in a fixed, stratified split: 899 train, 449 validation, 449 test.

    Args:
      image: inputs [n, 8, 8, 1] when true, else [n, 64]; uint8 from 0 to 16.
    """
    inputs, labels = load_digits(return_X_y=True)
    inputs = inputs.astype(np.uint8).reshape((-1, 8, 8, 1) if image else (-1, 64))
    labels = labels.astype(np.int32)
    x, rest_x, y, rest_y = train_test_split(inputs, labels, train_size=899, random_state=0, stratify=labels)
    v_x, t_x, v_y, t_y = train_test_split(rest_x, rest_y, train_size=449, random_state=0, stratify=rest_y)
    return Data(Split(x, y), Split(v_x, v_y), Split(t_x, t_y))


def digits_mlp() -> Task:
    """Returns the search's task: two hidden layers of 128, trained for 500 steps."""
    return Task(
        name="digits-mlp",
        summary="8x8 digits, MLP 64-128-128-10",
        data=digits,
        network=lambda layer, rngs: MLP((64, 128, 128, 10), layer, rngs=rngs),
        recipe=Recipe(steps=500, batch_size=64, learning_rate=0.02, rate_rule=_RATE_RULE),
        scale=16.0,
        shape=(64,),
    )


def digits_deep_mlp() -> Task:
    """Returns a harder network to train: eight hidden layers of 64, no normalisation."""
    return Task(
        name="digits-deep-mlp",
        summary="8x8 digits, MLP with 8 hidden layers of 64",
        data=digits,
        network=lambda layer, rngs: MLP((64, *[64] * 8, 10), layer, rngs=rngs),
        recipe=Recipe(steps=250, batch_size=64, learning_rate=0.005, rate_rule=_RATE_RULE),
        scale=16.0,
        shape=(64,),
    )


_STAGES = ((8, 2), (16, 2), (24, 1))


def digits_resnet() -> Task:
    """Returns the closest miniature of the Swish paper's child: a pre-activation ResNet with 9 convolutions."""
    return Task(
        name="digits-resnet",
        summary="8x8 digits, pre-activation ResNet 8-8-16-24 with BatchNorm",
        data=functools.partial(digits, image=True),
        network=lambda layer, rngs: ResNet(1, 8, _STAGES, 10, layer, rngs=rngs),
        recipe=Recipe(steps=150, batch_size=32, learning_rate=0.025, rate_rule=_RATE_RULE),
        scale=16.0,
        shape=(8, 8, 1),
    )


LAYER_RATE_RULE = (
    "best mean validation accuracy of BatchNorm+ReLU, GroupNorm+ReLU, EvoNorm-B0 and EvoNorm-S0; "
    "experiments/choose_rates.py"
)


def digits_resnet_layer() -> Task:
    """Returns an anchor: two pre-activation residual blocks, 5 sites."""
    return _anchor(
        "digits-resnet-layer",
        "8x8 digits, pre-activation ResNet 8-12-24 of whole layers",
        lambda layer, rngs: ResNet(1, 8, ((12, 2), (24, 2)), 10, layer, normalize=False, rngs=rngs),
        learning_rate=0.05,
    )


_MOBILE_STAGES = (Stage(3, 12, stride=2), Stage(3, 16))


def digits_mobilenet_layer() -> Task:
    """Returns an anchor: two of MobileNetV2's inverted bottlenecks, 6 sites."""
    return _anchor(
        "digits-mobilenet-layer",
        "8x8 digits, MobileNetV2 8-12-16-32 of whole layers",
        lambda layer, rngs: MobileNet(1, 8, _MOBILE_STAGES, 32, 10, layer, rngs=rngs),
        learning_rate=0.1,
    )


def digits_efficientnet_layer() -> Task:
    """Returns an anchor: two inverted bottlenecks with squeeze-excitation, 6 sites."""
    return _anchor(
        "digits-efficientnet-layer",
        "8x8 digits, EfficientNet 8-12-16-32 of whole layers",
        lambda layer, rngs: MobileNet(1, 8, _MOBILE_STAGES, 32, 10, layer, squeeze_excite=True, rngs=rngs),
        learning_rate=0.1,
    )


def _anchor(name: str, summary: str, network, learning_rate: float) -> Task:
    return Task(
        name=name,
        summary=summary,
        data=functools.partial(digits, image=True),
        network=network,
        recipe=Recipe(150, 32, learning_rate, LAYER_RATE_RULE, schedule="cosine"),
        scale=16.0,
        shape=(8, 8, 1),
        layers=True,
        quality=Quality(steps=40, accuracy=0.2),
        groups=4,  # 32 groups of 8 to 48 channels would leave one channel in a group, and so the instance statistics
    )

"""Tasks on scikit-learn's 1,797 real handwritten digits, 8 x 8 pixels; on every machine, no download."""

import functools

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from actsearch.nn import MLP, ResNet
from actsearch.tasks.base import Data, Recipe, Split, Task

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
    )

"""Not a test: a task small enough to be trained thousands of times in a test, on real digits."""

import dataclasses
import functools

import numpy as np
from flax import nnx

from actsearch.nn import Conv, MLPConfig
from actsearch.spaces import custom, evonorm
from actsearch.tasks import Classification, DataSet, Quality, get_task

SPACE = custom(["x", "relu", "beta * x", "tanh", "exp", "sqrt", "cube"], ["+", "*", "max"])
"""147 programs; among them duplicates, ones that are NaN on the probe and ones that diverge in training."""


@functools.cache
def tiny_digits():
    """Returns 64 digits of each part."""
    return tuple(type(part)(*(rows[:64] for rows in part)) for part in get_task("digits-mlp").data())


@functools.cache
def tiny_images():
    """Returns the same digits as images."""
    return tuple(part._replace(inputs=part.inputs.reshape(-1, 8, 8, 1)) for part in tiny_digits())


TINY_DIGITS = DataSet("64 digits", (64,), 16.0, tiny_digits)
TINY_IMAGES = DataSet("64 digits as images", (8, 8, 1), 16.0, tiny_images)


def tiny_task(steps: int = 6, learning_rate: float = 0.05, name: str = "digits-tiny") -> Classification:
    """Returns digits-mlp with a narrow network, few steps and few examples to be evaluated on."""
    real = get_task("digits-mlp")
    return dataclasses.replace(
        real,
        name=name,
        dataset=TINY_DIGITS,
        network=MLPConfig((64, 6, 10)),
        steps=steps,
        batch_size=8,
        recipe=dataclasses.replace(real.recipe, learning_rate=learning_rate),
    )


LAYERS = evonorm(nodes=3)
"""A small space of layers: its interpreter compiles in seconds."""


class TinyNet(nnx.Module):
    """A strided convolution and one site: the smallest network that has images."""

    def __init__(self, layer, *, rngs):
        self.stem, self.layer = Conv(1, 4, stride=4, rngs=rngs), layer(4)
        self.head = nnx.Linear(4, 10, rngs=rngs)

    def __call__(self, x):
        return self.head(self.layer(self.stem(x)).mean(axis=(1, 2)))


def tiny_layer_task(name: str = "digits-tiny-layer", steps: int = 6, quality: Quality | None = None) -> Classification:
    """Returns digits-resnet-layer with the smallest network, few steps and few examples to be evaluated on."""
    return dataclasses.replace(
        get_task("digits-resnet-layer"),
        name=name,
        dataset=TINY_IMAGES,
        network=TinyNet,
        steps=steps,
        batch_size=8,
        quality=quality,
        groups=2,
    )


def sampled(count: int, seed: int = 0):
    """Returns genotypes of SPACE, drawn with replacement."""
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]

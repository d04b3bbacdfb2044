"""Not a test: a task small enough to be trained thousands of times in a test, on real digits."""

import dataclasses

import numpy as np
from flax import nnx

from actsearch.nn import MLP, Conv
from actsearch.spaces import custom, evonorm
from actsearch.tasks import Data, Quality, Task, get_task

SPACE = custom(["x", "relu", "beta * x", "tanh", "exp", "sqrt", "cube"], ["+", "*", "max"])
"""147 programs; among them duplicates, ones that are NaN on the probe and ones that diverge in training."""


def tiny_task(steps: int = 6, learning_rate: float = 0.05, name: str = "digits-tiny") -> Task:
    """Returns digits-mlp with a narrow network, few steps and few examples to be evaluated on."""
    real = get_task("digits-mlp")
    data = real.data()
    parts = Data(*(type(part)(part.inputs[:64], part.labels[:64]) for part in data))
    recipe = dataclasses.replace(real.recipe, steps=steps, batch_size=8, learning_rate=learning_rate)
    narrow = lambda layer, rngs: MLP((64, 6, 10), layer, rngs=rngs)  # noqa: E731
    return dataclasses.replace(real, name=name, network=narrow, recipe=recipe, data=lambda: parts)


LAYERS = evonorm(nodes=3)
"""A small space of layers: its interpreter compiles in seconds."""


class TinyNet(nnx.Module):
    """A strided convolution and one site: the smallest network that has images."""

    def __init__(self, layer, rngs):
        self.stem, self.layer = Conv(1, 4, stride=4, rngs=rngs), layer(4)
        self.head = nnx.Linear(4, 10, rngs=rngs)

    def __call__(self, x):
        return self.head(self.layer(self.stem(x)).mean(axis=(1, 2)))


def tiny_layer_task(name: str = "digits-tiny-layer", steps: int = 6, quality: Quality | None = None) -> Task:
    """Returns digits-resnet-layer with the smallest network, few steps and few examples to be evaluated on."""
    real = get_task("digits-resnet-layer")
    parts = Data(*(type(part)(part.inputs[:64], part.labels[:64]) for part in real.data()))
    recipe = dataclasses.replace(real.recipe, steps=steps, batch_size=8)
    changes = {"recipe": recipe, "data": lambda: parts, "network": TinyNet, "quality": quality, "groups": 2}
    return dataclasses.replace(real, name=name, **changes)


def sampled(count: int, seed: int = 0):
    """Returns programs of SPACE, drawn with replacement."""
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]

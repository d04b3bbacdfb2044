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


GATES = custom(["x", "relu", "beta * x", "sigmoid", "sqrt", "1"], ["*", "max"], inputs=("x", "y"))
"""72 programs of two inputs; among them some that read one alone, and some that are NaN on the probe."""


class TinyGatedNet(nnx.Module):
    """Two gated layers, each of two linear maps that a candidate joins."""

    def __init__(self, layer, *, rngs):
        maps = [nnx.Linear(*sizes, rngs=rngs) for sizes in ((64, 5), (64, 5), (5, 4), (5, 4))]
        self.maps, self.layers = nnx.List(maps), nnx.List([layer(5), layer(4)])
        self.head = nnx.Linear(4, 10, rngs=rngs)

    def __call__(self, x):
        for site, layer in enumerate(self.layers):
            x = layer(self.maps[2 * site](x), self.maps[2 * site + 1](x))
        return self.head(x)


def tiny_gate_task(name: str = "digits-tiny-gate", steps: int = 6) -> Classification:
    """Returns the tiny task with two sites of two inputs."""
    return dataclasses.replace(tiny_task(steps, name=name), network=TinyGatedNet, kind="gate")


def sampled(count: int, seed: int = 0):
    """Returns genotypes of SPACE, drawn with replacement."""
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]

"""DenseNets for images of 32 x 32 pixels (Huang et al. 2017, Densely connected convolutional networks)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn.conv import Conv, batch_norm
from actsearch.nn.initial import he_normal
from actsearch.nn.layer import LayerFactory

_INNER = 4
"""Channels inside a layer with bottleneck over those that it adds."""


class NormLayerConv(nnx.Module):
    """BatchNorm, layer, convolution.

    Args:
      in_features: channels of the input.
      out_features: channels of the output.
      layer: makes the layer of a site from its number of features.
      size: of the kernel.
      rngs: for the initial weights.
    """

    def __init__(self, in_features: int, out_features: int, layer: LayerFactory, *, size: int, rngs: nnx.Rngs):
        self.norm, self.layer = batch_norm(in_features, rngs), layer(in_features)
        self.conv = Conv(in_features, out_features, size=size, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        y: jax.Array = self.conv(self.layer(self.norm(x)))
        return y


class DenseLayer(nnx.Module):
    """Adds `growth` channels to its input: a 3x3 convolution, with `bottleneck` behind a 1x1 one.

    Args:
      in_features: channels of the input.
      growth: channels that are added.
      layer: makes the layer of a site from its number of features.
      bottleneck: whether there is a convolution to 4 * growth channels before.
      rngs: for the initial weights.
    """

    def __init__(self, in_features: int, growth: int, layer: LayerFactory, *, bottleneck: bool, rngs: nnx.Rngs):
        inner = _INNER * growth if bottleneck else in_features
        self.narrow = NormLayerConv(in_features, inner, layer, size=1, rngs=rngs) if bottleneck else None
        self.grow = NormLayerConv(inner, growth, layer, size=3, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        h = x if self.narrow is None else self.narrow(x)
        return jnp.concatenate([x, self.grow(h)], axis=-1)


class DenseNet(nnx.Module):
    """Three blocks of dense layers, transitions between them, then BatchNorm, a layer, the average, and a head.

    Args:
      depth: 3 n + 4 for n layers a block, 6 n + 4 with bottlenecks.
      growth: channels that each layer adds.
      classes: number of outputs.
      layer: makes the layer of a site from its number of features.
      bottleneck: whether layers have bottlenecks, and transitions halve the channels: DenseNet-BC.
      in_features: channels of the image.
      rngs: for the initial weights.
    """

    def __init__(
        self,
        depth: int,
        growth: int,
        classes: int,
        layer: LayerFactory,
        *,
        bottleneck: bool = False,
        in_features: int = 3,
        rngs: nnx.Rngs,
    ):
        features = 2 * growth if bottleneck else 16
        self.stem = Conv(in_features, features, rngs=rngs)
        blocks: list[Any] = []
        transitions = []
        for block in range(3):
            layers = []
            for _ in range((depth - 4) // (6 if bottleneck else 3)):
                layers.append(DenseLayer(features, growth, layer, bottleneck=bottleneck, rngs=rngs))
                features += growth
            blocks.append(nnx.List(layers))
            if block < 2:
                narrower = features // 2 if bottleneck else features
                transitions.append(NormLayerConv(features, narrower, layer, size=1, rngs=rngs))
                features = narrower
        self.blocks, self.transitions = nnx.List(blocks), nnx.List(transitions)
        self.norm, self.layer = batch_norm(features, rngs), layer(features)
        self.head = nnx.Linear(features, classes, kernel_init=he_normal, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem(x)
        for number, block in enumerate(self.blocks):
            for one in block:
                x = one(x)
            if number < len(self.transitions):
                x = _halved(self.transitions[number](x))
        return self.head(jnp.mean(self.layer(self.norm(x)), axis=(1, 2)))


@dataclasses.dataclass(frozen=True)
class DenseNetConfig:
    """A DenseNet's arguments as a value that can be compared and pickled; called with a layer factory it makes one.

    Attributes:
      depth: 3 n + 4, with bottlenecks 6 n + 4; 40 or 100 in the paper.
      growth: channels that each layer adds; 12 or more in the paper.
      classes: number of outputs.
      bottleneck: as DenseNet's.
      in_features: channels of the image.

    Raises:
      ActsearchError: another depth.
    """

    depth: int
    growth: int
    classes: int
    bottleneck: bool = False
    in_features: int = 3

    def __post_init__(self) -> None:
        step = 6 if self.bottleneck else 3
        if self.depth < 4 + step or self.depth % step != 4 % step:
            raise ActsearchError(f"The depth of this DenseNet is {step} n + 4, as 100; received {self.depth}.")

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> DenseNet:
        """Returns the network with `layer(features)` at each site."""
        return DenseNet(**vars(self), layer=layer, rngs=rngs)


def _halved(x: jax.Array) -> jax.Array:
    """Returns the average of each 2 x 2 pixels."""
    batch, height, width, features = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, features).mean(axis=(2, 4))

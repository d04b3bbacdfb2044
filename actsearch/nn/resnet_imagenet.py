"""ResNet-50 for images of 224 x 224 pixels, with activations as candidates (He et al. 2016, Deep residual learning)."""

import dataclasses
import math

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn.conv import Conv, batch_norm
from actsearch.nn.initial import he_normal
from actsearch.nn.layer import LayerFactory

EXPANSION = 4
"""Channels of a block over those inside."""


class PostActivationBottleneck(nnx.Module):
    """Convolutions of 1x1, 3x3 and 1x1, each with BatchNorm, a layer after the first two and one on the sum.

    The scale of the last BatchNorm starts at 0, as in the published code of the TPU models (Goyal et al. 2017, section
    5.1); the 3x3 convolution has the stride, as in all public implementations ("v1.5"), not the first 1x1.

    Args:
      in_features: channels of the input.
      inner: channels inside; a quarter of those of the output.
      stride: of the 3x3 convolution and of the shortcut.
      layer: makes the layer of a site from its number of features.
      rngs: for the initial weights.
    """

    def __init__(self, in_features: int, inner: int, stride: int, layer: LayerFactory, *, rngs: nnx.Rngs):
        features = EXPANSION * inner
        self.conv1, self.norm1, self.layer1 = (
            Conv(in_features, inner, size=1, rngs=rngs),
            batch_norm(inner, rngs),
            layer(inner),
        )
        self.conv2 = Conv(inner, inner, stride=stride, rngs=rngs)
        self.norm2, self.layer2 = batch_norm(inner, rngs), layer(inner)
        self.conv3, self.norm3 = Conv(inner, features, size=1, rngs=rngs), batch_norm(features, rngs, zero=True)
        changes = in_features != features or stride > 1
        self.shortcut = Conv(in_features, features, size=1, stride=stride, rngs=rngs) if changes else None
        self.shortcut_norm = batch_norm(features, rngs) if changes else None
        self.layer3 = layer(features)

    def __call__(self, x: jax.Array) -> jax.Array:
        h = self.layer1(self.norm1(self.conv1(x)))
        h = self.layer2(self.norm2(self.conv2(h)))
        h = self.norm3(self.conv3(h))
        if self.shortcut is not None and self.shortcut_norm is not None:
            x = self.shortcut_norm(self.shortcut(x))
        y: jax.Array = self.layer3(x + h)
        return y


class ImageNetResNet(nnx.Module):
    """A 7x7 convolution of stride 2 with BatchNorm and layer, a pooling, four stages of bottlenecks, average and head.

    Args:
      classes: number of outputs.
      blocks: of each stage.
      layer: makes the layer of a site from its number of features.
      width: channels of the stem and inside the blocks of the first stage; each later stage has twice as many.
      rngs: for the initial weights.
    """

    def __init__(self, classes: int, blocks: tuple[int, ...], layer: LayerFactory, *, width: int = 64, rngs: nnx.Rngs):
        self.stem = Conv(3, width, size=7, stride=2, rngs=rngs)
        self.norm, self.layer = batch_norm(width, rngs), layer(width)
        made, before = [], width
        for stage, count in enumerate(blocks):
            for block in range(count):
                inner, stride = width * 2**stage, 2 if stage and not block else 1
                made.append(PostActivationBottleneck(before, inner, stride, layer, rngs=rngs))
                before = EXPANSION * inner
        self.blocks = nnx.List(made)
        self.head = nnx.Linear(before, classes, kernel_init=he_normal, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.layer(self.norm(self.stem(x)))
        x = _max_pool(x)
        for block in self.blocks:
            x = block(x)
        return self.head(jnp.mean(x, axis=(1, 2)))


@dataclasses.dataclass(frozen=True)
class ImageNetResNetConfig:
    """An ImageNetResNet's arguments as a value to compare and pickle; called with a layer factory it makes one.

    Attributes:
      classes: number of outputs.
      blocks: of each stage; (3, 4, 6, 3) is ResNet-50.
      width: as ImageNetResNet's.
    """

    classes: int
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    width: int = 64

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> ImageNetResNet:
        """Returns the network with `layer(features)` at each site."""
        return ImageNetResNet(**vars(self), layer=layer, rngs=rngs)


def imagenet_resnet(classes: int = 1_000, *, width: float = 1.0, depth: float = 1.0) -> ImageNetResNetConfig:
    """Returns ResNet-50 for images of 224 x 224 pixels: 25.6 million weights, 49 sites.

    Args:
      classes: number of outputs.
      width: multiplies every number of channels, above 0.
      depth: multiplies the number of blocks of each stage, rounded up; above 0.

    Raises:
      ActsearchError: a factor out of range.
    """
    if not (width > 0 and depth > 0):
        raise ActsearchError(f"width and depth must be above 0; received {width} and {depth}.")
    blocks = tuple(math.ceil(depth * count) for count in (3, 4, 6, 3))
    return ImageNetResNetConfig(classes, blocks, max(1, round(64 * width)))


def _max_pool(x: jax.Array) -> jax.Array:
    """Returns the maximum of 3 x 3 pixels around every second one."""
    pads = ((0, 0), (1, 1), (1, 1), (0, 0))
    pooled: jax.Array = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), pads)
    return pooled

"""The first ResNets, for images of 32 x 32 pixels (He et al. 2016, Deep residual learning, section 4.2)."""

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn.conv import Conv, batch_norm
from actsearch.nn.initial import he_normal
from actsearch.nn.layer import LayerFactory


class BasicBlock(nnx.Module):
    """Convolution, BatchNorm, layer, convolution, BatchNorm, then a layer on the sum with the input.

    Where the size changes the input has every second pixel, and zeros in the new channels (the paper's option A).

    Args:
      in_features: channels of the input.
      out_features: channels of the output, at least as many.
      stride: of the first convolution.
      layer: makes the layer of a site from its number of features.
      rngs: for the initial weights.
    """

    def __init__(self, in_features: int, out_features: int, stride: int, layer: LayerFactory, *, rngs: nnx.Rngs):
        self.conv1 = Conv(in_features, out_features, stride=stride, rngs=rngs)
        self.norm1, self.layer1 = batch_norm(out_features, rngs), layer(out_features)
        self.conv2 = Conv(out_features, out_features, rngs=rngs)
        self.norm2, self.layer2 = batch_norm(out_features, rngs), layer(out_features)
        self.stride, self.new_features = stride, out_features - in_features

    def __call__(self, x: jax.Array) -> jax.Array:
        h = self.norm2(self.conv2(self.layer1(self.norm1(self.conv1(x)))))
        before = self.new_features // 2
        shortcut = x[:, :: self.stride, :: self.stride]
        shortcut = jnp.pad(shortcut, ((0, 0), (0, 0), (0, 0), (before, self.new_features - before)))
        y: jax.Array = self.layer2(h + shortcut)
        return y


class ResNetV1(nnx.Module):
    """A convolution with BatchNorm and layer, three stages of basic blocks, the average over the image, and a head.

    Args:
      depth: 6 n + 2 for n blocks a stage.
      classes: number of outputs.
      layer: makes the layer of a site from its number of features; there are `depth - 1` sites.
      in_features: channels of the image.
      width: channels of the first stage; the second has twice as many, the third four times.
      rngs: for the initial weights.
    """

    def __init__(
        self,
        depth: int,
        classes: int,
        layer: LayerFactory,
        *,
        in_features: int = 3,
        width: int = 16,
        rngs: nnx.Rngs,
    ):
        self.stem = Conv(in_features, width, rngs=rngs)
        self.norm, self.layer = batch_norm(width, rngs), layer(width)
        blocks, before = [], width
        for stage in range(3):
            for block in range((depth - 2) // 6):
                stride, after = (2 if stage and not block else 1), width * 2**stage
                blocks.append(BasicBlock(before, after, stride, layer, rngs=rngs))
                before = after
        self.blocks = nnx.List(blocks)
        self.head = nnx.Linear(before, classes, kernel_init=he_normal, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.layer(self.norm(self.stem(x)))
        for block in self.blocks:
            x = block(x)
        return self.head(jnp.mean(x, axis=(1, 2)))


@dataclasses.dataclass(frozen=True)
class ResNetV1Config:
    """A ResNetV1's arguments as a value that can be compared and pickled; called with a layer factory it makes one.

    Attributes:
      depth: 6 n + 2: 20, 32, 44, 56 or 110 in the paper.
      classes: number of outputs.
      in_features: channels of the image.
      width: channels of the first stage; 16 in the paper.

    Raises:
      ActsearchError: another depth.
    """

    depth: int
    classes: int
    in_features: int = 3
    width: int = 16

    def __post_init__(self) -> None:
        if self.depth < 8 or self.depth % 6 != 2:
            raise ActsearchError(f"The depth of a ResNet of three stages is 6 n + 2, as 20; received {self.depth}.")

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> ResNetV1:
        """Returns the network with `layer(features)` at each site."""
        return ResNetV1(**vars(self), layer=layer, rngs=rngs)

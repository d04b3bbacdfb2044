"""Pre-activation ResNets (He et al. 2016): each takes a factory `features -> layer`, one of its layers for a site."""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.nn.conv import Conv, Size, bare, batch_norm
from actsearch.nn.initial import he_normal
from actsearch.nn.layer import LayerFactory


class PreActivationBlock(nnx.Module):
    """BatchNorm, layer, convolution, twice, beside a shortcut (He et al. 2016, Identity mappings).

    Args:
      in_features: channels of the input.
      out_features: channels of the output.
      stride: of the first convolution and of the shortcut.
      layer: makes the layer of a site from its number of features.
      normalize: False where the layer is a whole normalisation-activation layer; then there is no BatchNorm.
      size: of the kernels.
      rngs: for the initial weights.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        stride: int,
        layer: LayerFactory,
        *,
        normalize: bool = True,
        size: Size = 3,
        rngs: nnx.Rngs,
    ):
        self.norm1, self.layer1 = _norm(in_features, normalize, rngs), layer(in_features)
        self.conv1 = Conv(in_features, out_features, size=size, stride=stride, rngs=rngs)
        self.norm2, self.layer2 = _norm(out_features, normalize, rngs), layer(out_features)
        self.conv2 = Conv(out_features, out_features, size=size, rngs=rngs)
        self.shortcut = _shortcut(in_features, out_features, stride, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        h = self.layer1(self.norm1(x))
        shortcut = x if self.shortcut is None else self.shortcut(h)
        h = self.layer2(self.norm2(self.conv1(h)))
        return shortcut + self.conv2(h)


class BottleneckBlock(nnx.Module):
    """Layer and convolution, three times, 1x1, 3x3 and 1x1, beside a shortcut; a quarter of the channels inside.

    The block of the pre-activation ResNet-50 (He et al. 2016, Identity mappings) for whole normalisation-activation
    layers. Arguments as PreActivationBlock's; the 3x3 convolution has the stride.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        stride: int,
        layer: LayerFactory,
        *,
        normalize: bool = False,
        size: Size = 3,
        rngs: nnx.Rngs,
    ):
        inner = out_features // 4
        self.norm1, self.layer1 = _norm(in_features, normalize, rngs), layer(in_features)
        self.conv1 = Conv(in_features, inner, size=1, rngs=rngs)
        self.norm2, self.layer2 = _norm(inner, normalize, rngs), layer(inner)
        self.conv2 = Conv(inner, inner, size=size, stride=stride, rngs=rngs)
        self.norm3, self.layer3 = _norm(inner, normalize, rngs), layer(inner)
        self.conv3 = Conv(inner, out_features, size=1, rngs=rngs)
        self.shortcut = _shortcut(in_features, out_features, stride, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        h = self.layer1(self.norm1(x))
        shortcut = x if self.shortcut is None else self.shortcut(h)
        h = self.layer2(self.norm2(self.conv1(h)))
        h = self.layer3(self.norm3(self.conv2(h)))
        return shortcut + self.conv3(h)


class ResNet(nnx.Module):
    """A pre-activation ResNet, with a layer before the average over the image.

    Args:
      in_features: channels of the image.
      stem: channels of the first convolution.
      stages: (channels, stride) of each block.
      classes: number of outputs.
      layer: makes the layer of a site from its number of features.
      normalize: False where the layer is a whole normalisation-activation layer; then there is no BatchNorm.
      block: PreActivationBlock or BottleneckBlock.
      stem_stride: of the first convolution.
      size: of the kernels that are not 1x1.
      rngs: for the initial weights.
    """

    def __init__(
        self,
        in_features: int,
        stem: int,
        stages: Sequence[tuple[int, int]],
        classes: int,
        layer: LayerFactory,
        *,
        normalize: bool = True,
        block: Callable[..., nnx.Module] = PreActivationBlock,
        stem_stride: int = 1,
        size: Size = 3,
        rngs: nnx.Rngs,
    ):
        self.stem = Conv(in_features, stem, size=size, stride=stem_stride, rngs=rngs)
        widths = [stem, *(width for width, _ in stages)]
        self.blocks = nnx.List(
            [
                block(before, after, stride, layer, normalize=normalize, size=size, rngs=rngs)
                for before, (after, stride) in zip(widths, stages, strict=False)
            ]
        )
        self.norm, self.layer = _norm(widths[-1], normalize, rngs), layer(widths[-1])
        self.head = nnx.Linear(widths[-1], classes, kernel_init=he_normal, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(jnp.mean(self.layer(self.norm(x)), axis=(1, 2)))


@dataclasses.dataclass(frozen=True)
class ResNetConfig:
    """A ResNet's arguments as a value that can be compared and pickled; called with a layer factory it makes one.

    Attributes:
      in_features: channels of the image.
      stem: channels of the first convolution.
      stages: (channels, stride) of each block.
      classes: number of outputs.
      normalize: as ResNet's.
      block: as ResNet's.
      stem_stride: of the first convolution.
      size: of the kernels that are not 1x1; (3, 1) for a series, [batch, length, 1, features].
    """

    in_features: int
    stem: int
    stages: tuple[tuple[int, int], ...]
    classes: int
    normalize: bool = True
    block: Callable[..., nnx.Module] = PreActivationBlock
    stem_stride: int = 1
    size: Size = 3

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> ResNet:
        """Returns the network with `layer(features)` at each site."""
        return ResNet(**vars(self), layer=layer, rngs=rngs)


def _norm(features: int, normalize: bool, rngs: nnx.Rngs) -> Callable[[jax.Array], jax.Array]:
    return batch_norm(features, rngs) if normalize else bare


def _shortcut(in_features: int, out_features: int, stride: int, rngs: nnx.Rngs) -> Conv | None:
    same = in_features == out_features and stride == 1
    return None if same else Conv(in_features, out_features, size=1, stride=stride, rngs=rngs)

"""Networks of inverted bottlenecks: MobileNetV2's, and EfficientNet's with squeeze-excitation."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.nn.conv import Affine, Conv, DepthwiseConv, bare, batch_norm
from actsearch.nn.initial import he_normal
from actsearch.nn.layer import LayerFactory


class Stage(NamedTuple):
    """Settings of one inverted bottleneck: `expand` times the channels inside, `features` channels out."""

    expand: int
    features: int
    stride: int = 1
    size: int = 3


class SqueezeExcite(nnx.Module):
    """Scales each channel by a number in (0, 1) computed from the mean image (Hu et al. 2018); no site.

    Args:
      features: channels of the image.
      inner: width of the hidden layer.
      rngs: for the He-normal initial weights; biases start at 0.
    """

    def __init__(self, features: int, inner: int, *, rngs: nnx.Rngs):
        self.squeeze = nnx.Linear(features, inner, kernel_init=he_normal, rngs=rngs)
        self.excite = nnx.Linear(inner, features, kernel_init=he_normal, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        mean = jnp.mean(x, axis=(1, 2), keepdims=True)
        return x * jax.nn.sigmoid(self.excite(jax.nn.silu(self.squeeze(mean))))


class InvertedBottleneck(nnx.Module):
    """1x1 convolution to more channels, layer, depthwise convolution, layer, 1x1 convolution to few channels, affine.

    The projection is linear, so no candidate goes there. Where candidates are whole layers it ends, with every one,
    baselines included, in nothing but a trainable scale and offset per channel, as in the TPU code published with
    EvoNorm. Two networks then differ in the candidate's layers alone; but BatchNorm+ReLU has one BatchNorm a block
    fewer than in the MobileNetV2 paper. Where candidates are activations, `normalize`, it ends in BatchNorm.

    Args:
      in_features: channels of the input.
      stage: expansion (1: no first convolution and no layer after it), channels out, stride and kernel.
      layer: makes the layer of a site from its number of features.
      squeeze_excite: whether a SqueezeExcite of a quarter of `in_features` follows the depthwise layer.
      normalize: whether a BatchNorm follows each convolution: True where the layer is an activation.
      rngs: for the initial weights.

    The input is added to the output where their shapes agree. Source: Sandler et al. 2018, MobileNetV2.
    """

    def __init__(
        self,
        in_features: int,
        stage: Stage,
        layer: LayerFactory,
        *,
        squeeze_excite: bool = False,
        normalize: bool = False,
        rngs: nnx.Rngs,
    ):
        inner = in_features * stage.expand
        self.residual = stage.stride == 1 and in_features == stage.features
        expands = stage.expand > 1
        self.expand = Conv(in_features, inner, size=1, rngs=rngs) if expands else None
        self.expand_norm = _norm(inner, normalize and expands, rngs)
        self.expand_layer = layer(inner) if expands else None
        self.depthwise = DepthwiseConv(inner, size=stage.size, stride=stage.stride, rngs=rngs)
        self.depthwise_norm, self.depthwise_layer = _norm(inner, normalize, rngs), layer(inner)
        self.excite = SqueezeExcite(inner, max(1, in_features // 4), rngs=rngs) if squeeze_excite else None
        self.project = Conv(inner, stage.features, size=1, rngs=rngs)
        self.affine = batch_norm(stage.features, rngs) if normalize else Affine(stage.features)

    def __call__(self, x: jax.Array) -> jax.Array:
        h = (
            x
            if self.expand is None or self.expand_layer is None
            else self.expand_layer(self.expand_norm(self.expand(x)))
        )
        h = self.depthwise_layer(self.depthwise_norm(self.depthwise(h)))
        h = h if self.excite is None else self.excite(h)
        h = self.affine(self.project(h))
        return x + h if self.residual else h


class MobileNet(nnx.Module):
    """Convolution, layer, inverted bottlenecks, 1x1 convolution, layer, average over the image, linear head.

    Args:
      in_features: channels of the image.
      stem: channels of the first convolution, 3x3.
      stages: one for each block.
      head: channels of the last convolution.
      classes: number of outputs.
      layer: makes the layer of a site from its number of features.
      stem_stride: of the first convolution.
      squeeze_excite: False for MobileNetV2 (Sandler et al. 2018), True for EfficientNet (Tan, Le 2019).
      normalize: as InvertedBottleneck's.
      rngs: for the initial weights.
    """

    def __init__(
        self,
        in_features: int,
        stem: int,
        stages: Sequence[Stage],
        head: int,
        classes: int,
        layer: LayerFactory,
        *,
        stem_stride: int = 1,
        squeeze_excite: bool = False,
        normalize: bool = False,
        rngs: nnx.Rngs,
    ):
        self.stem = Conv(in_features, stem, stride=stem_stride, rngs=rngs)
        self.stem_norm, self.stem_layer = _norm(stem, normalize, rngs), layer(stem)
        widths = [stem, *(stage.features for stage in stages)]
        self.blocks = nnx.List(
            [
                InvertedBottleneck(width, stage, layer, squeeze_excite=squeeze_excite, normalize=normalize, rngs=rngs)
                for width, stage in zip(widths, stages, strict=False)
            ]
        )
        self.last = Conv(widths[-1], head, size=1, rngs=rngs)
        self.last_norm, self.last_layer = _norm(head, normalize, rngs), layer(head)
        self.head = nnx.Linear(head, classes, kernel_init=he_normal, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem_layer(self.stem_norm(self.stem(x)))
        for block in self.blocks:
            x = block(x)
        return self.head(jnp.mean(self.last_layer(self.last_norm(self.last(x))), axis=(1, 2)))


@dataclasses.dataclass(frozen=True)
class MobileNetConfig:
    """A MobileNet's arguments as a value that can be compared and pickled; called with a layer factory it makes one.

    Attributes:
      in_features: channels of the image.
      stem: channels of the first convolution.
      stages: one for each block.
      head: channels of the last convolution.
      classes: number of outputs.
      stem_stride: of the first convolution.
      squeeze_excite: as MobileNet's.
      normalize: as MobileNet's.
    """

    in_features: int
    stem: int
    stages: tuple[Stage, ...]
    head: int
    classes: int
    stem_stride: int = 1
    squeeze_excite: bool = False
    normalize: bool = dataclasses.field(default=False, metadata={"later": True})

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> MobileNet:
        """Returns the network with `layer(features)` at each site."""
        return MobileNet(**vars(self), layer=layer, rngs=rngs)


def _norm(features: int, normalize: bool, rngs: nnx.Rngs) -> Callable[[jax.Array], jax.Array]:
    return batch_norm(features, rngs) if normalize else bare

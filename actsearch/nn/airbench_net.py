"""The network of airbench94, which trains on CIFAR-10 in seconds of a GPU (Jordan 2024, 94 % on CIFAR-10 in 3.29 s)."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn.conv import Conv
from actsearch.nn.layer import LayerFactory

_WHITENED = 24
"""Channels of the first convolution: each of the 12 directions of a 2 x 2 patch of 3 colours, and its negative."""

SCALE = 1 / 9
"""Of the logits."""


class ConvGroup(nnx.Module):
    """Convolution, 2x2 max pooling, BatchNorm, layer, then convolution, BatchNorm and layer for each further one.

    BatchNorm has offsets and no scales; its moving averages have momentum 0.6. Of each kernel the first channels start
    as the identity.

    Args:
      in_features: channels of the input.
      out_features: channels of the output.
      convs: number of convolutions, 2 in airbench94, 3 in airbench96.
      layer: makes the layer of a site from its number of features.
      rngs: for the initial weights.
    """

    def __init__(self, in_features: int, out_features: int, convs: int, layer: LayerFactory, *, rngs: nnx.Rngs):
        widths = [in_features, *[out_features] * convs]
        self.convs = nnx.List([_dirac_conv(*pair, rngs) for pair in itertools.pairwise(widths)])
        self.norms = nnx.List([_norm(out_features, rngs) for _ in range(convs)])
        self.layers = nnx.List([layer(out_features) for _ in range(convs)])

    def __call__(self, x: jax.Array) -> jax.Array:
        for place, (conv, norm, layer) in enumerate(zip(self.convs, self.norms, self.layers, strict=True)):
            x = conv(x)
            x = layer(norm(x if place else max_pool(x, 2)))
        return x


class AirbenchNet(nnx.Module):
    """A 2x2 convolution with bias, a layer, three groups, 3x3 max pooling, and a head without bias.

    Different from the published code: the first convolution is trained and starts at random; there it is set from the
    training images, so that patches are white, and fixed.

    Args:
      classes: number of outputs.
      widths: channels of each group.
      convs: convolutions of each group.
      layer: makes the layer of a site from its number of features.
      rngs: for the initial weights.
    """

    def __init__(self, classes: int, widths: tuple[int, ...], convs: int, layer: LayerFactory, *, rngs: nnx.Rngs):
        self.stem, self.bias = Conv(3, _WHITENED, size=2, rngs=rngs), nnx.Param(jnp.zeros(_WHITENED))
        self.layer = layer(_WHITENED)
        pairs = itertools.pairwise((_WHITENED, *widths))
        self.groups = nnx.List([ConvGroup(*pair, convs, layer, rngs=rngs) for pair in pairs])
        self.head = nnx.Linear(widths[-1], classes, use_bias=False, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.layer(self.stem(x)[:, :-1, :-1] + self.bias[...][None, None, None])  # without what padding added
        for group in self.groups:
            x = group(x)
        return SCALE * self.head(jnp.max(x, axis=(1, 2)))


def max_pool(x: jax.Array, side: int) -> jax.Array:
    """Returns the maximum of each square of `side` pixels; what is left over at the edge is cut off."""
    batch, height, width, features = x.shape
    rows, columns = height // side, width // side
    squares = x[:, : rows * side, : columns * side].reshape(batch, rows, side, columns, side, features)
    return squares.max(axis=(2, 4))


@dataclasses.dataclass(frozen=True)
class AirbenchConfig:
    """An AirbenchNet's arguments as a value that can be compared and pickled; called with a layer factory it makes one.

    Attributes:
      classes: number of outputs.
      widths: channels of each group; (64, 256, 256) is airbench94.
      convs: convolutions of each group.
    """

    classes: int = 10
    widths: tuple[int, ...] = (64, 256, 256)
    convs: int = 2

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> AirbenchNet:
        """Returns the network with `layer(features)` at each site."""
        return AirbenchNet(**vars(self), layer=layer, rngs=rngs)


def airbench(classes: int = 10, *, width: float = 1.0, depth: int = 2) -> AirbenchConfig:
    """Returns the network of airbench94: 2.0 million weights, 7 sites, for images of 32 x 32 pixels.

    Args:
      classes: number of outputs.
      width: multiplies the channels of the groups, above 0.
      depth: convolutions of each group, at least 1.

    Raises:
      ActsearchError: a factor out of range.
    """
    if not width > 0 or depth < 1:
        raise ActsearchError(f"width must be above 0 and depth at least 1; received {width} and {depth}.")
    widths = tuple(max(1, round(width * features)) for features in AirbenchConfig.widths)
    return AirbenchConfig(classes, widths, depth)


def _dirac_conv(in_features: int, out_features: int, rngs: nnx.Rngs) -> Conv:
    conv = Conv(in_features, out_features, rngs=rngs)
    same = min(in_features, out_features)
    identity = jnp.zeros((*conv.kernel.shape[:3], same)).at[1, 1].set(jnp.eye(in_features, same))
    conv.kernel[...] = jnp.concatenate([identity, conv.kernel[...][..., same:]], axis=-1)
    return conv


def _norm(features: int, rngs: nnx.Rngs) -> nnx.BatchNorm:
    return nnx.BatchNorm(features, use_scale=False, momentum=0.6, epsilon=1e-12, rngs=rngs)

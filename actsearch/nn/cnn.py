"""A plain convolutional network: the simplest one in which a candidate follows BatchNorm."""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.nn.conv import Conv, batch_norm
from actsearch.nn.initial import he_normal
from actsearch.nn.layer import LayerFactory


class CNN(nnx.Module):
    """(3x3 convolution, BatchNorm, layer) for each stage, then the mean over the image and a linear head.

    Args:
      in_features: channels of the image.
      stages: (channels, stride) of each convolution.
      classes: number of outputs.
      layer: makes the layer of a site from its number of features.
      rngs: for the initial weights.
    """

    def __init__(
        self,
        in_features: int,
        stages: Sequence[tuple[int, int]],
        classes: int,
        layer: LayerFactory,
        *,
        rngs: nnx.Rngs,
    ):
        widths = [in_features, *(width for width, _ in stages)]
        self.convs = nnx.List(
            [
                Conv(before, after, stride=stride, rngs=rngs)
                for before, (after, stride) in zip(widths, stages, strict=False)
            ]
        )
        self.norms = nnx.List([batch_norm(width, rngs) for width in widths[1:]])
        self.layers = nnx.List([layer(width) for width in widths[1:]])
        self.head = nnx.Linear(widths[-1], classes, kernel_init=he_normal, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for conv, norm, layer in zip(self.convs, self.norms, self.layers, strict=True):
            x = layer(norm(conv(x)))
        return self.head(jnp.mean(x, axis=(1, 2)))


@dataclasses.dataclass(frozen=True)
class CNNConfig:
    """A CNN's arguments as a value that can be compared and pickled; called with a layer factory it makes one.

    Attributes:
      in_features: channels of the image.
      stages: (channels, stride) of each convolution.
      classes: number of outputs.

    Example:
      >>> import jax.numpy as jnp
      >>> from flax import nnx
      >>> network = CNNConfig(3, ((4, 1), (8, 2)), 9)(lambda features: nnx.relu, rngs=nnx.Rngs(0))
      >>> network(jnp.ones((2, 6, 6, 3))).shape
      (2, 9)
    """

    in_features: int
    stages: tuple[tuple[int, int], ...]
    classes: int

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> CNN:
        """Returns the network with `layer(features)` at each site."""
        return CNN(**vars(self), layer=layer, rngs=rngs)

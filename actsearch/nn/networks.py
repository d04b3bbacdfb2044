"""Networks with sites: each takes a factory `features -> layer` and puts one of those layers at every site."""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.nn.layer import LayerFactory

_he_normal = nnx.initializers.he_normal()


class MLP(nnx.Module):
    """A multilayer perceptron: (linear, layer) for each hidden width, then a linear head.

    Args:
      features: input features, hidden widths and outputs: `(64, 128, 128, 10)` has two hidden layers.
      layer: makes the layer of a site from its number of features.
      rngs: for the He-normal initial weights; biases start at 0.
    """

    def __init__(self, features: Sequence[int], layer: LayerFactory, *, rngs: nnx.Rngs):
        widths = list(features)
        self.linears = nnx.List(
            [nnx.Linear(a, b, kernel_init=_he_normal, rngs=rngs) for a, b in itertools.pairwise(widths)]
        )
        self.layers = nnx.List([layer(width) for width in widths[1:-1]])

    def __call__(self, x: jax.Array) -> jax.Array:
        for linear, layer in zip(self.linears, self.layers, strict=False):
            x = layer(linear(x))
        return self.linears[-1](x)


class Conv(nnx.Module):
    """A convolution without bias, square kernel, 'SAME' padding, NHWC.

    On CPU it is written as patches times a matrix: there, XLA runs a convolution inside a loop dozens of times slower.
    """

    def __init__(self, in_features: int, out_features: int, *, size: int = 3, stride: int = 1, rngs: nnx.Rngs):
        self.kernel = nnx.Param(_he_normal(rngs.params(), (size, size, in_features, out_features)))
        self.size, self.stride = size, stride

    def __call__(self, x: jax.Array) -> jax.Array:
        if jax.default_backend() == "cpu":
            return self._patches(x) @ self.kernel[...].reshape(-1, self.kernel.shape[-1])
        return jax.lax.conv_general_dilated(
            x, self.kernel[...], (self.stride, self.stride), self._padding(), dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    def _padding(self):
        return [((self.size - 1) // 2, self.size // 2)] * 2

    def _patches(self, x: jax.Array) -> jax.Array:
        """Returns [batch, height, width, size * size * features]: what each output position sees."""
        height, width = x.shape[1:3]
        padded = jnp.pad(x, ((0, 0), *self._padding(), (0, 0)))
        offsets = [(i, j) for i in range(self.size) for j in range(self.size)]
        step = self.stride
        return jnp.concatenate([padded[:, i : i + height : step, j : j + width : step] for i, j in offsets], axis=-1)


class PreActivationBlock(nnx.Module):
    """BatchNorm, layer, convolution, twice, beside a shortcut (He et al. 2016, Identity mappings)."""

    def __init__(self, in_features: int, out_features: int, stride: int, layer: LayerFactory, *, rngs: nnx.Rngs):
        self.norm1, self.layer1 = _batch_norm(in_features, rngs), layer(in_features)
        self.conv1 = Conv(in_features, out_features, stride=stride, rngs=rngs)
        self.norm2, self.layer2 = _batch_norm(out_features, rngs), layer(out_features)
        self.conv2 = Conv(out_features, out_features, rngs=rngs)
        same = in_features == out_features and stride == 1
        self.shortcut = None if same else Conv(in_features, out_features, size=1, stride=stride, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        h = self.layer1(self.norm1(x))
        shortcut = x if self.shortcut is None else self.shortcut(h)
        h = self.layer2(self.norm2(self.conv1(h)))
        return shortcut + self.conv2(h)


class ResNet(nnx.Module):
    """A pre-activation ResNet with one block a stage, and a layer before the average over the image.

    Args:
      in_features: channels of the image.
      stem: channels of the first convolution.
      stages: (channels, stride) of each block.
      classes: number of outputs.
      layer: makes the layer of a site from its number of features.
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
        rngs: nnx.Rngs,
    ):
        self.stem = Conv(in_features, stem, rngs=rngs)
        widths = [stem, *(width for width, _ in stages)]
        self.blocks = nnx.List(
            [
                PreActivationBlock(before, after, stride, layer, rngs=rngs)
                for before, (after, stride) in zip(widths, stages, strict=False)
            ]
        )
        self.norm, self.layer = _batch_norm(widths[-1], rngs), layer(widths[-1])
        self.head = nnx.Linear(widths[-1], classes, kernel_init=_he_normal, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(jnp.mean(self.layer(self.norm(x)), axis=(1, 2)))


def _batch_norm(features: int, rngs: nnx.Rngs) -> nnx.BatchNorm:
    return nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, rngs=rngs)

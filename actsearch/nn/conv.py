"""Convolutions that are fast inside a compiled loop on every device; beside them BatchNorm and an affine."""

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.nn.initial import he_normal

FEW = 64
"""Most channels of an input whose convolution is patches times a matrix on every device."""


Size = int | tuple[int, int]
"""Sides of a kernel, height and width; one number for both."""


class Conv(nnx.Module):
    """A convolution without bias, NHWC, padded alike on both sides, as PyTorch's: 'SAME' where the stride is 1.

    On CPU it is written as patches times a matrix: there, XLA runs a convolution inside a loop dozens of times slower.
    So it is where there are few channels: accelerators, which train many networks side by side, would have to run a
    convolution of many groups, and a batched matrix product suits them better.

    Args:
      in_features: channels of the input.
      out_features: channels of the output.
      size: of the kernel; (3, 1) is a series' kernel of 3 on [batch, length, 1, features].
      stride: of both axes.
      rngs: for the He-normal initial kernel, shape [height, width, in_features, out_features].
    """

    def __init__(self, in_features: int, out_features: int, *, size: Size = 3, stride: int = 1, rngs: nnx.Rngs):
        self.size, self.stride = (size, size) if isinstance(size, int) else size, stride
        self.kernel = nnx.Param(he_normal(rngs.params(), (*self.size, in_features, out_features)))

    def __call__(self, x: jax.Array) -> jax.Array:
        if jax.default_backend() == "cpu" or x.shape[-1] <= FEW:
            patches = jnp.concatenate(_shifted(x, self.size, self.stride), axis=-1)
            product: jax.Array = patches @ self.kernel[...].reshape(-1, self.kernel.shape[-1])
            return product
        return _convolve(x, self.kernel[...], self.stride)


class DepthwiseConv(nnx.Module):
    """A convolution of each channel with its own kernel; no bias, square kernel, NHWC, padded as Conv's.

    On CPU it is a sum over shifted slices, for the reason given at Conv; XLA fuses it into one pass over the image. It
    may then compute the layer before it once for each of the slices: nothing for a layer of sigmoids, ten times as
    slow for one of cosines, which the CPU computes by a long formula.

    Args:
      features: channels of input and output.
      size: side of the kernel.
      stride: of both axes.
      rngs: for the He-normal initial kernel, shape [size, size, 1, features].
    """

    def __init__(self, features: int, *, size: int = 3, stride: int = 1, rngs: nnx.Rngs):
        self.kernel = nnx.Param(he_normal(rngs.params(), (size, size, 1, features)))
        self.size, self.stride = size, stride

    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.kernel[...]
        if jax.default_backend() == "cpu":
            taps = kernel.reshape(-1, 1, 1, 1, kernel.shape[-1])
            parts = zip(_shifted(x, (self.size, self.size), self.stride), taps, strict=True)
            total: jax.Array = sum(part * tap for part, tap in parts)
            return total
        return _convolve(x, kernel, self.stride, groups=kernel.shape[-1])


def batch_norm(features: int, rngs: nnx.Rngs, *, zero: bool = False) -> nnx.BatchNorm:
    """Returns the BatchNorm of every network here: moving averages with momentum 0.9, epsilon 1e-5.

    Args:
      features: channels.
      rngs: Flax's random streams.
      zero: whether the scale starts at 0 and not at 1: for the last one of a residual branch, which is then the
        identity at the start (Goyal et al. 2017, section 5.1).
    """
    start = nnx.initializers.zeros if zero else nnx.initializers.ones
    return nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, scale_init=start, rngs=rngs)


def bare(x: jax.Array) -> jax.Array:
    """Returns its input: what stands for a BatchNorm where the layer itself normalises."""
    return x


class Affine(nnx.Module):
    """x * scale + offset, one trainable value of each per channel; it starts as the identity."""

    def __init__(self, features: int):
        self.scale, self.offset = nnx.Param(jnp.ones(features)), nnx.Param(jnp.zeros(features))

    def __call__(self, x: jax.Array) -> jax.Array:
        channels = (1,) * (x.ndim - 1) + (-1,)
        return x * self.scale[...].reshape(channels) + self.offset[...].reshape(channels)


def _padding(size: tuple[int, ...]) -> list[tuple[int, int]]:
    return [((side - 1) // 2, side // 2) for side in size]


def _shifted(x: jax.Array, size: tuple[int, int], stride: int) -> list[jax.Array]:
    """Returns an array [batch, height / stride, width / stride, features] for each tap of a kernel: what it sees."""
    height, width = x.shape[1:3]
    padded = jnp.pad(x, ((0, 0), *_padding(size), (0, 0)))
    offsets = [(i, j) for i in range(size[0]) for j in range(size[1])]
    return [padded[:, i : i + height : stride, j : j + width : stride] for i, j in offsets]


def _convolve(x: jax.Array, kernel: jax.Array, stride: int, groups: int = 1) -> jax.Array:
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        _padding(kernel.shape[:2]),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )

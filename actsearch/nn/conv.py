"""Convolutions that are fast inside a compiled loop on every device, and the affine that ends a linear projection."""

import jax
import jax.numpy as jnp
from flax import nnx

he_normal = nnx.initializers.he_normal()


class Conv(nnx.Module):
    """A convolution without bias, square kernel, 'SAME' padding, NHWC.

    On CPU it is written as patches times a matrix: there, XLA runs a convolution inside a loop dozens of times slower.
    """

    def __init__(self, in_features: int, out_features: int, *, size: int = 3, stride: int = 1, rngs: nnx.Rngs):
        self.kernel = nnx.Param(he_normal(rngs.params(), (size, size, in_features, out_features)))
        self.size, self.stride = size, stride

    def __call__(self, x: jax.Array) -> jax.Array:
        if jax.default_backend() == "cpu":
            patches = jnp.concatenate(_shifted(x, self.size, self.stride), axis=-1)
            product: jax.Array = patches @ self.kernel[...].reshape(-1, self.kernel.shape[-1])
            return product
        return _convolve(x, self.kernel[...], self.stride)


class DepthwiseConv(nnx.Module):
    """A convolution of each channel with its own kernel; no bias, square kernel, 'SAME' padding, NHWC.

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
            parts = zip(_shifted(x, self.size, self.stride), taps, strict=True)
            total: jax.Array = sum(part * tap for part, tap in parts)
            return total
        return _convolve(x, kernel, self.stride, groups=kernel.shape[-1])


class Affine(nnx.Module):
    """x * scale + offset, one trainable value of each per channel; it starts as the identity."""

    def __init__(self, features: int):
        self.scale, self.offset = nnx.Param(jnp.ones(features)), nnx.Param(jnp.zeros(features))

    def __call__(self, x: jax.Array) -> jax.Array:
        channels = (1,) * (x.ndim - 1) + (-1,)
        return x * self.scale[...].reshape(channels) + self.offset[...].reshape(channels)


def _padding(size: int) -> list[tuple[int, int]]:
    return [((size - 1) // 2, size // 2)] * 2


def _shifted(x: jax.Array, size: int, stride: int) -> list[jax.Array]:
    """Returns size * size arrays [batch, height / stride, width / stride, features]: what each tap of a kernel sees."""
    height, width = x.shape[1:3]
    padded = jnp.pad(x, ((0, 0), *_padding(size), (0, 0)))
    offsets = [(i, j) for i in range(size) for j in range(size)]
    return [padded[:, i : i + height : stride, j : j + width : stride] for i, j in offsets]


def _convolve(x: jax.Array, kernel: jax.Array, stride: int, groups: int = 1) -> jax.Array:
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        _padding(kernel.shape[0]),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )

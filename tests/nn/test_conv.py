"""The two forms of every convolution agree, in value and gradients; an affine starts as the identity."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch.nn import Affine, Conv, DepthwiseConv

RNG = np.random.default_rng(0)


def convolution(kind, size, stride):
    if kind == "depthwise":
        return DepthwiseConv(2, size=size, stride=stride, rngs=nnx.Rngs(0))
    return Conv(2, 5, size=size, stride=stride, rngs=nnx.Rngs(0))


@pytest.mark.parametrize(
    ("size", "stride", "side"), [(1, 1, 8), (1, 2, 8), (2, 1, 8), (3, 1, 8), (3, 2, 7), (3, 2, 8), (5, 1, 5), (5, 2, 9)]
)
@pytest.mark.parametrize("kind", ["full", "depthwise"])
def test_the_form_of_the_cpu_equals_xla(kind, size, stride, side, monkeypatch):
    """Value, and gradients of x and the kernel, against the convolution of every other device."""
    conv = convolution(kind, size, stride)
    x = jnp.asarray(RNG.normal(size=(3, side, side, 2)), jnp.float32)
    graph, state = nnx.split(conv)

    def pull(state, x):
        value, back = jax.vjp(lambda state, x: nnx.merge(graph, state)(x), state, x)
        return value, *jax.tree.leaves(back(jnp.cos(value)))

    def value_and_gradients(backend):
        monkeypatch.setattr(jax, "default_backend", lambda: backend)
        return jax.jit(lambda *args: pull(*args))(state, x)  # a function of its own: traced for this backend

    here, there = value_and_gradients("cpu"), value_and_gradients("gpu")
    for a, b in zip(here, there, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    out = -(-side // stride)
    assert here[0].shape == (3, out, out, 2 if kind == "depthwise" else 5)
    if stride == 1 and kind == "full":  # with a stride, "SAME" pads an even side differently from PyTorch and from here
        same = jax.lax.conv_general_dilated(
            x, conv.kernel[...], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        np.testing.assert_allclose(here[0], same, rtol=1e-4, atol=1e-4)


def test_depthwise_keeps_channels_apart():
    conv = DepthwiseConv(3, rngs=nnx.Rngs(0))
    x = jnp.asarray(RNG.normal(size=(2, 5, 5, 3)), jnp.float32)
    changed = conv(x.at[..., 1].set(7.0)) - conv(x)
    assert not np.asarray(changed[..., [0, 2]]).any()
    assert np.asarray(changed[..., 1]).any()


def test_depthwise_starts_he_normal():
    """The fan-in of a channel is its own kernel: 9."""
    kernel = DepthwiseConv(4_000, rngs=nnx.Rngs(0)).kernel[...]
    assert kernel.shape == (3, 3, 1, 4_000)
    assert float(jnp.std(kernel)) == pytest.approx((2 / 9) ** 0.5, rel=0.02)


def test_affine():
    affine, x = Affine(3), jnp.asarray(RNG.normal(size=(2, 4, 4, 3)), jnp.float32)
    np.testing.assert_array_equal(affine(x), x)
    affine.scale[...], affine.offset[...] = jnp.array([1.0, 2.0, 3.0]), jnp.array([0.5, 0.0, -1.0])
    np.testing.assert_allclose(affine(x), np.asarray(x) * [1, 2, 3] + [0.5, 0, -1], rtol=1e-6)

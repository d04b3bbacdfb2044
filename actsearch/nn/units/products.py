"""Layers of weights whose neurons multiply: quadratic neurons, polynomial layers, arithmetic units."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from actsearch.nn.units.checks import as_input, check_range, lifted


class QuadraticNeuron(nnx.Module):
    """A layer of neurons with two linear maps and squares: relu((wr.x + br) (wg.x + bg) + wb.x^2 + c).

    Starts as an ordinary layer, wg = 0, bg = 1, wb = 0 and c = 0 ("ReLinear"); the paper trains wg and wb at a smaller
    rate, which is the optimizer's.

    Args:
      in_features: size of the last axis of the input.
      out_features: size of that of the result.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Source: Fan et al. 2023, On Expressivity and Trainability of Quadratic Networks; from memory of the paper.

    Example:
      >>> QuadraticNeuron(3, 2, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).shape
      (5, 2)
    """

    def __init__(self, in_features: int, out_features: int, *, param_dtype: DTypeLike = jnp.float32, rngs: nnx.Rngs):
        self.in_features = in_features
        self.ordinary = nnx.Linear(in_features, out_features, param_dtype=param_dtype, rngs=rngs)
        self.gate = nnx.Linear(
            in_features,
            out_features,
            kernel_init=nnx.initializers.zeros,
            bias_init=nnx.initializers.ones,
            param_dtype=param_dtype,
            rngs=rngs,
        )
        self.square = nnx.Linear(
            in_features, out_features, kernel_init=nnx.initializers.zeros, param_dtype=param_dtype, rngs=rngs
        )

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("QuadraticNeuron", self.in_features, x)
        return jax.nn.relu(self.ordinary(x) * self.gate(x) + self.square(jnp.square(x)))


class MuLayer(nnx.Module):
    """A multilinear layer: C (a + alpha a b), a = LN(U1 x), b = LN(U3 U2 x) with U2 of low rank.

    Args:
      in_features: size of the last axis of the input.
      out_features: size of that of the result, and of a and b.
      shrink: features of a over the rank of U2, at least 1.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Source: Cheng et al. 2024, Multilinear Operator Networks, the authors' code: alpha starts at 1, biases of the first
      maps too. It normalises twice, and so is no polynomial.

    Example:
      >>> MuLayer(3, 8, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).shape
      (5, 8)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        shrink: int = 8,
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        check_range("MuLayer", "shrink", shrink, 1)
        self.in_features, rank = in_features, max(1, out_features // shrink)

        def linear(inputs: int, outputs: int) -> nnx.Linear:
            ones = nnx.initializers.ones
            return nnx.Linear(inputs, outputs, bias_init=ones, param_dtype=param_dtype, rngs=rngs)

        def norm() -> nnx.LayerNorm:
            return nnx.LayerNorm(out_features, use_fast_variance=False, param_dtype=param_dtype, rngs=rngs)

        self.first, self.down, self.up = (
            linear(in_features, out_features),
            linear(in_features, rank),
            linear(rank, out_features),
        )
        self.norm, self.other_norm = norm(), norm()
        self.last = nnx.Linear(out_features, out_features, param_dtype=param_dtype, rngs=rngs)
        self.alpha = nnx.Param(jnp.ones((), param_dtype))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("MuLayer", self.in_features, x)
        a, b = self.norm(self.first(x)), self.other_norm(self.up(self.down(x)))
        return self.last(a + lifted(self.alpha[...], a.ndim) * a * b)


class PiNet(nnx.Module):
    """A polynomial of the input: h_1 = U_1 x, h_n = (U_n x) h_(n-1) + h_(n-1), y = C h_N + b.

    Args:
      in_features: size of the last axis of the input.
      out_features: size of that of the result, and of each h.
      order: N, the degree, at least 1; 1 is a linear map.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Source: Chrysos et al. 2020, P-nets: Deep Polynomial Neural Networks, the model CCP; from memory of the paper.

    Example:
      >>> PiNet(3, 2, rngs=nnx.Rngs(0))(jnp.zeros((5, 3))).tolist()[0]
      [0.0, 0.0]
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        order: int = 3,
        param_dtype: DTypeLike = jnp.float32,
        rngs: nnx.Rngs,
    ):
        check_range("PiNet", "order", order, 1)
        self.in_features = in_features
        draw = nnx.initializers.lecun_normal()
        shape = (order, in_features, out_features)
        self.factors = nnx.Param(
            jnp.stack([draw(rngs.params(), shape[1:], param_dtype) for _ in range(order)]),
        )
        self.last = nnx.Linear(out_features, out_features, param_dtype=param_dtype, rngs=rngs)

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("PiNet", self.in_features, x)
        first, *others = self.factors[...]
        hidden = x @ first
        for factor in others:
            hidden = (x @ factor) * hidden + hidden
        return self.last(hidden)


class NAU(nnx.Module):
    """Neural addition unit: x W with W within +-1, which a regulariser pulls to -1, 0 and 1.

    Args:
      in_features: size of the last axis of the input.
      out_features: size of that of the result.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      weights: W, [in_features, out_features], uniform within +-sqrt(6 / (in + out)), at most 0.5.

    Source: Madsen, Johansen 2020, Neural Arithmetic Units; from memory of the paper.

    Example:
      >>> NAU(3, 2, rngs=nnx.Rngs(0))(jnp.zeros((5, 3))).tolist()[0]
      [0.0, 0.0]
    """

    def __init__(self, in_features: int, out_features: int, *, param_dtype: DTypeLike = jnp.float32, rngs: nnx.Rngs):
        self.in_features = in_features
        bound = min(0.5, (6 / (in_features + out_features)) ** 0.5)
        shape = in_features, out_features
        self.weights = nnx.Param(jax.random.uniform(rngs.params(), shape, param_dtype, -bound, bound))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("NAU", self.in_features, x)
        return x @ jnp.maximum(-1, jnp.minimum(1, self.weights[...]))


class NMU(nnx.Module):
    """Neural multiplication unit: y_j = prod_i (M_ij x_i + 1 - M_ij) with M within 0 to 1.

    An input whose M is 0 is left out. Products over many inputs overflow; there is no logarithm, for inputs may be
    negative. A regulariser, switched on late, pulls M to 0 and 1.

    Args:
      in_features: size of the last axis of the input.
      out_features: size of that of the result.
      param_dtype: of the parameters.
      rngs: with a stream "params".

    Attributes:
      weights: M, [in_features, out_features], uniform from 0.25 to 0.75.

    Source: Madsen, Johansen 2020, Neural Arithmetic Units, the authors' code.

    Example:
      >>> NMU(3, 2, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).round(3).tolist()[0]
      [1.0, 1.0]
    """

    def __init__(self, in_features: int, out_features: int, *, param_dtype: DTypeLike = jnp.float32, rngs: nnx.Rngs):
        self.in_features = in_features
        shape = in_features, out_features
        self.weights = nnx.Param(jax.random.uniform(rngs.params(), shape, param_dtype, 0.25, 0.75))

    def __call__(self, x: jax.typing.ArrayLike) -> jax.Array:
        """Returns [..., out_features] of x, [..., in_features]."""
        x = as_input("NMU", self.in_features, x)
        share = lifted(jnp.maximum(0, jnp.minimum(1, self.weights[...])), x.ndim + 1)
        return jnp.prod(share * x[..., None] + 1 - share, axis=-2)

"""Jets: value and derivatives of a program at many points in float64, primitive by primitive.

Each primitive is compiled once for blocks of one size, whatever program holds it, so that a card takes seconds and the
whole catalog little more.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.language import PRIMITIVES, Program, nans_allowed

BLOCK = 4096
"""Points of one evaluation; fewer are filled up, more are done in turns."""

ORDER = 3
"""Highest derivative."""


def jets(program: Program, x: np.ndarray, order: int = 0) -> np.ndarray:
    """Returns a program's value and derivatives by `x`, at the initial values of its parameters.

    Derivatives are those of automatic differentiation, with its conventions at kinks.

    Args:
      program: of the one input `x`, without reductions.
      x: float64, of any shape.
      order: highest derivative, 0 to ORDER.

    Returns:
      float64 `[order + 1, *x.shape]`; NaN or infinite where the program is.

    Example:
      >>> from actsearch.language import parse
      >>> jets(parse("x^3"), np.array([2.0]), 2).ravel().tolist()
      [8.0, 12.0, 12.0]
    """
    flat = np.asarray(x, float).ravel()
    if not flat.size:
        return np.zeros((order + 1, *np.shape(x)))
    count = -(-flat.size // BLOCK)
    padded = np.pad(flat, (0, count * BLOCK - flat.size), mode="edge")
    with jax.enable_x64(True), nans_allowed():
        blocks = [_block(program, block, order) for block in padded.reshape(count, BLOCK)]
    return np.concatenate(blocks, axis=1)[:, : flat.size].reshape(order + 1, *np.shape(x))


def _block(program: Program, x: np.ndarray, order: int) -> np.ndarray:
    initial = dict(program.parameters)
    values: list[Any] = []
    for op, args, payload in program.nodes:
        if args:
            values.append(_compiled(PRIMITIVES[op].function, order)(*(values[arg] for arg in args)))
        elif op == "input":
            values.append(_leaf(x, 1.0, order))
        else:
            value = payload if op == "constant" else initial[str(payload)]
            values.append(_leaf(np.full(len(x), value), 0.0, order))
    return np.asarray(values[-1])


def _leaf(value: np.ndarray, slope: float, order: int) -> np.ndarray:
    rows = np.zeros((order + 1, len(value)))
    rows[0], rows[1:2] = value, slope
    return rows


@functools.lru_cache(maxsize=1024)
def _compiled(function: Callable[..., jax.Array], order: int) -> Callable[..., jax.Array]:
    """Returns a primitive on jets: the derivatives at t = 0 of it along the curves that the operands' jets describe."""

    def derivatives(*jets: jax.Array) -> jax.Array:
        operands = [_finite(jet) for jet in jets]

        def along(t: jax.Array) -> jax.Array:
            return function(*(_polynomial(operand, t) for operand in operands))

        start, rows = jnp.zeros_like(jets[0][0]), [function(*(jet[0] for jet in jets))]
        derivative: Callable[[jax.Array], jax.Array] = along
        for _ in range(order):
            derivative = _derivative(derivative)
            rows.append(derivative(start))
        return jnp.stack(rows)

    return jax.jit(derivatives)


def _finite(jet: jax.Array) -> jax.Array:
    """Returns a jet whose infinite derivatives do not reach its value as 0 inf: they are the largest number.

    Where the value itself is infinite they are 0, so that min(1, cosh(x)) has slope 0 for every x.
    """
    most = jnp.finfo(jet.dtype).max  # type: ignore[no-untyped-call]
    slopes = jnp.where(jnp.isinf(jet[:1]), 0, jnp.clip(jet[1:], -most, most))
    return jnp.concatenate([jet[:1], slopes])


def _polynomial(coefficients: jax.Array, t: jax.Array) -> jax.Array:
    """Returns the sum of coefficients[k] t^k / k!."""
    rows: Sequence[jax.Array] = list(coefficients)
    value = rows[-1]
    for k in range(len(rows) - 1, 0, -1):
        value = rows[k - 1] + t / k * value
    return value


def _derivative(function: Callable[[jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    return lambda t: jax.jvp(function, (t,), (jnp.ones_like(t),))[1]

"""Kernel: the dual kernels of an activation, those of infinitely wide networks, from its Hermite coefficients.

E f(u) f(v) of standard normal u, v of correlation c is sum a_n^2 c^n, with a_n the normalised Hermite coefficients
(Daniely et al. 2016, 'Toward deeper understanding of neural networks', section 4.2); for f' the coefficients
are (n + 1) a_{n+1}^2.
"""

import numpy as np

from actsearch.language import Program
from actsearch.properties.curve import curve_of
from actsearch.properties.moments import DEGREES, hermite, second_moment, slope_moment
from actsearch.properties.quadrature import samples_of
from actsearch.properties.quantity import Measured, rows

_SHOWN = 6
_CORRELATIONS = (-1.0, -0.5, 0.0, 0.5, 0.9)
_ROUNDED = 2e-6  # half a digit of what is shown, and 0.9^128 of what the series leaves


def dual_kernel(program: Program, correlation: np.ndarray | float) -> np.ndarray:
    """Returns E f(u) f(v) for standard normal u, v: the NNGP kernel of one layer.

    The series has 128 terms; what is left, of even and of odd degrees, is taken at the next even and odd power, so that
    the values at 1 and -1 are exact. The error is below that rest times `|c|^128`.

    Args:
      program: an activation.
      correlation: of u and v, -1 to 1, of any shape.

    Example:
      >>> from actsearch.language import parse
      >>> round(float(dual_kernel(parse("relu(x)"), 0.0)), 6)  # 1 / (2 pi)
      0.159155
    """
    return _series(np.square(hermite(program)), second_moment(program).value, _mirrored(program, 0), correlation)


def slope_kernel(program: Program, correlation: np.ndarray | float) -> np.ndarray:
    """Returns E f'(u) f'(v) for standard normal u, v, of a function without jumps; as `dual_kernel`."""
    squares = np.arange(1, DEGREES) * np.square(hermite(program)[1:])
    return _series(squares, slope_moment(program).value, _mirrored(program, 1), correlation)


def ntk(program: Program, correlation: np.ndarray | float) -> np.ndarray:
    """Returns the tangent kernel of one hidden layer, both layers trained: E f(u) f(v) + c E f'(u) f'(v)."""
    correlation = np.asarray(correlation, float)
    kernel: np.ndarray = dual_kernel(program, correlation) + correlation * slope_kernel(program, correlation)
    return kernel


def correlation_map(program: Program, correlation: np.ndarray | float) -> np.ndarray:
    """Returns C(c), the correlation of two inputs after a layer of He weights: the dual kernel over its value at 1."""
    value: np.ndarray = dual_kernel(program, correlation) / second_moment(program).value
    return value


def _mirrored(program: Program, order: int) -> float:
    """Returns E f(z) f(-z), the kernel at -1, or that of the slope."""
    rule, rows = samples_of(program).rows[0]
    return float((rows[order] * rows[order][::-1]) @ rule.weights)


def _series(squares: np.ndarray, total: float, mirrored: float, correlation: np.ndarray | float) -> np.ndarray:
    """Returns the sum of squares[n] c^n, with rests that make it `total` at 1 and `mirrored` at -1."""
    sums = {0: (total + mirrored) / 2, 1: (total - mirrored) / 2}
    degrees = np.arange(len(squares) + 2)
    rests = [max(0.0, sums[degree % 2] - float(squares[degree % 2 :: 2].sum())) for degree in degrees[-2:]]
    powers = np.asarray(correlation, float)[..., None] ** degrees
    value: np.ndarray = powers @ np.append(squares, rests)
    return value


def _spectrum(program: Program) -> Measured:
    total = second_moment(program).value
    if not 0 < total < np.inf:
        return Measured(None, "quadrature")
    shares = np.square(hermite(program, _SHOWN)) / total
    return Measured(tuple(float(share) for share in shares.round(9)), "quadrature", 1e-9)


def _map(program: Program) -> Measured:
    if not 0 < second_moment(program).value < np.inf:
        return Measured(None, "quadrature")
    values = correlation_map(program, np.array(_CORRELATIONS))
    return Measured(tuple(zip(_CORRELATIONS, values.round(6).tolist(), strict=True)), "quadrature", _ROUNDED)


def _tangent(program: Program) -> Measured:
    jumps = any(kink.order == 0 for kink in curve_of(program).kinks)
    value, slope = second_moment(program), slope_moment(program)
    total = value.value + slope.value
    if jumps or not 0 < total < np.inf:
        return Measured(None, "quadrature")
    pairs = zip(_CORRELATIONS, (ntk(program, np.array(_CORRELATIONS)) / total).round(6).tolist(), strict=True)
    return Measured(tuple(pairs), "quadrature", _ROUNDED + (value.error + slope.error) / total)


KERNEL = rows(
    "kernels of infinite width",
    (
        "correlation_map",
        _map,
        "(c, C(c)): correlation of two inputs before and after a layer of He weights, the NNGP kernel",
    ),
    ("tangent_kernel", _tangent, "(c, NTK(c) / NTK(1)) of one hidden layer"),
    ("spectrum", _spectrum, f"share of E f^2 at degree n = 0 to {_SHOWN - 1}: the kernel's spectrum on normal inputs"),
)
"""The family's properties."""

"""Sparsity: how often an activation and its slope are zero or nearly so, and how few levels a slope needs."""

import numpy as np

from actsearch.language import Program
from actsearch.properties.curve import GRID, curve_of
from actsearch.properties.quadrature import normal_mass
from actsearch.properties.quantity import Measured, rows
from actsearch.properties.shape import turning_points

SATURATED = 0.01
"""A slope whose magnitude is below it lets hardly a gradient through."""

_BITS = (1, 2, 3, 4)


def _zeros(program: Program) -> Measured:
    return Measured(normal_mass(program, lambda rows: rows[0] == 0, 0), "grid", 1e-9)


def _zero_slopes(program: Program) -> Measured:
    return Measured(normal_mass(program, lambda rows: rows[1] == 0, 1), "grid", 1e-9)


def _saturated(program: Program) -> Measured:
    turns = [*turning_points(program), *turning_points(program, 1)]  # where the slope is 0 or least
    return Measured(normal_mass(program, lambda rows: np.abs(rows[1]) < SATURATED, 1, turns), "grid", 1e-9)


def few_bit_errors(program: Program, bits: tuple[int, ...] = _BITS) -> dict[int, float]:
    """Returns the error of the best slope that is constant on 2^bits intervals, which a backward pass may store.

    error = sqrt(E (f'(z) - s(z))^2 / E f'(z)^2) under z ~ N(0, 1), least over the intervals and their values, by
    dynamic programming over cells of 0.02 within +-5.

    Args:
      program: an activation.
      bits: of the code of an interval.

    Source: Novikov et al. 2022, 'Few-bit Backward: Quantized Gradients of Activation Functions for Memory Footprint
    Reduction'. Different here: the weight is the normal density, not uniform.

    Example:
      >>> from actsearch.language import parse
      >>> few_bit_errors(parse("relu(x)"), (1,))[1] < 1e-6
      True
    """
    inside = np.flatnonzero(np.abs(GRID) <= 5)[::2]
    x, slope = GRID[inside], curve_of(program).rows[1, inside]
    weight = np.exp(-np.square(x) / 2)
    scale = np.max(np.abs(slope)) or 1.0
    total = float(weight @ np.square(slope / scale)) or 1.0
    least = _least_errors(slope / scale, weight, 2 ** max(bits))
    return {bit: float(np.sqrt(max(0.0, least[2**bit - 1]) / total)) for bit in bits}


def _least_errors(values: np.ndarray, weights: np.ndarray, most: int) -> np.ndarray:
    """Returns the least weighted squared error with 1 to `most` constant pieces."""
    sums = [np.concatenate([[0.0], np.cumsum(weights * values**power)]) for power in range(3)]
    mass, first, second = (row[None, :] - row[:, None] for row in sums)
    with np.errstate(all="ignore"):
        cost = np.where(mass > 0, np.maximum(second - first**2 / mass, 0), np.inf)  # [from, to)
    best, errors = cost[0], [cost[0, -1]]
    for _ in range(1, most):
        best = np.min(np.minimum(best, np.inf)[:, None] + cost, axis=0)
        errors.append(best[-1])
    return np.minimum.accumulate(errors)


def _few_bits(program: Program) -> Measured:
    errors = few_bit_errors(program)
    return Measured({f"{bits} bit": round(error, 4) + 0.0 for bits, error in errors.items()}, "grid", 1e-2)


SPARSITY = rows(
    "sparsity, under a standard normal input z",
    ("zero_values", _zeros, "P(f(z) = 0), exactly 0 in float64"),
    ("zero_slopes", _zero_slopes, "P(f'(z) = 0): units that pass no gradient"),
    ("saturated", _saturated, f"P(|f'(z)| < {SATURATED})"),
    ("few_bit_backward", _few_bits, "relative error of the best slope of 2^bits levels"),
)
"""The family's properties."""

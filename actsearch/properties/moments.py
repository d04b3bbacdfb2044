"""Moments: what an activation makes of a standard normal input, and the gains of weights that follow."""

import functools
import math

import numpy as np

from actsearch.language import Program
from actsearch.properties.quadrature import Expectation, samples_of
from actsearch.properties.quantity import Measured, rows

DEGREES = 128
"""Hermite coefficients of a series."""

_SHOWN = 8


def mean(program: Program) -> Expectation:
    """Returns E f(z), z ~ N(0, 1)."""
    return samples_of(program).expect(lambda z, f, slope: f)


def second_moment(program: Program) -> Expectation:
    """Returns E f(z)^2."""
    return samples_of(program).expect(lambda z, f, slope: f**2)


def variance(program: Program) -> Expectation:
    """Returns Var f(z)."""
    centre = mean(program).value
    return samples_of(program).expect(lambda z, f, slope: (f - centre) ** 2)


def slope_moment(program: Program) -> Expectation:
    """Returns E f'(z)^2."""
    return samples_of(program).expect(lambda z, f, slope: slope**2)


def mean_slope(program: Program) -> Expectation:
    """Returns E f'(z), off the jumps of f."""
    return samples_of(program).expect(lambda z, f, slope: slope)


def hermite(program: Program, degrees: int = DEGREES) -> np.ndarray:
    """Returns the coefficients of f in normalised Hermite polynomials, E f(z) He_n(z) / sqrt(n!), float64 [degrees].

    Their squares add up to E f(z)^2.

    Example:
      >>> from actsearch.language import parse
      >>> (hermite(parse("relu(x)"), 4).round(6) + 0.0).tolist()
      [0.398942, 0.5, 0.282095, 0.0]
    """
    return _hermite(program)[:degrees].copy()


@functools.lru_cache(maxsize=64)
def _hermite(program: Program) -> np.ndarray:
    rule, (value, _) = samples_of(program).rows[0]
    coefficients = np.zeros(DEGREES)
    before, now = np.zeros_like(rule.points), np.ones_like(rule.points)
    for n in range(DEGREES):
        coefficients[n] = (value * now) @ rule.weights
        before, now = now, (rule.points * now - math.sqrt(n) * before) / math.sqrt(n + 1)
    return coefficients


def _measured(expectation: Expectation) -> Measured:
    value, error = expectation
    return Measured(value if math.isfinite(value) else math.inf, "quadrature", error if math.isfinite(error) else 0.0)


def _gain(moment: Expectation) -> Measured:
    """Returns 1 / sqrt(moment) and its error."""
    value, error = moment
    if not 1e-30 < value < math.inf:
        return Measured(None, "quadrature")  # a constant has no gain, and one that overflows none either
    return Measured(value**-0.5, "quadrature", error / (2 * value**1.5))


def _coefficients(program: Program) -> Measured:
    return Measured(tuple(float(c) for c in hermite(program, _SHOWN).round(12) + 0.0), "quadrature", 1e-12)


MOMENTS = rows(
    "under a standard normal input z",
    ("mean", lambda program: _measured(mean(program)), "E f(z)"),
    ("variance", lambda program: _measured(variance(program)), "Var f(z)"),
    ("second_moment", lambda program: _measured(second_moment(program)), "E f(z)^2"),
    ("mean_slope", lambda program: _measured(mean_slope(program)), "E f'(z)"),
    ("slope_moment", lambda program: _measured(slope_moment(program)), "E f'(z)^2"),
    (
        "he_gain",
        lambda program: _gain(second_moment(program)),
        "1 / sqrt(E f^2): weights of variance gain^2 / fan-in keep the scale",
    ),
    ("nf_gain", lambda program: _gain(variance(program)), "1 / std f: the gain of networks without normaliser"),
    ("hermite", _coefficients, f"E f(z) He_n(z) / sqrt(n!) for n = 0 to {_SHOWN - 1}"),
)
"""The family's properties."""

"""Gate: what a function of two inputs makes of two independent standard normal ones."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine import to_function
from actsearch.language import Program, nans_allowed
from actsearch.properties.quadrature import normal_rule
from actsearch.properties.quantity import Measured, rows

_SAME = 1e-9
_POINTS = 6  # of a panel


@functools.lru_cache(maxsize=16)
def _samples(program: Program) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns f, its slope by x and its slope by y on pairs of points, float64 [points, points] each."""
    rule = normal_rule((0.0,), _POINTS)
    function = to_function(program)
    with jax.enable_x64(True), nans_allowed():
        x, y = (jnp.asarray(v) for v in np.meshgrid(rule.points, rule.points, indexing="ij"))
        value, pull = jax.vjp(function, x, y)
        by_x, by_y = pull(jnp.ones_like(value))
        return np.asarray(value), np.asarray(by_x), np.asarray(by_y)


def _expect(values: np.ndarray) -> float:
    weights = normal_rule((0.0,), _POINTS).weights
    return float(weights @ values @ weights)


def _mean(program: Program) -> Measured:
    return Measured(_expect(_samples(program)[0]), "quadrature", 1e-4)


def _second_moment(program: Program) -> Measured:
    return Measured(_expect(_samples(program)[0] ** 2), "quadrature", 1e-4)


def _gain(program: Program) -> Measured:
    moment = _second_moment(program).value
    return Measured(moment**-0.5 if 0 < moment < math.inf else None, "quadrature", 1e-4)


def _slope(which: int, program: Program) -> Measured:
    return Measured(_expect(_samples(program)[which] ** 2), "quadrature", 1e-4)


def _linear(which: int, program: Program) -> Measured:
    """Returns whether f is linear in one input: of constant slope by it, and 0 where it is."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 200))
    with jax.enable_x64(True), nans_allowed():
        pairs = [(x, y), (3 * x, y), (0 * x, y)] if which == 0 else [(x, y), (x, 3 * y), (x, 0 * y)]
        once, thrice, zero = (np.asarray(to_function(program)(jnp.asarray(a), jnp.asarray(b))) for a, b in pairs)
    scale = _SAME * (1 + np.abs(thrice))
    linear = (np.abs(zero) <= scale).all() and (np.abs(thrice - 3 * once) <= scale).all()
    negated = _odd(which, program, x, y)
    return Measured("yes" if linear and negated else "no", "sampled")


def _odd(which: int, program: Program, x: np.ndarray, y: np.ndarray) -> bool:
    with jax.enable_x64(True), nans_allowed():
        function = to_function(program)
        once = np.asarray(function(jnp.asarray(x), jnp.asarray(y)))
        other = (-x, y) if which == 0 else (x, -y)
        negated = np.asarray(function(*(jnp.asarray(v) for v in other)))
    return bool((np.abs(once + negated) <= _SAME * (1 + np.abs(once))).all())


GATE = rows(
    "a gate, of independent standard normal x and y",
    ("mean", _mean, "E f(x, y)"),
    ("second_moment", _second_moment, "E f(x, y)^2"),
    ("he_gain", _gain, "1 / sqrt(E f^2)"),
    ("slope_moment_x", functools.partial(_slope, 1), "mean square of the slope by x"),
    ("slope_moment_y", functools.partial(_slope, 2), "mean square of the slope by y"),
    ("linear_in_x", functools.partial(_linear, 0), "whether f is linear in x"),
    ("linear_in_y", functools.partial(_linear, 1), "whether f is linear in y, so that y alone scales the output"),
    kinds=("gate",),
)
"""The family's properties."""

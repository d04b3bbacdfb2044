"""Gate: what a function of two inputs makes of two independent standard normal ones."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine import to_function
from actsearch.language import ActsearchError, Program, nans_allowed
from actsearch.properties.quadrature import Rule, normal_rule
from actsearch.properties.quantity import Measured, rows

_SAME = 1e-9
_POINTS, _FEWER = 6, 4  # of a panel, for the value and for its error


def _function(program: Program) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Returns a gate as a function; raises ActsearchError for one with statistics, which no pair of numbers has."""
    if program.reductions:
        raise ActsearchError(
            f"{program} reads x and y and takes statistics of them; this needs a gate without: leave out "
            f"{program.reductions[0].name}, or name properties of its cost alone."
        )
    return to_function(program)


@functools.lru_cache(maxsize=16)
def _samples(program: Program, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns f, its slope by x and its slope by y on pairs of points, float64 [points, points] each."""
    points = [rule.points for rule in _rules(count)]
    function = _function(program)
    with jax.enable_x64(True), nans_allowed():
        x, y = (jnp.asarray(v) for v in np.meshgrid(*points, indexing="ij"))
        value, pull = jax.vjp(function, x, y)
        by_x, by_y = pull(jnp.ones_like(value))
        return np.asarray(value), np.asarray(by_x), np.asarray(by_y)


def _rules(count: int) -> tuple[Rule, Rule]:
    """Returns the rules of x and y; their points differ, so that none lies on the kink of max(x, y)."""
    return normal_rule((0.0,), count), normal_rule((0.0,), count + 1)


def _expect(which: int, power: int, program: Program) -> Measured:
    """Returns the mean of a power of f, or of a slope; None where it is not finite for every input."""
    found = []
    for count in (_POINTS, _FEWER):
        first, second = _rules(count)
        with np.errstate(all="ignore"):
            found.append(float(first.weights @ _samples(program, count)[which] ** power @ second.weights))
    if not np.isfinite(found).all():
        return Measured(None, "quadrature")
    return Measured(found[0], "quadrature", abs(found[0] - found[1]))


def _gain(program: Program) -> Measured:
    moment = _expect(0, 2, program)
    if moment.value is None or moment.value <= 0:
        return Measured(None, "quadrature")
    return Measured(moment.value**-0.5, "quadrature", moment.error / (2 * moment.value**1.5))


def _linear(which: int, program: Program) -> Measured:
    """Returns whether f is linear in one input: of constant slope by it, and 0 where it is."""
    function, rng = _function(program), np.random.default_rng(0)
    x, y = rng.standard_normal((2, 200))
    with jax.enable_x64(True), nans_allowed():
        pairs = [(x, y), (3 * x, y), (0 * x, y)] if which == 0 else [(x, y), (x, 3 * y), (x, 0 * y)]
        once, thrice, zero = (np.asarray(function(jnp.asarray(a), jnp.asarray(b))) for a, b in pairs)
    scale = _SAME * (1 + np.abs(thrice))
    linear = (np.abs(zero) <= scale).all() and (np.abs(thrice - 3 * once) <= scale).all()
    negated = _odd(which, program, x, y)
    return Measured("yes" if linear and negated else "no", "sampled")


def _odd(which: int, program: Program, x: np.ndarray, y: np.ndarray) -> bool:
    with jax.enable_x64(True), nans_allowed():
        function = _function(program)
        once = np.asarray(function(jnp.asarray(x), jnp.asarray(y)))
        other = (-x, y) if which == 0 else (x, -y)
        negated = np.asarray(function(*(jnp.asarray(v) for v in other)))
    return bool((np.abs(once + negated) <= _SAME * (1 + np.abs(once))).all())


GATE = rows(
    "a gate, of independent standard normal x and y",
    ("mean", functools.partial(_expect, 0, 1), "E f(x, y)"),
    ("second_moment", functools.partial(_expect, 0, 2), "E f(x, y)^2"),
    ("he_gain", _gain, "1 / sqrt(E f^2)"),
    ("slope_moment_x", functools.partial(_expect, 1, 2), "mean square of the slope by x"),
    ("slope_moment_y", functools.partial(_expect, 2, 2), "mean square of the slope by y"),
    ("linear_in_x", functools.partial(_linear, 0), "whether f is linear in x"),
    ("linear_in_y", functools.partial(_linear, 1), "whether f is linear in y, so that y alone scales the output"),
    kinds=("gate",),
)
"""The family's properties."""

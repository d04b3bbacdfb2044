"""Shape: range, parity, monotony, convexity, kinks, slopes, homogeneity and the correctness of gradients."""

import functools
import math
from typing import Any

import numpy as np

from actsearch.language import Program
from actsearch.properties.asymptotics import End, ends
from actsearch.properties.curve import GRID, Kink, curve_of
from actsearch.properties.derivatives import ORDER, jets
from actsearch.properties.quantity import Measured, rows

_FLAT = 1e-12  # a derivative below it, relative to 1 + |f|, counts as 0
_MIDDLE = 5.0
_SAME = 1e-9  # values that differ by less, relative to 1 + |f|, are equal


def turning_points(program: Program, order: int = 0) -> tuple[float, ...]:
    """Returns where a derivative turns from rising to falling or back, from left to right, `|x| <= 20`.

    Args:
      program: an activation.
      order: of the derivative, 0 for the function itself.

    Example:
      >>> from actsearch.language import parse
      >>> turning_points(parse("x^2"))
      (0.0,)
    """
    return _turning_points(program, order)


@functools.lru_cache(maxsize=256)
def _turning_points(program: Program, order: int) -> tuple[float, ...]:
    curve = curve_of(program)
    signs = _signs(curve.rows, order + 1)
    places = np.flatnonzero(signs)
    changes = np.flatnonzero(np.diff(signs[places]))
    low, high = GRID[places[changes]], GRID[places[changes + 1]]
    after = signs[places[changes + 1]]
    if not len(low):
        return ()

    def turned(x: np.ndarray) -> np.ndarray:
        there: np.ndarray = _signs(jets(program, x, order + 1), order + 1) == after
        return there

    points = curve.bisect(low, high, turned)
    return tuple(round(float(x), 9) + 0.0 for x in points)


def _signs(derivatives: np.ndarray, order: int) -> np.ndarray:
    slope = derivatives[order]
    signs: np.ndarray = np.where(np.abs(slope) > _FLAT * (1 + np.abs(derivatives[0])), np.sign(slope), 0)
    return signs


def _extrema(program: Program) -> Measured:
    points = turning_points(program)
    pairs = tuple((x, float(curve_of(program)(np.array([x]))[0])) for x in points)
    return Measured(pairs, "grid", 1e-9)


def _turns(program: Program) -> Measured:
    return Measured(len(turning_points(program)), "grid")


def _bounds(program: Program) -> tuple[float, float]:
    """Returns infimum and supremum."""
    curve = curve_of(program)
    points = np.array(turning_points(program))
    jumps = [side for kink in curve.kinks if kink.order == 0 for side in (kink.left, kink.right)]
    known = np.concatenate([curve.rows[0], curve(points) if len(points) else points, jumps])
    low, high = [float(known.min())], [float(known.max())]
    for end in ends(program):
        grown = math.inf if end.up else -math.inf
        far = end.values or ((end.limit,) if end.kind == "constant" else (grown,))
        low, high = [*low, *far], [*high, *far]
    return _tidy(min(low)), _tidy(max(high))


def _lower(program: Program) -> Measured:
    return Measured(_bounds(program)[0], "grid", 1e-9)


def _upper(program: Program) -> Measured:
    return Measured(_bounds(program)[1], "grid", 1e-9)


def _parity(program: Program) -> Measured:
    x = GRID[GRID > 0]
    left, right = curve_of(program)(np.stack([-x, x]))
    scale = _SAME * (1 + np.abs(left) + np.abs(right))
    if (np.abs(left - right) <= scale).all():
        return Measured("even", "grid")
    middle = (left + right) / 2
    if (np.abs(middle - middle[0]) <= scale).all():
        centre = _tidy(middle[0])
        return Measured("odd" if centre == 0 else f"odd about (0, {centre:.6g})", "grid")
    return Measured("neither", "grid")


def _monotone(program: Program) -> Measured:
    jumps = {float(np.sign(kink.right - kink.left)) for kink in curve_of(program).kinks if kink.order == 0}
    signs = _signs(curve_of(program).rows, 1)
    ways = {1.0, -1.0} & {*np.unique(signs), *jumps, *np.sign(curve_of(program).slope(curve_of(program).ramps))}
    if turning_points(program) or len(ways) > 1:
        return Measured("no", "grid")
    strict = "" if signs[np.abs(GRID) <= _MIDDLE].all() else "weakly "  # tails saturate
    words = {1.0: "increasing", -1.0: "decreasing"}
    return Measured(strict + words[ways.pop()] if ways else "constant", "grid")


def _convexity(program: Program) -> Measured:
    curve = curve_of(program)
    signs = set(np.unique(_signs(curve.rows, 2))) | {
        float(np.sign(kink.right - kink.left)) for kink in curve.kinks if kink.order == 1
    }
    signs |= _turns_of_slope(program)
    if any(kink.order == 0 for kink in curve.kinks) or {1.0, -1.0} <= signs:
        return Measured("neither", "grid")
    word = "convex" if 1.0 in signs else "concave" if -1.0 in signs else "linear"
    return Measured(word, "grid")


def _turns_of_slope(program: Program) -> set[float]:
    """Returns the signs of the changes of the slope from a ramp's left to it and to its right."""
    curve = curve_of(program)
    after = np.searchsorted(GRID, curve.ramps)
    slopes = np.stack([curve.rows[1, after - 1], curve.slope(curve.ramps), curve.rows[1, after]])
    changes = np.diff(slopes, axis=0)
    return set(np.sign(changes[np.abs(changes) > _SAME * (1 + np.abs(slopes).max(axis=0))]).tolist())


def _kinks(program: Program) -> Measured:
    names = ("value", "slope", "second derivative", "third derivative")
    found = tuple(
        {"x": kink.x, "jumps": names[kink.order], "left": kink.left, "right": kink.right, "gradient": kink.gradient}
        for kink in curve_of(program).kinks
    )
    return Measured(found, "grid", 1e-9)


def _smoothness(program: Program) -> Measured:
    orders = [kink.order for kink in curve_of(program).kinks]
    least = min(orders) - 1 if orders else ORDER
    return Measured(least, "grid")


def _end_of(side: int, program: Program) -> Measured:
    return Measured(str(ends(program)[side]), "sampled")


def _slopes(program: Program) -> tuple[float, float]:
    """Returns infimum and supremum of the slope, which is infinite where the function jumps."""
    curve = curve_of(program)
    # Beside a turning point: on it two branches of max or min may tie, whose mean is no slope of the curve.
    points = np.array([x + beside for x in turning_points(program, 1) for beside in (-1e-7, 1e-7)])
    sides = [side for kink in curve.kinks if kink.order == 1 for side in (kink.left, kink.right)]
    sides += [math.copysign(math.inf, kink.right - kink.left) for kink in curve.kinks if kink.order == 0]
    known = [*curve.rows[1], *curve.slope(np.append(points, curve.ramps)), *sides]
    known += [slope for end, side in zip(ends(program), (-1, 1), strict=True) for slope in _far_slopes(end, side)]
    return _tidy(min(known)), _tidy(max(known))


def _far_slopes(end: End, side: int) -> tuple[float, ...]:
    """Returns the slopes that an end tends to."""
    if end.slopes is not None:
        return end.slopes
    if end.kind == "exponential" or end.power > 1:
        return (math.inf if end.up is (side > 0) else -math.inf,)
    return (0.0,) if math.isnan(end.slope) else (end.slope,)


def _lipschitz(program: Program) -> Measured:
    low, high = _slopes(program)
    return Measured(max(abs(low), abs(high)), "grid", 1e-9)


def _least_slope(program: Program) -> Measured:
    low, _ = _slopes(program)
    return Measured(low, "grid", 1e-9)


def _degree(program: Program) -> Measured:
    x = np.concatenate([-(2.0 ** np.arange(-3, 3)), 2.0 ** np.arange(-3, 3)])
    value, twice, thrice = curve_of(program)(np.stack([x, 2 * x, 3 * x]))
    nonzero = np.abs(value) > 0
    with np.errstate(all="ignore"):
        degrees = np.log2(twice[nonzero] / value[nonzero])
    if not len(degrees) or not np.isfinite(degrees).all() or np.ptp(degrees) > _SAME:
        return Measured(None, "sampled")
    degree = _tidy(degrees[0])
    same = np.abs(thrice - 3.0**degree * value) <= _SAME * (1 + np.abs(thrice))
    return Measured(degree if same.all() and not twice[~nonzero].any() else None, "sampled")


def _gradient_at_kinks(program: Program) -> Measured:
    kinks = [kink for kink in curve_of(program).kinks if kink.order <= 1]
    if not kinks:
        return Measured("no kink", "grid")
    wrong = [kink.x for kink in kinks if not _is_subgradient(kink)]
    good = "between the slopes" if any(kink.order == 1 for kink in kinks) else "finite at the jump"
    text = f"outside the two slopes at x = {', '.join(f'{x:.6g}' for x in wrong)}" if wrong else good
    return Measured(text, "grid")


def _is_subgradient(kink: Kink) -> bool:
    if kink.order == 0:  # no gradient is right where the value jumps; a finite one is what training needs
        return math.isfinite(kink.gradient)
    low, high = sorted((kink.left, kink.right))
    return low - _SAME <= kink.gradient <= high + _SAME


def _gradient_error(program: Program) -> Measured:
    curve, step = curve_of(program), 1e-3
    x = GRID[np.abs(GRID) <= _MIDDLE]
    x = x[[all(abs(point - kink.x) > 3 * step for kink in curve.kinks) for point in x]]
    outer, inner = (curve(x + h) - curve(x - h) for h in (2 * step, step))
    difference = (8 * inner - outer) / (12 * step)  # error of the order of step^4
    slope = curve.slope(x)
    return Measured(float(np.max(np.abs(slope - difference) / (1 + np.abs(slope)))), "sampled", 1e-9)


def _tidy(number: Any) -> float:
    return round(float(number), 9) + 0.0 if math.isfinite(number) else float(number)


SHAPE = rows(
    "shape",
    ("lower", _lower, "infimum of f"),
    ("upper", _upper, "supremum of f"),
    ("left_end", functools.partial(_end_of, 0), "f(x) as x goes to -infinity"),
    ("right_end", functools.partial(_end_of, 1), "f(x) as x goes to +infinity"),
    ("parity", _parity, "even: f(-x) = f(x); odd: f(-x) = -f(x), or so about a point"),
    ("monotone", _monotone, "whether f never falls or never rises"),
    ("turns", _turns, "number of points where f turns, |x| <= 20"),
    ("extrema", _extrema, "(x, f(x)) where f turns, |x| <= 20"),
    ("convexity", _convexity, "sign of the second derivative"),
    (
        "smoothness",
        _smoothness,
        f"k of C^k, derivatives that are continuous; {ORDER} for {ORDER} or more, -1 for a jump",
    ),
    ("kinks", _kinks, f"points where f or one of its first {ORDER} derivatives jumps, with both limits"),
    ("gradient_at_kinks", _gradient_at_kinks, "whether automatic differentiation returns a slope between the two"),
    (
        "gradient_error",
        _gradient_error,
        "largest difference of automatic and numeric slope off the kinks, over 1 + |f'|",
    ),
    ("lipschitz", _lipschitz, "supremum of |f'|, the Lipschitz constant"),
    ("least_slope", _least_slope, "infimum of f'"),
    ("degree", _degree, "p where f(c x) = c^p f(x) for every c > 0: homogeneous of degree p"),
)
"""The family's properties."""

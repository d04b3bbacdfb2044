"""Ends: what a curve does as x goes to plus or minus infinity."""

import functools
from typing import NamedTuple

import numpy as np

from actsearch.language import Program
from actsearch.properties.derivatives import jets

_FAR = 2.0 ** np.arange(5, 17)  # 32 to 65,536
_WINDOW = np.linspace(1000.0, 1040.0, 1001)
_CLOSE = 1e-6


class End(NamedTuple):
    """How a curve ends on one side.

    Attributes:
      kind: "constant", "linear", "logarithm", "power", "mixed" (nearly a power), "exponential" (faster than any power),
        or "oscillating".
      slope: limit of the derivative; NaN where there is none.
      limit: of f(x), or of f(x) - slope x for a linear end; NaN where there is none.
      power: p of `|x|^p`; NaN where there is none. Of an oscillation 0 where its slopes stay bounded, 2 where they
        grow.
      up: whether values far out are positive and grow, False where they are negative and fall; None where neither.
    """

    kind: str
    slope: float = np.nan
    limit: float = np.nan
    power: float = np.nan
    up: bool | None = None

    def __str__(self) -> str:
        match self.kind:
            case "constant":
                return f"{self.limit:.6g}"
            case "linear":
                slope = {1.0: "x", -1.0: "-x"}.get(self.slope, f"{self.slope:.6g} x")
                offset = "" if self.limit == 0 else f" {'-' if self.limit < 0 else '+'} {abs(self.limit):.6g}"
                return slope + ("" if np.isnan(self.limit) else offset)
            case "power":
                return f"grows as |x|^{self.power:.4g}"
            case "mixed" if not self.power:
                return "grows slower than any power"
            case "mixed":
                return f"grows nearly as |x|^{self.power:.4g}"
            case "logarithm":
                return "grows as log |x|"
            case "exponential":
                return "grows faster than any power"
            case _:
                return "oscillates"


@functools.lru_cache(maxsize=256)
def ends(program: Program) -> tuple[End, End]:
    """Returns the left and the right end of an activation, from values at 32 to 65,536.

    Example:
      >>> from actsearch.language import parse
      >>> [str(end) for end in ends(parse("silu(x)"))]
      ['0', 'x']
    """
    left, right = (_end(program, side) for side in (-1.0, 1.0))
    return left, right


def _end(program: Program, side: float) -> End:
    with np.errstate(all="ignore"):
        value, slope = jets(program, side * _FAR, 1)
        near, near_slope = jets(program, side * _WINDOW, 1)
        up = _direction(value)
        if not np.isfinite(value).all():
            return End("exponential", up=up)
        if _oscillates(near_slope):
            return _oscillating(near, near_slope, *jets(program, side * (15_000 + _WINDOW), 1))
        limits = 2 * value[1:] - value[:-1]  # less the term in 1/x
        if _settles(limits):
            return End("constant", 0.0, round(float(limits[-1]), 8) + 0.0)
        if _settles(slope) and abs(slope[-1]) > _CLOSE:
            steepness = _tidy((4 * slope[-1] - slope[-2]) / 3)  # less the term in 1/x^2
            rest = value - steepness * side * _FAR
            offsets = 2 * rest[1:] - rest[:-1]
            return End("linear", steepness, _tidy(offsets[-1]) if _settles(offsets) else np.nan, 1.0, up)
        growth = side * _FAR * slope
        if _settles(growth, 1e-3) and abs(growth[-1]) > 1e-3:
            return End("logarithm", 0.0, up=up)
        powers = growth / value
        if _settles(powers, 1e-3):
            return End("power", power=float(np.round(powers[-1], 2)), up=up)
        if _settles(powers, 0.05):  # a power times a logarithm, say
            return End("mixed", power=float(np.round(powers[-1], 1)), up=up)
    return End("exponential", up=up)


def _oscillating(near: np.ndarray, near_slope: np.ndarray, far: np.ndarray, far_slope: np.ndarray) -> End:
    """Returns the end of a curve that oscillates in two windows: with power 2 where its slopes grow, else 0.

    One that dies out is constant or linear; its limits are known to three decimals.
    """
    drift = far.mean() - near.mean()
    if np.ptp(far_slope) < 0.3 * np.ptp(near_slope):
        slope = round(float(far_slope.mean()), 3) + 0.0
        return (
            End("linear", slope, power=1.0, up=bool(drift > 0)) if slope else End("constant", 0.0, round(far.mean(), 3))
        )
    drifts = abs(drift) > 2 * np.ptp(near) + 1
    power = 2.0 if np.ptp(far_slope) > 1.5 * np.ptp(near_slope) else 0.0
    return End("oscillating", power=power, up=bool(drift > 0) if drifts else None)


def _oscillates(slope: np.ndarray) -> bool:
    """Returns whether a slope rises and falls many times in the window."""
    spread = np.ptp(slope)
    turns = np.count_nonzero(np.diff(np.sign(np.diff(slope))))
    return bool(np.isfinite(spread) and spread > 1e-3 * (1e-3 + np.abs(slope).max()) and turns > 4)


def _settles(rows: np.ndarray, close: float = _CLOSE) -> bool:
    return bool(abs(rows[-1] - rows[-2]) <= close * (1 + abs(rows[-1])))


def _direction(value: np.ndarray) -> bool | None:
    finite = value[~np.isnan(value)]
    return None if not len(finite) else bool(finite[-1] > 0)


def _tidy(number: float) -> float:
    """Returns a limit without the rounding behind its ninth decimal."""
    return round(float(number), 9) + 0.0

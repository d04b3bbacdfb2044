"""Ends: what a curve does as x goes to plus or minus infinity."""

import functools
from typing import NamedTuple

import numpy as np

from actsearch.language import Program
from actsearch.properties.derivatives import jets

_FAR = 2.0 ** np.arange(5, 17)  # 32 to 65,536
_WINDOW = np.linspace(1000.0, 1040.0, 1001)
_FARTHER = (_WINDOW + 15_000, _WINDOW + 255_000)
_CLOSE = 1e-6
_FEWEST = 4  # numbers that a limit is found from
_EVERY = (-np.inf, np.inf)


class End(NamedTuple):
    """How a curve ends on one side.

    Attributes:
      kind: "constant", "linear", "logarithm", "power", "mixed" (nearly a power), "exponential" (faster than any power),
        or "oscillating".
      slope: limit of the derivative; NaN where there is none.
      limit: of f(x), or of f(x) - slope x for a linear end; NaN where there is none.
      power: p of `|x|^p`, above 0; NaN where there is none.
      up: whether values far out are positive and grow, False where they are negative and fall; None where neither.
      values: smallest and largest value of an oscillation, infinite where they grow; None where there is none.
      slopes: the same of its derivative.
    """

    kind: str
    slope: float = np.nan
    limit: float = np.nan
    power: float = np.nan
    up: bool | None = None
    values: tuple[float, float] | None = None
    slopes: tuple[float, float] | None = None

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
    """Returns the left and the right end of an activation, from values at 32 to 65,536, as far as they are numbers.

    Example:
      >>> from actsearch.language import parse
      >>> [str(end) for end in ends(parse("silu(x)"))]
      ['0', 'x']
    """
    left, right = (_end(program, side) for side in (-1.0, 1.0))
    return left, right


def _end(program: Program, side: float) -> End:
    with np.errstate(all="ignore"):
        value, slope = _numbers(jets(program, side * _FAR, 1))
        near = jets(program, side * _WINDOW, 1)
        up = _direction(value)
        if not np.isfinite(value).all():
            both = -np.inf in value and np.inf in value  # as of exp(x) sin(x)
            return End("exponential", up=up, values=_EVERY, slopes=_EVERY) if both else End("exponential", up=up)
        if _oscillates(near[1]) and (end := _oscillating(near, *(jets(program, side * x, 1) for x in _FARTHER))):
            return end
        limits = 2 * value[1:] - value[:-1]  # less the term in 1/x
        if _settles(limits):
            return End("constant", 0.0, round(float(limits[-1]), 8) + 0.0)
        if _settles(slope) and abs(slope[-1]) > _CLOSE:
            steepness = _tidy((4 * slope[-1] - slope[-2]) / 3)  # less the term in 1/x^2
            rest = value - steepness * side * _FAR[: len(value)]
            offsets = 2 * rest[1:] - rest[:-1]
            return End("linear", steepness, _tidy(offsets[-1]) if _settles(offsets) else np.nan, 1.0, up)
        if (limit := _slow_limit(value)) is not None:
            return End("constant", 0.0, limit)
        if (far_slope := _slow_limit(slope)) and abs(far_slope) > 1e-4:
            return End("linear", far_slope, power=1.0, up=up)
        growth = side * _FAR[: len(slope)] * slope
        if abs(growth[-1] - growth[-2]) <= 1e-3 * abs(growth[-1]):
            return End("logarithm", 0.0, up=up)
        return _growing(program, side, value, slope, growth / value)


def _numbers(rows: np.ndarray) -> np.ndarray:
    """Returns value and slope at the points before the first one whose value is no number.

    exp(x) / (1 + exp(x)) is inf / inf beyond 710, and what it tends to shows before.
    """
    wrong = np.flatnonzero(np.isnan(rows[0]))
    end = wrong[0] if len(wrong) and wrong[0] >= _FEWEST else len(rows[0])
    return rows[:, :end]


def _growing(program: Program, side: float, value: np.ndarray, slope: np.ndarray, powers: np.ndarray) -> End:
    """Returns the end of a curve that settles nowhere, from value, slope and power on both."""
    up, power = _direction(value), powers[-1]
    if _settles(powers, 0.05):  # a power, alone or times a logarithm, say
        if power < 0:
            return End("constant", 0.0, 0.0)
        is_power = _settles(powers, 1e-3)
        return End("power" if is_power else "mixed", power=float(np.round(power, 2 if is_power else 1)), up=up)
    if np.abs(slope[-4:]).max() <= 2 * np.abs(slope[:-4]).max():  # neither does it grow: it turns ever more slowly
        far = jets(program, side * np.geomspace(_FAR[0], _FAR[len(value) - 1], len(_WINDOW)), 1)
        return _ranging(far[:, : len(_WINDOW) // 2], far)
    return End("exponential", up=up)


def _oscillating(near: np.ndarray, far: np.ndarray, farther: np.ndarray) -> End | None:
    """Returns the end of a curve that oscillates, from value and derivative in three windows, each 16 times as far.

    One that dies out is constant, linear or a logarithm; its limits are known to three decimals. None where it dies out
    on a curve that grows otherwise, as that of sqrt(abs(x)) + sinc(x) does.
    """
    if np.ptp(far[1]) < 0.3 * np.ptp(near[1]):
        values, slopes = np.mean([near, far, farther], axis=2).T
        if (slope := _limit_of_means(slopes)) and abs(slope) > 2e-3:
            return End("linear", slope, power=1.0, up=bool(values[1] > values[0]))
        if (limit := _limit_of_means(values)) is not None:
            return End("constant", 0.0, limit)
        growth = np.diff(values)
        return End("logarithm", 0.0, up=bool(growth[0] > 0)) if 0.9 < growth[1] / growth[0] < 1.2 else None
    return _ranging(near, far)


def _limit_of_means(means: np.ndarray) -> float | None:
    """Returns the limit of means of three windows, None where they do not near one."""
    first, second = np.diff(means)
    if abs(first) < 5e-4:
        return round(float(means[-1]), 3) + 0.0
    return round(float(means[-1] + second**2 / (first - second)), 3) + 0.0 if abs(second) < 0.7 * abs(first) else None


def _ranging(near: np.ndarray, far: np.ndarray) -> End:
    """Returns the end of a curve that goes on to oscillate, from value and derivative in two windows."""
    values, slopes = (_range(*rows) for rows in zip(near, far, strict=True))
    return End("oscillating", values=values, slopes=slopes)


def _range(near: np.ndarray, far: np.ndarray) -> tuple[float, float]:
    """Returns the smallest and largest number of two windows, infinite where the farther one goes beyond the nearer."""
    beyond = 0.1 * np.ptp(near)
    low = -np.inf if far.min() < near.min() - beyond else min(near.min(), far.min())
    high = np.inf if far.max() > near.max() + beyond else max(near.max(), far.max())
    return float(low), float(high)


def _oscillates(slope: np.ndarray) -> bool:
    """Returns whether a slope rises and falls many times in the window."""
    spread = np.ptp(slope)
    turns = np.count_nonzero(np.diff(np.sign(np.diff(slope))))
    return bool(np.isfinite(spread) and spread > 1e-3 * (1e-3 + np.abs(slope).max()) and turns > 4)


def _settles(rows: np.ndarray, close: float = _CLOSE) -> bool:
    return bool(abs(rows[-1] - rows[-2]) <= close * (1 + abs(rows[-1])))


def _slow_limit(rows: np.ndarray) -> float | None:
    """Returns the limit of numbers whose distances to it shrink by one factor, as those of |x|^-0.5 do; None for none.

    Aitken's extrapolation from three numbers, of which the last two must agree; it is known to six decimals.
    """
    steps = np.diff(rows)
    if not np.abs(steps[-1]) < 0.9 * np.abs(steps[-2]):
        return None
    limits = rows[2:] - steps[1:] ** 2 / (steps[1:] - steps[:-1])
    return round(float(limits[-1]), 6) + 0.0 if _settles(limits, 1e-5) else None


def _direction(value: np.ndarray) -> bool | None:
    finite = value[~np.isnan(value)]
    return None if not len(finite) else bool(finite[-1] > 0)


def _tidy(number: float) -> float:
    """Returns a limit without the rounding behind its ninth decimal."""
    return round(float(number), 9) + 0.0

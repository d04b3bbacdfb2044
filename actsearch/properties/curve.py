"""Curve: an activation as numbers, with its kinks; every family of properties reads it."""

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from actsearch.language import ActsearchError, Program
from actsearch.properties.derivatives import BLOCK, ORDER, jets

LIMIT = 20.0
"""A curve is looked at for |x| <= LIMIT; beyond, only its ends are."""

GRID = np.linspace(-LIMIT, LIMIT, BLOCK) + 7.391e-5
"""Points where a curve is looked at, 0.01 apart; shifted, so that no kink of a published unit is one of them."""

_HALVINGS = 24  # of a cell of the grid: to 6e-10
_STEP = 1e-4  # between the points that a one-sided limit is extrapolated from
_NEXT = 1e-9  # as close as a point comes to a kink
_JUMP = 1e-5  # a smaller one, absolute below 1 and relative above, is none
_MOST = 256  # kinks


class Kink(NamedTuple):
    """A point where a curve is not smooth.

    Attributes:
      x: where.
      order: the first derivative that jumps, 0 for the value itself.
      left: its limit from the left; infinite for a vertical tangent.
      right: its limit from the right.
      gradient: what automatic differentiation returns at `x`.
    """

    x: float
    order: int
    left: float
    right: float
    gradient: float


@dataclasses.dataclass(frozen=True)
class Curve:
    """An activation at the initial values of its parameters.

    Attributes:
      program: elementwise, of `x` alone.

    Raises:
      ActsearchError: a layer, a gate, or a function that is not finite for every `|x| <= LIMIT`.
    """

    program: Program

    def __post_init__(self) -> None:
        kind = self.program.kind
        if kind != "activation":
            what = "has statistics, it is a whole layer" if kind == "layer" else "reads x and y, it is a gate"
            raise ActsearchError(f"{self.program} {what}; this needs an activation, a function of x alone.")
        points = np.sort(np.concatenate([GRID, np.arange(-LIMIT, LIMIT + 1)]))
        wrong = points[~np.isfinite(self(points))]
        if len(wrong):
            where = f"at x = {wrong[0]:.4g}" + (f" and elsewhere up to x = {wrong[-1]:.4g}" if len(wrong) > 1 else "")
            raise ActsearchError(
                f"{self.program} is not finite {where}; a card needs a function that is finite for |x| <= {LIMIT:g}: "
                "keep denominators, and what is under a root or logarithm, above 0, with max(x, 0.1), say."
            )
        poles = [kink.x for kink in self.kinks if kink.order == 0 and np.isinf([kink.left, kink.right]).any()]
        if poles:
            raise ActsearchError(
                f"{self.program} has a pole at x = {poles[0]:.4g}; a card needs a function that is finite for |x| <= "
                f"{LIMIT:g}: keep the denominator from 0, with 1 + x^2 or max(abs(x), 0.1), say."
            )

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Returns the value, float64 of the shape of `x`."""
        value: np.ndarray = jets(self.program, x)[0]
        return value

    def slope(self, x: np.ndarray) -> np.ndarray:
        """Returns the derivative, float64 of the shape of `x`."""
        value: np.ndarray = jets(self.program, x, 1)[1]
        return value

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """Value and derivatives on GRID, float64 [4, points]."""
        return jets(self.program, GRID, ORDER)

    @functools.cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """The points where value or one of three derivatives jumps, from left to right."""
        kinks: list[Kink] = []
        for order in range(ORDER + 1):
            suspects = self._suspects(order) if order else self._rises
            for x in suspects + (self._peaks() if order == 1 else []):
                known = any(abs(x - kink.x) < 10 * _STEP for kink in kinks)
                if not known and (kink := self._confirmed(x, order)):
                    kinks.append(kink)
        return tuple(sorted(kinks))

    @functools.cached_property
    def ramps(self) -> np.ndarray:
        """Points where the value changes by 1e-5 within a billionth but does not jump, as that of tanh(1e6 x) at 0."""
        return np.array([x for x in self._rises if all(abs(x - kink.x) > 10 * _STEP for kink in self.kinks)])

    @functools.cached_property
    def _rises(self) -> list[float]:
        return self._suspects(0)

    def bisect(self, low: np.ndarray, high: np.ndarray, right: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Returns points between `low` and `high` where a condition that holds at `high` begins to.

        Args:
          low: float64 [points], where it does not hold.
          high: float64 [points], where it does.
          right: x [points] -> whether it holds, bool [points].
        """
        for _ in range(50):
            middle = (low + high) / 2
            holds = right(middle)
            low, high = np.where(holds, low, middle), np.where(holds, middle, high)
        points: np.ndarray = high
        return points

    def _suspects(self, order: int) -> list[float]:
        """Returns where a derivative still differs across a cell of the grid that was halved, to its steeper half."""
        low, high = GRID[:-1], GRID[1:]
        first, last = self.rows[order, :-1], self.rows[order, 1:]
        for _ in range(_HALVINGS):
            if not _jumps(first, last).any():
                return []
            middle = (low + high) / 2
            value = jets(self.program, middle, order)[order]
            left = _not_less(np.abs(value - first), np.abs(last - value))
            low, high = np.where(left, low, middle), np.where(left, middle, high)
            first, last = np.where(left, first, value), np.where(left, value, last)
        cells = np.flatnonzero(_jumps(first, last))[:_MOST]
        return [_rounded(x) for x in (low + high)[cells] / 2]

    def _peaks(self) -> list[float]:
        """Returns where |f'| has a local maximum: a vertical tangent may hide there, between slopes that are equal."""
        before, here, after = (np.abs(self.rows[1, i : len(GRID) - 2 + i]) for i in range(3))
        sharp = (here > before) & (here >= after) & (here > 1.1 * np.minimum(before, after))
        inner = np.flatnonzero(sharp) + 1
        low, high = GRID[inner - 1], GRID[inner + 1]
        for _ in range(50 if len(inner) else 0):
            thirds = np.stack([2 * low + high, low + 2 * high]) / 3
            left, right = np.abs(self.slope(thirds))
            low, high = np.where(left < right, thirds[0], low), np.where(left < right, high, thirds[1])
        return [_rounded(x) for x in (low + high) / 2]

    def _confirmed(self, x: float, order: int) -> Kink | None:
        """Returns the kink at a point; None where the curve is merely steep, or rounding differs."""
        steps = _STEP * np.arange(1, 4)
        far = jets(self.program, x + np.concatenate([-steps, steps]), order)[order].reshape(2, 3)
        near = jets(self.program, np.array([x - _NEXT, x + _NEXT]), order)[order]
        if np.isnan([*far.ravel(), *near]).any():  # a derivative that overflows on the way says nothing
            return None
        limits = far @ (3.0, -3.0, 1.0)  # of the parabola through three values
        left, right = (_side(*row, order) for row in zip(limits, far, near, strict=True))
        if np.isfinite([left, right]).all():
            jump = abs(limits[0] - limits[1])
            # Of a vertical tangent or a steep curve little is left of the jump when the points come closer.
            if jump <= _JUMP * (1 + np.abs(far).max()) or abs(near[0] - near[1]) < 0.5 * jump:
                return None
        return Kink(x, order, left, right, float(self.slope(np.array([x]))[0]))


@functools.lru_cache(maxsize=64)
def curve_of(program: Program) -> Curve:
    """Returns the curve of a program, the same object each time, so that its kinks are found once."""
    return Curve(program)


def _side(limit: float, far: np.ndarray, near: float, order: int) -> float:
    """Returns the limit from one side; infinite where the value beside the point is far above what leads to it."""
    growth = 10.0 if order == 0 else 1.5  # a value may end steeply, as a logarithm of |x| + epsilon does
    if not np.isfinite(near) or abs(near) > growth * (1 + max(abs(limit), np.abs(far).max())):
        return float(np.copysign(np.inf, near))
    closest = limit if abs(limit - near) < 1e-3 * (1 + abs(near)) else near
    return round(float(closest), 9) + 0.0


def _jumps(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Returns where two neighbouring values differ by more than a smooth curve's would, or are no numbers."""
    jumps: np.ndarray = ~(np.abs(last - first) <= _JUMP * (1 + np.maximum(np.abs(first), np.abs(last))))
    return jumps


def _not_less(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns where a >= b, or b is no number."""
    held: np.ndarray = ~(a < b)
    return held


def _rounded(x: float) -> float:
    """Returns a point found by halving as people write it, where it is within 1e-8 of four digits.

    Not from farther off: x / (x + epsilon) has its pole 1e-7 from 0.
    """
    short = round(float(x), 4) + 0.0
    return short if abs(short - x) < 1e-8 else float(x)

"""Quadrature: expectations under a normal distribution, split where a curve has kinks."""

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from actsearch.language import Program
from actsearch.properties.curve import GRID, LIMIT, Kink, curve_of
from actsearch.properties.derivatives import jets

_END = 10.0  # the normal distribution beyond has 1.5e-23 of its mass
_PANEL = 0.5
_POINTS, _FEWER = 16, 10  # of a panel, for the value and for its error
_RADII = _PANEL * 4.0 ** -np.arange(1, 25)  # of the panels around a steep kink, each a quarter of the next, to 2e-15
_RING = 14  # of _RADII: below 1e-7, where log_abs is flat, and far above rounding


class Expectation(NamedTuple):
    """An integral under N(0, 1), and the estimate of its error: the difference from a rule of fewer points, and what
    the outermost panels hold, as in place of what lies beyond +-10."""

    value: float
    error: float


class Rule(NamedTuple):
    """Points and weights for N(0, 1), float64 [points] each."""

    points: np.ndarray
    weights: np.ndarray


def normal_rule(breaks: tuple[float, ...] = (), count: int = _POINTS) -> Rule:
    """Returns a composite Gauss-Legendre rule for N(0, 1) on +-10.

    Args:
      breaks: where an integrand is not smooth, in units of the standard deviation.
      count: points of each panel; panels are 0.5 wide at most.

    Example:
      >>> rule = normal_rule((0.3,))
      >>> round(float(rule.weights @ rule.points**2), 12)
      1.0
    """
    edges = np.unique([*np.arange(-_END, _END + _PANEL, _PANEL), *(x for x in breaks if abs(x) < _END)])
    nodes, weights = np.polynomial.legendre.leggauss(count)
    half = np.diff(edges)[:, None] / 2
    points = ((edges[1:] + edges[:-1])[:, None] / 2 + half * nodes).ravel()
    density = np.exp(-np.square(points) / 2) / np.sqrt(2 * np.pi)
    return Rule(points, (half * weights).ravel() * density)


@dataclasses.dataclass(frozen=True)
class Samples:
    """A curve on the points of two rules, for expectations of it.

    Attributes:
      program: an activation.
      variance: q of the input, sqrt(q) z with z ~ N(0, 1).
    """

    program: Program
    variance: float = 1.0

    def expect(self, integrand: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> Expectation:
        """Returns E g(z, f(sqrt(q) z), f'(sqrt(q) z)); not finite where the integral overflows or diverges."""
        with np.errstate(all="ignore"):
            terms = [integrand(rule.points, *row) * rule.weights for rule, row in self.rows]
            fine, coarse = (float(row.sum()) for row in terms)
            edge = float(np.abs(terms[0])[np.abs(self.rows[0][0].points) > _END - _PANEL].sum())
        if any(_diverges(self.rows[0][0].points - x, np.abs(terms[0])) for x in self._steep):
            return Expectation(np.inf, 0.0)
        return Expectation(fine, abs(fine - coarse) + edge)

    @functools.cached_property
    def rows(self) -> list[tuple[Rule, np.ndarray]]:
        """The fine rule and the coarse one, each with value and slope on its points, float64 [2, points].

        Their points are symmetric about 0: read backwards, they are their negatives.
        """
        scale = np.sqrt(self.variance)
        breaks = [kink.x / scale for kink in curve_of(self.program).kinks]
        breaks += [x + sign * radius for x in self._steep for radius in _RADII for sign in (-1, 1)]
        both = tuple(sign * x for x in breaks for sign in (-1, 1))
        rules = [normal_rule(both, count) for count in (_POINTS, _FEWER)]
        values = jets(self.program, scale * np.concatenate([rule.points for rule in rules]), 1)
        first = len(rules[0].points)
        return [(rules[0], values[:, :first]), (rules[1], values[:, first:])]

    @functools.cached_property
    def _steep(self) -> list[float]:
        """Where the slope beside a kink may be without bound, in units of the standard deviation."""
        return [kink.x / np.sqrt(self.variance) for kink in curve_of(self.program).kinks if _is_steep(kink)]


def _is_steep(kink: Kink) -> bool:
    return kink.order == 0 or (kink.order == 1 and bool(np.isinf([kink.left, kink.right]).any()))


def _diverges(distances: np.ndarray, terms: np.ndarray) -> bool:
    """Returns whether an integral diverges at a point: rings around it hold no less, the closer they are."""
    distances = np.abs(distances)
    outer, middle, inner = _RADII[_RING : _RING + 3]
    far = terms[(distances > middle) & (distances < outer)].sum()
    near = terms[(distances > inner) & (distances < middle)].sum()
    return bool(near > 0.99 * far > 0)


@functools.lru_cache(maxsize=256)
def samples_of(program: Program, variance: float = 1.0) -> Samples:
    """Returns the samples of a program, the same object each time, so that it is evaluated once."""
    return Samples(program, variance)


def normal_mass(
    program: Program, holds: Callable[[np.ndarray], np.ndarray], order: int, among: Iterable[float] = ()
) -> float:
    """Returns the probability under N(0, 1) that a condition on a program's value or derivatives holds.

    Intervals shorter than a cell of the grid, 0.01, may be missed, but for those around a point of `among`.

    Args:
      program: an activation.
      holds: jets [order + 1, points] -> bool [points].
      order: highest derivative that `holds` reads.
      among: further points where it is looked at, within +-LIMIT.
    """
    from scipy.stats import norm

    curve, more = curve_of(program), np.array([*among], float)
    points = np.concatenate([GRID, more])
    places = np.argsort(points)
    points = points[places]
    inside = np.concatenate([holds(curve.rows[: order + 1]), holds(jets(program, more, order))])[places]
    changes = np.flatnonzero(np.diff(inside))
    low, high, after = points[changes], points[changes + 1], inside[changes + 1]
    edges = curve.bisect(low, high, lambda x: holds(jets(program, x, order)) == after) if len(low) else low
    signs = np.where(after, -1.0, 1.0)  # an interval's mass is that below its right edge less that below its left one
    ends = float(inside[-1]) * norm.cdf(LIMIT) - float(inside[0]) * norm.cdf(-LIMIT)
    return float(max(0.0, signs @ norm.cdf(edges) + ends))

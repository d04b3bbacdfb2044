"""Distance: how far two functions are apart, as they are and up to affine maps of input and output."""

import functools
from typing import NamedTuple

import numpy as np

from actsearch.engine.probe import evaluate_on, probe_tensors
from actsearch.language import Program
from actsearch.properties.curve import GRID, curve_of
from actsearch.properties.derivatives import jets
from actsearch.properties.quadrature import normal_rule

CLOSE = 3e-3
"""A distance, as in Fit, below it is within what training tells apart: GELU's tanh form is 5e-4 from GELU."""

_ROUNDING = 1e-12
_SCALES = np.concatenate([sign * 2.0 ** np.linspace(-2, 2, 17) for sign in (1, -1)])
_SHIFTS = np.linspace(-3, 3, 13)
_STARTS = 3
_NEAR = np.linspace(-5, 5, 2001)


def distance(a: Program, b: Program) -> float:
    """Returns sqrt(E (a(z) - b(z))^2), z ~ N(0, 1), at initial parameters; 0 for equal functions, however written.

    Layers and gates are compared on the random images of `fingerprint`. What is within float64's rounding counts as 0.

    Args:
      a: an activation, a layer or a gate.
      b: another.

    Raises:
      ActsearchError: an activation that is not finite for every `|x| <= 20`.

    Example:
      >>> from actsearch.language import parse
      >>> distance(parse("relu(x)"), parse("relu(x) * 2 - relu(x)"))
      0.0
      >>> round(distance(parse("relu(x)"), parse("x")), 6)
      0.707107
    """
    if a.kind == b.kind == "activation":
        breaks = tuple(kink.x for program in (a, b) for kink in curve_of(program).kinks)
        x, weights = normal_rule(breaks)
        first, second = jets(a, x)[0], jets(b, x)[0]
    else:
        first, second = (_on_probe(program) for program in (a, b))
        weights = np.full(first.size, 1 / first.size)
    square = float(np.square(first - second) @ weights)
    scale = float(np.square(first) @ weights)
    return 0.0 if square <= _ROUNDING**2 * (1 + scale) else square**0.5


class Fit(NamedTuple):
    """A function as an affine image of another, f(x) = a g(b x + c) + d.

    Attributes:
      a: factor of the output.
      b: factor of the input, 1/4 to 4 or negative.
      c: shift of the input, before g.
      d: shift of the output.
      distance: root mean square of the difference under N(0, 1), over the standard deviation of f; 0 to 1.
      slope_distance: root mean square of the difference of the slopes, over that of f': of shape, whatever the offset;
        NaN for layers and gates.
      largest: largest difference for `|x| <= 5`; on the probe for layers and gates.
    """

    a: float
    b: float
    c: float
    d: float
    distance: float
    slope_distance: float
    largest: float

    @property
    def complexity(self) -> float:
        """How far the input's map is from the identity; a mirrored input counts as one a little."""
        return abs(float(np.log(abs(self.b)))) + abs(self.c) + (1e-3 if self.b < 0 else 0.0)

    @property
    def is_identity(self) -> bool:
        """Whether both maps leave everything as it is."""
        return bool(np.allclose(self[:4], (1, 1, 0, 0), rtol=0, atol=1e-4))

    def text(self, name: str) -> str:
        """Returns the map for people.

        Example:
          >>> Fit(0.5, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0).text("silu")
          '0.5 silu(2 x)'
        """
        factor = {1.0: "", -1.0: "-"}.get(round(self.a, 5), f"{self.a:.5g} ")
        inner = {1.0: "x", -1.0: "-x"}.get(round(self.b, 5), f"{self.b:.5g} x")
        return f"{factor}{name}({inner}{_term(self.c)}){_term(self.d)}"


def _term(number: float) -> str:
    return "" if abs(number) < 5e-6 else f" {'-' if number < 0 else '+'} {abs(number):.5g}"


def coarse_rank(target: Program, unit: Program) -> tuple[float, int]:
    """Returns the distance of the best of 442 input maps, by interpolation, and its place: the simplest map is 0.

    To choose which units to fit: of two that are equally near, the one of the simpler map. The distance is infinite for
    a unit that is not finite for every `|x| <= 20`.
    """
    if not np.isfinite(_grid_values(unit)).all():
        return np.inf, 0
    distances = np.round(_coarse(target, unit)[0], 5)
    return float(distances.min()), int(distances.argmin())


def fit(target: Program, unit: Program) -> Fit:
    """Returns the affine image of a unit that is nearest to a target, both activations.

    Least squares under N(0, 1): the output's map follows by regression, the input's from the best of 442 starts. Where
    the unit itself is within CLOSE and no map makes it equal, the map is the identity.

    Args:
      target: f, finite for `|x| <= 20`.
      unit: g, likewise.

    Example:
      >>> from actsearch.language import parse
      >>> fit(parse("relu(3 * x) - 1"), parse("relu(x)")).text("relu")
      '3 relu(x) - 1'
    """
    from scipy.optimize import least_squares

    plain = _measured(target, unit, 1.0, 0.0, output=(1.0, 0.0))
    if plain.distance < _ROUNDING:
        return plain
    distances, scales, shifts = _coarse(target, unit)
    x, weights = normal_rule(tuple(kink.x for kink in curve_of(target).kinks))
    value = jets(target, x)[0]
    root = np.sqrt(weights)

    def residuals(inner: np.ndarray) -> np.ndarray:
        image = jets(unit, inner[0] * x + inner[1])[0]
        slope, offset = _regression(image, value, weights)
        rest: np.ndarray = root * np.nan_to_num(value - slope * image - offset, nan=1e6, posinf=1e6, neginf=-1e6)
        return rest

    starts = [(scales[i], shifts[i]) for i in np.argsort(np.round(distances, 5), kind="stable")[:_STARTS]]
    found = []
    for start in starts:
        if np.linalg.norm(residuals(np.array(start))) < 1e-9:
            found.append((0.0, start))
            break
        bounds = ([min(start[0] / 2, start[0] * 2), -4.0], [max(start[0] / 2, start[0] * 2), 4.0])
        best = least_squares(residuals, start, bounds=bounds, xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=60)
        found.append((float(np.linalg.norm(best.fun)), tuple(best.x)))
    _, (b, c) = min(found, key=lambda one: round(one[0], 9))
    best_fit = _measured(target, unit, float(b), float(c))
    return plain if plain.distance < CLOSE and best_fit.distance > 1e-9 else best_fit


def fit_output(target: Program, unit: Program) -> Fit:
    """Returns the affine map of the output of a layer or gate that is nearest to another, on the probe."""
    value, image = _on_probe(target), _on_probe(unit)
    weights = np.full(value.size, 1 / value.size)
    a, d = _regression(image, value, weights)
    rest = value - a * image - d
    size = float(np.std(value)) or 1.0
    return Fit(a, 1.0, 0.0, d, float(np.sqrt(np.mean(rest**2))) / size, float("nan"), float(np.abs(rest).max()))


def _measured(target: Program, unit: Program, b: float, c: float, output: tuple[float, float] | None = None) -> Fit:
    """Returns the fit of an input map, and of an output map or the best one, with what it misses."""
    x, weights = normal_rule(tuple(kink.x for kink in curve_of(target).kinks))
    (value, slope), (image, image_slope) = jets(target, x, 1), jets(unit, b * x + c, 1)
    a, d = output or _regression(image, value, weights)
    size = float(np.sqrt(np.square(value - weights @ value) @ weights)) or 1.0
    steepness = float(np.sqrt(np.square(slope) @ weights)) or 1.0
    rest = float(np.sqrt(np.square(value - a * image - d) @ weights)) / size
    slope_rest = float(np.sqrt(np.square(slope - a * b * image_slope) @ weights)) / steepness
    largest = float(np.abs(jets(target, _NEAR)[0] - a * jets(unit, b * _NEAR + c)[0] - d).max())
    return Fit(a, b, c, d, rest, slope_rest, largest)


@functools.lru_cache(maxsize=4)
def _maps() -> tuple[np.ndarray, np.ndarray]:
    """Returns scales and shifts of every coarse input map, the simplest first, float64 [maps] each."""
    scales, shifts = (rows.ravel() for rows in np.meshgrid(_SCALES, _SHIFTS, indexing="ij"))
    order = np.argsort(np.abs(np.log(np.abs(scales))) + np.abs(shifts) + (scales < 0) * 1e-3, kind="stable")
    return scales[order], shifts[order]


def _coarse(target: Program, unit: Program) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the distance of each coarse input map, its scale and its shift, float64 [maps] each."""
    x, weights = normal_rule((), 6)
    value = _on_grid(target, x)
    scales, shifts = _maps()
    images = _on_grid(unit, scales[:, None] * x + shifts[:, None])
    value, images = value - value @ weights, images - (images @ weights)[:, None]
    with np.errstate(all="ignore"):
        shared = np.square(images @ (weights * value)) / (np.square(images) @ weights) / (np.square(value) @ weights)
    distances: np.ndarray = np.sqrt(np.clip(1 - np.nan_to_num(shared), 0, 1))
    return distances, scales, shifts


def _on_grid(program: Program, x: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.interp(x, GRID, _grid_values(program))
    return value


@functools.lru_cache(maxsize=1024)
def _grid_values(program: Program) -> np.ndarray:
    values: np.ndarray = jets(program, GRID)[0]
    return values


def _regression(image: np.ndarray, value: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Returns a, d of the weighted least squares fit value = a image + d."""
    means = float(weights @ image), float(weights @ value)
    spread = float(np.square(image - means[0]) @ weights)
    a = float((image - means[0]) * (value - means[1]) @ weights) / spread if spread > 0 else 0.0
    return a, means[1] - a * means[0]


@functools.lru_cache(maxsize=256)
def _on_probe(program: Program) -> np.ndarray:
    """Returns a program's values on the near probe of fingerprints, float64 [points]."""
    near = [probe_tensors(name)[0] for name in ("x", "y")]
    return evaluate_on(program, near[0], dict(program.parameters), near[1]).ravel()

"""Depth: what a deep network of random weights and this activation does to signals, gradients and angles.

Mean-field theory of wide networks: a layer maps the variance q of its pre-activations to
V(q) = sigma_w^2 E f(sqrt(q) z)^2 + sigma_b^2, gradients grow by chi(q) = sigma_w^2 E f'(sqrt(q) z)^2 a layer, and the
correlation c of two inputs goes to C(c). Sources: Poole et al. 2016, 'Exponential expressivity in deep neural networks
through transient chaos'; Schoenholz et al. 2017, 'Deep Information Propagation', sections 2 and 3. "He weights" below
are those of variance 1 / E f(z)^2 by fan-in, without biases, so that q = 1 stays.
"""

import math

import numpy as np

from actsearch.language import Program
from actsearch.properties.curve import curve_of
from actsearch.properties.kernel import correlation_map
from actsearch.properties.moments import second_moment, slope_moment
from actsearch.properties.quadrature import Expectation, Samples, samples_of
from actsearch.properties.quantity import Measured, rows

VARIANCES = (0.5, 1.0, 2.0)
"""q of the points of the edge of chaos that a card shows."""

_SCAN = 2.0 ** np.sort(
    [*np.arange(-6, 0, 0.5), -0.03, 0.03, *np.arange(0.5, 6.1, 0.5)]
)  # q = 1, a fixed point, between
_SAME = 1e-6


def edge_of_chaos(program: Program, variance: float) -> tuple[float, float] | None:
    """Returns (sigma_w, sigma_b) where a variance stays and chi = 1; None where no sigma_b does, or chi is infinite.

    sigma_w^2 = 1 / E f'(sqrt(q) z)^2 and sigma_b^2 = q - sigma_w^2 E f(sqrt(q) z)^2.

    Args:
      program: an activation.
      variance: q, above 0.

    Example:
      >>> from actsearch.language import parse
      >>> [round(sigma, 6) for sigma in edge_of_chaos(parse("relu(x)"), 1.0)]
      [1.414214, 0.0]
    """
    samples = samples_of(program, variance)
    slope = samples.expect(lambda z, f, slope: slope**2).value
    value = samples.expect(lambda z, f, slope: f**2).value
    if _jumps(program) or not (0 < slope < math.inf and math.isfinite(value / slope)):
        return None
    bias = variance - value / slope
    rounding = 1e-12 * variance
    return None if bias < -1e-9 * variance else (slope**-0.5, bias**0.5 if bias > rounding else 0.0)


def _jumps(program: Program) -> bool:
    """Returns whether a function jumps: then chi, in which the slope at a jump counts, is infinite."""
    return any(kink.order == 0 for kink in curve_of(program).kinks)


def _over_second_moment(expectation: Expectation, program: Program) -> Measured:
    """Returns an expectation over E f^2, with its error."""
    value = second_moment(program)
    if not 0 < value.value < math.inf:
        return Measured(None, "quadrature")
    ratio = expectation.value / value.value
    error = (expectation.error + abs(ratio) * value.error) / value.value if math.isfinite(ratio) else 0.0
    return Measured(ratio, "quadrature", error)


def _gradient_growth(program: Program) -> Measured:
    return _over_second_moment(slope_moment(program), program)


def _variance_slope(program: Program) -> Measured:
    """Returns V'(1) at He weights: E f(z)^2 (z^2 - 1) / (2 E f^2), by Stein's lemma."""
    return _over_second_moment(_change(program), program)


def _edge_slope(program: Program) -> Measured:
    """Returns V'(1) where chi(1) = 1."""
    if edge_of_chaos(program, 1.0) is None:
        return Measured(None, "quadrature")
    (change, error), slope = _change(program), slope_moment(program)
    return Measured(change / slope.value, "quadrature", (error + abs(change) * slope.error / slope.value) / slope.value)


def _change(program: Program) -> Expectation:
    """Returns d E f(sqrt(q) z)^2 / dq at q = 1."""
    return samples_of(program).expect(lambda z, f, slope: f**2 * (z**2 - 1) / 2)


def _edge(program: Program) -> Measured:
    points = ((q, edge_of_chaos(program, q)) for q in VARIANCES)
    return Measured(tuple((q, *sigmas) for q, sigmas in points if sigmas), "quadrature", 1e-12)


def _fixed_points(program: Program) -> Measured:
    if not 0 < second_moment(program).value < math.inf:
        return Measured(None, "quadrature")
    growth = np.array([_growth(program, q) for q in np.log(_SCAN)])
    growth[np.abs(growth) < _SAME] = 0
    if not growth.any():
        return Measured("every q", "quadrature")
    zeros = np.flatnonzero(growth == 0)
    if len(zeros) > 2:
        return Measured(f"every q from {_SCAN[zeros[0]]:.3g} to {_SCAN[zeros[-1]]:.3g}", "grid")
    kept = np.flatnonzero(growth)
    changes = np.flatnonzero(np.diff(np.sign(growth[kept])))
    points = (_crossing(program, growth, kept[i], kept[i + 1]) for i in changes)
    names = ("stable" if growth[kept[i]] > 0 else "unstable" for i in changes)
    return Measured(", ".join(f"{q:.3g} ({name})" for q, name in zip(points, names, strict=True)) or "none", "grid")


def _growth(program: Program, log_q: float) -> float:
    """Returns log V(q) / q at He weights."""
    q = math.exp(log_q)
    value = Samples(program, q).expect(lambda z, f, slope: f**2).value
    return float(np.log(value / q / second_moment(program).value))


def _crossing(program: Program, growth: np.ndarray, low: int, high: int) -> float:
    """Returns the variance q between two points of the scan where it stays."""
    from scipy.optimize import brentq

    if high - low > 1:
        return float(_SCAN[(low + high) // 2])
    return float(np.exp(brentq(lambda q: _growth(program, q), *np.log(_SCAN[[low, high]]), xtol=1e-3)))


def _phase(program: Program) -> Measured:
    growth = _gradient_growth(program)
    if growth.value is None:
        return Measured(None, "quadrature")
    if not _jumps(program) and abs(growth.value - 1) <= max(_SAME, growth.error):
        return Measured("edge of chaos: inputs become parallel slowly", "quadrature")
    word = (
        "chaotic: inputs are driven apart"
        if growth.value > 1 or _jumps(program)
        else "ordered: inputs become parallel exponentially"
    )
    return Measured(word, "quadrature")


def _correlation_limit(program: Program) -> Measured:
    if not 0 < second_moment(program).value < math.inf:
        return Measured(None, "quadrature")
    correlation = 0.5
    for _ in range(200):
        correlation = float(np.clip(correlation_map(program, correlation), -1, 1))
    return Measured(round(correlation, 6), "quadrature", 1e-3)


DEPTH = rows(
    "depth, with weights of He gain and no bias",
    (
        "gradient_growth",
        _gradient_growth,
        "chi = E f'^2 / E f^2: a gradient's mean square grows by it in each layer, jumps aside",
    ),
    ("phase", _phase, "what becomes of two inputs: chi, infinite with a jump, below, at or above 1"),
    ("correlation_limit", _correlation_limit, "correlation of two inputs, 0.5 at first, after 200 layers"),
    ("variance_slope", _variance_slope, "slope of the variance map at q = 1; below 1 a wrong scale corrects itself"),
    ("variance_fixed_points", _fixed_points, "variances q from 1/64 to 64 that the variance map keeps"),
    ("edge_of_chaos", _edge, "(q, sigma_w, sigma_b) where q stays and chi = 1, q = 0.5, 1, 2"),
    ("edge_variance_slope", _edge_slope, "slope of the variance map at q = 1 on the edge of chaos"),
)
"""The family's properties."""

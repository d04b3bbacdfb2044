"""Moments, gains, mean-field quantities and kernels against closed forms and published constants."""

import math

import numpy as np
import pytest

from actsearch import parse
from actsearch.properties import (
    correlation_map,
    dual_kernel,
    edge_of_chaos,
    hermite,
    normal_rule,
    ntk,
    properties,
    slope_kernel,
)

RELU, SELU, TANH, ERF = (parse(f"{name}(x)") for name in ("relu", "selu", "tanh", "erf"))
C = np.linspace(-1, 1, 9)


def value(formula, name):
    return properties(parse(formula), [name])[name]


@pytest.mark.parametrize(
    ("name", "he", "nf"),
    [
        ("relu", math.sqrt(2), math.sqrt(2 / (1 - 1 / math.pi))),
        ("silu", 1.676532, 1.787187),
        ("tanh", 1.592537, 1.592537),
        ("elu", 1.245199, 1.270843),
    ],
)
def test_gains(name, he, nf):
    card = properties(parse(f"{name}(x)"), ["he_gain", "nf_gain"])
    assert (card["he_gain"], card["nf_gain"]) == pytest.approx((he, nf), abs=1e-5)


def test_selu_keeps_mean_0_and_variance_1():
    card = properties(SELU, ["mean", "variance", "he_gain", "variance_slope", "variance_fixed_points"])
    assert (card["mean"], card["variance"], card["he_gain"]) == pytest.approx((0, 1, 1), abs=1e-12)
    assert card["variance_slope"] < 1
    assert card["variance_fixed_points"] == "1 (stable)"


def test_a_kink_costs_no_digit():
    (quantity,) = properties(parse("relu(x - 0.3)"), ["mean"]).quantities
    density, above = math.exp(-0.045) / math.sqrt(2 * math.pi), math.erfc(0.3 / math.sqrt(2)) / 2
    assert quantity.value == pytest.approx(density - 0.3 * above, abs=1e-15)
    assert (quantity.certainty, quantity.error < 1e-15) == ("quadrature", True)


def test_the_rule_integrates_polynomials():
    points, weights = normal_rule((0.1, 7.77))
    assert [weights @ points**n for n in range(7)] == pytest.approx([1, 0, 1, 0, 3, 0, 15], abs=1e-10)


def test_a_constant_has_no_gain():
    card = properties(parse("0 * x + 2"), ["nf_gain", "variance", "gradient_growth"])
    assert (card["nf_gain"], card["variance"], card["gradient_growth"]) == (None, 0.0, 0.0)


def test_steep_slopes_are_integrated_or_diverge():
    (quantity,) = properties(parse("log_abs(x)"), ["slope_moment"]).quantities
    assert quantity.value == pytest.approx(2e7 / math.sqrt(2 * math.pi), rel=1e-6)  # 2 p(0) / epsilon
    assert quantity.error < 1
    card = properties(parse("signed_sqrt(x)"), ["slope_moment", "gradient_growth", "phase", "tangent_kernel"])
    assert (card["slope_moment"], card["gradient_growth"]) == (math.inf, math.inf)  # E 1 / (4 |z|)
    assert (card["phase"].split(":")[0], card["tangent_kernel"]) == ("chaotic", None)
    # E |z|^(-1/3) / 4, with the moment of Winkelbauer 2012
    moment = 2 ** (-1 / 6) * math.gamma(1 / 3) / math.sqrt(math.pi)
    assert value("pow(max(x, -x), 0.8333333333333334)", "slope_moment") == pytest.approx(25 / 36 * moment, rel=1e-5)


def test_hermite_coefficients_add_up():
    assert np.square(hermite(TANH)).sum() == pytest.approx(value("tanh(x)", "second_moment"), abs=1e-9)
    assert hermite(parse("x^3 - 3 * x"), 5) == pytest.approx([0, 0, 0, math.sqrt(6), 0], abs=1e-9)


def test_kernel_of_relu():
    """Cho and Saul 2009, the arc-cosine kernels of degrees 1 and 0."""
    angle = np.arccos(C)
    first = (np.sqrt(1 - C**2) + (math.pi - angle) * C) / (2 * math.pi)
    zeroth = (math.pi - angle) / (2 * math.pi)
    assert dual_kernel(RELU, C) == pytest.approx(first, abs=1e-12)
    assert slope_kernel(RELU, C) == pytest.approx(zeroth, abs=1e-12)
    assert ntk(RELU, C) == pytest.approx(first + C * zeroth, abs=1e-12)


def test_kernel_of_erf():
    """Williams 1997: 2 / pi arcsin(2 c / 3) for inputs of variance 1."""
    assert dual_kernel(ERF, C) == pytest.approx(2 / math.pi * np.arcsin(2 * C / 3), abs=1e-12)


@pytest.mark.parametrize("formula", ["clip(x, -1, 1)", "softsign(x)"])
def test_kernels_of_odd_functions_are_odd(formula):
    assert dual_kernel(parse(formula), -1.0) == pytest.approx(-dual_kernel(parse(formula), 1.0), abs=1e-12)
    assert slope_kernel(parse(formula), -1.0) == pytest.approx(slope_kernel(parse(formula), 1.0), abs=1e-12)
    assert value(formula, "tangent_kernel")[0] == (-1.0, -1.0)


def test_between_the_series_the_error_is_that_which_is_told():
    c = 0.97
    exact = (math.sqrt(1 - c * c) + (math.pi - math.acos(c)) * c) / math.pi
    assert abs(correlation_map(RELU, c) - exact) < 1e-4


def test_edge_of_chaos():
    assert edge_of_chaos(RELU, 3.0) == pytest.approx((math.sqrt(2), 0))
    assert edge_of_chaos(TANH, 1e-4) == pytest.approx((1, 0), abs=1e-3)
    assert edge_of_chaos(parse("0 * x"), 1.0) is None


def test_the_variance_map_of_a_shifted_relu_has_slope_1_on_the_edge():
    """Price and Tanner 2024: so that it is marginally stable, whatever the threshold."""
    assert value("relu(x - 0.5)", "edge_variance_slope") == pytest.approx(1, abs=1e-12)
    assert value("relu(x - 1.2)", "edge_variance_slope") == pytest.approx(1, abs=1e-12)
    assert value("tanh(x)", "edge_variance_slope") < 0.9


def test_phases():
    assert value("relu(x)", "phase").startswith("edge of chaos")
    assert value("silu(x)", "phase").startswith("chaotic")
    assert value("sigmoid(x)", "phase").startswith("ordered")
    assert value("relu(x)", "variance_fixed_points") == "every q"
    assert value("min(relu(x), 6)", "variance_fixed_points") == "every q from 0.0156 to 1.41"
    assert value("x + sin(x)^2", "variance_fixed_points") == "0.177 (unstable), 1 (stable)"
    assert value("erf(x)", "gradient_growth") > 1
    assert value("sign(x)", "phase").startswith("chaotic")  # C(c) = 2 / pi arcsin c
    assert value("silu(x)", "correlation_limit") == pytest.approx(0.6587, abs=1e-3)


def test_what_lies_beyond_the_rule_is_an_error():
    """E cosh(z)^8 is 6.17e11, of which inputs above 10 have a share of 2 %."""
    exact = sum(math.comb(8, k) * math.exp((8 - 2 * k) ** 2 / 2) for k in range(9)) / 2**8
    (moment,) = properties(parse("cosh(x)^4"), ["second_moment"]).quantities
    assert 0.01 * exact < abs(moment.value - exact) < moment.error

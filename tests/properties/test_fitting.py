"""Distances, and the affine map that brings one function nearest to another."""

import numpy as np
import pytest

from actsearch import parse
from actsearch.catalog import CATALOG
from actsearch.language import INPUTS
from actsearch.properties import distance, fit, fit_output, jets

RELU, SILU, TANH, GELU = (parse(f"{name}(x)") for name in ("relu", "silu", "tanh", "gelu"))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("relu(x)", "max(0, x)"),
        ("x * sigmoid(beta * x)", "x / (1 + exp(-x))"),
        ("2 * sigmoid(2 * x) - 1", "tanh(x)"),
        ("silu(x) * y", "y * x * sigmoid(x)"),
        ("x / feature_rms(x)", "(x + x) / feature_rms(x) / 2"),
    ],
)
def test_equal_functions_have_distance_0_whatever_their_spelling(a, b):
    assert distance(*(parse(text, inputs=INPUTS) for text in (a, b))) == 0


def test_distance():
    assert distance(parse("x"), parse("-x")) == pytest.approx(2)
    assert distance(RELU, parse("relu(x) + 0.25")) == pytest.approx(0.25)
    assert 0.1 < distance(RELU, SILU) == pytest.approx(distance(SILU, RELU))
    assert distance(parse("silu(x) * y", inputs=INPUTS), parse("x * y", inputs=INPUTS)) > 0.1


@pytest.mark.parametrize(
    ("target", "unit"),
    [
        ("relu(2 * x - 1)", "relu"),
        ("1 - sigmoid(x)", "sigmoid"),
        ("3 - 2 * tanh(0.31 * x + 0.77)", "tanh"),
        ("sigmoid(x)", "tanh"),
    ],
)
def test_an_affine_image_is_found(target, unit):
    target, unit = parse(target), parse(f"{unit}(x)")
    found = fit(target, unit)
    x = np.linspace(-3, 3, 13)
    image = found.a * jets(unit, found.b * x + found.c)[0] + found.d
    assert (np.abs(image - jets(target, x)[0]) < 1e-6).all()
    assert found.distance < 1e-9


def test_the_map_is_written_as_people_do():
    assert fit(parse("x * sigmoid(1.7 * x)"), SILU).text("silu") == "0.58824 silu(1.7 x)"
    assert fit(parse("relu(2 * x - 1)"), RELU).text("relu") == "2 relu(x - 0.5)"


def test_gelu_in_its_tanh_form_is_gelu_within_5e_4():
    found = fit(CATALOG["gelu_tanh"].program, GELU)
    assert found.is_identity
    assert found.largest == pytest.approx(4.7e-4, abs=1e-5)
    assert 0 < found.distance < 1e-3


def test_what_is_far_stays_far():
    found = fit(parse("sin(3 * x)"), RELU)
    assert 0.5 < found.distance <= 1


def test_the_output_of_a_layer_is_fitted():
    norm = CATALOG["layer_norm"].program
    found = fit_output(parse("3 * (x - feature_mean(x)) / feature_std(x) - 1"), norm)
    assert (found.a, found.d, found.distance) == pytest.approx((3, -1, 0), abs=1e-9)

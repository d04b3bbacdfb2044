"""Functional identity: one fingerprint for one function, however it is written, and another for any other."""

import dataclasses

import numpy as np
import pytest

from actsearch import fingerprint, parse, simplify
from actsearch.engine import probe
from actsearch.engine.fingerprint import RESOLUTION
from actsearch.language.reductions import INDEX_SETS, STATISTICS
from actsearch.spaces import evonorm, swish

SAME = [
    ("x * sigmoid(x)", "sigmul(x, x)", "-(-x) * sigmoid(x)", "silu(x)", "x / (1 + exp(-x))"),
    ("x", "beta - beta + x", "-(-x)", "x + 0 * beta", "relu(x) + minzero(x)", "0.5 * x + 0.5 * x"),
    ("beta * x", "x * beta", "beta * (x + beta) - beta^2", "mix(x, 0, beta)"),
    ("max(x, 0)", "relu(x)", "(x + abs(x)) / 2"),
    ("rbf(x, 1)", "rbf(1, x)", "exp(-beta * (x - 1)^2)"),
    ("sqrt(x)", "sqrt(x) * 1"),  # NaN left of 0 counts as a value
    ("1 / x", "reciprocal(x)"),  # so does an infinity
    ("0", "x - x", "beta - beta"),
    ("alpha * beta * x", "beta * x * alpha"),  # the order in which parameters are met is not part of the function
]
DIFFERENT = [
    *("x", "relu(x)", "beta * x", "x + beta", "beta", "alpha * x", "x + alpha", "x + beta - shift", "x + shift - beta"),
    *("param beta = 2; beta * x", "param beta = 2; x + beta", "0.73 * x", "1.3371 * x", "x + 1e-5", "x * 1.00001"),
    *(
        "sqrt(x)",
        "sqrt(-x)",
        "signed_sqrt(x)",
        "1 / x",
        "abs(1 / x)",
        "-x",
        "0",
        "alpha * x + beta",
        "beta * x + alpha",
    ),
    *("x * sigmoid(beta * x)", "x * sigmoid(alpha * x)", "x * sigmoid(x)", "x * sigmoid(-x)"),
]


@pytest.mark.parametrize("texts", SAME, ids=lambda texts: texts[0])
def test_one_function_one_fingerprint(texts):
    assert len({fingerprint(parse(text)) for text in texts}) == 1


def test_other_functions_other_fingerprints():
    found = {text: fingerprint(parse(text)) for text in DIFFERENT}
    assert len(set(found.values())) == len(DIFFERENT), found


def test_rounding_below_the_grid_is_not_seen():
    assert fingerprint(parse("x * sigmoid(x)")) == fingerprint(parse(f"x * sigmoid(x) * {1 + 1e-15!r}"))
    assert fingerprint(parse("x * sigmoid(x)")) != fingerprint(parse(f"x * sigmoid(x) + {3 * RESOLUTION:.7f}"))


def test_it_is_a_function_of_the_program_alone():
    program = parse("x * sigmoid(beta * x)")
    drawn = dataclasses.replace(program, choices=(1, 2, 3))
    assert fingerprint(program) == fingerprint(drawn) == fingerprint(program)
    assert len(fingerprint(program)) == 32
    int(fingerprint(program), 16)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("relu(x)", "3e3f07d3c44d5b44f3f2e9981a6b3645"),
        ("x * sigmoid(beta * x)", "53aa32395dfa66310289429f8fb6a000"),
        ("param a = 0.25; max(x, a * x)", "6bc7c0dae5dbc9bfb0a0ab26b753f1d1"),
    ],
)
def test_golden_values(text, expected):
    """Archives keep fingerprints, so they may not change between versions; rounding is far below their grid."""
    assert fingerprint(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "finite"),
    [
        ("x * sigmoid(beta * x)", True),
        ("sqrt(x)", False),  # NaN
        ("1 / x", False),  # the probe holds 0
        ("safe_div(1, x)", True),
        ("exp(x^4)", False),  # e^625 is finite in float64 and not in float32
        ("exp(exp(x / 2))", True),
        ("sqrt(relu(x))", True),
    ],
)
def test_finite(text, finite):
    assert probe(parse(text)).finite is finite


SAME_LAYERS = [
    ("(x - batch_mean(x)) / batch_std(x)", "x / batch_std(x) - batch_mean(x) / batch_std(x)"),
    ("batch_std(x)", "batch_rms(x - batch_mean(x))", "batch_std(x + 1)", "batch_std(batch_mean(x) - x)"),
    ("x * sigmoid(x) / group_std(x)", "silu(x) / group_std(x)", "sigmul(x, x) * (1 / group_std(-x))"),
    ("layer_mean(x)", "layer_mean(instance_mean(x))", "layer_mean(group_mean(x))"),
    ("gamma * instance_mean(x) + v", "v + instance_mean(gamma * x)"),
    ("batch_mean(batch_std(x))", "batch_std(x)"),
]


@pytest.mark.parametrize("texts", SAME_LAYERS, ids=lambda texts: texts[0])
def test_one_layer_one_fingerprint(texts):
    assert len({fingerprint(parse(text)) for text in texts}) == 1


@pytest.mark.parametrize("form", ["{}(x)", "x / {}(x)", "x * sigmoid(v * x) - {}(x^2) * gamma"])
def test_index_sets_and_statistics_are_told_apart(form):
    names = [f"{index_set}_{statistic}" for index_set in INDEX_SETS for statistic in STATISTICS]
    assert len({fingerprint(parse(form.format(name))) for name in names}) == len(names) == 12


def test_places_of_parameters_are_told_apart():
    texts = ("gamma * batch_std(x)", "batch_std(x + gamma * x)", "batch_std(x) + gamma", "alpha * batch_std(x)")
    assert len({fingerprint(parse(text)) for text in texts}) == len(texts)


def test_simplify_keeps_the_fingerprint_of_layers():
    """Those that stay layers: a program without reductions is probed on points, not on the tensor."""
    space, rng = evonorm(nodes=6), np.random.default_rng(0)
    compared = 0
    for program in (space.sample(rng) for _ in range(300)):
        before, simple = probe(program), simplify(program)
        if before.finite and simple.reductions and simple != program:
            compared += 1
            assert probe(simple) == before, f"{program} became {simple}"
    assert compared > 30


@pytest.mark.parametrize("units", [1, 2, 3])
def test_simplify_keeps_the_fingerprint(units):
    space, rng = swish(units), np.random.default_rng(units)
    programs = [space.sample(rng) for _ in range(170)]
    finite = 0
    for program in programs:
        before = probe(program)
        if before.finite:
            finite += 1
            simple = simplify(program)
            assert probe(simple) == before, f"{program} became {simple}"
    assert finite > 50

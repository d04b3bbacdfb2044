"""The contract of every published function and gate: value, slopes, kinks, far values, half precision, special cases.

The references are closed forms in NumPy (`tests.helpers.published`) and a table of PyTorch's own numbers. Units with
statistics are in test_layers.py and test_normalising.py.
"""

import functools
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import parse, to_function
from actsearch.catalog import CATALOG
from tests.helpers.published import FORMS, GATE_FORMS

TORCH = json.loads((Path(__file__).parent / "data" / "torch.json").read_text())
"""Values and slopes of torch.nn.functional, with the version of PyTorch that computed them."""

BETWEEN = np.linspace(-6, 6, 49) + 0.0113  # no unit has a kink there
KINKS = np.array([0, *(sign * x for x in (0.5, 1, np.pi / 2, 2.5, 3, 6) for sign in (1, -1))])
FAR = np.array([-1e4, -1e2, 1e2, 1e4])
STEEP = {"dyn_exproot": [0], "dyn_power23_clip": [0], "hardshrink": [0.5, -0.5], "prelu": [0]}
"""Where a slope is infinite, or there is none, and it is defined; `relu` and `minzero` have 0 at 0, so PReLU has."""

UNITS = [*FORMS, *GATE_FORMS]
LONGER = [name for name in UNITS if len(CATALOG[name].program.nodes) > 3]
"""Those of more than one primitive; the contract of primitives has the others in every precision."""


def program_of(name):
    return CATALOG[name].program


def starts(name):
    return dict(program_of(name).parameters)


def settings(name):
    """The initial values of a unit's parameters, and others near them."""
    moved = {key: value + 0.11 + 0.05 * place for place, (key, value) in enumerate(starts(name).items())}
    return [starts(name), moved]


def form(name, x, parameters):
    """The closed form in NumPy; the second input of a gate is the first one in another order."""
    with np.errstate(all="ignore"):
        if name in FORMS:
            return np.broadcast_to(np.asarray(FORMS[name](x, parameters), float), x.shape)
        return GATE_FORMS[name](x, other(x), parameters)


def other(x):
    return x[::-1] + 0.07


@functools.cache
def measured(name):
    """Returns points, values and slopes in float64, [settings, points], and the slope of each parameter, [settings].

    The last sums over BETWEEN alone.
    """
    x = np.concatenate([BETWEEN, KINKS, FAR])
    rows = settings(name)
    with jax.enable_x64(True):
        inputs = [jnp.asarray(np.tile(value, (len(rows), 1))) for value in (x, other(x))]
        values = {key: jnp.asarray([[row[key]] for row in rows]) for key in rows[0]}
        value, back = jax.vjp(functools.partial(call, name), inputs, values)
        slopes = back(jnp.ones_like(value))[0][0]
        trained = back(jnp.broadcast_to(jnp.arange(len(x)) < len(BETWEEN), value.shape).astype(float))[1]
    return x, np.asarray(value), np.asarray(slopes), {key: np.asarray(slope)[:, 0] for key, slope in trained.items()}


def call(name, inputs, values):
    return to_function(program_of(name))(*inputs[: len(program_of(name).arguments)], **values)


def narrow(name, dtype):
    """Returns points, values and slopes of x in half precision, at the initial values."""
    x = np.concatenate([BETWEEN, KINKS, FAR if dtype == "bfloat16" else []])
    inputs = [jnp.asarray(value, dtype) for value in (x, other(x))]
    slope = [jnp.ones_like(inputs[0]), jnp.zeros_like(inputs[1])]
    value, slopes = jax.jvp(lambda *inputs: call(name, inputs, {}), inputs, slope)
    assert {value.dtype.name, slopes.dtype.name} == {dtype}
    return [np.asarray(row).astype(float) for row in (inputs[0], value, slopes)]


def test_every_unit_without_statistics_has_a_closed_form():
    plain = [name for name, entry in CATALOG.items() if not entry.program.reductions]
    assert sorted(UNITS) == sorted(plain)
    assert sorted(GATE_FORMS) == sorted(name for name in plain if program_of(name).kind == "gate")


@pytest.mark.parametrize("name", UNITS)
def test_values_and_slopes_are_those_of_the_closed_form(name):
    x, values, slopes, trained = measured(name)
    count = len(BETWEEN)
    for row, parameters in enumerate(settings(name)):
        expected = form(name, x, parameters)
        known = np.abs(expected) < 1e300
        assert np.isfinite(values[row][known]).all()
        assert np.isfinite(slopes[row][known]).all()
        np.testing.assert_allclose(values[row][known], expected[known], rtol=1e-9, atol=1e-10)
        after, before = (form_at(name, x, parameters, step)[:count] for step in (1e-5, -1e-5))
        np.testing.assert_allclose(slopes[row, :count], (after - before) / 2e-5, rtol=1e-6, atol=1e-6)
        for key in parameters:
            ends = [form(name, x, parameters | {key: parameters[key] + step})[:count] for step in (1e-5, -1e-5)]
            np.testing.assert_allclose(
                trained[key][row], np.sum((ends[0] - ends[1]) / 2e-5), rtol=2e-4, atol=2e-4, err_msg=key
            )


def form_at(name, x, parameters, step):
    """The closed form with x moved, the second input of a gate kept."""
    with np.errstate(all="ignore"):
        if name in FORMS:
            return np.broadcast_to(np.asarray(FORMS[name](x + step, parameters), float), x.shape)
        return GATE_FORMS[name](x + step, other(x), parameters)


@pytest.mark.parametrize("name", UNITS)
def test_the_slope_at_a_kink_lies_between_its_sides(name):
    """So that sign(x) h(|x|) has the slope that it has, not the 0 that autodiff gives a product with sign(x)."""
    x, _, slopes, _ = measured(name)
    step, defined = 1e-6, ~np.isin(x, STEEP.get(name, [])) & (np.abs(x) < 10)
    after, here, before = (form_at(name, x, starts(name), shift)[defined] for shift in (step, 0, -step))
    sides = (after - here) / step, (here - before) / step
    low, high = np.minimum(*sides) - 1e-3, np.maximum(*sides) + 1e-3
    wrong = ~((low <= slopes[0][defined]) & (slopes[0][defined] <= high))
    assert not wrong.any(), x[defined][wrong]


@pytest.mark.parametrize("dtype", [pytest.param(name, marks=pytest.mark.slow) for name in ("bfloat16", "float16")])
@pytest.mark.parametrize("name", LONGER)
def test_half_precision(name, dtype):
    """Finite, at kinks and in bfloat16 at +-1e4 too, wherever the true value has room in the type; and near it."""
    x, value, slope = narrow(name, dtype)
    expected, info = form(name, x, starts(name)), jnp.finfo(dtype)
    fits = np.isfinite(expected) & (np.abs(expected) < float(info.max) / 4)
    if (name, dtype) == ("elephant", "float16"):
        fits &= np.abs(x) < 2  # its fourth power has no room
    assert np.isfinite(value[fits]).all()
    assert np.isfinite(slope[fits]).all()
    near = fits & (np.abs(x) < 10) & ~np.isin(x, STEEP.get(name, []))
    # One rounding of x, or of the result, for each of some thirty steps.
    room = 32 * float(info.eps) * (1 + np.abs(expected) + np.abs(x * slope))[near]
    assert (np.abs(value[near] - expected[near]) <= room).all()


@pytest.mark.parametrize("name", TORCH["value"])
def test_what_pytorch_has_is_pytorchs(name):
    with jax.enable_x64(True):
        x = jnp.asarray(TORCH["x"])
        value, back = jax.vjp(to_function(program_of(name)), x)
        (slope,) = back(jnp.ones_like(value))
    np.testing.assert_allclose(value, TORCH["value"][name], rtol=1e-8, atol=1e-8)
    bounds = np.isin(x, (-3, -1, 0, 1, 3, 6))  # conventions differ there
    np.testing.assert_allclose(slope[~bounds], np.array(TORCH["slope"][name])[~bounds], rtol=1e-7, atol=1e-7)


def test_the_table_of_pytorch_says_its_version():
    assert TORCH["torch"].split(".")[0] == "2"
    assert len(TORCH["value"]) >= 20


@pytest.mark.parametrize("name", [name for name, entry in CATALOG.items() if entry.special])
def test_special_cases(name):
    entry, x = CATALOG[name], np.linspace(-7, 7, 71)
    with jax.enable_x64(True):
        for case in entry.special:
            target = CATALOG[case.of].program if case.of in CATALOG else parse(case.of)
            inputs = [jnp.asarray(x), jnp.asarray(other(x))]
            ours = to_function(entry.program)(*inputs[: len(entry.program.arguments)], **dict(case.at))
            theirs = to_function(target)(*inputs[: len(target.arguments)])
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, err_msg=str(case))


# Initial values and what is shared, as published. S: one value for all channels.

STARTS = {
    "swish": "beta 1",
    "prelu": "alpha .25",
    "alpha_f_beta": "S alpha 1, S beta 1",
    "smelu": "S b .5",
    "gsmelu": "S gm 0, S gp 1, S a .5, S b .5, S t 0",
    "sau": "S a .25, S s 1",
    "xatlu": "S alpha 0",
    "xgelu": "S alpha 0",
    "xsilu": "S alpha 0",
    "apa": "S lam .5, S kappa .5",
    "aglu": "S lam .5, S kappa .5",
    "crrelu": "S epsilon .01",
    "snake_trained": "a 1",
    "cauchy": "S l1 .01, S l2 .01, S d 1",
    "srs": "alpha 5, beta 3",
    "tanhsoft1": "S alpha 1",
    "tanhsoft2": "S beta .6, S g 1",
    "acon_c": "p1 1, p2 0, beta 1",
    "srelu": "S tl 0, S al 0, S tr 1, S ar 1",
    "falu": "S alpha 1, S beta 1",
    "pdelu": "alpha 1",
    "siaf": "a1 1, b1 -.5, c1 .5, a2 1, b2 .5, c2 .5",
    "lipswish": "S b .5",
    "anneal_to_identity": "S lam 0",
    "berlu": "S alpha .01, S e .5",
    "dyt": "alpha .5, gamma 1, shift 0",
    "derf": "alpha .5, s 0, gamma 1, shift 0",
    "dyt_scalar": "S alpha .5, gamma 1, shift 0",
    **{name: "S alpha .5, S s 0, gamma 1, shift 0" for name in FORMS if name.startswith(("dyn_", "derf_"))},
    **{name: "S alpha 0" for name in ("xatglu", "xgeglu", "xswiglu", "rezero")},
    "gabor_real": "S omega 10, S sigma 10",
}


@pytest.mark.parametrize("name", STARTS)
def test_initial_values(name):
    words = [part.split() for part in STARTS[name].split(", ")]
    assert starts(name) == {word[-2]: float(word[-1]) for word in words}
    assert program_of(name).shared == {word[-2] for word in words if word[0] == "S"}


def test_every_trained_unit_says_how_it_starts():
    trained = {name for name in UNITS if starts(name)}
    assert trained - STARTS.keys() == {"xielu", "polyrelu"}  # which are next


def test_starts_that_a_transformation_sets():
    """Of xIELU both alphas are 0.8 behind their softplus; the weights of PolyReLU are thirds."""
    xielu = {key: np.log1p(np.exp(value)) for key, value in starts("xielu").items()}
    np.testing.assert_allclose([xielu["ap"], 0.5 + xielu["an"]], 0.8)
    np.testing.assert_allclose(list(starts("polyrelu").values()), [0, 1 / 3, 1 / 3, 1 / 3])
    assert program_of("xielu").shared == {"ap", "an"}

"""Features agree with the programs' own values, and identities with fingerprints."""

import numpy as np
import pytest

from actsearch.engine import fingerprint
from actsearch.engine.features import QUANTILES, features
from actsearch.engine.fingerprint import tensor_probe
from actsearch.language import parse
from actsearch.spaces import custom, evonorm
from actsearch.spaces.template import Template

HALF = (QUANTILES + 5 + 1) // 2
SPACE = custom(["x", "-x", "relu", "beta * x", "sqrt", "tanh"], ["+", "*", "max"])


def bank(*texts):
    return features(Template.bank([parse(text) for text in texts]), np.arange(len(texts))[:, None])


def everything(space):
    programs = list(space.enumerate())
    return programs, features(space.template, [program.choices for program in programs])


def test_values_are_the_parts_of_a_curve():
    """An even function has no odd part, and the other way round; a mixture has both."""
    values = bank("x^2", "x^3", "x^2 + x^3").values
    scale = np.sqrt(2 * HALF)
    even, odd = values[:, :HALF] * scale, values[:, HALF : 2 * HALF] * scale
    assert np.abs(odd[0]).max() < 1e-6
    assert np.abs(even[1]).max() < 1e-6
    points = np.sort(np.abs(odd[1]))
    assert points[0] == 0
    assert points[-1] == pytest.approx(3)  # asinh of 125 is cut off
    assert np.abs(even[2]).max() > 0.1 < np.abs(odd[2]).max()


def test_derivatives():
    scale = np.sqrt(2 * HALF)
    values = bank("0.5 * x", "abs(x)").values[:, 2 * HALF : 4 * HALF] * scale
    np.testing.assert_allclose(values[0, HALF:], np.arcsinh(0.5), atol=1e-5)  # of the odd part
    np.testing.assert_allclose(values[0, :HALF], 0, atol=1e-5)
    np.testing.assert_allclose(values[1, 1:HALF], np.arcsinh(1), atol=1e-5)  # of the even part, right of 0


def test_a_mirrored_function_is_the_same_point():
    values = bank("silu(x)", "-silu(x)", "silu(-x)", "-silu(-x)", "gelu(x)").values
    np.testing.assert_allclose(values[1:4], values[[0, 0, 0]], atol=1e-5)
    assert np.abs(values[4] - values[0]).max() > 1e-3


def test_sensitivities_come_last():
    found = bank("beta * x", "x", "x + beta").values[:, -1]
    assert found[1] == 0
    np.testing.assert_allclose(found[2], 0.25 * np.arcsinh(1), atol=1e-5)
    assert found[0] > found[2]  # |x| has a root mean square above 1 on the probe


def test_identities_are_those_of_fingerprints():
    programs, found = everything(SPACE)
    pairs = {
        (fingerprint(program), int(identity)) for program, identity in zip(programs, found.identities, strict=True)
    }
    prints, identities = zip(*pairs, strict=True)
    assert len(set(prints)) == len(set(identities)) == len(pairs) < len(programs)


def test_what_is_not_finite_is_flagged_and_still_a_number():
    programs, found = everything(SPACE)
    assert np.isfinite(found.values).all()
    texts = {str(program): bool(finite) for program, finite in zip(programs, found.finite, strict=True)}
    assert not texts["x + sqrt(x)"]
    assert texts["x + relu(x)"]


def test_a_program_does_not_depend_on_its_company():
    choices = [program.choices for program in SPACE.enumerate()]
    whole = features(SPACE.template, choices)
    for rows in (slice(3, 4), slice(100, 108)):
        part = features(SPACE.template, choices[rows])
        np.testing.assert_array_equal(part.values, whole.values[rows])
        np.testing.assert_array_equal(part.identities, whole.identities[rows])
    assert features(SPACE.template, np.zeros((0, 3), int)).values.shape == (0, whole.values.shape[1])


def test_layers():
    space = evonorm(nodes=2)
    rng = np.random.default_rng(0)
    programs = [space.sample(rng) for _ in range(150)]
    found = features(space.template, [program.choices for program in programs])
    assert np.isfinite(found.values).all()
    # A constant has another fingerprint than a layer that cancels its input: it is of another shape.
    varied = found.finite & (np.ptp(found.values[:, : tensor_probe().size], axis=1) > 0)
    prints = {(fingerprint(programs[i]), int(found.identities[i])) for i in np.flatnonzero(varied)}
    assert len({one for one, _ in prints}) == len({other for _, other in prints}) == len(prints) > 10


def test_shape():
    with pytest.raises(ValueError, match=r"choices must be \[programs, 3\]; received shape \(2,\)"):
        features(SPACE.template, [0, 1])

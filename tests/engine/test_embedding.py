"""The embedding agrees with the programs' own values, and its identities with fingerprints."""

import jax
import numpy as np
import pytest

from actsearch.engine import Identity, embed, fingerprint, identity
from actsearch.engine.embedding import QUANTILES
from actsearch.engine.probe import tensor_probe
from actsearch.language import parse
from actsearch.spaces import SPACES, custom, evonorm, get_space
from actsearch.spaces.template import Template

HALF = (QUANTILES + 5 + 1) // 2
SPACE = custom(["x", "-x", "relu", "beta * x", "sqrt", "tanh"], ["+", "*", "max"])


def bank(*texts):
    return embed(Template.bank([parse(text) for text in texts]), np.arange(len(texts))[:, None])


def everything(space):
    genotypes = list(space.enumerate())
    return [*map(space.decode, genotypes)], embed(space.template, [genotype.choices for genotype in genotypes])


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


QUICK = ("swish-1", "swish-2")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in SPACES]
)
def test_identities_are_those_of_fingerprints(name):
    """In every space: the same text, and the same verdict on what is finite."""
    space, rng = get_space(name), np.random.default_rng(0)
    genotypes = [space.sample(rng) for _ in range(100)]
    rows = embed(space.template, [genotype.choices for genotype in genotypes])
    expected = [identity(space.decode(genotype)) for genotype in genotypes]
    assert [*map(Identity, rows.fingerprints.tolist(), rows.finite.tolist())] == expected
    assert len(set(expected)) > 10
    assert len({one.finite for one in expected}) == 2 or space.kind == "layer"


def test_identities_of_many_parameters():
    """More orders of five than one loop holds: the program itself is asked."""
    texts = ["alpha * x + gamma", "gamma * x + v", "alpha * x + gamma * x^2 + v * x^3 + v1 * x^4 + beta"]
    rows = bank(*texts)
    assert rows.fingerprints.tolist() == [fingerprint(parse(text)) for text in texts]
    assert rows.fingerprints[0] == rows.fingerprints[1]


def test_what_is_not_finite_is_flagged_and_still_a_number():
    programs, found = everything(SPACE)
    assert np.isfinite(found.values).all()
    texts = {str(program): bool(finite) for program, finite in zip(programs, found.finite, strict=True)}
    assert not texts["x + sqrt(x)"]
    assert texts["x + relu(x)"]


def test_a_program_does_not_depend_on_its_company():
    choices = [genotype.choices for genotype in SPACE.enumerate()]
    whole = embed(SPACE.template, choices)
    for rows in (slice(3, 4), slice(100, 108)):
        part = embed(SPACE.template, choices[rows])
        np.testing.assert_array_equal(part.values, whole.values[rows])
        np.testing.assert_array_equal(part.fingerprints, whole.fingerprints[rows])
    assert embed(SPACE.template, np.zeros((0, 3), int)).values.shape == (0, whole.values.shape[1])


def test_layers():
    space, rng = evonorm(nodes=2), np.random.default_rng(0)
    rows = embed(space.template, [space.sample(rng).choices for _ in range(150)])
    assert np.isfinite(rows.values).all()
    assert rows.values.shape[1] == 2 * tensor_probe().size + len(space.template.parameters)


def test_a_users_debugging_of_nans_is_no_matter():
    with jax.debug_nans(True), jax.debug_infs(True):
        assert bank("sqrt(x)", "1 / x", "x / batch_std(x)").finite.tolist() == [False, False, True]


def test_shape():
    with pytest.raises(ValueError, match=r"choices must be \[programs, 3\]; received shape \(2,\)"):
        embed(SPACE.template, [0, 1])

"""The spectrum is that of the explicit Fisher matrix."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.controllers import Surrogate
from actsearch.evaluation import FisherSpectrum
from actsearch.evaluation.one_training import init_state
from actsearch.language import ActsearchError
from actsearch.nn import MLPConfig
from actsearch.spaces import custom
from actsearch.tasks import get_task
from tests.helpers.own_task import FitSine

SPACE = custom(["x", "relu", "beta * x", "exp"], ["+", "*"])
TINY = dataclasses.replace(get_task("digits-mlp"), name="tiny", network=MLPConfig((64, 3, 10)))
N = 5


@pytest.fixture(scope="module")
def spectrum():
    return FisherSpectrum(TINY, SPACE.template, examples=N)


def reference(function, betas):
    """Eigenvalues of the explicit matrix in float64: every parameter of a network written out by hand."""
    weights = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(init_state(TINY, 0).weights)]
    kernels = sorted((w for w in weights if w.ndim == 2), key=lambda w: -w.shape[0])
    biases = sorted((w for w in weights if w.ndim == 1), key=len)
    inputs, labels = (np.asarray(part[:N]) for part in TINY.data().train)
    with jax.enable_x64(True):
        parameters = [jnp.asarray(p) for p in (*kernels, *biases)] + [jnp.ones(3)] * betas

        def loss(parameters, x, label):
            first, last, b1, b2, *beta = parameters
            return -jax.nn.log_softmax(function(x @ first + b1, *beta) @ last + b2)[label]

        rows = [
            np.concatenate([np.ravel(g) for g in jax.grad(loss)(parameters, jnp.asarray(x / 16.0), label)])
            for x, label in zip(inputs, labels, strict=True)
        ]
        fisher = sum(np.outer(row, row) for row in rows) / N
        return np.asarray(jnp.linalg.eigvalsh(jnp.asarray(fisher)))[-N:]


def test_equals_the_explicit_matrix(spectrum):
    choices = {text: i for i, text in enumerate(SPACE.decisions[0].options)}
    rows = [(choices["x"], choices["relu(x)"], 1), (choices["x"], choices["beta * x"], 1)]
    expected = [reference(lambda x: x * jax.nn.relu(x), 0), reference(lambda x, beta: x * (beta * x), 1)]
    np.testing.assert_allclose(10.0 ** spectrum(rows), expected, rtol=2e-3, atol=1e-6 * np.max(expected))


def test_a_row_does_not_depend_on_the_others(spectrum):
    rows = [(0, 1, 0), (1, 1, 1), (2, 0, 0)]
    whole = spectrum(rows)
    assert whole.shape == (3, N)
    assert (np.diff(whole, axis=1) >= 0).all()
    np.testing.assert_array_equal(spectrum(rows[1:2]), whole[1:2])
    assert spectrum([]).shape == (0, N)


def test_no_row_holds_nan():
    steep = custom(["x", "exp(exp(x * x * 100))"], ["+", "*"])
    rows = FisherSpectrum(TINY, steep.template, examples=N)([(1, 1, 1), (0, 0, 0)])
    assert (rows[0] == 12).all()
    assert np.isfinite(rows).all()
    assert (rows[1] < 12).all()


@pytest.mark.parametrize("examples", [1, 900])
def test_examples(examples):
    with pytest.raises(ActsearchError, match=f"examples must be from 2 to 899, the training part; received {examples}"):
        FisherSpectrum(TINY, SPACE.template, examples=examples)


def test_of_a_classification_alone():
    with pytest.raises(ActsearchError, match="a classification's cross entropy; fit-sine is none"):
        FisherSpectrum(FitSine(), SPACE.template)


def test_its_text_identifies_it(spectrum):
    """A search that uses it can be resumed: the text is in the archive."""
    same = FisherSpectrum(TINY, SPACE.template, examples=N)
    assert Surrogate(spectrum=spectrum).config() == Surrogate(spectrum=same).config()
    space = custom(["x", "relu", "beta * x", "tanh"], ["+", "*"])
    others = [
        FisherSpectrum(dataclasses.replace(TINY, network=MLPConfig((64, 4, 10))), SPACE.template, examples=N),
        FisherSpectrum(TINY, space.template, examples=N),
        FisherSpectrum(TINY, SPACE.template, seed=1, examples=N),
        FisherSpectrum(TINY, SPACE.template, examples=N + 1),
    ]
    assert len({repr(other) for other in (spectrum, *others)}) == 5

"""Regression: loss, bounded score, and photographs as functions whose parts share no pixel."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from actsearch import parse
from actsearch.evaluation import Trainer
from actsearch.nn import MLPConfig
from actsearch.tasks import Data, Pairs, Recipe, Regression, get_task
from actsearch.tasks.inr import pixels

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(120, 3)).astype(np.float32)
FIRST_COLOURS = [[115, 71, 44], [152, 104, 66], [194, 155, 116], [159, 135, 63]]
TARGETS = np.stack([INPUTS @ [1.0, -2.0, 0.5], INPUTS[:, 0] + 3], axis=1).astype(np.float32)


def plane():
    parts = (slice(0, 60), slice(60, 90), slice(90, 120))
    return Data(*(Pairs(INPUTS[part], TARGETS[part]) for part in parts))


def task(**changes):
    fields = {
        "name": "plane",
        "load": plane,
        "shape": (3,),
        "outputs": 2,
        "network": MLPConfig((3, 8, 2)),
        "steps": 200,
        "recipe": Recipe(learning_rate=0.03, algorithm="adamw", schedule="cosine"),
    }
    return Regression(**(fields | changes))


def test_loss_and_metrics():
    part = plane().validation
    off = lambda inputs: jnp.asarray(part.targets) + jnp.array([[1.0, -3.0]])  # noqa: E731
    assert float(task().loss(off, part)) == pytest.approx((1 + 9) / 2)
    metrics = task().metrics(off, part)
    assert float(metrics["loss"]) == pytest.approx(5)
    assert float(metrics["relative_loss"]) == pytest.approx(5 / part.targets.var(axis=0).mean(), rel=1e-5)


def test_the_mean_of_the_targets_scores_one_half_and_no_error_scores_one():
    part = plane().test
    mean = lambda inputs: jnp.tile(part.targets.mean(axis=0, keepdims=True), (30, 1))  # noqa: E731
    assert task().score(task().metrics(mean, part)) == pytest.approx(0.5, abs=1e-5)
    assert task().score(task().metrics(lambda inputs: jnp.asarray(part.targets), part)) == 1


@pytest.mark.parametrize(("relative", "score"), [(np.nan, 0.0), (np.inf, 0.0), (1e30, 0.0), (0.0, 1.0), (0.25, 0.8)])
def test_the_score_is_bounded_whatever_the_metric(relative, score):
    assert task().score({"relative_loss": relative}) == pytest.approx(score, abs=1e-12)


def test_learns_a_plane_with_the_identity():
    """Least squares finds it exactly; so does the network, nearly."""
    assert LinearRegression().fit(INPUTS[:60], TARGETS[:60]).score(INPUTS[90:], TARGETS[90:]) == pytest.approx(1)
    trainer = Trainer.specialized(task(), parse("x"))
    (outcome,) = trainer(trainer.jobs([()], [0], [1.0]))
    assert task().score(outcome.metrics) > 0.999


def test_pixels_are_coordinates_and_colours_of_disjoint_parts():
    """An image whose colours are the numbers of rows and columns: a pair says where it was read."""
    rows, columns = np.indices((64, 64))
    data = pixels(np.stack([rows, columns, rows], axis=2).astype(np.uint8))
    assert [part.inputs.shape for part in data] == [(2048, 2), (1024, 2), (1024, 2)]
    for part in data:
        assert (part.inputs.dtype, part.targets.dtype) == (np.float32, np.float32)
        np.testing.assert_allclose((part.inputs + 1) * 63 / 2, part.targets[:, :2] * 255, atol=1e-3)
    places = [tuple(place) for part in data for place in part.inputs.tolist()]
    assert len(set(places)) == len(places) == 64 * 64


@pytest.mark.parametrize("name", ["inr-photo", "inr-photo-2"])
def test_parts_of_a_photograph_have_its_colours(name):
    parts = get_task(name).data()
    means = np.array([part.targets.mean(axis=0) for part in parts])
    assert np.ptp(means, axis=0).max() < 0.03
    assert all(0 <= part.targets.min() < part.targets.max() <= 1 for part in parts)


def test_the_name_fixes_the_pixels():
    """To change one of these is to make a task with a new name."""
    train = get_task("inr-photo").data().train
    assert (train.targets[:4] * 255).round().astype(int).tolist() == FIRST_COLOURS


def test_the_second_photograph_is_another_one():
    first, second = (get_task(name) for name in ("inr-photo", "inr-photo-2"))
    assert first.digest != second.digest


@pytest.mark.slow
@pytest.mark.parametrize(("function", "low", "high"), [("x", 15, 18), ("relu(x)", 18, 21), ("sin(x)", 18, 22)])
def test_a_photograph_needs_a_nonlinearity(function, low, high):
    """Peak signal to noise on unseen pixels, in decibel; an affine map of the coordinates stays below."""
    trainer = Trainer.specialized(get_task("inr-photo"), parse(function))
    outcomes = trainer(trainer.jobs([()], [0, 1], [1.0]))
    psnr = -10 * np.log10([row.metrics["loss"] for row in outcomes])
    assert low < psnr.mean() < high

"""The axis of scores: increasing, invertible, with ticks that stand where they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from actsearch.language import ActsearchError
from actsearch.report import ScoreScale, score_axis

SCORES = [[0.1, 0.5, 0.9], [0.3, 0.985], [0.0, 1.0], [1.0], [0.7, 0.7], [0.985, 1.0], [0.91, 0.912], [0.0, 0.9999]]


@given(st.floats(2**-30, 0.9), st.lists(st.floats(-3, 2), min_size=2, unique=True))
def test_places_rise_with_scores_and_lead_back_to_them(threshold, scores):
    scale = ScoreScale(threshold)
    scores = np.sort(scores)
    places = scale.places(scores)
    assert (np.diff(places) >= 0).all()
    assert scale.scores(places) == pytest.approx(scores, abs=1e-12)


def test_each_halving_of_the_error_is_one_step_and_a_perfect_score_is_the_last():
    errors = np.array([1, 1 / 2, 1 / 4, 1 / 8, 0])
    assert ScoreScale(1 / 8).places(1 - errors).tolist() == [0, 1, 2, 3, 4]


def test_a_threshold_of_zero_is_a_mistake():
    with pytest.raises(ActsearchError, match="above 0; received 0"):
        ScoreScale(0)


@pytest.mark.parametrize("which", ["x", "y"])
@pytest.mark.parametrize("scores", SCORES)
def test_the_axis_shows_all_scores_and_labels_its_ticks_with_them(scores, which):
    figure = Figure()
    axes = figure.subplots()
    score_axis(axes, which, np.array(scores))
    axis, (low, high) = (axes.xaxis, axes.get_xlim()) if which == "x" else (axes.yaxis, axes.get_ylim())
    assert all(low < score < high for score in scores)
    assert axis.get_scale() == "score"
    figure.draw_without_rendering()
    ticks = axis.get_majorticklocs()
    assert [float(label.get_text()) for label in axis.get_ticklabels()] == pytest.approx(list(ticks))
    assert all(low <= tick <= high for tick in ticks)
    assert (1.0 in ticks) == (1.0 in scores)
    places = axis.get_transform().transform(np.array([low, *ticks, high]))
    assert (np.diff(places[1:-1]) >= (places[-1] - places[0]) / 17).all()


def test_a_narrow_range_has_ticks_at_equal_steps():
    axes = Figure().subplots()
    score_axis(axes, "y", np.array([0.911, 0.914]))
    steps = np.diff(axes.get_yticks())
    assert len(steps) >= 3
    assert steps == pytest.approx(steps[0])

"""Pictures of scores: what is drawn is what was given, in scores."""

import numpy as np
import pytest

from actsearch.analysis import bootstrap_mean
from actsearch.language import ActsearchError, parse
from actsearch.report import score_by_batch, score_distribution, search_progress
from actsearch.trials import Trial
from tests.helpers.pictures import extents, on_page, overlap

X = parse("x")
OUTCOMES = [("ok", 0.5), ("duplicate", 0.5), ("ok", 0.9), ("diverged", 0.0), ("ok", 0.7), ("failed", None)]
TRIALS = [Trial(i, X, str(i), status, score) for i, (status, score) in enumerate(OUTCOMES)]
MARKED = {f"function_{i}": 0.90 + 0.0001 * i for i in range(8)}


def points(line):
    return list(zip(*(np.asarray(values).tolist() for values in line.get_data()), strict=True))


def test_progress_draws_every_trained_trial_and_the_best_so_far():
    (axes,) = search_progress(TRIALS).axes
    trained, diverged, best = axes.lines
    assert points(trained) == [(0, 0.5), (2, 0.9), (4, 0.7)]
    assert list(diverged.get_xdata()) == [3]
    assert points(best) == [(0, 0.5), (2, 0.9), (4, 0.9), (5, 0.9)]
    assert axes.get_yscale() == "score"


def test_progress_tells_shorter_trainings_and_repeats_apart():
    """Scores after fewer steps are other quantities, and the best of several draws is luck."""
    trials = [Trial(0, X, "a", "ok", 0.95, fidelity=1 / 9), Trial(1, X, "a", "ok", 0.8, first=0)]
    trials += [Trial(2, X, "a", "ok", 0.9, first=0, repeat=1)]
    shorter, trained, best = search_progress(trials).axes[0].lines
    assert points(shorter) == [(0, 0.95)]
    assert points(trained) == [(1, 0.8), (2, 0.9)]
    assert points(best) == [(1, 0.8), (2, 0.8), (2, 0.8)]
    assert [line.get_label() for line in (shorter, trained)] == ["trained shorter (1)", "trained (2)"]


def test_progress_needs_a_score():
    with pytest.raises(ActsearchError, match="received 1 without one"):
        search_progress(TRIALS[1:2])


def test_distribution_counts_every_score_and_marks_each_name_at_its_own():
    scores = np.random.default_rng(0).uniform(0.1, 1.0, size=300)
    figure = score_distribution(scores, MARKED)
    (axes,) = figure.axes
    assert sum(bar.get_height() for bar in axes.patches) == 300
    figure.draw_without_rendering()
    widths = [bar.get_window_extent().width for bar in axes.patches]
    assert widths == pytest.approx([widths[0]] * len(widths), rel=0.01)
    median, *lines = axes.lines
    assert median.get_xdata() == pytest.approx([np.median(scores)] * 2)
    assert [text.get_text() for text in axes.texts] == list(MARKED)
    assert [line.get_xdata()[0] for line in lines] == pytest.approx(list(MARKED.values()))
    assert [text.get_position()[0] for text in axes.texts] == [line.get_xdata()[-1] for line in lines]


@pytest.mark.parametrize("scores", [[0.5], [1.0, 1.0], [0.0, 1.0], [0.1, 0.3, 0.7, 1.0]])
def test_distribution_of_few_or_extreme_scores(scores):
    (axes,) = score_distribution(scores).axes
    assert (len(axes.texts), sum(bar.get_height() for bar in axes.patches)) == (0, len(scores))


def test_distribution_needs_a_score():
    with pytest.raises(ActsearchError, match="at least one score"):
        score_distribution([])


@pytest.mark.parametrize("step", [0.0, 1e-4, 1e-3])
def test_labels_overlap_neither_each_other_nor_the_title_nor_the_edge(step):
    figure = score_distribution(np.linspace(0.1, 0.95, 200), {f"function_{i}": 0.95 - step * i for i in range(25)})
    boxes = extents(figure, [*figure.axes[0].texts, *figure.texts])
    assert len(boxes) == 26
    assert not overlap(boxes)
    assert on_page(figure, boxes)


def test_scores_by_batch_are_means_with_their_intervals_and_names():
    scores = {"steady": {64: [0.9, 0.91, 0.92], 4: [0.9, 0.9, 0.91]}, "other": {16: [0.8]}}
    (axes,) = score_by_batch(scores, label="accuracy").axes
    lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert list(lines) == ["steady", "other"]
    assert lines["steady"].get_xdata() == pytest.approx([2, 6], abs=0.1)
    means = [bootstrap_mean(scores["steady"][size]) for size in (4, 64)]
    assert list(lines["steady"].get_ydata()) == [mean.estimate for mean in means]
    bars = [line.get_ydata() for line in axes.lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    assert [tuple(bar) for bar in bars] == [mean[1:] for mean in means]  # one seed has no interval
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4", "16", "64"]
    assert [text.get_text() for text in axes.texts] == ["steady", "other"]
    assert axes.get_ylabel().startswith("accuracy")


@pytest.mark.parametrize("scores", [{}, {"a": {}}, {str(i): {4: [0.5]} for i in range(13)}])
def test_too_many_layers_or_none_are_a_mistake(scores):
    with pytest.raises(ActsearchError, match=f"1 to 12 layers with scores; received {len(scores)}"):
        score_by_batch(scores)

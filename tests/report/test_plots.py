"""Pictures: what is drawn is what was given, nothing overlaps, and equal figures are equal bytes."""

import itertools
import math

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from actsearch.analysis.statistics import Interval
from actsearch.catalog import CATALOG, PUBLISHED
from actsearch.language import parse
from actsearch.report.plots import curves, intervals, save, score_distribution, search_progress
from actsearch.report.style import score_axis, spread
from actsearch.trials.trial import Trial

X = parse("x")
OUTCOMES = [("ok", 0.5), ("duplicate", 0.5), ("ok", 0.9), ("diverged", 0.0), ("ok", 0.7), ("rejected:finite", None)]
TRIALS = [Trial(i, X, str(i), status, score) for i, (status, score) in enumerate(OUTCOMES)]
ROWS = {
    "better": Interval(0.96, 0.95, 0.97),
    "even": Interval(0.92, 0.90, 0.94),
    "worse": Interval(0.91, 0.90, 0.92),
    "one seed": Interval(0.99, -math.inf, math.inf),
}
MARKED = {name: 0.90 + 0.0001 * i for i, name in enumerate(PUBLISHED)}


PICTURES = {
    "progress": lambda: search_progress(TRIALS),
    "distribution": lambda: score_distribution(np.linspace(0.1, 0.95, 200), MARKED),
    "curves": lambda: curves({name: CATALOG[name].program for name in ("relu", "swish")}, title="Two of them"),
    "intervals": lambda: intervals(ROWS, 0.93, reference_name="ReLU"),
}


def axes_of(figure):
    return [axes for axes in figure.axes if axes.get_visible()]


def boxes(figure, texts):
    figure.draw_without_rendering()
    return [text.get_window_extent() for text in texts]


@pytest.mark.parametrize("name", PICTURES)
def test_files_are_there_equal_every_time_and_whatever_the_users_style(tmp_path, name):
    first = save(PICTURES[name](), tmp_path / "new" / "first")
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "lines.linewidth": 9, "legend.frameon": True}):
        second = save(PICTURES[name](), tmp_path / "second.v2")
    assert [path.name for path in second] == ["second.v2.png", "second.v2.svg"]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert one.stat().st_size > 5_000
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in first[1].read_bytes()


def test_figures_are_their_own():
    with matplotlib.rc_context():
        before = dict(matplotlib.rcParams)
        assert all(isinstance(figure, Figure) for figure in (draw() for draw in PICTURES.values()))
        assert dict(matplotlib.rcParams) == before
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_progress_draws_every_trained_trial_and_the_best_so_far():
    (axes,) = axes_of(search_progress(TRIALS))
    trained, diverged, best = axes.lines
    assert trained.get_xdata().tolist() == [0, 2, 4]
    assert np.diff(trained.get_ydata()[[0, 2, 1]]).min() > 0
    assert list(diverged.get_xdata()) == [3]
    assert best.get_xdata().tolist() == [0, 2, 4, 5]
    assert best.get_ydata().tolist() == trained.get_ydata()[[0, 1, 1, 1]].tolist()
    with pytest.raises(ValueError, match="received 1 trials without one"):
        search_progress(TRIALS[1:2])


@pytest.mark.parametrize("scores", [[0.1, 0.5, 0.9], [0.3, 0.985], [0.0, 1.0], [1.0], [0.7, 0.7], [0.985, 1.0]])
def test_the_axis_of_scores_is_increasing_and_labels_the_places_it_says(scores):
    axes = Figure().subplots()
    place = score_axis(axes, "y", np.array(scores))
    low, high = axes.get_ylim()
    assert all(low < place(score) < high for score in scores)
    assert (np.diff(place(np.unique(scores))) > 0).all()
    ticks = {
        float(label.get_text()): tick for label, tick in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
    }
    assert all(tick == place(score) for score, tick in ticks.items())
    assert (1.0 in ticks) == (1.0 in scores)
    assert len(set(axes.get_yticks())) == len(axes.get_yticks())


def test_distribution_counts_every_score_and_marks_each_name_at_its_own():
    scores = np.random.default_rng(0).uniform(0.1, 1.0, size=300)
    (axes,) = axes_of(score_distribution(scores, MARKED))
    assert sum(bar.get_height() for bar in axes.patches) == 300
    place = score_axis(Figure().subplots(), "x", scores)
    lines = axes.lines[1:]  # the first is the median
    assert [text.get_text() for text in axes.texts] == list(MARKED)
    assert [line.get_xdata()[0] for line in lines] == pytest.approx([float(place(s)) for s in MARKED.values()])
    assert [text.get_position()[0] for text in axes.texts] == [line.get_xdata()[-1] for line in lines]
    (axes,) = axes_of(score_distribution([0.5]))
    assert (len(axes.texts), sum(bar.get_height() for bar in axes.patches)) == (0, 1)
    with pytest.raises(ValueError, match="at least one score"):
        score_distribution([])


@pytest.mark.parametrize("step", [0.0, 1e-4, 1e-3])
def test_labels_overlap_neither_each_other_nor_the_title_nor_the_edge(step):
    figure = score_distribution(np.linspace(0.1, 0.95, 200), {f"function_{i}": 0.95 - step * i for i in range(25)})
    (axes,) = axes_of(figure)
    found = boxes(figure, [*axes.texts, figure._suptitle])
    assert not any(one.overlaps(two) for one, two in itertools.combinations(found, 2))
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1 for box in found)


def test_spread_moves_only_what_it_must():
    assert spread([], 1.0, 0.0, 9.0) == []
    assert spread([1.0, 4.0, 9.0], 1.0, 0.0, 9.0) == [1.0, 4.0, 9.0]
    assert spread([4.0, 4.0, 4.0], 1.0, 0.0, 9.0) == [3.0, 4.0, 5.0]
    assert spread([9.0, 9.0], 1.0, 0.0, 9.0) == [8.0, 9.0]
    assert spread([0.0, 0.0], 1.0, 0.0, 9.0) == [0.0, 1.0]
    rng = np.random.default_rng(0)
    for _ in range(100):
        places = spread(sorted(rng.uniform(0, 10, size=10)), 1.0, 0.0, 10.0)
        assert np.diff(places).min() > 1 - 1e-9
        assert places[0] >= 0
        assert places[-1] <= 10 + 1e-9


def test_curves_draw_the_function_and_its_derivative():
    programs = {"tanh": parse("tanh(x)"), "1 / x": parse("1 / x"), "relu(x)": parse("relu(x)")}
    panels = axes_of(curves(programs, -3, 3))
    assert [panel.get_title(loc="left") for panel in panels] == list(programs)
    assert [[text.get_text() for text in panel.texts] for panel in panels] == [["tanh(x)"], [""], [""]]
    value, slope = panels[0].lines[-2:]
    x = value.get_xdata()
    assert (x[0], x[-1]) == (-3, 3)
    np.testing.assert_allclose(value.get_ydata(), np.tanh(x), atol=1e-6)
    np.testing.assert_allclose(slope.get_ydata(), 1 - np.tanh(x) ** 2, atol=1e-6)
    pole = panels[1].lines[-2].get_ydata()
    assert np.isnan(pole[len(pole) // 2])  # no line joins the two branches
    assert len(axes_of(curves(dict.fromkeys("abcde", X)))) == 5
    for mistake in ({}, 0.0, 1.0), (programs, 1.0, 1.0):
        with pytest.raises(ValueError, match="needs a program and a range"):
            curves(*mistake)


def test_a_long_formula_is_shown_whole_between_the_name_and_the_panel():
    program = parse(
        "max(x, tanh(x)) * sigmoid(beta * x) - safe_div(cosh(x), atan(x)) + 5 * asinh(x)^2 * laplace(x, erf(x))"
    )
    figure = curves({"winner": program, "relu": parse("relu(x)")})
    panel = axes_of(figure)[0]
    (formula,) = panel.texts
    assert formula.get_text().replace("\n", " ") == str(program)
    text, name, frame = *boxes(figure, [formula, panel._left_title]), panel.get_window_extent()
    assert frame.y1 < text.y0
    assert text.y1 < name.y0 + 2
    assert name.y1 < figure.bbox.y1


def test_intervals_are_drawn_in_order_and_judged_by_the_reference():
    (axes,) = axes_of(intervals(ROWS, 0.93, reference_name="ReLU", label="accuracy"))
    assert [label.get_text() for label in axes.get_yticklabels()] == list(ROWS)
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first row on top
    means = {line.get_ydata()[0]: line for line in axes.lines if len(line.get_xdata()) == 1}
    assert [float(means[i].get_xdata()[0]) for i in range(4)] == [row.estimate for row in ROWS.values()]
    assert [means[i].get_marker() for i in range(4)] == ["o", "o", "s", "o"]
    assert [means[i].get_markerfacecolor() == "white" for i in range(4)] == [False, True, False, True]
    bars = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2][1:]  # after the reference
    assert bars == [(row.low, row.high) for row in list(ROWS.values())[:3]]
    assert [text.get_text() for text in axes.texts] == ["ReLU", "0.9600", "0.9200", "0.9100", "0.9900"]
    (plain,) = axes_of(intervals({"difference": Interval(0.01, 0.005, 0.015)}, 0))
    assert plain.texts[-1].get_text() == "+0.0100"
    assert isinstance(axes_of(intervals(ROWS))[0], Axes)
    with pytest.raises(ValueError, match="at least one row"):
        intervals({})

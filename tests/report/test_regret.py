"""Pictures of regret show what was computed, with a band where there are several runs."""

import numpy as np
import pytest

from actsearch.analysis import Interval, compare_runs, regret_at
from actsearch.language import ActsearchError
from actsearch.report import regret_curves, regret_panels
from actsearch.report.style import line_look
from tests.helpers.pictures import extents, overlap
from tests.helpers.runs import run


def test_the_picture_draws_each_group_and_a_band_where_there_are_several_runs():
    rng = np.random.default_rng(0)
    runs = [run(f"{c}{seed}", rng.random(40 + seed), c, seed) for c in ("random", "evolution") for seed in range(3)]
    comparison = compare_runs([*runs, run("alone", [0.5], "exhaustive")])
    figure = regret_curves(comparison)
    (axes,) = figure.axes
    labels = ["random (3 runs)", "evolution (3 runs)", "exhaustive"]
    assert [line.get_label() for line in axes.lines] == labels
    assert [text.get_text() for text in figure.legends[0].get_texts()] == labels
    assert [line.get_color() for line in axes.lines] == [line_look(number)["color"] for number in range(3)]
    assert len(axes.collections) == 2
    for line, group, band in zip(axes.lines, comparison.groups.values(), axes.collections, strict=False):
        mean = comparison.reference - np.mean([curve[:40] for curve in group.curves], axis=0)
        assert line.get_ydata() == pytest.approx(mean)
        assert list(line.get_xdata()) == list(range(1, 41))
        lowest = min(regret_at(group.curves, comparison.reference, n).low for n in (1, 40))
        assert band.get_paths()[0].vertices[:, 1].min() == pytest.approx(lowest)


@pytest.mark.parametrize(("reference", "drawn"), [(None, 0.0), (0.3, -0.2), (0.5 + 1e-12, 1e-12)])
def test_regret_of_zero_or_below_or_next_to_it_is_inside_the_picture(reference, drawn):
    figure = regret_curves(compare_runs([run("a", [0.5])], reference=reference))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert axes.lines[0].get_ydata() == pytest.approx([drawn])
    low, high = axes.get_ylim()
    assert low < drawn < high
    assert not overlap(extents(figure, [t for t in axes.get_yticklabels() if low <= t.get_position()[1] <= high]))


def test_panels_draw_every_curve_and_hide_empty_places():
    curve = {1: Interval(0.3, 0.2, 0.4), 10: Interval(0.1, 0.05, 0.2)}
    figure = regret_panels({name: {"random": curve, "ppo": curve} for name in "abcd"}, "four")
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == list("abcd")
    assert all(len(axes.lines) == 2 and len(axes.collections) == 2 for axes in shown)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["random", "ppo"]


def test_panels_need_a_panel():
    with pytest.raises(ActsearchError, match="regret_panels needs at least one panel; received none"):
        regret_panels({})

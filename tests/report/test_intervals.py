"""Means with their intervals: order, and marks by the reference."""

import math

import pytest

from actsearch.analysis import Interval
from actsearch.language import ActsearchError
from actsearch.report import draw_intervals

ROWS = {
    "better": Interval(0.96, 0.95, 0.97),
    "even": Interval(0.92, 0.90, 0.94),
    "worse": Interval(0.91, 0.90, 0.92),
    "one seed": Interval(0.99, -math.inf, math.inf),
}


def test_intervals_are_drawn_in_order_and_marked_by_the_reference():
    (axes,) = draw_intervals(ROWS, 0.93, reference_name="ReLU", label="accuracy").axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(ROWS)
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first row on top
    means = {line.get_ydata()[0]: line for line in axes.lines if len(line.get_xdata()) == 1}
    assert [float(means[i].get_xdata()[0]) for i in range(4)] == [row.estimate for row in ROWS.values()]
    assert [means[i].get_marker() for i in range(4)] == ["o", "o", "s", "o"]
    assert [means[i].get_markerfacecolor() == "white" for i in range(4)] == [False, True, False, True]
    bars = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2][1:]  # after the reference
    assert bars == [(row.low, row.high) for row in list(ROWS.values())[:3]]
    assert [text.get_text() for text in axes.texts] == ["ReLU", "0.9600", "0.9200", "0.9100", "0.9900"]


def test_differences_have_a_sign_and_a_reference_is_not_needed():
    (axes,) = draw_intervals({"difference": Interval(0.01, 0.005, 0.015)}, 0).axes
    assert axes.texts[-1].get_text() == "+0.0100"
    (axes,) = draw_intervals(ROWS).axes
    assert len(axes.texts) == len(ROWS)


def test_no_rows_are_a_mistake():
    with pytest.raises(ActsearchError, match="at least one row"):
        draw_intervals({})

"""A ranking printed and drawn."""

import dataclasses

import pytest

from actsearch.analysis import Cost, UnitScores, ranked
from actsearch.report import draw_mean_ranks, ranking_table, ranking_verdict, to_text


def unit(level, diverged=0):
    return [UnitScores(f"t{i}", "relu(x)", (level, level + 0.1), diverged) for i in range(9)]


@pytest.fixture(scope="module")
def ranking():
    return ranked({"worse": unit(0.2), "best": unit(0.8), "middle": unit(0.5)}, (100, 101))


def test_a_table_is_in_the_order_of_the_ranks(ranking):
    text = to_text(ranking_table(ranking))
    assert text.splitlines()[0].startswith("3 units on 9 tasks, 2 seeds")
    assert [line.split()[1] for line in text.splitlines()[-3:]] == ["best", "middle", "worse"]
    assert "1.0 [1.0, 1.0]" in text
    assert "0.8500" in text
    assert "diverged" not in text
    assert len(to_text(ranking_table(ranking, 1)).splitlines()) == len(text.splitlines()) - 2


def test_costs_and_divergences_have_columns_where_there_are_any():
    cost = {"best": Cost(2.5, 1.0, 1.5, 3.25)}
    text = to_text(ranking_table(ranked({"best": unit(0.8), "other": unit(0.2, diverged=1)}, (100, 101), costs=cost)))
    assert all(word in text for word in ("backward", "3.25", "diverged"))
    assert text.splitlines()[-1].split()[-1] == "9"


def test_the_verdict_says_what_is_told_apart(ranking):
    assert ranking_verdict(ranking) == (
        "All units equal: p = 0 (Friedman). Two mean ranks that differ by less than 1.1 are not told apart by 9 tasks "
        "(Nemenyi); 1 of 3 units are told apart from the first."
    )


def test_a_bar_joins_units_that_are_not_told_apart(ranking):
    bars, axes = draw_mean_ranks(ranking).axes
    assert [label.get_text() for label in bars.get_yticklabels()] == ["best", "middle", "worse"]
    assert [tuple(line.get_ydata()) for line in bars.lines] == [(-0.3, 1.3), (0.7, 2.3)]
    dots = [line for line in axes.lines if len(line.get_xdata()) == 1]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [1.0, 2.0, 3.0]
    assert "critical difference 1.1" in axes.get_xlabel()


def test_a_bar_that_would_repeat_another_is_left_out(ranking):
    """Of the best two, both bars of the three join the same pair or one unit alone."""
    bars, _ = draw_mean_ranks(ranking, 2).axes
    assert [tuple(line.get_ydata()) for line in bars.lines] == [(-0.3, 1.3)]
    loose = dataclasses.replace(ranking, tasks=ranking.tasks[:1])
    assert len(draw_mean_ranks(loose, 2).axes[0].lines) == 1

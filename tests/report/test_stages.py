"""Bars of a funnel: one for each stage that stopped something."""

import pytest

from actsearch.analysis import funnel
from actsearch.language import ActsearchError, parse
from actsearch.report import funnel_bars
from actsearch.trials import Trial

X = parse("x")
ACCEPTED = [Trial(i, X, str(i), "ok", 0.5) for i in range(60)]
REJECTED = [Trial(60 + i, X, "", "rejected", gate=gate) for i, gate in enumerate(["scale"] * 5 + ["stability"])]


def test_a_bar_for_each_stage_that_stopped_something():
    (axes,) = funnel_bars(funnel(ACCEPTED + REJECTED)).axes
    names = ["proposed", "gate: scale", "gate: stability", "accepted"]
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    assert [bar.get_width() for bar in axes.patches] == [66, 5, 1, 60]
    assert [text.get_text() for text in axes.texts][:2] == ["66  (100.0%)", "5  (7.6%)"]
    assert (axes.get_xscale(), axes.get_ylim()[0] > axes.get_ylim()[1]) == ("log", True)
    assert funnel_bars(funnel(ACCEPTED)).axes[0].get_xscale() == "linear"


def test_no_trials_are_a_mistake():
    with pytest.raises(ActsearchError, match="4 rows without any"):
        funnel_bars(funnel([]))

"""The sentence on a proxy's fidelity."""

import math

from actsearch.analysis import Fidelity, Interval
from actsearch.report import fidelity_text


def row(target, tau, criterion="loss", rates="equal", network="", ceiling=math.nan):
    return Fidelity("p", target, network, criterion, rates, 65, 4, Interval(tau, -0.1, 0.9), ceiling)


def test_targets_are_ranked_by_tau_at_equal_rates():
    rows = [row("a", 0.12), row("b", 0.68, network="a ResNet", ceiling=0.7), row("c", math.nan)]
    rows += [row("a", 0.9, "accuracy"), row("a", 0.9, rates="best")]
    assert fidelity_text(rows) == (
        "p orders functions as b (a ResNet) does at tau 0.68 [-0.10, 0.90], b itself at 0.70; "
        "as a does at tau 0.12 [-0.10, 0.90]."
    )


def test_nothing_is_said_where_nothing_was_measured():
    assert fidelity_text([]) == fidelity_text([row("c", math.nan)]) == ""

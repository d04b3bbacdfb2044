"""Ratios of costs."""

import math

from actsearch.analysis import Cost


def test_ratios_of_zeros_are_no_numbers():
    ratio = Cost(0.0, 6.0, 1.0, 0.5).relative_to(Cost(0.0, 3.0, 0.0, 2.0))
    assert math.isnan(ratio.flops)
    assert ratio[1:] == (2.0, math.inf, 0.25)

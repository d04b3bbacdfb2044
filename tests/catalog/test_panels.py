"""The panels hold different functions, and share none."""

import pytest

from actsearch.catalog import PANELS, UNTOUCHED_TARGET, panel
from actsearch.engine import fingerprint
from actsearch.language import ActsearchError
from actsearch.tasks import get_task


def test_no_function_is_twice_in_a_panel_or_in_both():
    functions = [fingerprint(program) for name in PANELS for program in panel(name)]
    assert len(set(functions)) == len(functions)
    assert (len(panel()), len(panel("untouched"))) == (65, 36)


def test_an_unknown_panel():
    with pytest.raises(ActsearchError, match="Unknown panel 'mine'; the panels are published, untouched"):
        panel("mine")


def test_the_untouched_target_is_a_task_of_activations():
    assert get_task(UNTOUCHED_TARGET).kind == "activation"

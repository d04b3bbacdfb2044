"""The published fidelities: read for the task that was measured, and for no other."""

import json
import math

import pytest

from actsearch.analysis import Fidelity, Interval
from actsearch.evaluation import FIDELITY, fidelity_of, fidelity_record
from actsearch.tasks import get_task
from tests.helpers.tiny import tiny_task

TASK = tiny_task()


TAU = Interval(0.5, 0.25, 0.75)


def row(proxy, target, tau=TAU, ceiling=0.75):
    return Fidelity(proxy, target, "a network", "loss", "equal", 65, 4, tau, ceiling)


@pytest.fixture
def path(tmp_path):
    nothing = row(TASK.name, "b", Interval(math.nan, -1.0, 1.0), math.nan)
    rows = [row(TASK.name, "a"), row(TASK.name, TASK.name), nothing, row("other", "a")]
    (tmp_path / "fidelity.json").write_text(
        json.dumps(fidelity_record(rows, {TASK.name: TASK.digest}), allow_nan=False)
    )
    return tmp_path / "fidelity.json"


def test_rows_of_a_task_are_those_with_other_targets(path):
    first, second = fidelity_of(TASK, path)
    assert first == row(TASK.name, "a")
    assert (second.target, second.tau[1:]) == ("b", (-1.0, 1.0))
    assert math.isnan(second.tau.estimate) and math.isnan(second.ceiling)  # noqa: PT018


def test_another_task_of_the_name_has_no_rows(path):
    assert fidelity_of(tiny_task(steps=7), path) == ()
    assert fidelity_of(get_task("digits-mlp"), path) == ()


def test_nothing_is_known_without_the_table(tmp_path):
    assert fidelity_of(TASK, tmp_path / "fidelity.json") == ()


def test_the_table_of_the_package_is_of_todays_tasks():
    digests = json.loads(FIDELITY.read_text())["digests"] if FIDELITY.exists() else {}
    here = {name: get_task(name) for name in digests if "@" not in name}
    assert {name: task.digest for name, task in here.items()} == {name: digests[name] for name in here}

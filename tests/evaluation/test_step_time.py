"""Step times: which tasks are measured within the limit, and how the others follow from them."""

import pytest

from actsearch.evaluation import StepTime, step_time, step_times
from actsearch.evaluation.step_time import _Blank, _Size, _size
from actsearch.tasks import get_task
from tests.helpers.tiny import tiny_task

SIZES = {"small": _Size(100.0, 2), "large": _Size(1000.0, 20), "other": _Size(200.0, 2)}


@pytest.fixture
def measured(monkeypatch):
    """Names of the tasks that were measured, at a step a second for 100 operations."""
    names = []

    def measure(task, trainings, devices):
        names.append(task.name)
        return StepTime(SIZES[task.name].operations / 100, compilation=2.0)

    monkeypatch.setattr(step_time, "_size", lambda task: SIZES[task.name])
    monkeypatch.setattr(step_time, "_measured", measure)
    return names


def times(*names, limit):
    return step_times([(tiny_task(name=name), None) for name in names], limit=limit)


def test_what_does_not_fit_follows_from_what_was_measured(measured):
    """The large network is expected to compile for 20 s and to run for far longer than the limit."""
    small, large, other = times("small", "large", "other", limit=100.0)
    assert measured == ["small", "other"]
    assert small == StepTime(1.0, 2.0)
    assert large == StepTime(10.0, 20.0, measured=False)
    assert other.measured


def test_the_first_is_measured_whatever_it_takes(measured):
    (large,) = times("large", limit=0.0)
    assert large.measured


def test_a_network_of_more_operations_has_a_larger_size():
    small, large = _size(tiny_task()), _size(get_task("digits-mlp"))
    assert small.operations < large.operations
    assert (small.sites, large.sites) == (1, 2)


def test_devices_without_work_are_counted(monkeypatch):
    """Three trainings on four devices that take two at a time each: one device is idle."""
    monkeypatch.setattr(step_time, "default_lanes", lambda mesh: 2)
    assert [step_time._at_once(asked, None) for asked in (None, 3, 100)] == [8, 3, 8]


def test_data_are_not_read():
    task = _Blank(tiny_task())
    assert not task.data().train.inputs.any()
    assert task.steps == tiny_task().steps

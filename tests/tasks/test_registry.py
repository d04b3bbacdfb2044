"""Names of tasks: found, registered, and never overwritten."""

import dataclasses

import pytest

from actsearch.language import ActsearchError
from actsearch.tasks import ANCHORS, TASKS, get_task, get_tasks, register, registry
from tests.helpers.tiny import tiny_task


@pytest.fixture
def names(monkeypatch):
    """A registry that forgets what a test adds."""
    added = dict(registry._TASKS)
    monkeypatch.setattr(registry, "_TASKS", added)
    monkeypatch.setattr(registry, "TASKS", added)


def test_a_registered_task_has_its_name(names):
    register("digits-tiny", tiny_task)
    register("digits-tiny", tiny_task)
    assert get_tasks("digits-mlp+digits-tiny")[1] == tiny_task()


def test_a_name_stays_what_it_is(names):
    with pytest.raises(ActsearchError, match="There is a task 'digits-mlp' already"):
        register("digits-mlp", tiny_task)


@pytest.mark.parametrize("name", ["", "a+b", "digits-anchors"])
def test_a_name_that_cannot_be(names, name):
    with pytest.raises(ActsearchError, match="has no"):
        register(name, tiny_task)


def test_the_registry_is_read_only():
    with pytest.raises(TypeError):
        TASKS["mine"] = tiny_task


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ActsearchError, match="Unknown task 'digits-mpl'; write digits-mlp or "):
        get_task("digits-mpl")
    with pytest.raises(ActsearchError, match="digits-anchors is a set of tasks; give one of them: digits-resnet-layer"):
        get_task("digits-anchors")
    with pytest.raises(ActsearchError, match=r"Unknown task '@'; write digits-mlp or .* or digits-anchors"):
        get_tasks("digits-mlp+@")


def test_a_set_names_its_tasks_once_each():
    assert tuple(task.name for task in get_tasks("digits-anchors+digits-resnet-layer")) == ANCHORS


def test_a_task_of_the_registry_is_changed_by_replacement():
    longer = dataclasses.replace(get_task("digits-mlp"), name="digits-mlp-long", steps=1000)
    assert longer != get_task("digits-mlp")

"""Deep networks on CIFAR: names, sets, and the published hyperparameters; nothing is traced."""

import pickle

import pytest

from actsearch.tasks import DEEP, TASK_SETS, TASKS, get_task
from actsearch.tasks.cifar_deep import CIFAR_DEEP


@pytest.mark.parametrize("name", CIFAR_DEEP)
def test_is_a_value_under_its_name(name):
    task = get_task(name)
    assert task.name == name
    assert pickle.loads(pickle.dumps(task)) == task == get_task(name)
    assert task.network.classes == int(task.dataset.name.removeprefix("CIFAR-"))
    assert name in DEEP
    assert name not in TASKS


def test_sets_name_tasks_that_there_are():
    names = [name for names in TASK_SETS.values() for name in names]
    assert len(set(names)) == len(names)
    assert set(CIFAR_DEEP) < set(names)
    assert [get_task(name).name for name in names] == names


@pytest.mark.parametrize(
    ("network", "batch_size", "rates"),
    [
        ("resnet164", 128, {200: 0.05, 400: 0.1, 31_999: 0.1, 32_000: 0.01, 48_000: 0.001, 63_999: 0.001}),
        ("wrn-28-10", 128, {0: 0.1, 23_400: 0.1, 23_500: 0.02, 46_900: 0.004, 62_600: 0.0008}),
        ("densenet-100-12", 64, {0: 0.1, 117_100: 0.1, 117_200: 0.01, 175_800: 0.001}),
    ],
)
def test_the_rate_drops_where_the_paper_says(network, batch_size, rates):
    task = get_task(f"cifar10-{network}")
    assert task.batch_size == batch_size
    schedule = task.recipe._schedule(task.steps, task.recipe.learning_rate)
    assert [float(schedule(step)) for step in rates] == pytest.approx(list(rates.values()), rel=1e-4)


def test_other_hyperparameters():
    recipes = [get_task(name).recipe for name in TASK_SETS["cifar100-deep"]]
    assert [recipe.weight_decay for recipe in recipes] == [1e-4, 5e-4, 1e-4]
    assert [recipe.nesterov for recipe in recipes] == [False, True, True]
    assert {recipe.momentum for recipe in recipes} == {0.9}

"""The experiments on CIFAR: sizes are what they say, trainings are kept, and the smoke sizes run from start to end."""

import importlib
import json
from pathlib import Path

import pytest

from actsearch import analysis, parse
from actsearch.analysis import Scores
from actsearch.data import load
from actsearch.tasks import TASK_SETS, get_task, get_tasks
from actsearch.tasks.datasets.cifar10 import cifar10
from actsearch.tasks.datasets.cifar100 import cifar100
from experiments import _card as card
from tests.helpers.tiny import tiny_task

PROGRAMS = {"relu": parse("relu(x)"), "sine": parse("sin(x)"), "again": parse("-(-sin(x))"), "tanh": parse("tanh(x)")}


@pytest.fixture(autouse=True)
def beside_the_scripts(monkeypatch):
    """Scripts find what they share in their own folder, as when they are run."""
    monkeypatch.syspath_prepend(Path(card.__file__).parent)


def script(name):
    return importlib.import_module(f"experiments.{name}")


def test_at_the_papers_size_the_tasks_are_the_published_ones():
    swish, evonorm = script("swish_cifar10"), script("evonorm_cifar10")
    assert swish.child_of("paper") == get_task("cifar10-resnet20")
    assert swish.deep_tasks("paper") == [*get_tasks("cifar10-deep"), *get_tasks("cifar100-deep")]
    assert evonorm.anchors_of("paper") == list(get_tasks("cifar10-anchors"))
    names = [task.name for task in evonorm.wide_anchors("paper")]
    assert names == list(TASK_SETS["cifar100-anchors"])


@pytest.mark.parametrize("size", ["smoke", "night"])
def test_at_another_size_they_have_other_names(size):
    swish, evonorm = script("swish_cifar10"), script("evonorm_cifar10")
    tasks = [swish.child_of(size), *swish.deep_tasks(size), *evonorm.anchors_of(size), *evonorm.wide_anchors(size)]
    assert len({task.name for task in tasks}) == len(tasks) == 13
    assert all(task.name.endswith(f"-{size}") for task in tasks)
    assert all(task.quality for task in evonorm.anchors_of(size))


def test_medians_have_every_name(monkeypatch, tmp_path, capsys):
    """Of functions that are equal each has the scores; ReLU is what the others are compared with."""
    shared, asked = script("_cifar"), {}

    def verify(programs, tasks, seeds, **options):
        asked.update(options)
        rows = [
            Scores(t.name, p, p == programs[0], (0.1, 0.2, 0.9))
            for t in tasks
            for p in (programs[i] for i in (0, 1, 3))
        ]
        return analysis.verified(rows, (1, 2, 3))

    monkeypatch.setattr("_card.verify", verify)
    tasks = [tiny_task(name=f"task{i}") for i in range(4)]
    _, medians = shared.verified_medians(PROGRAMS, tasks, 3, tmp_path)
    assert medians == {name: {task.name: 0.2 for task in tasks} for name in PROGRAMS}
    assert (asked["baselines"], asked["out"]) == (PROGRAMS["relu"], tmp_path)
    said = capsys.readouterr().out
    assert "Median test score" in said
    assert said.count("all at once") == 4  # a table for each task


@pytest.fixture
def own_data(monkeypatch, tmp_path):
    """The data of a test are forgotten after it."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    for cached in (cifar10, cifar100):
        cached.cache_clear()
    yield
    for cached in (cifar10, cifar100):
        cached.cache_clear()


def test_made_up_data_are_read_as_the_real_ones(own_data, tmp_path):
    shared = script("_cifar")
    shared.use_made_up_data(tmp_path / "made")
    shared.use_made_up_data(tmp_path / "made")
    assert load("cifar100", "train")["image"].shape == (400, 32, 32, 3)
    assert [len(part.labels) for part in cifar10()] == [360, 40, 32]


@pytest.mark.slow  # minutes: every network is compiled
@pytest.mark.parametrize("name", ["swish_cifar10", "evonorm_cifar10"])
def test_the_smoke_size_runs_whole_and_goes_on(name, own_data, tmp_path, capsys):
    study = script(name)
    study.main(smoke=True, out=tmp_path)
    said = capsys.readouterr().out
    assert "Estimate for" in said
    assert "Median test score" in said
    result = json.loads((tmp_path / "smoke/verification.json").read_text())
    study.main(smoke=True, out=tmp_path)
    again = capsys.readouterr().out
    assert "Estimate for" not in again  # nothing is ahead
    assert ": step " not in again  # nothing was trained
    after = json.loads((tmp_path / "smoke/verification.json").read_text())
    assert (after["medians"], after["programs"]) == (result["medians"], result["programs"])

"""The study of what tasks are worth goes on where it stopped and fills its page; nothing is trained here."""

import json

import pytest

from actsearch.evaluation import TaskWorth
from experiments import _card as card

MARK = "results of task_worth.py"


@pytest.fixture
def study(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(card.__file__.rpartition("/")[0])
    from experiments import task_worth

    page = tmp_path / "page.md"
    page.write_text(f"Before\n<!-- {MARK} -->\nold\n<!-- end of {MARK} -->\nAfter\n")
    monkeypatch.setattr(task_worth, "PAGE", page)
    return task_worth


def test_each_task_is_measured_once(study, monkeypatch, tmp_path):
    measured = []

    def measure(task, seeds, **options):
        measured.append((task.name, seeds))
        return TaskWorth(
            task.name, task.kind, 0.5, seeds, "gelu(x)", 0.02 * len(measured), 4.0 * len(measured), 0.005, 0.01
        )

    monkeypatch.setattr(study, "measure_task", measure)
    out = tmp_path / "worth.json"
    study.main(("digits-mlp",), 3, out)
    study.main(("digits-mlp", "digits-resnet"), 3, out)
    study.main(("digits-mlp",), 4, out)
    assert measured == [("digits-mlp", 3), ("digits-resnet", 3), ("digits-mlp", 4)]
    assert json.loads(out.read_text())["tasks"].keys() == {"digits-mlp", "digits-resnet"}
    text = study.PAGE.read_text()
    assert text.startswith("Before\n")
    assert text.endswith("After\n")
    assert "old" not in text
    first, second = (line for line in text.splitlines() if line.startswith("| `"))
    assert first.startswith("| `digits-mlp` | activation | 12.0 | `gelu(x)` | 0.0600 | 0.0050 | 0.0326 | 0.0116 | 10 |")
    assert second.startswith("| `digits-resnet` |")


def test_the_page_has_a_place_for_the_table():
    text = (card.Path(card.__file__).parents[1] / "docs" / "studies" / "fidelity.md").read_text()
    assert all(text.count(mark) == 1 for mark in (f"<!-- {MARK} -->", f"<!-- end of {MARK} -->"))

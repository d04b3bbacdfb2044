"""A task in a file of the user's: written, checked, searched and resumed by the command line."""

import json
import re
import sys

import jax
import pytest

from actsearch.cli import main
from actsearch.evaluation import check_task, score_programs
from actsearch.language import ActsearchError
from actsearch.tasks import get_task, get_tasks


@pytest.fixture
def template(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new-task", "my_task.py"]) == 0
    path = tmp_path / "my_task.py"
    path.write_text(path.read_text().replace("steps=300", "steps=3"))
    return path


@pytest.mark.slow
def test_the_template_passes_its_check(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new-task"]) == 0
    assert main(["tasks", "--check", "my_task.py:make"]) == 0
    assert "network: 1 site\n" in capsys.readouterr().out
    assert len((tmp_path / "my_task.py").read_text().splitlines()) <= 40


def test_no_file_is_overwritten(template, capsys):
    before = template.read_text()
    assert main(["new-task", "my_task.py"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert template.read_text() == before


def test_a_task_is_a_python_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new-task", "my_task"]) == 2
    assert "write my_task.py" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new-task", "runs/my_task.py"]) == 0
    assert get_task("runs/my_task.py:make").name == "my-task"


@pytest.mark.slow
def test_is_searched_and_resumed_while_unchanged(template, capsys):
    command = ["search", "--task", "my_task.py:make", "--space", "swish-1", "--engine", "specialize", "--out", "run"]
    assert main([*command, "--budget", "2"]) == 0
    assert main([*command, "--budget", "3"]) == 0
    template.write_text(template.read_text().replace("3 * inputs", "4 * inputs"))
    assert main([*command, "--budget", "4"]) == 2
    assert "my-task" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_is_audited_with_the_task_where_it_is_made(template, capsys):
    command = ["search", "--task", "my_task.py:make", "--space", "swish-1", "--engine", "specialize", "--out", "run"]
    assert main([*command, "--budget", "4"]) == 0
    capsys.readouterr()
    audit = ["audit", "run", "--sample", "1"]
    for options, message in (
        ([], "write --tasks my_task.py:make"),
        (["--tasks", "digits-mlp"], "give the tasks of the"),
    ):
        assert main([*audit, *options]) == 2
        assert message in capsys.readouterr().err
    assert main([*audit, "--tasks", "my_task.py:make", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)
    template.write_text(template.read_text().replace("3 * inputs", "4 * inputs"))
    assert main([*audit, "--tasks", "my_task.py:make"]) == 2
    assert "was another" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe",
    [
        'Recipe(learning_rate=0.01, algorithm="adamw", b2=0.98, weight_decay=0.1)',
        'Recipe(learning_rate=0.02, algorithm=Muon(adamw_rate=3e-3, adamw=("last",)), momentum=0.95)',
    ],
    ids=["adamw", "muon"],
)
def test_is_trained_with_any_recipe(template, recipe):
    text = re.sub(r"recipe=Recipe\(.*\)", f"recipe={recipe}", template.read_text())
    template.write_text(text.replace("DataSet, Recipe", "DataSet, Muon, Recipe").replace("steps=3", "steps=60"))
    task = get_task("my_task.py:make")
    assert len(check_task(task)) == 6
    first, again = (score_programs(task, [task.baseline], [0], devices=jax.devices()[:1])[0] for _ in range(2))
    assert first == again
    assert first.metrics[0]["loss"] < 0.6  # from log(2), 0.69


def test_is_found_in_a_package(template):
    (template.parent / "my_package").mkdir()
    for name, text in (
        ("__init__", ""),
        ("network", template.read_text()),
        ("part", "from my_package.network import make"),
    ):
        (template.parent / "my_package" / f"{name}.py").write_text(text)
    try:
        assert get_task("my_package.part:make").name == "my-task"
        assert get_task("my_package.part:make") == get_task("my_package.network:make")
        assert len(check_task(get_task("my_package.part:make"))) == 6
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "my_package"]:
            del sys.modules[name]


def test_is_joined_by_plus(template):
    assert [task.name for task in get_tasks("digits-mlp+my_task.py:make")] == ["digits-mlp", "my-task"]
    assert get_task("my_task.py:make") == get_task("my_task.py:make")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none.py:make", "There is no file none.py"),
        ("my_task.py:mak", "has no function 'mak'"),
        ("my_task.py:data", "returned a tuple"),
        ("my_task.py:DataSet", "called without arguments, which does not fit its own: missing a required argument"),
        ("my_task.py", "my_task.py is a file; write my_task.py:make"),
        ("no_such_package.part:make", "There is no module 'no_such_package.part'"),
        (":make", "names no module"),
    ],
)
def test_a_mistake_is_one_sentence(template, source, message):
    with pytest.raises(ActsearchError, match=message):
        get_task(source)


def test_what_its_code_does_counts_and_nothing_else_of_its_file(template):
    before, text = get_task("my_task.py:make"), template.read_text()
    template.write_text(f"# for a paper\n{text}\n\ndef another():\n    return make()\n")
    assert get_task("my_task.py:make").digest == before.digest
    template.write_text(text.replace("3 * inputs", "4 * inputs"))
    assert get_task("my_task.py:make").digest != before.digest


def test_an_error_of_the_function_keeps_its_traceback(template):
    template.write_text("def make():\n    return 1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        get_task("my_task.py:make")

"""The command line: what each command prints for people and for machines, and what it says to a user's mistake."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from actsearch.archive.archive import Archive
from actsearch.catalog import CATALOG
from actsearch.cli import main
from actsearch.controllers import CONTROLLERS
from actsearch.language import parse
from actsearch.tasks import TASKS
from actsearch.trials.trial import Trial
from tests.helpers import killed_search

LAST = 48


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("run")
    killed_search.run(directory, budget=LAST)
    return directory


def _json(capsys, *args):
    assert main([*map(str, args), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_search_prints_the_funnel_and_resumes(tmp_path, capsys):
    command = ["search", "--controller", "exhaustive", "--option", "shuffle=false", "--out", str(tmp_path / "run")]
    found = _json(capsys, *command, "--budget", 2)
    assert found["funnel"][0]["stage"] == "proposed"
    assert found["funnel"][0]["trials"] == 2
    assert found["best"][0]["program"] in ("x + x", "x * x")
    assert main([*command, "--budget", "2"]) == 0
    assert "0 compilation(s)" in capsys.readouterr().out  # everything came from the archive


def test_top(run, capsys):
    rows = _json(capsys, "top", run, "--count", 3)
    assert len(rows) == 3
    assert rows[0]["score"] >= rows[1]["score"] >= rows[2]["score"]
    assert main(["top", str(run)]) == 0
    assert rows[0]["program"] in capsys.readouterr().out


def test_export_parquet_and_lines(run, tmp_path, capsys):
    assert main(["export", str(run), "--out", str(tmp_path / "t.parquet")]) == 0
    capsys.readouterr()
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert main(["export", str(run), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(frame) == len(lines) == LAST
    assert [line["index"] for line in lines] == list(range(LAST))
    assert {"index", "program", "fingerprint", "parents", "status", "score", "scores"} <= lines[0].keys()


def test_show_names_and_draws_an_activation(tmp_path, capsys):
    facts = _json(capsys, "show", "sigmul(x, v * x)", "--out", tmp_path / "new" / "swish")
    assert facts["canonical"] == "x * v * sigmoid(x)"
    assert facts["kind"] == "activation"
    assert facts["parameters"] == {"v": 1.0}
    assert r"\sigma(x)" in facts["latex"]
    assert "statistics" not in facts
    names = ["swish.png", "swish.svg", "swish-curve.png", "swish-curve.svg"]
    assert facts["pictures"] == [str(tmp_path / "new" / name) for name in names]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)
    assert (tmp_path / "new" / "swish.png").read_bytes().startswith(b"\x89PNG")


def test_show_knows_published_functions_and_layers(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "silu" in _json(capsys, "show", "sigmul(x, x)", "--out", "silu.png")["known_as"]
    facts = _json(capsys, "show", "param beta = 0; beta + gamma * x * sigmoid(v1 * x) / group_std(x)")
    assert facts["known_as"] == ["evonorm_s0"]
    assert facts["kind"] == "layer"
    assert facts["parameters"] == {"beta": 0.0, "gamma": 1.0, "v1": 1.0}
    assert facts["statistics"] == {"group_std": "of each example, also at evaluation"}
    assert facts["pictures"] == ["layer.png", "layer.svg"]
    assert {path.name for path in tmp_path.iterdir()} == {
        *("silu.png", "silu.svg", "silu-curve.png", "silu-curve.svg", "layer.png", "layer.svg")
    }
    assert main(["show", "x / group_std(x) * gamma + beta"]) == 0
    assert "write: param beta = 0" in capsys.readouterr().err
    assert main(["show", "x / batch_std(x)"]) == 0
    printed = capsys.readouterr().out
    assert "batch_std: moving average at evaluation" in printed
    assert "layer.png, layer.svg" in printed


def test_audit_of_a_run_that_names_no_task(run, capsys):
    """The small run's task has no name of the registry; a run made by the command line has."""
    assert main(["audit", str(run)]) == 2
    assert "Unknown" in capsys.readouterr().err


def test_audit_measures_false_rejects(tmp_path, capsys):
    assert main(["search", "--budget", "40", "--out", str(tmp_path), "--engine", "interpret"]) == 0
    capsys.readouterr()
    rates = _json(capsys, "audit", tmp_path, "--sample", 2)
    assert list(rates) == ["finite"]
    assert (rates["finite"]["trained"], rates["finite"]["good"]) == (2, 0)
    assert rates["finite"]["rate"]["high"] < 1


def test_score_compares_with_relu(capsys):
    facts = _json(capsys, "score", "tanh(x)", "--task", "digits-mlp", "--seeds", 2)
    assert len(facts["scores"]) == len(facts["reference_scores"]) == 2
    assert facts["difference"]["low"] <= facts["difference"]["estimate"] <= facts["difference"]["high"]
    assert 0.9 < facts["score"]["estimate"] < 1.0


def test_score_of_a_layer_that_the_task_cannot_hold(capsys):
    assert main(["score", "instance_std(x)", "--seeds", "2"]) == 2
    said = capsys.readouterr().err
    assert "actsearch: The layer instance_std(x) cannot take an input of shape (64, 128)" in said
    assert "use batch_, layer_ or group_" in said


def test_score_of_a_layer_names_the_sites_and_its_reference(capsys):
    """All networks of a task set in one call, each beside BatchNorm and ReLU."""
    layer = "param beta = 0; x / max(batch_std(x), v * x + instance_std(x)) * gamma + beta"
    facts = _json(capsys, "score", layer, "--task", "digits-resnet-layer", "--seeds", 2, "--engine", "interpret")
    assert facts["reference_formula"] == str(CATALOG["batch_norm_relu"].program)
    assert facts["sites"][0] == "block1.layer1"
    assert min(facts["scores"] + facts["reference_scores"]) > 0.8


def test_tasks_lists_every_number(capsys):
    rows = _json(capsys, "tasks", "--no-measure")
    assert [row["task"] for row in rows] == list(TASKS)
    assert rows[0]["parameters"] == 64 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10
    assert all(row["seconds_per_candidate"] is None and row["rate_rule"] for row in rows)


@pytest.fixture
def runs(tmp_path):
    """Writes archives without training: two runs of evolution and one of random, of four trials each."""

    def write(controller, seed, scores, **changed):
        directory = tmp_path / f"{controller}-{seed}{''.join(changed.values())}"
        config = {"space": "swish-1", "task": "digits-mlp", "controller": controller, "options": {}, "seed": seed}
        with Archive.write(directory, {**config, **changed}) as archive:
            program = parse("max(x, 0)")
            archive.append([Trial(i, program, str(i), "ok", score) for i, score in enumerate(scores)])
        return directory

    write("random", 0, [0.5, 0.6, 0.6, 0.7])
    write("evolution", 0, [0.5, 0.8, 0.9, 0.8])
    write("evolution", 1, [0.6, 0.7, 0.7, 0.8])
    write("random", 1, [0.5], task="digits-resnet")
    write("random", 2, [0.5], space="swish-2")
    return tmp_path


def test_compare(runs, capsys):
    names = ["random-0", "evolution-0", "evolution-1"]
    found = _json(capsys, "compare", *(runs / name for name in names), "--out", runs / "new" / "compare.svg")
    assert (found["space"], found["task"], found["reference"]) == ("swish-1", "digits-mlp", 0.9)
    random, evolution = found["groups"]
    assert [row["trials"] for row in random["regret"]] == [1, 2, 4]
    assert [round(row["estimate"], 6) for row in random["regret"]] == [0.4, 0.3, 0.2]
    assert random["regret"][0]["low"] is None
    assert [round(row["estimate"], 6) for row in evolution["regret"]] == [0.35, 0.15, 0.05]
    assert evolution["regret"][2]["low"] == 0
    assert [row["trials_until_threshold"] for row in evolution["runs"]] == [3, None]
    assert [(row["seed"], row["trials"], row["trained"], row["best"]) for row in random["runs"]] == [(0, 4, 4, 0.7)]
    assert found["pictures"] == [str(runs / "new" / f"compare.{suffix}") for suffix in ("png", "svg")]
    assert (runs / "new" / "compare.png").read_bytes().startswith(b"\x89PNG")


def test_compare_prints_tables(runs, capsys, monkeypatch):
    monkeypatch.chdir(runs)
    names = ["random-0", "evolution-0", "evolution-1"]
    assert main(["compare", *names, "--budgets", "3", "--within", "0.1", "--reference", "1"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "trials to 0.9000" in printed
    assert "evolution evolution-0 0 4 4 0.9000 3" in printed
    assert "random random-0 0 4 4 0.7000" in printed
    assert "random 1 0.4000 evolution 2 0.2000 [0.1000, 0.3000]" in printed
    assert "pictures: compare.png, compare.svg" in printed


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["random-1digits-resnet"], "random-0 is on digits-mlp and random-1digits-resnet on digits-resnet"),
        (["random-2swish-2"], "random-0 is on swish-1 and random-2swish-2 on swish-2"),
        (["random-0"], "are the same run"),
        (["random-9"], "There is no archive at random-9"),
        (["--budgets", "0"], "Budgets are at least 1"),
    ],
)
def test_what_cannot_be_compared(runs, others, said, capsys, monkeypatch):
    monkeypatch.chdir(runs)
    assert main(["compare", "random-0", *others]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert not (runs / "compare.png").exists()


def test_search_names_every_controller(capsys):
    with pytest.raises(SystemExit):
        main(["search", "--help"])
    assert f"one of {', '.join(CONTROLLERS)}" in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_space_counts_large_spaces_without_enumerating(capsys):
    assert _json(capsys, "space", "swish-2")["expressions"] == 6250 * 4 * 6250


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["show", "x * sigmod(x)"], "did you mean sigmoid"),
        (["score", "relu(x"], "column 7"),
        (["score", "x", "--task", "digits"], "digits-mlp, digits-deep-mlp, digits-resnet"),
        (["score", "x", "--seeds", "1"], "--seeds must be at least 2"),
        (["search", "--space", "swish"], "swish-1, swish-2, swish-3"),
        (["search", "--controller", "annealing"], "random, exhaustive, evolution"),
        (["search", "--budget", "0"], "budget must be an integer of at least 1"),
        (["search", "--space", "swish-2", "--controller", "exhaustive"], "use the controller random or evolution"),
        (["search", "--controller", "evolution", "--option", "population"], "NAME=VALUE"),
        (
            ["search", "--controller", "evolution", "--option", "population=1"],
            "population must be an integer of at least 2",
        ),
        (["search", "--controller", "random", "--option", "population=5"], "does not take these options"),
        (["top", "no/such/run"], "no/such/run"),
        (["space", "swish-9"], "swish-1"),
        (
            ["search", "--space", "evonorm-b"],
            "digits-mlp has sites for activations: write one of digits-anchors, digits-resnet-layer",
        ),
        (["search", "--controller", "pareto", "--option", "tournament=2"], "above 0 and at most 1; received 2"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_2(args, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("actsearch: ")
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_a_changed_configuration_is_refused(run, tmp_path, capsys):
    command = ["search", "--controller", "exhaustive", "--out", str(run)]
    assert main(command) == 2
    assert "controller" in capsys.readouterr().err


@pytest.mark.parametrize("args", [[], ["serch"], ["top"], ["compare"], ["search", "--budget", "many"]])
def test_unknown_arguments_exit_with_2(args):
    process = subprocess.run([sys.executable, "-m", "actsearch.cli", *args], capture_output=True, text=True)
    assert process.returncode == 2
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize("command", ["search", "compare", "top", "audit", "score", "show", "tasks", "space", "export"])
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"Example: actsearch {command}" in capsys.readouterr().out

"""The command line: what each command prints for people and for machines, and what it says to a user's mistake."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import actsearch
from actsearch import ActsearchError, search
from actsearch.analysis import Fidelity, Interval, noise_floor
from actsearch.archive import Archive
from actsearch.catalog import CATALOG
from actsearch.cli import app, main
from actsearch.controllers import CONTROLLERS, Random, Repeated, SuccessiveHalving
from actsearch.controllers.base import nested
from actsearch.evaluation import TaskWorth
from actsearch.language import ParseError
from actsearch.spaces import SPACES
from actsearch.study.default import ETA, RUNGS, SHARE
from actsearch.tasks import TASKS
from actsearch.tasks import registry as tasks_registry
from actsearch.trials import Trial
from tests.helpers.mock import MockEvaluator
from tests.helpers.runs import run as hand_made_run
from tests.helpers.tiny import tiny_task

LAST = 48
TABLE = "tabular-swish1-digits-resnet"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("run")
    search("swish-1", MockEvaluator(), "random", LAST, out=directory)
    return directory


def _json(capsys, *args):
    assert main([*map(str, args), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


class TestSearch:
    def test_prints_the_funnel_and_resumes(self, tmp_path, capsys):
        command = ["search", "--task", TABLE, "--out", str(tmp_path / "run"), "controller:exhaustive"]
        command += ["--controller.no-shuffle", "--budget"]
        facts = _json(capsys, *command, 2)
        assert (facts["funnel"][0]["stage"], facts["funnel"][0]["trials"]) == ("proposed", 2)
        assert facts["best"][0]["program"] in ("x + x", "x * x")
        assert main([*command, "3"]) == 0
        assert str(tmp_path / "run") in capsys.readouterr().out
        with Archive.read(tmp_path / "run") as archive:
            assert len(archive) == 3

    def test_says_what_it_was_asked_for_before_anything_else(self, tmp_path, capsys):
        command = ["search", "--task", TABLE, "--budget", "2", "--out", str(tmp_path / "a run")]
        assert main(command) == 0
        first, second = capsys.readouterr().err.splitlines()[:2]
        asked = f"search --task {TABLE} --budget 2 --out '{tmp_path}/a run'"
        assert first == f"actsearch {actsearch.__version__}: {asked}"
        assert second.startswith("engine: none")

    def test_says_how_far_its_proxy_can_be_trusted(self, tmp_path, capsys, monkeypatch):
        def fidelity_of(task):
            tau = Interval(0.68, 0.5, 0.8)
            return (Fidelity(task.name, "mnist5k-resnet", "a ResNet", "loss", "equal", 65, 4, tau, 0.7),)

        monkeypatch.setattr("actsearch.cli.search.fidelity_of", fidelity_of)
        said = "digits-resnet orders functions as mnist5k-resnet (a ResNet) does at tau 0.68 [0.50, 0.80]"
        command = ["search", "--task", TABLE, "--out", tmp_path / "run", "--budget", 2]
        assert _json(capsys, *command)["fidelity"].startswith(said)
        assert main([*map(str, command)]) == 0
        assert said in capsys.readouterr().out

    def test_help_shows_every_hyperparameter(self, capsys):
        for name in CONTROLLERS:
            with pytest.raises(SystemExit):
                main(["search", f"controller:{name}", "--help"])
            text = capsys.readouterr().out
            fields = [key for key in CONTROLLERS[name]().config() if key not in ("name", "spectrum")]
            for field in fields:
                assert f"--controller.{field.replace('_', '-')}" in text.replace("--controller.no-", "--controller.")

    def test_wrappers_are_options(self, tmp_path, capsys):
        main(
            ["search", "--task", TABLE, "--budget", "40", "--repeats", "0.2", "--out", str(tmp_path), "controller:ppo"]
        )
        capsys.readouterr()
        with Archive.read(tmp_path) as archive:
            assert archive.config["controller"]["name"] == "repeated"
            assert archive.config["controller"]["inner"]["name"] == "ppo"

    def test_begins_with_given_formulas(self, tmp_path, capsys):
        (tmp_path / "seeds.txt").write_text(
            "# two of the catalogue\nx * sigmoid(beta * x)\n\nmin(x, sin(x))  # bounded\n"
        )
        command = ["search", "--task", TABLE, "--budget", "12", "--from", str(tmp_path / "seeds.txt")]
        assert main([*command, "--out", str(tmp_path / "run")]) == 0
        capsys.readouterr()
        with Archive.read(tmp_path / "run") as archive:
            assert [str(trial.program) for trial in archive.trials()[:2]] == ["sigmul(beta * x, x)", "min(x, sin(x))"]

    @pytest.fixture
    def chosen(self, tmp_path, monkeypatch, capsys):
        """Returns a function of arguments of search -> the controller and the directory that it would search with."""
        monkeypatch.chdir(tmp_path)
        calls = []

        def note(space, evaluator, controller, *args, out, **options):
            calls.append((controller, out))
            raise ActsearchError("enough")

        monkeypatch.setattr("actsearch.cli.search.run_search", note)

        def call(*args):
            assert main(["search", *args]) == 2
            assert "enough" in capsys.readouterr().err
            return calls[-1]

        return call

    @pytest.mark.parametrize(
        ("args", "expected"),
        [
            ([], Repeated(SuccessiveHalving(Random(), RUNGS, ETA), SHARE)),
            (["--repeats", "0.2"], Repeated(SuccessiveHalving(Random(), RUNGS, ETA), 0.2)),
            (["--repeats", "0"], SuccessiveHalving(Random(), RUNGS, ETA)),
            (["--no-halving"], Random()),
            (["--no-halving", "--repeats", "0.2"], Repeated(Random(), 0.2)),
            (["--budget", "20"], Random()),
            (["--budget", "20", "--repeats", "0.2"], Repeated(Random(), 0.2)),
            (["--task", TABLE], Random()),
            (["--task", TABLE, "--repeats", "0.2"], Repeated(Random(), 0.2, most=2)),
        ],
        ids=lambda value: " ".join(value) or "default" if isinstance(value, list) else "",
    )
    def test_trains_shortly_first_unless_told_otherwise(self, args, expected, chosen):
        assert chosen(*args)[0] == expected

    def test_halving_starts_with_given_formulas(self, tmp_path, chosen):
        (tmp_path / "seeds.txt").write_text("x")
        names = [one.name for one in nested(chosen("--from", str(tmp_path / "seeds.txt"))[0])]
        assert names == ["repeated", "successive_halving", "seeded", "random"]

    @pytest.mark.parametrize(
        "begun", [Random(), SuccessiveHalving(Random()), Repeated(Random())], ids=["plain", "halved", "repeated"]
    )
    def test_a_run_goes_on_as_it_began(self, begun, tmp_path, chosen):
        actsearch.search("swish-1", MockEvaluator(), begun, 20, out=tmp_path / "run")
        assert chosen("--out", str(tmp_path / "run")) == (begun, tmp_path / "run")

    @pytest.mark.parametrize(
        ("label", "begun"),
        [("random", Random()), ("random-successive_halving", SuccessiveHalving(Random()))],
        ids=["plain", "halved"],
    )
    def test_a_run_of_the_time_before_is_found_where_it_lies(self, label, begun, chosen):
        out = Path("runs") / f"swish-1-digits-mlp-{label}-seed0"
        actsearch.search("swish-1", MockEvaluator(), begun, 20, out=out)
        assert chosen("--task", "digits-mlp") == (begun, out)

    def test_another_share_of_repeats_is_another_run(self, tmp_path, chosen):
        actsearch.search("swish-1", MockEvaluator(), Repeated(Random(), 0.1), 20, out=tmp_path / "run")
        args = ["--out", str(tmp_path / "run"), "--repeats"]
        assert chosen(*args, "0.1")[0] == Repeated(Random(), 0.1)
        assert chosen(*args, "0.3")[0] == Repeated(SuccessiveHalving(Random(), RUNGS, ETA), 0.3)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("tanh(sin(cos(x)))", "tanh(sin(cos(x)))"),
            ("x\nsigmiod(x)", "line 2: "),
        ],
    )
    def test_formulas_that_are_no_members(self, text, said, tmp_path, capsys):
        (tmp_path / "seeds.txt").write_text(text)
        command = ["search", "--task", TABLE, "--budget", "12", "--from", str(tmp_path / "seeds.txt")]
        assert main([*command, "--out", str(tmp_path / "run")]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / "run").exists()

    def test_a_limit_on_time(self, tmp_path, capsys):
        command = ["search", "--task", TABLE, "--budget", "6000", "--minutes", "0.0001", "--out", str(tmp_path)]
        assert main(command) == 0
        capsys.readouterr()
        with Archive.read(tmp_path) as archive:
            assert 0 < len(archive) < 6000

    def test_an_interruption_says_what_is_kept(self, tmp_path, monkeypatch, capsys):
        def stop(progress):
            raise KeyboardInterrupt

        monkeypatch.setattr("actsearch.cli.search._show", lambda log, progress: stop(progress))
        assert main(["search", "--task", TABLE, "--budget", "200", "--out", str(tmp_path)]) == 130
        assert f"64 trials are kept in {tmp_path}, and the same command goes on from there." in capsys.readouterr().err


class TestRuns:
    def test_top(self, run, capsys):
        rows = _json(capsys, "top", run, "--count", 3)
        assert len(rows) == 3
        assert rows[0]["score"] >= rows[1]["score"] >= rows[2]["score"]
        assert main(["top", str(run)]) == 0
        assert rows[0]["simplified"] in capsys.readouterr().out

    def test_export(self, run, tmp_path, capsys):
        assert main(["export", str(run), "--out", str(tmp_path / "t.parquet")]) == 0
        capsys.readouterr()
        frame = pd.read_parquet(tmp_path / "t.parquet")
        assert main(["export", str(run), "--json"]) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert len(frame) == len(lines) == LAST
        assert [line["index"] for line in lines] == list(range(LAST))
        assert {"index", "program", "fingerprint", "parents", "status", "score"} <= lines[0].keys()

    def test_export_makes_the_folders(self, run, tmp_path, capsys):
        assert main(["export", str(run), "--out", str(tmp_path / "new" / "folder" / "t.parquet")]) == 0
        assert len(pd.read_parquet(tmp_path / "new" / "folder" / "t.parquet")) == LAST

    @pytest.mark.parametrize("command", [["export"], ["compare"], ["show"]], ids=str)
    def test_what_cannot_be_written(self, command, run, tmp_path, capsys):
        (tmp_path / "file").touch()
        target = "relu(x)" if command == ["show"] else str(run)
        assert main([*command, target, "--out", str(tmp_path / "file" / "out")]) == 2
        assert f"{tmp_path / 'file' / 'out'} cannot be written: " in capsys.readouterr().err

    def test_check(self, run, capsys):
        assert main(["check", str(run)]) == 0
        assert capsys.readouterr().out == f"{LAST} trials, all whole.\n"

    def test_audit_of_a_run_that_trains_nothing(self, run, capsys):
        assert main(["audit", str(run)]) == 2
        assert "no run of named tasks" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("digests", "said"),
        [
            ({"tasks": {"digits-mlp": "f00d"}}, "the task digits-mlp"),
            ({"space_digest": "f00d"}, "the space swish-1"),
        ],
    )
    def test_audit_of_a_run_on_what_a_name_meant_then(self, digests, said, tmp_path, capsys):
        config = {"space": "swish-1", "space_digest": digests.get("space_digest")}
        config["evaluator"] = {"tasks": digests.get("tasks", {"digits-mlp": None})}
        with Archive.write(tmp_path / "run", config) as archive:
            archive.append([])
        assert main(["audit", str(tmp_path / "run")]) == 2
        assert f"was made when {said} was another" in capsys.readouterr().err

    def test_audit_trains_with_the_engine_of_the_run(self, tmp_path, monkeypatch):
        engines = []
        monkeypatch.setattr("actsearch.cli.runs.run_audit", lambda *args, engine, **_: engines.append(engine) or {})
        monkeypatch.setattr("actsearch.cli.runs.show", lambda table: None)
        monkeypatch.setattr("actsearch.cli.runs.audit_table", lambda rates: None)
        for name, identity in (("now", {"engine": "interpret"}), ("format1", {})):
            evaluator = {"tasks": {"digits-mlp": None}, **identity}
            with Archive.write(tmp_path / name, {"space": "swish-1", "evaluator": evaluator}) as archive:
                archive.append([])
            assert main(["audit", str(tmp_path / name)]) == 0
        assert engines == ["interpret", "auto"]

    @pytest.mark.slow
    def test_audit_measures_false_rejects(self, tmp_path, capsys):
        assert (
            main(
                [
                    "search",
                    "--task",
                    "digits-mlp",
                    "--budget",
                    "40",
                    "--seed",
                    "3",
                    "--out",
                    str(tmp_path),
                    "--engine",
                    "interpret",
                ]
            )
            == 0
        )
        capsys.readouterr()
        rates = _json(capsys, "audit", tmp_path, "--sample", 2)
        assert list(rates) == ["finite"]
        assert (rates["finite"]["trained"], rates["finite"]["good"]) == (2, 0)
        assert rates["finite"]["rate"]["high"] < 1
        assert json.loads((tmp_path / "audit.json").read_text()) == rates, "for its report"


class TestShow:
    def test_names_and_draws_an_activation(self, tmp_path, capsys):
        facts = _json(capsys, "show", "sigmul(x, v * x)", "--out", tmp_path / "new" / "swish.png")
        assert (facts["canonical"], facts["kind"]) == ("x * v * sigmoid(x)", "activation")
        assert facts["parameters"] == {"v": 1.0}
        assert r"\sigma" in facts["latex"]
        assert "statistics" not in facts
        names = ["swish.png", "swish.svg", "swish-curve.png", "swish-curve.svg"]
        assert facts["pictures"] == [str(tmp_path / "new" / name) for name in names]
        assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)

    def test_writes_nothing_unasked(self, tmp_path, capsys, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert _json(capsys, "show", "sigmul(x, x)")["known_as"] == ["silu"]
        facts = _json(capsys, "show", "beta + gamma * x * sigmoid(v1 * x) / group_std(x)".replace("beta", "shift"))
        assert facts["known_as"] == ["evonorm_s0"]
        assert facts["statistics"] == {"group_std": "of each example, also at evaluation"}
        assert main(["show", "x / group_std(x) * gamma + beta"]) == 0
        assert "write shift instead" in capsys.readouterr().err
        assert main(["show", "x / batch_std(x)"]) == 0
        assert "batch_std = moving average at evaluation" in capsys.readouterr().out
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("formula", ["-x^2", "-x", "--(x)", "-(x)", "-relu(x) + 1e-3"])
    def test_a_formula_may_begin_with_a_minus_sign(self, formula, capsys):
        assert _json(capsys, "show", formula)["formula"] == str(actsearch.parse(formula))

    def test_relu_is_not_relu6(self, capsys):
        assert _json(capsys, "show", "relu(x)")["known_as"] == ["relu"]


class TestScore:
    def test_compares_with_the_baseline(self, capsys):
        facts = _json(capsys, "score", "tanh(x)", "--task", "digits-mlp", "--seeds", 2)
        assert len(facts["scores"]) == len(facts["reference_scores"]) == 2
        assert facts["difference"]["low"] <= facts["difference"]["estimate"] <= facts["difference"]["high"]
        assert 0.9 < facts["score"]["estimate"] < 1.0

    def test_a_layer_that_the_task_cannot_hold(self, capsys):
        assert main(["score", "instance_std(x)", "--seeds", "2"]) == 2
        said = capsys.readouterr().err
        assert "instance_std(x) is a whole layer; the task mnist1d-mlp has sites for activations" in said

    @pytest.mark.slow
    def test_a_diverged_training_is_a_value(self, capsys, monkeypatch):
        monkeypatch.setitem(tasks_registry._TASKS, "digits-tiny", functools.partial(tiny_task, learning_rate=100.0))
        facts = _json(capsys, "score", "exp(exp(exp(x)))", "--task", "digits-tiny", "--seeds", 2)
        assert (facts["diverged"], facts["scores"]) == (2, [0.0, 0.0])

    def test_the_baseline_itself(self, capsys, monkeypatch):
        monkeypatch.setitem(tasks_registry._TASKS, "digits-tiny", tiny_task)
        facts = _json(capsys, "score", "max(x, 0)", "--task", "digits-tiny", "--seeds", 2)
        assert (facts["formula"], facts["difference"]["estimate"]) == ("max(x, 0)", 0.0)
        assert facts["scores"] == facts["reference_scores"]

    @pytest.mark.slow
    def test_a_layer_names_the_sites_and_its_baseline(self, capsys):
        layer = "x / max(batch_std(x), v * x + instance_std(x)) * gamma + shift"
        facts = _json(capsys, "score", layer, "--task", "digits-resnet-layer", "--seeds", 2, "--engine", "interpret")
        assert facts["reference_formula"] == str(CATALOG["batch_norm_relu"].program)
        assert facts["sites"][0] == "block1.layer1"
        assert min(facts["scores"] + facts["reference_scores"]) > 0.8


class TestVerifyARun:
    @pytest.fixture
    def lucky(self, tmp_path):
        """A run that used seed 100 and in which sin(x) was lucky once."""
        sine, tanh = actsearch.parse("sin(x)"), actsearch.parse("tanh(x)")
        rows = [(sine, "s", 0.99, 100, None), (tanh, "t", 0.95, 100, None), (sine, "s", 0.60, 102, 0)]
        rows.append((tanh, "t", 0.94, 102, 1))
        trials = [
            Trial(i, program, name, "ok", score, ({"score": score},), (seed,), first=first, repeat=int(i > 1))
            for i, (program, name, score, seed, first) in enumerate(rows)
        ]
        with Archive.write(tmp_path / "lucky", {"space": "swish-1"}) as archive:
            archive.append(trials)
        return tmp_path / "lucky"

    def test_winners_and_seeds_are_those_of_the_library(self, lucky, capsys, monkeypatch):
        monkeypatch.setitem(tasks_registry._TASKS, "digits-tiny", tiny_task)
        facts = _json(capsys, "verify", lucky, "--count", 1, "--tasks", "digits-tiny", "--seeds", 2)
        of_library = actsearch.verify(actsearch.open_run(lucky), tiny_task(), 2, count=1)
        assert facts["seeds"] == list(of_library.seeds) == [101, 103]
        assert facts["rows"] == json.loads(json.dumps(of_library.to_json()["rows"]))
        assert "tanh(x)" in json.dumps(facts)
        assert "sin(x)" not in json.dumps(facts)

    def test_a_directory_without_a_run(self, tmp_path, capsys, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert main(["verify", "runs/mine"]) == 2
        assert capsys.readouterr().err.strip().endswith("There is no run in runs/mine.")
        assert main(["verify", "x / sigmiod(x)"]) == 2
        assert "did you mean sigmoid" in capsys.readouterr().err


def test_verify_a_formula_and_a_run(run, capsys, monkeypatch):
    monkeypatch.setitem(tasks_registry._TASKS, "digits-tiny", tiny_task)
    facts = _json(capsys, "verify", "-tanh(x)", run, "--count", 1, "--tasks", "digits-tiny", "--seeds", 2)
    assert json.loads((run / "verification-digits-tiny.json").read_text()) == facts, "for its report"
    assert "digits-tiny" in json.dumps(facts)
    assert "-tanh(x)" in json.dumps(facts)


@pytest.mark.slow
def test_verify_at_equal_time_with_costs(capsys, monkeypatch):
    monkeypatch.setattr("actsearch.evaluation.verification.step_shares", lambda *args: [0.5])
    monkeypatch.setattr("actsearch.cli.verify.get_tasks", lambda names: [tiny_task()])
    facts = _json(capsys, "verify", "-tanh(x)", "--seeds", 2, "--equal-time", "--cost")
    assert [row["share"] for row in facts["rows"]] == [1.0, 0.5]
    assert facts["costs"]["relu(x)"]["flops"] == 1.0
    assert facts["costs"]["-tanh(x)"]["flops"] > 1.0


class TestLists:
    def test_tasks_trains_nothing_unless_asked(self, capsys, monkeypatch):
        monkeypatch.setattr("actsearch.cli.lists.measure_task", lambda *args, **options: pytest.fail("trains nothing"))
        rows = _json(capsys, "tasks")
        assert [row["task"] for row in rows] == list(TASKS)
        assert rows[0]["parameters"] == 64 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10
        assert "gap_over_noise" not in rows[0]
        assert {row["kind"] for row in rows} == {"activation", "gate", "layer"}

    def test_tasks_measure_prints_what_they_are_worth(self, capsys, monkeypatch):
        worth = TaskWorth("digits-mlp", "activation", 0.1, 3, "gelu(x)", 0.02, 4.0, 0.005, 0.004)
        monkeypatch.setattr("actsearch.cli.lists.measure_task", lambda *args, **options: worth)
        monkeypatch.setattr("actsearch.cli.lists.fidelity_text", lambda rows: "digits-mlp orders functions as none.")
        (row,) = _json(capsys, "tasks", "digits-mlp", "--measure")
        assert (row["gap_over_noise"], row["best"], row["seconds"], row["sd"]) == (4.0, "gelu(x)", 0.1, 0.005)
        assert row["floor_3"] == noise_floor(0.004, 3, paired=True) > row["floor_8"]
        assert row["fidelity"] == "digits-mlp orders functions as none."
        assert main(["tasks", "digits-mlp", "--measure"]) == 0
        assert "gelu(x)" in (printed := capsys.readouterr().out)
        assert "digits-mlp orders functions as none." in printed
        assert "Tables, for searches" not in printed  # asked for one task, it lists no others

    def test_a_task_that_takes_too_long_has_its_seconds_alone(self, capsys):
        (row,) = _json(capsys, "tasks", "digits-mlp", "--measure", "--limit", 0)
        assert row["seconds"] > 0
        assert row["gap_over_noise"] is row["best"] is row["floor_3"] is None
        assert main(["tasks", "digits-mlp", "--measure", "--seeds", "1"]) == 2
        assert "--seeds must be at least 2; received 1" in capsys.readouterr().err

    def test_a_task_whose_data_are_not_here_is_empty(self, capsys, monkeypatch):
        def data(self):
            raise ActsearchError("digits: not on this machine; write make data.")

        monkeypatch.setattr("actsearch.tasks.Classification.data", data)
        (row,) = _json(capsys, "tasks", "digits-mlp", "--measure")
        assert row["seconds"] is row["gap"] is None

    def test_spaces(self, capsys):
        assert [row["space"] for row in _json(capsys, "spaces")] == list(SPACES)
        assert _json(capsys, "spaces", "swish-2")["expressions"] == 6250 * 4 * 6250
        assert main(["spaces"]) == 0
        assert "156,250,000" in capsys.readouterr().out

    @pytest.mark.slow
    def test_functions_of_a_space(self, capsys):
        facts = _json(capsys, "spaces", "swish-1")
        assert facts["expressions"] == 6250
        assert facts["distinct"] > facts["finite"] > 3000


@pytest.fixture
def runs(tmp_path):
    """Writes archives without training: two runs of evolution and one of random, of four trials each."""

    def write(name, controller, seed, scores, **changed):
        made = hand_made_run(name, scores, controller, seed, **changed)
        with Archive.write(tmp_path / name, made.config) as archive:
            archive.append(made.outcomes)

    write("random-0", "random", 0, [0.5, 0.6, 0.6, 0.7])
    write("evolution-0", "evolution", 0, [0.5, 0.8, 0.9, 0.8])
    write("evolution-1", "evolution", 1, [0.6, 0.7, 0.7, 0.8])
    write("random-other-task", "random", 1, [0.5], tasks={"other": "t"})
    write("random-other-space", "random", 2, [0.5], space="swish-2")
    return tmp_path


class TestCompare:
    def test_as_json(self, runs, capsys):
        names = ["random-0", "evolution-0", "evolution-1"]
        facts = _json(capsys, "compare", *(runs / name for name in names), "--out", runs / "new" / "compare.svg")
        assert (facts["space"], facts["task"], facts["reference"]) == ("swish-1", "digits", 0.9)
        random, evolution = facts["groups"]
        assert [row["trials"] for row in random["regret"]] == [1, 2, 4]
        assert [round(row["estimate"], 6) for row in random["regret"]] == [0.4, 0.3, 0.2]
        assert random["regret"][0]["low"] is None
        assert [round(row["estimate"], 6) for row in evolution["regret"]] == [0.35, 0.15, 0.05]
        assert [row["trials_until_threshold"] for row in evolution["runs"]] == [3, None]
        assert facts["pictures"] == [str(runs / "new" / f"compare.{suffix}") for suffix in ("png", "svg")]
        assert (runs / "new" / "compare.png").read_bytes().startswith(b"\x89PNG")

    def test_as_tables_and_no_picture_unasked(self, runs, capsys, monkeypatch):
        monkeypatch.chdir(runs)
        before = sorted(runs.iterdir())
        names = ["random-0", "evolution-0", "evolution-1"]
        assert main(["compare", *names, "--budgets", "3", "--within", "0.1", "--reference", "1"]) == 0
        printed = " ".join(capsys.readouterr().out.split())
        assert "trials to 0.9000" in printed
        assert "evolution evolution-0 0 4 4 0.9000 3" in printed
        assert "random 1 0.4000 evolution 2 0.2000" in printed
        assert sorted(runs.iterdir()) == before

    @pytest.mark.parametrize(
        ("others", "said"),
        [
            (["random-other-task"], "different task"),
            (["random-other-space"], "different space"),
            (["random-0"], "same run"),
            (["random-9"], "There is no archive at random-9"),
            (["--budgets", "0"], "Budgets are at least 1"),
        ],
    )
    def test_what_cannot_be_compared(self, runs, others, said, capsys, monkeypatch):
        monkeypatch.chdir(runs)
        assert main(["compare", "random-0", *others]) == 2
        captured = capsys.readouterr()
        assert said in captured.err
        assert captured.out == ""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["show", "x * sigmod(x)"], "did you mean sigmoid"),
        (["score", "relu(x"], "column 7"),
        (["score", "x", "--task", "digits"], "digits-mlp"),
        (["score", "x", "--seeds", "1"], "--seeds must be at least 2"),
        (["search", "--space", "swish"], "swish-1, swish-2, swish-3"),
        (["search", "--budget", "0"], "--budget must be at least 1; received 0"),
        (["search", "--space", "swish-2", "controller:exhaustive"], "10,000,000"),
        (["search", "controller:evolution", "--controller.population", "300", "--budget", "9"], "only starts within"),
        (
            ["search", "controller:ppo", "--controller.batch", "0"],
            "batch must be an integer of at least 2; received 0.",
        ),
        (["top", "no/such/run"], "no/such/run"),
        (["spaces", "swish-9"], "swish-1"),
        (["search", "--space", "evonorm-b"], "mnist1d-mlp has sites for activations"),
        (["search", "--from", "absent.txt"], "absent.txt cannot be read"),
        (["search", "--from", os.devnull], "/dev/null has no formula: write one a line"),
        (["verify", "--tasks", "digits-mlp"], "needs formulas or directories"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_message_and_exit_code_2(args, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "actsearch: " in captured.err
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_a_full_disk_behind_standard_output_is_one_message(capsys, monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["show", "relu(x)", "--json"]) == 2
    assert capsys.readouterr().err.startswith("actsearch: The disk is full: ")


def test_without_standard_output_a_command_does_its_work(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["export", str(run), "--out", str(tmp_path / "trials.parquet")]) == 0
    assert (tmp_path / "trials.parquet").exists()


def test_debug_shows_where_a_mistake_was_noticed():
    with pytest.raises(ParseError):
        main(["show", "x * sigmod(x)", "--debug"])


def test_a_bug_keeps_its_traceback(monkeypatch):
    def broken(formula):
        raise TypeError("a bug")

    monkeypatch.setattr("actsearch.cli.formulas.read_unit", broken)
    with pytest.raises(TypeError, match="a bug"):
        main(["show", "x"])


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"actsearch {actsearch.__version__}\n"


@pytest.mark.parametrize("args", [[], ["serch"], ["top"], ["search", "--budget", "many"]], ids=str)
def test_unknown_arguments_exit_with_2(args, capsys):
    with pytest.raises(SystemExit) as stop:
        main(args)
    assert stop.value.code == 2


@pytest.mark.parametrize("command", app.COMMANDS)
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"Example: actsearch {command}" in capsys.readouterr().out


# Whoever started the tests in the background made them, and so their processes, deaf to the signal.
LISTENING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from actsearch.cli import main
sys.exit(main(sys.argv[1:]))
"""


class TestAsAProcess:
    def start(self, *args, program=("-m", "actsearch"), **options):
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, *program, *args], env=environment, **pipes, **options)

    def test_a_reader_that_has_seen_enough_ends_it_quietly(self, run):
        process = self.start("export", str(run), "--json")
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait() == 0
        assert errors == ""

    def test_control_c(self, tmp_path):
        command = ["search", "--task", TABLE, "--budget", "1000000", "--out", str(tmp_path / "run")]
        process = self.start(*command, program=["-c", LISTENING])
        while not (tmp_path / "run" / "archive.sqlite").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        errors = process.communicate()[1]
        assert process.returncode == 130
        assert "interrupted" in errors
        assert "Traceback" not in errors

    def test_control_c_that_is_lost_ends_the_search_after_the_batch(self, tmp_path, monkeypatch, capsys):
        """An exception in a callback of the garbage collector is forgotten, and JAX has one; nothing is printed."""

        class Lost:
            def __del__(self):
                signal.raise_signal(signal.SIGINT)

        told = []
        monkeypatch.setattr(sys, "unraisablehook", told.append)
        monkeypatch.setattr("actsearch.cli.search._show", lambda *_: Lost() and None)
        assert main(["search", "--task", TABLE, "--budget", "1000", "--out", str(tmp_path / "run")]) == 130
        assert "interrupted" in capsys.readouterr().err.lower()
        assert told == []

    @pytest.mark.slow
    def test_in_a_folder_that_cannot_be_written(self, tmp_path):
        tmp_path.chmod(0o555)
        process = self.start("show", "relu(x)", "--json", cwd=tmp_path)
        assert json.loads(process.communicate()[0])["known_as"] == ["relu"]
        assert process.returncode == 0

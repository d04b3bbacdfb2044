"""Sinks: the numbers that they are given, the files that they write, and that none of them harms a search."""

import atexit
import dataclasses
import json
import math
import sys
import types

import pytest

import actsearch
from actsearch import ActsearchError, parse
from actsearch.cli import main
from actsearch.study import Progress, Sink
from actsearch.study.sinks import SINKS, numbers
from actsearch.trials import Trial

TABLE = "tabular-swish1-digits-resnet"


def trial(index, score, status="ok"):
    return Trial(index, parse("x"), str(index), status, score, gate="finite" if status == "rejected" else "")


def batch(*scores, done=3):
    trials = [trial(i, score) for i, score in enumerate(scores)]
    return Progress([*trials, trial(9, None, "rejected")], done, 10, 2, 4.0)


def test_numbers_of_a_batch():
    expected = {"best": 0.9, "trials_per_second": 0.5, "score": 0.6, "share/ok": 2 / 3, "share/rejected": 1 / 3}
    assert numbers(batch(0.5, 0.7), best=0.9) == pytest.approx(expected)
    assert numbers(batch(), best=-math.inf) == {"trials_per_second": 0.5, "share/rejected": 1.0}


def test_the_best_so_far_goes_on_over_batches_and_from_before(tmp_path):
    rows = []
    sink = Sink(lambda folder: lambda step, values: rows.append(values["best"]), tmp_path, [trial(0, 0.4)])
    for scores in [(0.3,), (0.8, 0.2), (0.5,)]:
        sink(batch(*scores))
    assert rows == [0.4, 0.8, 0.8]


def test_scores_of_short_trainings_are_not_compared_with_those_of_full_ones(tmp_path):
    rows = []
    short = dataclasses.replace(trial(0, 0.97), fidelity=1 / 9)
    sink = Sink(lambda folder: lambda step, values: rows.append((values["best"], values["score"])), tmp_path)
    for trials in ([short], [short, trial(1, 0.9)]):
        sink(Progress(trials, 2, 10, 2, 4.0))
    assert rows == [(0.97, 0.97), (0.9, 0.9)]


def test_one_that_cannot_begin_is_named_and_the_search_goes_on(tmp_path):
    def broken(folder):
        raise RuntimeError("no account")

    with pytest.warns(UserWarning, match="stops, the search goes on: RuntimeError"):
        sink = Sink(broken, tmp_path)
    sink(batch(0.5))


def test_one_that_fails_is_named_once_and_the_search_goes_on(tmp_path):
    def broken(folder):
        def write(step, values):
            raise OSError("the disk is full")

        return write

    with pytest.warns(UserWarning, match="stops, the search goes on: OSError") as said:
        result = actsearch.search("swish-1", TABLE, "random", 30, batch=10, callbacks=[Sink(broken, tmp_path)])
    assert (len(said), len(result.trials)) == (1, 30)


def test_lines_of_json_go_on_where_a_search_does(tmp_path, capsys):
    command = ["search", "--task", TABLE, "--out", str(tmp_path), "--batch", "10", "--sinks", "json", "--budget"]
    assert main([*command, "20"]) == main([*command, "30"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    assert [row["trials"] for row in rows] == [10, 20, 30]
    assert rows[0]["best"] <= rows[1]["best"] <= rows[2]["best"]
    capsys.readouterr()


class Recorder(types.ModuleType):
    """Stands for a service's package: keeps what it is called with."""

    def __init__(self, name):
        super().__init__(name)
        self.calls = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args, **options):
            self.calls.append((name, args, options))
            return types.SimpleNamespace(log=self.log, info=types.SimpleNamespace(run_id="abc"), experiment_id="1")

        return call


def test_a_search_that_goes_on_is_one_run_of_weights_and_biases(monkeypatch, tmp_path):
    wandb = Recorder("wandb")
    wandb.log = lambda values, step: wandb.calls.append(("log", values, step))
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    Sink("wandb", tmp_path)(batch(0.5))
    Sink("wandb", tmp_path)
    (_, _, first), (_, values, step), (_, _, again) = wandb.calls
    assert (values["score"], step) == (0.5, 3)
    assert (first["id"], first["resume"]) == (again["id"], "allow")


def test_a_search_that_goes_on_is_one_run_of_mlflow(monkeypatch, tmp_path):
    client = Recorder("client")
    client.log = None
    mlflow = types.ModuleType("mlflow")
    mlflow.MlflowClient = lambda: client
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    Sink("mlflow", tmp_path)(batch(0.5))
    Sink("mlflow", tmp_path)(batch(0.7, done=4))
    assert [name for name, *_ in client.calls].count("create_run") == 1
    written = {(args[0], args[1], options["step"]) for name, args, options in client.calls if name == "log_metric"}
    assert {("abc", "score", 3), ("abc", "score", 4)} <= written


def test_tensorboard_reads_back_what_was_written(monkeypatch, tmp_path):
    pytest.importorskip("tensorboardX", reason="the extra tensorboard is not installed")
    from tensorboardX.proto import event_pb2

    at_exit = []
    monkeypatch.setattr(atexit, "register", at_exit.append)
    Sink("tensorboard", tmp_path)(batch(0.5))
    at_exit.pop()()
    (file,) = (tmp_path / "tensorboard").iterdir()
    content, scalars = file.read_bytes(), {}
    while content:  # length, its checksum, the event, its checksum
        size = int.from_bytes(content[:8], "little")
        event = event_pb2.Event.FromString(content[12 : 12 + size])
        scalars |= {value.tag: (value.simple_value, event.step) for value in event.summary.value}
        content = content[16 + size :]
    assert scalars["score"] == (0.5, 3)


@pytest.mark.parametrize("name", [name for name in SINKS if name != "json"])
def test_a_package_that_is_missing(name, monkeypatch, tmp_path):
    package = {"tensorboard": "tensorboardX"}.get(name, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ActsearchError, match=rf"needs {package}: pip install 'actsearch\[{name}\]'"):
        Sink(name, tmp_path)


def test_a_name_that_is_unknown(tmp_path):
    with pytest.raises(ActsearchError, match="Unknown sink 'tensorbord'; the sinks are json, tensorboard"):
        Sink("tensorbord", tmp_path)

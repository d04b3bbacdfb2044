"""The benchmarks of banks run from start to end on a tiny network; no timing is asserted."""

import json

import jax
import pytest

from experiments.benchmarks import bank, gpu
from experiments.benchmarks.steps import count_sites
from tests.helpers.tiny import tiny_task


@pytest.mark.slow
def test_a_task_has_a_record_of_every_way(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bank, "get_task", lambda name: tiny_task(name=name))
    monkeypatch.setattr(bank, "use_one_core", lambda: None)
    monkeypatch.setattr(jax.config, "update", lambda *_: None)
    out = tmp_path / "bank.json"
    out.write_text(json.dumps({"tasks": {}}))
    bank.main(("first",), sizes=(1, 2), alone=1, rounds=1, out=out)
    (row,) = json.loads(out.read_text())["tasks"].values()
    found = [(way["engine"], way["candidates"], way["lanes"]) for way in row["ways"]]
    assert found[:3] == [("specialize", 1, 1), ("interpret", 1, 1), ("interpret", 2, 1)]
    assert found[3:] == [("bank", 1, 1), ("bank", 2, 1), ("bank", 2, 2)]
    assert all(way["step_ms"] > 0 and set(way["seconds"]) == {"100", "1000", "10000"} for way in row["ways"])
    assert "first: seconds a candidate" in capsys.readouterr().out


def test_without_a_gpu_nothing_is_measured(tmp_path, capsys):
    gpu.main(out=tmp_path / "gpu.json")
    assert capsys.readouterr().out == f"{gpu.NO_GPU}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_workload_has_a_record_of_every_way(monkeypatch, capsys):
    monkeypatch.setattr(gpu.importlib.util, "find_spec", lambda name: None)
    row = gpu.measure(tiny_task(steps=60), lanes=2, alone=1, rounds=1, steps=3)
    ways = {way["way"]: way for way in row["ways"]}
    assert list(ways) == ["one at a time 0", "bank", "interpreter", "ReLU, one at a time", "ReLU, side by side"]
    assert [way["lanes"] for way in ways.values()] == [1, 2, 2, 1, 2]
    assert (row["steps"], row["timed_steps"]) == (60, 3)
    bank_way = ways["bank"]
    assert bank_way["warm_an_hour"] == pytest.approx(3.6e6 / 60 / bank_way["step_ms"])
    assert bank_way["an_hour"] < bank_way["warm_an_hour"]
    names = [target["name"] for target in gpu.targets(row)]
    assert names == ["digits-tiny: best / one at a time", "digits-tiny: best / ReLU side by side, warm"]
    gpu.show_table(row)
    shown = capsys.readouterr().out
    assert "PyTorch is not installed" in shown
    assert "digits-tiny, candidates an hour" in shown


@pytest.mark.parametrize(("name", "sites"), [("cifar-resnet20", 19), ("cifar-short", 6), ("text-ffn-256", 2)])
def test_workloads(name, sites):
    task = gpu.WORKLOADS[name]()
    assert (task.name, count_sites(task)) == (name, sites)
    assert len(jax.tree.leaves(task.abstract_batch())[0]) == task.batch_size

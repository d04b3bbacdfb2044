"""The layer benchmark runs from start to end on a tiny network; no timing is asserted."""

import json

import pytest

from tests.helpers import scripts
from tests.helpers.tiny import LAYERS, tiny_layer_task


@pytest.fixture(scope="module")
def bench():
    return scripts.load("benchmarks/layers.py")


def test_writes_what_it_prints(bench, tmp_path, capsys):
    report = bench.run(tiny_layer_task(steps=3), LAYERS, 2, tmp_path / "new" / "layers.json")
    assert json.loads((tmp_path / "new" / "layers.json").read_text()) == report
    assert len(report["programs"]) == len(report["times"]["specialised"]) == 2
    assert report["memory"]["interpreted"] > 0
    shown = capsys.readouterr().out
    assert all(target["name"] in shown for target in report["targets"])
    assert {target["met"] for target in report["targets"] if target["limit"] is None} == {None}

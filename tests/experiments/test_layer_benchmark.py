"""The layer benchmark runs from start to end on a tiny network; no timing is asserted."""

import json

import pytest

from experiments.benchmarks import layers
from tests.helpers.tiny import LAYERS, tiny_layer_task


@pytest.mark.slow
def test_writes_what_it_prints(tmp_path, capsys):
    out = tmp_path / "new" / "layers.json"
    report = layers.run(tiny_layer_task(steps=3), LAYERS, 2, out)
    assert json.loads(out.read_text()) == report
    assert len(report["programs"]) == len(report["times"]["specialised"]) == 2
    assert report["memory"]["interpreted"] > 0
    shown = capsys.readouterr().out
    assert all(target["name"] in shown for target in report["targets"])
    assert {target["met"] for target in report["targets"] if target["limit"] is None} == {None}

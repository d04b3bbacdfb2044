"""The benchmark of a cluster: what it searches in process, and all of it where Ray is; no timing is asserted."""

import json

import pytest

from experiments.benchmarks import cluster


def test_a_trivial_search_has_every_trial(tmp_path):
    row = cluster.measured("in process", cluster.Trivial(), trials=96, batch=32)
    assert row["batch"] == 32
    assert row["trials_per_second"] > 0


@pytest.mark.slow
def test_writes_what_it_measures(tmp_path, capsys):
    ray = pytest.importorskip("ray", reason="needs Ray: pip install 'actsearch[ray]'")
    out = tmp_path / "cluster.json"
    cluster.main(trials=96, workers=2, batches=(32,), out=out)
    assert not ray.is_initialized()
    report = json.loads(out.read_text())
    assert [row["where"] for row in report["figures"]] == ["in process", "on Ray"]
    assert (report["faults"], report["ray"]) == (0, ray.__version__)
    assert len(capsys.readouterr().out.splitlines()) == 3

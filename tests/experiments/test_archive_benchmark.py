"""The benchmark of the archive runs from start to end on few trials; no timing is asserted."""

import json

from experiments.benchmarks import archive


def test_writes_what_it_measures(tmp_path, monkeypatch, capsys):
    out = tmp_path / "new" / "archive.json"
    monkeypatch.setattr("sys.argv", ["archive.py", "--trials", "300", "--out", str(out)])
    archive.main()
    report = json.loads(out.read_text())
    assert report["trials"] == 300
    assert {"cpu", "date", "platform"} <= report["machine"].keys()
    assert report["figures"]["SELECT * with sqlite3"]["ratio"] == 1.0
    assert len(capsys.readouterr().out.splitlines()) == len(report["figures"])

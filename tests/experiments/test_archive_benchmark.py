"""The benchmark of the archive runs from start to end on few trials; no timing is asserted."""

import json

from experiments.benchmarks import archive


def test_writes_what_it_measures(tmp_path, capsys):
    out = tmp_path / "new" / "archive.json"
    archive.main(300, out)
    report = json.loads(out.read_text())
    assert report["trials"] == 300
    assert {"machine", "date"} <= report.keys()
    assert report["figures"]["SELECT * with sqlite3"]["ratio"] == 1.0
    assert len(capsys.readouterr().out.splitlines()) == len(report["figures"]) + 1  # and the path

"""`actsearch doctor`: a line each, JSON, and an exit code."""

import json

import pytest

from actsearch.cli import doctor, main
from actsearch.doctor import Finding

CORES = Finding("cores", "ok", "2", {"cores": 2})


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("note", 0), ("broken", 1)])
def test_the_exit_code(status, code, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: iter([CORES, Finding("search", status, "said", {})]))
    assert main(["doctor"]) == code
    assert capsys.readouterr().out == f"ok      cores: 2\n{status:<7} search: said\n"
    assert main(["doctor", "--json"]) == code
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {"about": "cores", "status": "ok", "text": "2", "facts": {"cores": 2}}
    assert [row["status"] for row in rows] == ["ok", status]

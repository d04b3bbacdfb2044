"""Where a search evaluates, on the command line: options that do not go together. See also test_ray.py."""

import sys

import pytest

from actsearch.cli import main

TABLE = "tabular-swish1-digits-resnet"


@pytest.mark.parametrize("option", [("--address", "auto"), ("--workers", "2"), ("--piece-minutes", "5")])
def test_an_option_of_a_cluster_without_one(option, tmp_path, capsys):
    assert main(["search", "--task", TABLE, "--budget", "2", "--out", str(tmp_path / "run"), *option]) == 2
    assert "add --executor ray" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_without_ray(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["search", "--executor", "ray", "--budget", "2", "--out", str(tmp_path / "run")]) == 2
    assert "pip install 'actsearch[ray]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()

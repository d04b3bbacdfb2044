"""`actsearch data`: prepares, lists, and says in one sentence what is wrong."""

import json

import pytest

from actsearch.cli import main
from actsearch.data import load
from tests.helpers import archived


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    return tmp_path / "tfds"


@pytest.fixture
def source(tmp_path):
    return archived.npz(tmp_path / "given/cifar10.npz", archived.made())


def test_prepares(home, source, capsys):
    assert main(["data", "cifar10", "--from", str(source), "--unchecked"]) == 0
    output = capsys.readouterr()
    assert output.out == f"cifar10 is in {home}/cifar10/3.0.2.\n"
    assert output.err.splitlines() == ["train  10 examples", "test  4 examples"]
    assert len(load("cifar10", "train")["label"]) == 10


def test_to_another_folder(home, source, tmp_path, capsys):
    assert main(["data", "cifar10", "--from", str(source), "--unchecked", "--to", str(tmp_path / "big")]) == 0
    assert f"Write TFDS_DATA_DIR={tmp_path}/big before commands" in capsys.readouterr().out
    assert not home.exists()


def test_lists(home, source, capsys):
    main(["data", "cifar10", "--from", str(source), "--unchecked"])
    capsys.readouterr()
    assert main(["data", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["cifar10"]["place"] == f"{home}/cifar10/3.0.2"
    assert (rows["cifar100"]["place"], rows["imagenette"]["examples"]) == (None, "9,469 train, 3,925 validation")
    assert main(["data"]) == 0
    assert "not prepared" in capsys.readouterr().out


def test_a_mistake(home, tmp_path, capsys):
    assert main(["data", "cifar10", "--from", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err == f"actsearch: There is no file or folder {tmp_path}/nowhere.\n"

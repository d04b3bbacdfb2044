"""`actsearch export-formula`: formulas, names and winners of a run, to standard output or a file; mistakes."""

import pytest

from actsearch import open_run, search
from actsearch.cli import main
from actsearch.export import TARGETS
from tests.helpers.exported import load
from tests.helpers.mock import MockEvaluator


@pytest.fixture(autouse=True)
def no_names(monkeypatch):
    """Names nothing: fingerprints of the whole catalogue take seconds."""
    monkeypatch.setattr("actsearch.export.subject.identify", lambda program: ())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("run")
    search("swish-1", MockEvaluator(), "random", 30, out=directory)
    return directory


def test_a_formula_and_a_name_are_the_same(capsys):
    assert main(["export-formula", "x * sigmoid(beta * x)", "--to", "torch"]) == 0
    text = capsys.readouterr().out
    assert "class Swish(nn.Module)" in text
    assert main(["export-formula", "swish", "--to", "torch"]) == 0
    assert capsys.readouterr().out == text


def test_a_file(tmp_path, capsys):
    path = tmp_path / "unit.py"
    command = ["export-formula", "-x * tanh(x)", "--to", "python", "--name", "mine", "--no-self-test", "-o", str(path)]
    assert main(command) == 0
    assert load(path.read_text()).mine(2.0) == pytest.approx(-1.9280552)
    assert "__main__" not in path.read_text()
    assert capsys.readouterr().out == ""


def test_a_winner_of_a_run(run, capsys):
    (best,) = open_run(run).best(1)
    assert main(["export-formula", str(run), "--to", "jax"]) == 0
    text = capsys.readouterr().out
    assert f"Found by search: trial {best.index} of {run.name} (space swish-1" in text
    assert f"score {best.score:.4f}" in text
    assert main(["export-formula", str(run), "--to", "latex", "--index", "7"]) == 0
    assert "trial 7 of" in capsys.readouterr().out


def test_help_names_every_format(capsys):
    with pytest.raises(SystemExit):
        main(["export-formula", "--help"])
    words = set(capsys.readouterr().out.replace(",", " ").replace(".", " ").split())
    assert set(TARGETS) <= words


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["swsh", "--to", "c"], "No published unit has the name 'swsh': the nearest names are swish"),
        (["x * sigmod(x)", "--to", "c"], "unknown name 'sigmod'"),
        (["silu", "--to", "tensorflow"], "There is no format 'tensorflow' to export to; write one of jax, flax"),
        (["evonorm_b0", "--to", "c", "-o", "FILE"], "The format c has no batch_std"),
        (["silu", "--to", "c", "--index", "3"], "--index names a trial of a run; silu is no directory of one."),
        (["RUN", "--to", "c", "--index", "99"], "has no trial 99; it has 30 trials, from 0."),
        (["no/such/run", "--to", "c"], "There is no run in no/such/run."),
        (["silu", "--to", "c", "-o", "/no/such/folder/silu.h"], "cannot be written"),
        (["silu", "--to", "c", "--name", "my unit"], "received 'my unit'"),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(args, message, run, tmp_path, capsys):
    path = tmp_path / "unit.h"
    places = {"FILE": str(path), "RUN": str(run)}
    assert main(["export-formula", *(places.get(arg, arg) for arg in args)]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.strip().splitlines()) <= 3  # the place in a formula is shown below the sentence
    assert not path.exists()


def test_a_model_goes_into_a_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("actsearch.cli.formats.export_program", lambda *args, **options: b"model")
    assert main(["export-formula", "silu", "--to", "onnx"]) == 2
    assert "A file of onnx is no text: write -o formula.onnx." in capsys.readouterr().err
    assert main(["export-formula", "silu", "--to", "onnx", "-o", str(tmp_path / "silu.onnx")]) == 0
    assert (tmp_path / "silu.onnx").read_bytes() == b"model"

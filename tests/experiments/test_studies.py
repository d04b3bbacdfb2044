"""The scripts of the studies: each has a command line, and they share one card."""

import importlib
import json
from pathlib import Path

import pytest
import tyro

import actsearch
from actsearch import parse
from actsearch.controllers import Random
from actsearch.trials.ranking import best
from experiments import _card as card
from tests.helpers.tiny import tiny_task

STUDIES = (
    "swish_mnist1d.py",
    "swish_text.py",
    "evonorm_digits.py",
    "evonorm_text.py",
    "evonorm_photos.py",
    "sine_inr.py",
    "rank_units.py",
    "swish_cifar10.py",
    "evonorm_cifar10.py",
    "compare_controllers.py",
    "exhaustive_tables.py",
)


@pytest.fixture(autouse=True)
def beside_the_scripts(monkeypatch):
    """Scripts find the card in their own folder, as when they are run."""
    monkeypatch.syspath_prepend(Path(card.__file__).parent)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_explains_its_command_line(name, capsys):
    study = importlib.import_module(f"experiments.{Path(name).stem}")
    with pytest.raises(SystemExit) as ended:
        tyro.cli(study.main, args=["--help"])
    assert ended.value.code == 0
    assert "--out" in capsys.readouterr().out
    assert f"python experiments/{name}" in study.__doc__


def test_a_verification_has_the_scores_of_every_name(capsys):
    """Two names of one function share its training, and its row of the table has both."""
    programs = {"relu": parse("relu(x)"), "sine": parse("sin(x)"), "again": parse("-(-sin(x))")}
    verification, scores = card.verified(programs, tiny_task(), 2)
    assert scores["digits-tiny"]["sine"] == scores["digits-tiny"]["again"]
    assert len(verification.rows) == 2
    assert "sine, again" in capsys.readouterr().out


def test_finalists_differ_by_more_than_their_sign():
    """In a network -f is f with other weights behind it: a second place for it would say nothing new."""
    ranked = [parse(text) for text in ("sin(x)", "-sin(x)", "t1 = -x; sin(t1)", "x * beta", "relu(x)", "tanh(x)")]
    assert list(map(str, card.different(ranked, 3))) == ["sin(x)", "x * beta", "relu(x)"]
    assert list(map(str, card.different(ranked, 3, known=[parse("-relu(x)")]))) == ["sin(x)", "x * beta", "tanh(x)"]


def test_places_are_found_by_todays_fingerprint():
    """A table keeps the fingerprints that it was made with, of an earlier version."""
    trials = actsearch.search("swish-1", "tabular-swish1-digits-mlp-likelihood", Random(), 40).trials
    (winner,) = best(trials, 1)
    assert card.places(trials)[actsearch.fingerprint(winner.program)] == 1
    assert winner.fingerprint != actsearch.fingerprint(winner.program)


def test_a_json_file_is_whole(tmp_path):
    card.write_json(tmp_path / "new" / "facts.json", card.machine())
    assert json.loads((tmp_path / "new" / "facts.json").read_text()).keys() == {
        "date",
        "machine",
        "devices",
        "versions",
    }
    with pytest.raises(TypeError):
        card.write_json(tmp_path / "new" / "facts.json", {"not": object()})
    assert json.loads((tmp_path / "new" / "facts.json").read_text())["machine"]["cores"] >= 1

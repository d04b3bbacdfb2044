"""A small run, and a page without what takes seconds: the look into the catalog and the properties."""

import pytest

from actsearch import search
from actsearch.pages import finalists, known, material
from tests.helpers.mock import MockEvaluator


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pages") / "mine"
    search("swish-1", MockEvaluator(), "evolution", 200, out=directory)
    return directory


@pytest.fixture(scope="module")
def fast():
    """Nothing is published, and a card has one property."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _replace(monkeypatch)
        yield


def _replace(monkeypatch):
    monkeypatch.setattr(known, "names", lambda program: ())
    monkeypatch.setattr(known, "sentence", lambda program: "New.")
    monkeypatch.setattr(material, "_fingerprint", lambda name, version: "")
    monkeypatch.setattr("actsearch.export.subject.identify", lambda program: ())
    monkeypatch.setattr(finalists, "property_rows", lambda program: [("lipschitz", "1.1", "grid", "largest slope")])

"""The examination goes on to its end, whatever is broken."""

import pytest

from actsearch.doctor import Finding, examination, examine
from actsearch.doctor.machine import EXTRAS


@pytest.fixture
def no_search(monkeypatch):
    monkeypatch.setattr(examination, "searched", lambda group: Finding("search", "ok", "", {}))


def test_everything_is_told_once_and_in_order(no_search):
    about = [finding.about for finding in examine()]
    assert about[:3] == ["versions", "cores", "cache"]
    extras = ("cuda", "tpu", *EXTRAS)
    assert about[3 : 3 + len(extras)] == [f"extra {name}" for name in extras]
    assert about[3 + len(extras)].startswith("device ")
    assert about[-1] == "search"


def test_without_devices_the_rest_is_told(monkeypatch):
    def fail():
        raise RuntimeError("Unable to initialize backend 'cuda'\nfor many reasons")

    monkeypatch.setattr(examination, "groups", fail)
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    finding = next(finding for finding in examine() if finding.status == "broken")
    said = "JAX finds none: RuntimeError Unable to initialize backend 'cuda'; JAX_PLATFORMS is cuda"
    assert (finding.about, finding.text) == ("devices", said)

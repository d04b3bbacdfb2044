"""What is installed, where compiled programs are kept, and how many cores there are."""

import os
import tomllib
from pathlib import Path

import pytest

from actsearch.doctor import machine
from actsearch.doctor.finding import size
from actsearch.evaluation import CACHE_BYTES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(monkeypatch):
    """A set of packages, empty at first, which alone are installed."""
    packages = set()
    monkeypatch.setattr(machine, "is_installed", packages.__contains__)
    return packages


class TestVersions:
    def test_are_told(self):
        finding = machine.versions()
        assert finding.status == "ok"
        assert list(finding.facts) == ["python", "actsearch", "jax", "jaxlib", "flax", "optax", "numpy"]
        assert all(f"{name} {number}" in finding.text for name, number in finding.facts.items())

    def test_a_missing_package_is_broken(self, installed):
        installed.update(machine.PACKAGES)
        installed.remove("optax")
        finding = machine.versions()
        assert (finding.status, "optax" in finding.facts) == ("broken", False)
        assert finding.text.endswith("missing: pip install optax")


class TestExtras:
    def test_all_of_the_package_but_the_developers(self):
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert {*machine.ACCELERATORS, *machine.EXTRAS} == extras.keys() - {"dev", "docs"}
        for name, packages in machine.EXTRAS.items():
            assert {text.split(">=")[0] for text in extras[name]} == set(packages)

    def test_what_is_missing_comes_with_the_line_that_installs_it(self, installed):
        installed.update({"mlxtend", "torch", "jax-cuda13-plugin"})
        findings = {finding.about: finding for finding in machine.extras()}
        statuses = {name: finding.status for name, finding in findings.items()}
        assert statuses == {
            "extra cuda": "ok",
            "extra tpu": "note",
            "extra data": "note",  # one of its two packages is not enough
            "extra imagenet": "note",
            "extra ray": "note",
            "extra tensorboard": "note",
            "extra wandb": "note",
            "extra mlflow": "note",
            "extra notebooks": "note",
            "extra report": "note",
            "extra torch": "ok",
            "extra onnx": "note",
            "extra equinox": "note",
        }
        assert findings["extra data"].text == 'not installed; pip install "actsearch[data]"'


class TestCache:
    def test_a_folder_with_its_size(self, monkeypatch, tmp_path):
        (tmp_path / "program").write_bytes(bytes(2_500_000))
        monkeypatch.setenv("ACTSEARCH_CACHE", str(tmp_path))
        monkeypatch.setattr(machine, "use_compilation_cache", lambda: tmp_path / "compiled")
        finding = machine.cache()
        assert finding.facts == {"folder": str(tmp_path), "bytes": 2_500_000}
        assert finding.text.startswith(f"{tmp_path}, 2.5 MB, at most {size(CACHE_BYTES)} ")

    def test_a_users_own(self, monkeypatch, tmp_path):
        monkeypatch.setattr(machine, "use_compilation_cache", lambda: tmp_path)
        assert machine.cache().text == f"{tmp_path}, 0.0 MB, set by you for JAX"

    @pytest.mark.parametrize(("place", "said"), [("off", "compiles"), ("/proc/nowhere", "/proc/nowhere cannot be")])
    def test_none(self, place, said, jax_settings, monkeypatch):
        monkeypatch.setenv("ACTSEARCH_CACHE", place)
        finding = machine.cache()
        assert (finding.status, finding.facts) == ("note", {"folder": None, "bytes": 0})
        assert said in finding.text


def test_cores_of_this_process(monkeypatch):
    monkeypatch.setattr(machine, "count_cores", lambda: 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert machine.cores().text == "3 of the machine's 8"
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert machine.cores().text == "3"

"""The devices that JAX uses, those that it does not, and the tiny search."""

import dataclasses
import subprocess
from types import SimpleNamespace

import jax
import pytest

from actsearch.doctor import devices, machine


@dataclasses.dataclass(frozen=True)
class Device:
    """A device of any platform; hashable, as JAX's are."""

    platform: str
    id: int
    device_kind: str
    stats: dict | None = dataclasses.field(hash=False)

    def memory_stats(self):
        return self.stats


def device(platform, number=0, kind="cpu", stats=None):
    return Device(platform, number, kind, stats)


class TestGroups:
    def test_the_cores_of_a_cpu_are_one(self):
        assert devices.groups() == [jax.devices()]

    def test_each_accelerator_is_one(self, monkeypatch):
        both = [device("gpu", 0), device("gpu", 1)]
        monkeypatch.setattr(jax, "devices", lambda: both)
        assert devices.groups() == [[both[0]], [both[1]]]

    def test_kind_and_memory(self):
        finding = devices.described([device("gpu", 1, "NVIDIA H100", {"bytes_limit": 64_000_000_000})])
        assert str(finding) == "ok      device gpu:1: 1 x NVIDIA H100, 64.0 GB of memory"
        finding = devices.described(jax.devices())
        assert finding.text.startswith("4 x cpu")
        assert finding.facts["memory"] > 1e8


class TestSearched:
    def test_functions_are_trained(self):
        finding = devices.searched(jax.devices()[:1])
        assert (finding.about, finding.status) == ("search on cpu", "ok")
        assert finding.facts["trained"] > 1
        assert f"{finding.facts['trained']} functions trained on digits-mlp in " in finding.text

    def test_what_goes_wrong_is_told_in_one_line(self, monkeypatch):
        def fail(*args, **options):
            raise RuntimeError("out of memory\nand a page more")

        monkeypatch.setattr(devices, "search", fail)
        finding = devices.searched([device("gpu", 1)])
        assert str(finding) == "broken  search on gpu:1: RuntimeError: out of memory"

    def test_nothing_trained_is_broken(self, monkeypatch):
        monkeypatch.setattr(devices, "search", lambda *args, **options: SimpleNamespace(trials=[]))
        assert devices.searched(jax.devices()[:1]).status == "broken"


class TestUnused:
    @pytest.fixture
    def gpu(self, monkeypatch):
        monkeypatch.delenv("JAX_PLATFORMS", raising=False)
        monkeypatch.setattr(devices, "_has_nvidia", lambda: True)

    def test_says_what_to_install(self, gpu, monkeypatch):
        monkeypatch.setattr(machine, "is_installed", lambda package: False)
        (finding,) = devices.unused(["cpu"])
        assert finding.status == "note"
        assert finding.text.endswith('an NVIDIA GPU, and JAX does not use it; pip install "actsearch[cuda]"')

    def test_a_plugin_that_sees_nothing_is_broken(self, gpu, monkeypatch):
        monkeypatch.setattr(machine, "is_installed", lambda package: package == "jax-cuda13-plugin")
        (finding,) = devices.unused(["cpu"])
        assert finding.status == "broken"

    def test_a_users_choice_is_none(self, gpu, monkeypatch):
        monkeypatch.setenv("JAX_PLATFORMS", "cpu")
        (finding,) = devices.unused(["cpu"])
        assert finding.status == "note"
        assert finding.text.endswith("JAX_PLATFORMS is cpu")

    def test_one_in_use_is_not_told(self, gpu):
        assert list(devices.unused(["gpu", "cpu"])) == []

    @pytest.mark.parametrize(("printed", "listed"), [("GPU 0: NVIDIA H100", True), ("No devices found", False)])
    def test_a_driver_without_a_gpu(self, printed, listed, monkeypatch):
        monkeypatch.setattr(subprocess, "run", lambda *args, **options: SimpleNamespace(stdout=printed))
        assert devices._is_listed() == listed

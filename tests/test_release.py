"""What is released: an sdist and a wheel that install and run where there is nothing else of actsearch."""

import email
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import actsearch

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
TEXTS = {".gitignore", "CHANGELOG.md", "CITATION.cff", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
"""What the sdist has beside the package."""


def run(*command, where, **environment):
    """Runs a command in a folder, without a checkout on the path, and returns what it did."""
    paths = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(command, cwd=where, env=paths | environment, capture_output=True, text=True, timeout=600)


def done(*command, where, **environment):
    """Runs a command that must succeed, and returns what it printed."""
    process = run(*command, where=where, **environment)
    assert process.returncode == 0, process.stderr
    return process.stdout


def build(source, kinds, out):
    """Builds distributions of a source tree without network, by the build backend that is installed here."""
    done(sys.executable, "-m", "hatchling", "build", "-d", str(out), *(f"-t{kind}" for kind in kinds), where=source)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the sdist and the wheel of the checkout."""
    out = tmp_path_factory.mktemp("built")
    build(ROOT, ("sdist", "wheel"), out)
    return out


@pytest.fixture(scope="module")
def wheel(built):
    return built / f"actsearch-{actsearch.__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory):
    """The tree of the sdist."""
    out = tmp_path_factory.mktemp("sdist")
    with tarfile.open(built / f"actsearch-{actsearch.__version__}.tar.gz") as archive:
        archive.extractall(out, filter="data")
    return out / f"actsearch-{actsearch.__version__}"


@pytest.fixture(scope="module")
def clean(wheel, tmp_path_factory):
    """The programs of a new environment with the wheel and its locked dependencies, no extras."""
    out = tmp_path_factory.mktemp("clean")
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    done(uv, "venv", "--python", sys.executable, "environment", where=out)
    programs = out / "environment" / ("Scripts" if sys.platform == "win32" else "bin")
    lock = str(ROOT / "requirements.lock")
    done(uv, "pip", "install", "--python", str(programs / "python"), str(wheel), "-c", lock, where=out)
    return programs


@pytest.fixture(scope="module")
def searched(clean, tmp_path_factory):
    """A folder in which the installed command has searched: it holds `run`."""
    out = tmp_path_factory.mktemp("searched")
    asked = ("--space", "swish-1", "--task", "tabular-swish1-digits-resnet", "--budget", "50", "--out", "run")
    done(str(clean / "actsearch"), "search", *asked, where=out)
    return out


def members(wheel):
    """Returns the files of a wheel with their checksums."""
    with zipfile.ZipFile(wheel) as archive:
        return {file.filename: file.CRC for file in archive.infolist()}


def test_the_sdist_has_the_package_and_its_texts_alone(unpacked):
    files = {str(path.relative_to(unpacked)): path.stat().st_size for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith("actsearch/")} == TEXTS
    source = {str(path.relative_to(ROOT)) for path in (ROOT / "actsearch").rglob("*") if path.is_file()}
    assert {name for name in files if name.startswith("actsearch/")} == {
        name for name in source if "__pycache__" not in name
    }
    assert max(files.values()) < 500_000
    assert sum(files.values()) < 4_000_000


def test_the_wheel_is_small_and_that_of_the_sdist(wheel, unpacked, tmp_path):
    build(unpacked, ("wheel",), tmp_path)
    assert members(tmp_path / wheel.name) == members(wheel)
    assert wheel.stat().st_size < 2_500_000


def test_its_metadata(wheel):
    folder = f"actsearch-{actsearch.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        fields = email.message_from_string(archive.read(f"{folder}/METADATA").decode())
    assert (fields["Name"], fields["Version"]) == ("actsearch", actsearch.__version__)
    assert fields["Description-Content-Type"] == "text/markdown"
    assert fields.get_payload().strip() == (ROOT / "README.md").read_text().strip()
    assert fields["License-Expression"] == "Apache-2.0"
    assert {f"{folder}/licenses/{name}" for name in fields.get_all("License-File")} <= set(names)


class TestCleanEnvironment:
    def test_imports_what_is_installed(self, clean, tmp_path):
        code = "import actsearch; print(actsearch.__file__, actsearch.__version__, actsearch.search.__name__)"
        path, version, name = done(str(clean / "python"), "-c", code, where=tmp_path).split()
        assert Path(path).is_relative_to(clean.parent)
        assert (version, name) == (actsearch.__version__, "search")

    def test_helps(self, clean, tmp_path):
        assert "actsearch" in done(str(clean / "actsearch"), "--help", where=tmp_path)
        assert done(str(clean / "actsearch"), "--version", where=tmp_path) == f"actsearch {actsearch.__version__}\n"

    def test_a_search_in_a_table_and_its_best(self, clean, searched):
        best = json.loads(done(str(clean / "actsearch"), "top", "run", "--json", where=searched))
        assert len(best) == 10

    def test_the_doctor_finds_nothing_broken(self, clean, tmp_path):
        found = json.loads(done(str(clean / "actsearch"), "doctor", "--json", where=tmp_path))
        assert next(each for each in found if each["about"] == "search on cpu")["facts"]["trained"] == 4

    @pytest.mark.parametrize(
        ("extra", "command"),
        [
            ("data", "score silu --task photos-cnn"),
            ("onnx", "export-formula silu --to onnx -o silu.onnx"),
            ("ray", "search --executor ray --space swish-1 --task digits-mlp --budget 50"),
            ("report", "report run -o report.html"),
            ("wandb", "search --sinks wandb --space swish-1 --task tabular-swish1-digits-resnet --budget 50"),
        ],
    )
    def test_an_extra_that_is_missing_is_named(self, extra, command, clean, searched):
        process = run(str(clean / "actsearch"), *command.split(), where=searched)
        assert process.returncode == 2
        assert f"actsearch[{extra}]" in process.stderr
        assert "Traceback" not in process.stderr

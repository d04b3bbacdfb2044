"""What the package says of itself is said once."""

import tomllib
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

import actsearch
from actsearch.tasks.datasets.python_docs import FILE

ROOT = Path(__file__).parents[1]


def test_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = (ROOT / "CITATION.cff").read_text()
    assert project["version"] == actsearch.__version__
    assert f"version: {actsearch.__version__}\n" in citation


def test_the_card_names_these_as_core_dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {text.split(">=")[0] for text in project["dependencies"]}
    assert {"jax", "flax", "optax", "orbax-checkpoint", "tensorflow-datasets"} <= names


def test_the_wheel_has_the_text_and_its_licence_and_the_pages():
    files = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    pages = ("pages/templates/report.html", "pages/templates/style.css", "pages/templates/page.js", "live/page.html")
    assert {f"actsearch/{page}" for page in pages} <= files
    licence = FILE.parent / "python_docs.LICENSE.txt"
    assert {str(path.relative_to(ROOT)) for path in (FILE, licence)} <= files
    assert "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2" in licence.read_text()
    assert FILE.stat().st_size < 450_000

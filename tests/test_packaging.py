"""What the package says of itself is said once."""

import tomllib
from pathlib import Path

import actsearch

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

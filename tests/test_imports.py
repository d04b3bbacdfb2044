"""What an import brings along: heavy libraries are imported where they are used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("matplotlib", "orbax.checkpoint", "pandas", "pyarrow", "rich", "sklearn", "tensorflow_datasets", "tyro")
NUMERIC = ("jax", "flax", "optax")


def imported(code, names):
    """Returns which of some modules are there after running code in a process of its own."""
    command = [sys.executable, "-c", f"import sys; {code}; print(*[n for n in {names!r} if n in sys.modules])"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()


def test_the_front_door_imports_nothing():
    assert imported("import actsearch; actsearch.__version__", (*HEAVY, *NUMERIC)) == []


@pytest.mark.parametrize("name", ["parse", "to_function", "fingerprint", "Layer", "search", "verify", "open_run"])
def test_the_public_names_import_nothing_heavy(name):
    assert imported(f"import flax; import actsearch; actsearch.{name}", [n for n in HEAVY if n != "rich"]) == []


def test_numbers_need_no_pictures():
    heavy = ("matplotlib", "pandas", "rich", "scipy.stats", "sklearn", "actsearch.report")
    assert imported("import actsearch.analysis", heavy) == []

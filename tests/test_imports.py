"""What an import brings along: heavy libraries are imported where they are used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import actsearch

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


def test_the_version_needs_no_numbers():
    assert imported("from actsearch.cli import main; main(['--version'])", NUMERIC) == [
        "actsearch",
        actsearch.__version__,
    ]


def test_a_search_says_what_it_was_asked_for_before_jax_is_there():
    code = "from actsearch.cli import app; app._run = print; app.sys.stderr = sys.stdout"
    spy = "app.shlex.join = lambda args: 'jax' in sys.modules"
    assert imported(f"{code}; {spy}; app.main(['search'])", ())[2] == "False"


def test_a_search_on_a_table_waits_for_nothing_heavy_before_its_first_line():
    heavy = ("matplotlib", "orbax.checkpoint", "pandas", "scipy.stats", "sklearn", "tensorflow_datasets")
    evaluator = "make_evaluator(swish(), 'tabular-swish1-digits-resnet', 2).summary"
    code = "from actsearch.cli.app import commands; commands(['search'])"
    code += "; from actsearch.spaces import swish; from actsearch.study import make_evaluator; " + evaluator
    assert imported(code, heavy) == []

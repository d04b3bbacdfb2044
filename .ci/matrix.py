"""Runs tests on each Python, with the oldest and the newest dependencies that pyproject.toml admits.

    make matrix                               # language, spaces, engines, command line: minutes an environment
    make matrix TESTS="-n 2 tests actsearch"  # every quick test
    make matrix TESTS="--python 3.11 --dependencies oldest tests/engine"  # one environment

Each environment is made by uv in a temporary folder, from the interpreters of this machine; nothing else is written.
The exit code is 1 where a test failed, an environment could not be made, or no Python was there to test.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
EXTRAS = ("data", "report", "notebooks")
TESTS = ("tests/language", "tests/spaces", "tests/engine", "tests/cli")
TOOLS = ("jax", "flax", "optax", "numpy")
"""The packages whose versions are printed."""

WHEELS = ("matplotlib", "numpy", "pandas", "pillow", "pyarrow", "scikit-image", "scikit-learn", "scipy")
"""Packages that take long to compile: the oldest is the oldest that has a wheel for the Python."""


class Cell(NamedTuple):
    """One environment: its Python, its dependencies, their versions and what became of it."""

    python: str
    dependencies: str
    versions: str
    outcome: str
    failed: bool


def main() -> int:
    """Runs the cells, prints a table and returns the exit code."""
    parser = argparse.ArgumentParser(description="What it does not know goes to pytest.")
    parser.add_argument("--python", action="append", help="a version, several times; all by default")
    parser.add_argument("--dependencies", action="append", choices=RESOLUTIONS, help="both by default")
    asked, tests = parser.parse_known_args()
    cells = []
    for python in asked.python or PYTHONS:
        for dependencies in asked.dependencies or RESOLUTIONS:
            print(f"Python {python}, {dependencies} dependencies", file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix="actsearch-matrix-") as folder:
                cells.append(cell(python, dependencies, Path(folder), tests or list(TESTS)))
    print(f"\n{'Python':<8}{'deps':<8}{'versions':<58}tests")
    for each in cells:
        print(f"{each.python:<8}{each.dependencies:<8}{each.versions:<58}{each.outcome}")
    return int(any(each.failed for each in cells) or not any(each.versions for each in cells))


def cell(python: str, dependencies: str, folder: Path, tests: list[str]) -> Cell:
    """Makes one environment, tests in it and says how it went."""
    if run(uv(), "python", "find", python).returncode != 0:
        return Cell(python, dependencies, "", f"not on this machine: no Python {python}", False)
    bin_ = folder / "environment" / ("Scripts" if sys.platform == "win32" else "bin")
    for command in installation(python, RESOLUTIONS[dependencies], folder / "environment"):
        made = run(*command)
        if made.returncode != 0:
            print(made.stderr, file=sys.stderr)
            return Cell(python, dependencies, "", "not installed, see above", True)
    home = str(folder)
    tested = run(
        *(str(bin_ / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests),
        HOME=home,
        HYPOTHESIS_STORAGE_DIRECTORY=home,
    )
    if tested.returncode != 0:
        print(tested.stdout, tested.stderr, file=sys.stderr)
    last = (tested.stdout.strip().splitlines() or ["no output of pytest, see above"])[-1]
    return Cell(python, dependencies, versions(bin_), last, tested.returncode != 0)


def installation(python: str, resolution: str, environment: Path) -> list[list[str]]:
    """Returns the commands that make an environment: the dependencies, the package, what tests need beside it."""
    install = [uv(), "pip", "install", "--quiet", "--python", str(environment)]
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    wheels = [word for package in WHEELS for word in ("--only-binary", package)]
    return [
        [uv(), "venv", "--quiet", "--python", python, str(environment)],
        [*install, "--resolution", resolution, *wheels, *extras, "--requirements", "pyproject.toml"],
        [*install, "--no-deps", "."],
        [*install, "--extra", "dev", "--requirements", "pyproject.toml"],
    ]


def versions(bin_: Path) -> str:
    """Returns the versions of the packages that compute, as they are installed."""
    code = f"from importlib.metadata import version as v; print(*(f'{{n}} {{v(n)}}' for n in {TOOLS}), sep=', ')"
    return run(str(bin_ / "python"), "-c", code).stdout.strip()


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in the checkout without leaving anything there."""
    silent = {"PYTHONDONTWRITEBYTECODE": "1", "UV_PYTHON_DOWNLOADS": "never", "COLUMNS": "100"}
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | silent | environment, capture_output=True, text=True, check=False
    )


def uv() -> str:
    """Returns uv's path: beside this Python, as the extra `dev` installs it, or the user's."""
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else "uv"


if __name__ == "__main__":
    sys.exit(main())

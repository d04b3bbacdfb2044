"""A search whose disk fills up says so, loses no trial that it has reported, and goes on once there is space."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from actsearch.archive import Archive, check
from actsearch.study import search
from tests.helpers.mock import MockEvaluator

ROOT = Path(__file__).parents[2]
BUDGET = 4_000

SEARCH = f"""
import sys
from actsearch import ActsearchError
from actsearch.study import search
from tests.helpers.mock import MockEvaluator
try:
    search("swish-2", MockEvaluator(), "evolution", {BUDGET}, out=sys.argv[1])
except ActsearchError as error:
    print(error)
    sys.exit(2)
"""


@pytest.fixture
def disk(tmp_path):
    """A disk of 1 MB, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk in memory, as root has it")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk in memory as Linux does")
def test_a_full_disk(disk, tmp_path):
    command = [sys.executable, "-c", SEARCH, disk / "run"]
    options = {"capture_output": True, "text": True, "cwd": ROOT, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}
    full = subprocess.run(command, **options)
    assert full.returncode == 2, full.stderr
    assert "The disk is full" in full.stdout
    assert "give the same command again" in full.stdout
    stored = check(disk / "run")
    assert 0 < stored < BUDGET
    subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
    again = subprocess.run(command, **options)
    assert again.returncode == 0, again.stdout + again.stderr
    assert check(disk / "run") == BUDGET
    alone = search("swish-2", MockEvaluator(), "evolution", BUDGET)
    with Archive.read(disk / "run") as archive:
        assert archive.trials() == alone.trials

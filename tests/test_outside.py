"""A new controller, evaluator, task, gate and primitive are one file or one row each, from outside the package."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_one_of_each_through_the_public_api(tmp_path):
    """In a process of its own, since what is registered stays."""
    command = [sys.executable, "-m", "tests.helpers.outside", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert process.returncode == 0, process.stderr
    assert "sine" in process.stdout

"""A search that is killed again and again ends with the archive of an unbroken run."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from actsearch.archive import Archive
from tests.helpers.killed_search import BUDGETS

ROOT = Path(__file__).parents[2]


def _start(directory, cache, *arguments):
    # The compilation cache spares each of the processes the same compilation; it does not touch what is computed.
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(cache), "XLA_FLAGS": "", "PYTHONPATH": str(ROOT)}
    environment |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    command = [sys.executable, "-m", "tests.helpers.killed_search", str(directory), *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, cwd=ROOT, **pipes)


def _finish(directory, cache, *arguments):
    """Runs a search to its end; returns the last line's numbers: trials done, and evaluated by this process."""
    process = _start(directory, cache, *arguments)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return tuple(map(int, output.split("\n")[-2].split()))


def _story(directory):
    with Archive.read(directory) as archive:
        trials = archive.trials()
    return [(t.index, t.program, t.genotype, t.parents, t.status, t.score) for t in trials]


def _killed(directory, cache, moments, *arguments):
    """Starts a search and kills it, now and then before its first batch."""
    process = _start(directory, cache, *arguments)
    if moments.random() < 0.25:
        time.sleep(moments.uniform(0.0, 4.0))  # anywhere, most likely while it starts
    else:
        for _ in range(moments.randint(1, 3)):
            process.stdout.readline()  # a few batches in
        time.sleep(moments.uniform(0.0, 0.1))
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize(
    ("arguments", "kills"),
    [
        # PPO saves weights, optimiser, baseline and pending proposals after every batch, and is killed among the saves.
        pytest.param(("ppo",), 4, marks=pytest.mark.slow),
        (("evolution",), 4),
        pytest.param(("evolution", "train"), 20, marks=pytest.mark.slow),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_killed_at_random_moments_equals_unbroken(tmp_path, arguments, kills):
    unbroken, broken, cache = tmp_path / "unbroken", tmp_path / "broken", tmp_path / "cache"
    budget = BUDGETS[arguments[0]]
    assert _finish(unbroken, cache, *arguments) == (budget, budget)
    expected = _story(unbroken)
    moments, stored = random.Random(0), 0
    for _ in range(kills):
        _killed(broken, cache, moments, *arguments)
        if (broken / "archive.sqlite").exists():
            story = _story(broken)
            assert story == expected[: len(story)]  # a whole prefix, never torn
            assert len(story) >= stored  # and never shorter
            stored = len(story)
    assert 0 < stored < budget, "the kills must fall inside the run, else this test shows nothing"
    assert _finish(broken, cache, *arguments) == (budget, budget - stored)  # nothing is evaluated twice
    assert _story(broken) == expected

"""A search that is killed again and again ends with the archive of an unbroken run."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from actsearch.archive.archive import Archive
from actsearch.archive.checkpoint import load

SCRIPT = Path(__file__).parents[1] / "helpers" / "killed_search.py"


def _start(directory, cache, *controller):
    # The compilation cache spares each of the processes the same compilation; it does not touch what is computed.
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(cache), "XLA_FLAGS": ""}
    environment |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    command = [sys.executable, str(SCRIPT), str(directory), *controller]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)


def _story(directory):
    with Archive.read(directory) as archive:
        trials = archive.trials()
    return [(t.index, str(t.program), t.program.choices, t.parents, t.status, t.score) for t in trials]


def test_killed_at_twenty_random_moments_equals_unbroken(tmp_path):
    unbroken, broken, cache = tmp_path / "unbroken", tmp_path / "broken", tmp_path / "cache"
    process = _start(unbroken, cache)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    expected = _story(unbroken)
    assert len(expected) == 800

    moments = random.Random(0)
    stored = 0
    for kill in range(20):
        process = _start(broken, cache)
        if kill % 4 == 0:
            time.sleep(moments.uniform(0.0, 4.0))  # anywhere, most likely while it starts
        else:
            for _ in range(moments.randint(1, 2)):
                process.stdout.readline()  # a few batches in
            time.sleep(moments.uniform(0.0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if (broken / "archive.sqlite").exists():
            story = _story(broken)
            assert story == expected[: len(story)]  # a whole prefix, never torn
            assert len(story) >= stored  # and never shorter
            stored = len(story)
    assert 0 < stored < 800, "the kills must fall inside the run, else this test shows nothing"

    process = _start(broken, cache)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert _story(broken) == expected
    done, fresh = map(int, output.split("\n")[-2].split())
    assert (done, fresh) == (800, 800 - stored)  # nothing trained twice


def test_a_killed_search_of_a_learned_controller_goes_on_with_its_weights(tmp_path):
    """PPO saves weights, optimiser, baseline and pending proposals after every batch, and is killed among the saves."""
    unbroken, broken, cache = tmp_path / "unbroken", tmp_path / "broken", tmp_path / "cache"
    _, errors = (process := _start(unbroken, cache, "ppo")).communicate()
    assert process.returncode == 0, errors
    expected = _story(unbroken)
    assert len(expected) == 480

    moments = random.Random(1)
    for _ in range(4):
        process = _start(broken, cache, "ppo")
        for _ in range(moments.randint(1, 3)):
            process.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        story = _story(broken)
        assert story == expected[: len(story)]
    assert 0 < len(story) < 480, "the kills must fall inside the run, else this test shows nothing"
    assert load(broken / "state", _config(broken)).told > 0

    _, errors = (process := _start(broken, cache, "ppo")).communicate()
    assert process.returncode == 0, errors
    assert _story(broken) == expected


def _config(directory):
    with Archive.read(directory) as archive:
        return archive.config

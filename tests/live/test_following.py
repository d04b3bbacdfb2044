"""Following a run: every state it can be in, and that a look changes nothing and stops nobody."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from actsearch import search
from actsearch.archive import Archive, keep
from actsearch.archive.run import PROCESS
from actsearch.language import parse
from actsearch.live import Follower, followers
from actsearch.live.following import _alive
from actsearch.trials import Trial
from tests.helpers.mock import MockEvaluator

ROOT = Path(__file__).parents[2]


def trial(index, score=None, status="ok", fidelity=1.0):
    return Trial(index, parse(f"x + {index}"), str(index), status, score, fidelity=fidelity)


def say(directory, budget, done=0, began=0.0, **facts):
    keep(directory, PROCESS, {"budget": budget, "done": done, "began": began, "devices": ["1 x cpu"], **facts})


def contents(directory):
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in directory.iterdir()}


class TestStates:
    def test_a_run_from_before_its_start_to_its_end(self, tmp_path):
        follower = Follower(tmp_path / "mine")
        assert (follower.look().state, follower.look().done) == ("waiting", 0)
        with Archive.write(tmp_path / "mine", {"space": "swish-1"}) as archive:
            say(tmp_path / "mine", budget=4)
            archive.append([trial(0, 0.5), trial(1, status="failed")])
            view = follower.look()
            assert (view.name, view.state, view.done, view.budget, view.score) == ("mine", "running", 2, 4, 0.5)
            assert (view.stages, view.devices) == ({"ok": 1, "failed": 1}, ("1 x cpu",))
            assert view.rate > 0
            assert view.left == pytest.approx(2 / view.rate)
            archive.append([trial(2, 0.9), trial(3, 0.7)])
            assert (follower.look().score, follower.look().formula) == (0.9, "2 + x")
        view = follower.look()
        assert (view.state, view.curve, view.left) == ("finished", ((1, 0.5), (3, 0.9)), None)

    def test_a_longer_training_comes_before_a_better_short_one(self, tmp_path):
        follower = Follower(tmp_path)
        with Archive.write(tmp_path, {}) as archive:
            archive.append([trial(0, 0.9, fidelity=0.1)])
            assert follower.look().curve == ((1, 0.9),)
            archive.append([trial(1, 0.4), trial(2, 0.95, fidelity=0.1), trial(3, 0.6), trial(4, 0.5)])
        assert (follower.look().score, follower.look().curve) == (0.6, ((2, 0.4), (4, 0.6)))

    def test_of_equal_scores_the_one_that_the_ranking_names_is_shown(self, tmp_path):
        with Archive.write(tmp_path, {}) as archive:
            archive.append([Trial(i, parse(f"x + {i}"), str(i), "ok", 0.9, ({"loss": 1.0 - i},)) for i in (0, 1)])
            best = archive.best(1)[0]
        view = Follower(tmp_path).look()
        assert (view.formula, view.curve) == ("1 + x", ((1, 0.9),))
        assert best.index == 1

    def test_before_its_budget_it_is_stopped(self, tmp_path):
        with Archive.write(tmp_path, {}) as archive:
            archive.append([trial(0, 0.5)])
        say(tmp_path, budget=2)
        assert Follower(tmp_path).look().state == "stopped"

    def test_on_another_machine_new_trials_tell(self, tmp_path):
        with Archive.write(tmp_path, {}) as archive:
            archive.append([trial(0, 0.5)])
        say(tmp_path, budget=2, host="another")
        assert Follower(tmp_path).look().state == "running"
        os.utime(tmp_path / "archive.sqlite", (0, 0))
        assert Follower(tmp_path).look().state == "stopped"

    def test_another_run_in_its_place_is_read_anew(self, tmp_path):
        follower = Follower(tmp_path)
        with Archive.write(tmp_path, {"space": "one"}) as archive:
            archive.append([trial(0, 0.9), trial(1, 0.8)])
        assert follower.look().done == 2
        (tmp_path / "archive.sqlite").unlink()
        assert follower.look().state == "waiting"
        with Archive.write(tmp_path, {"space": "two"}) as archive:
            archive.append([trial(0, 0.1)])
        view = follower.look()
        assert (view.done, view.score) == (1, 0.1)
        assert view.what.startswith("two")
        with Archive.write(tmp_path / "three", {"space": "three"}) as archive:
            archive.append([trial(0, 0.2), trial(1, 0.3)])
        os.replace(tmp_path / "three" / "archive.sqlite", tmp_path / "archive.sqlite")
        assert (follower.look().done, follower.look().curve) == (2, ((1, 0.2), (2, 0.3)))


class TestTrouble:
    def test_a_locked_file_is_waited_for_and_the_last_numbers_stay(self, tmp_path):
        follower = Follower(tmp_path)
        with Archive.write(tmp_path, {}) as archive:
            archive.append([trial(0, 0.5)])
        follower.look()
        with contextlib.closing(sqlite3.connect(tmp_path / "archive.sqlite", isolation_level=None)) as other:
            os.utime(tmp_path / "archive.sqlite")  # something has changed
            other.execute("BEGIN EXCLUSIVE")
            view = follower.look()
            assert (view.state, view.done, view.score) == ("unreadable", 1, 0.5)
            assert "kept locked by another program" in view.note
        assert follower.look().note == ""

    def test_a_damaged_file_is_a_note(self, tmp_path):
        (tmp_path / "archive.sqlite").write_bytes(b"no archive" * 100)
        assert Follower(tmp_path).look().state == "unreadable"

    def test_a_look_changes_no_file_and_stops_no_search(self, tmp_path):
        search("swish-1", MockEvaluator(), "random", 20, out=tmp_path)
        before, follower = contents(tmp_path), Follower(tmp_path)
        follower.look()
        assert contents(tmp_path) == before
        search("swish-1", MockEvaluator(), "random", 40, out=tmp_path)
        assert follower.look().done == 40

    def test_without_proc_the_process_is_asked_for(self, tmp_path):
        lock = tmp_path / "archive.lock"
        assert not _alive(lock)
        lock.write_text(f"{os.getpid()}\n")
        assert _alive(lock)
        lock.write_text("unknown")
        assert not _alive(lock)


def test_a_folder_of_runs_is_all_of_them_once(tmp_path):
    for seed in (0, 1):
        search("swish-1", MockEvaluator(), "random", 5, seed=seed, out=tmp_path / f"seed{seed}")
    found = followers([tmp_path, tmp_path / "seed1", tmp_path / "later"])
    assert [follower.name for follower in found] == ["seed0", "seed1", "later"]
    alike = followers([tmp_path / "seed0", tmp_path / "other" / "seed0"])
    assert [follower.name for follower in alike] == [str(tmp_path / "seed0"), str(tmp_path / "other" / "seed0")]


@pytest.mark.slow
def test_a_search_that_is_killed_under_it_is_stopped_and_goes_on(tmp_path):
    command = [sys.executable, "-m", "tests.helpers.killed_search", str(tmp_path), "evolution"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    follower = Follower(tmp_path)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as running:
        for _ in range(5):
            running.stdout.readline()
        view = follower.look()
        assert (view.state, view.budget) == ("running", 800)
        assert view.done >= 40
        running.send_signal(signal.SIGKILL)
    killed = follower.look()
    assert (killed.state, killed.left) == ("stopped", None)
    assert view.done <= killed.done < 800
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
    assert (follower.look().state, follower.look().done) == ("finished", 800)

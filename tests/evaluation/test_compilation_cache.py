"""The compilation cache: a second process compiles nothing, and what is wrong with the folder harms no search."""

import errno
import json
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

import actsearch
from actsearch.cli import main
from actsearch.evaluation import cache_folder, folder_bytes, use_compilation_cache
from actsearch.evaluation.compilation_cache import tidy
from tests.helpers.mock import MockEvaluator
from tests.helpers.tiny import SPACE, tiny_task

ROOT = Path(__file__).parents[2]
PROGRAM = """
import collections, json, jax
events = collections.Counter()
jax.monitoring.register_event_listener(lambda name, **_: events.update([name.rpartition("/")[2]]))
import actsearch
from actsearch.evaluation import TrainingEvaluator
from tests.helpers.tiny import SPACE, tiny_task
{before}
evaluator = TrainingEvaluator(SPACE, tiny_task(), engine="interpret")
trials = actsearch.search(SPACE, evaluator, "random", 4).trials
print(json.dumps([[trial.score for trial in trials], events["compile_requests_use_cache"], events["cache_hits"]]))
"""
"""Prints the scores of a search, how many programs JAX asked for, and how many of them it found in the cache."""


def search(cache, before="", **environment):
    """Runs the search in a process of its own; returns what it prints, and checks that it says nothing else."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    environment = {**inherited, "ACTSEARCH_CACHE": str(cache), "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-W", "error::UserWarning", "-c", PROGRAM.format(before=before)]
    process = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert (process.returncode, process.stderr) == (0, "")
    return json.loads(process.stdout)


def programs(cache):
    return sorted(cache.rglob("*-cache"))


@pytest.fixture(scope="module")
def cold(tmp_path_factory):
    """The cache that a first search left behind, and that search."""
    cache = tmp_path_factory.mktemp("cache")
    return cache, search(cache)


class TestSecondProcess:
    def test_compiles_nothing_and_scores_the_same(self, cold):
        cache, (scores, asked, found) = cold
        assert asked - found == len(programs(cache)) > 10
        assert search(cache) == [scores, asked, asked]

    @pytest.mark.slow
    def test_without_a_cache_scores_are_the_same(self, cold):
        scores, _, found = search("off")
        assert (scores, found) == (cold[1][0], 0)

    @pytest.mark.slow
    def test_damaged_programs_are_compiled_again_and_replaced(self, cold):
        cache, (scores, asked, _) = cold
        largest = max(programs(cache), key=lambda path: path.stat().st_size)
        content = largest.read_bytes()
        largest.write_bytes(content[: len(content) // 2])
        assert search(cache) == [scores, asked, asked - 1]
        assert search(cache) == [scores, asked, asked]

    @pytest.mark.slow
    def test_programs_damaged_while_it_runs_are_compiled_again(self, cold):
        cache, (scores, asked, _) = cold
        damage = "\n".join(
            [
                "from actsearch.evaluation import use_compilation_cache",
                "for path in use_compilation_cache().glob('jit_run_jobs*-cache'): path.write_bytes(b'damaged')",
            ]
        )
        assert search(cache, damage) == [scores, asked, asked - 1]


class TestHarmless:
    @pytest.mark.parametrize("place", ["/proc/nowhere", "file/in/the/way"])
    def test_a_folder_that_cannot_be_made(self, place, jax_settings, monkeypatch, tmp_path):
        (tmp_path / "file").touch()
        monkeypatch.setenv("ACTSEARCH_CACHE", str(tmp_path / place))
        assert use_compilation_cache() is None
        assert jax.config.jax_compilation_cache_dir is None

    @pytest.mark.slow
    def test_a_search_without_a_folder(self, cold):
        assert search("/proc/nowhere")[::2] == [cold[1][0], 0]

    @pytest.mark.slow
    def test_a_disk_that_is_full(self, cold, tmp_path):
        """A process that may write no file of more than 4 kB stands for one whose disk fills up in the middle."""
        full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
        assert search(tmp_path, full)[0] == cold[1][0]
        cut = [path for path in programs(tmp_path) if path.stat().st_size == 4096]
        assert cut
        tidy(tmp_path / "compiled")
        assert not any(path.exists() for path in cut)

    def test_a_disk_that_is_full_from_the_start(self, jax_settings, tmp_path, monkeypatch):
        def full(self, *args, **options):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setenv("ACTSEARCH_CACHE", str(tmp_path))
        monkeypatch.setattr(Path, "touch", full)
        assert use_compilation_cache() is None
        assert jax.config.jax_compilation_cache_dir is None


class Begun(Exception):
    """The cache was asked for."""


class TestSettings:
    @pytest.mark.parametrize(
        ("where", "call"),
        [
            ("actsearch.study.front", lambda: actsearch.search(SPACE, MockEvaluator(), budget=1)),
            ("actsearch.evaluation.verification", lambda: actsearch.verify("sin(x)", tiny_task())),
            ("actsearch.evaluation", lambda: main(["spaces"])),
        ],
        ids=["search", "verify", "command"],
    )
    def test_what_trains_asks_for_it(self, where, call, monkeypatch):
        def begin():
            raise Begun

        monkeypatch.setattr(f"{where}.use_compilation_cache", begin)
        with pytest.raises(Begun):
            call()

    def test_one_variable_moves_it_or_turns_it_off(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.delenv("ACTSEARCH_CACHE")
        assert cache_folder() == tmp_path / "actsearch"
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert cache_folder() == Path.home() / ".cache" / "actsearch"
        monkeypatch.setenv("ACTSEARCH_CACHE", str(tmp_path / "other"))
        assert cache_folder() == tmp_path / "other"
        monkeypatch.setenv("ACTSEARCH_CACHE", "off")
        assert cache_folder() is None

    def test_a_users_own_cache_stays(self, jax_settings, monkeypatch, tmp_path):
        monkeypatch.setenv("ACTSEARCH_CACHE", str(tmp_path / "ours"))
        jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
        before = jax.config.jax_persistent_cache_min_compile_time_secs
        assert use_compilation_cache() == tmp_path / "own"
        assert jax.config.jax_persistent_cache_min_compile_time_secs == before
        assert not (tmp_path / "ours").exists()

    def test_a_cache_that_the_user_turned_off_stays_off(self, jax_settings, monkeypatch, tmp_path):
        monkeypatch.setenv("ACTSEARCH_CACHE", str(tmp_path / "ours"))
        jax.config.update("jax_enable_compilation_cache", False)
        assert use_compilation_cache() is None
        assert jax.config.jax_compilation_cache_dir is None

    def test_begins_in_the_middle_of_a_process(self, jax_settings, monkeypatch, tmp_path):
        jnp.sin(jnp.ones(3))  # JAX has looked for a cache by now, and found none
        monkeypatch.setenv("ACTSEARCH_CACHE", str(tmp_path))
        folder = use_compilation_cache()
        assert use_compilation_cache() == folder
        jax.jit(lambda x: jnp.cos(x) * 41)(jnp.ones(3)).block_until_ready()
        assert programs(folder)
        assert folder.stat().st_mode & 0o077 == 0


class TestTidy:
    def test_the_least_recently_used_go_first(self, tmp_path):
        for name, age in (("a", 300), ("b", 100), ("c", 200)):
            path = tmp_path / "one" / f"{name}-cache"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(bytes(range(100))))
            os.utime(path, (time.time() - age,) * 2)
        size = folder_bytes(tmp_path) // 3
        tidy(tmp_path, 2 * size)
        assert [path.name for path in programs(tmp_path)] == ["b-cache", "c-cache"]

    def test_damaged_programs_go_and_other_files_stay(self, tmp_path):
        (tmp_path / "whole-cache").write_bytes(zlib.compress(b"program"))
        (tmp_path / "zstd-cache").write_bytes(b"\x28\xb5\x2f\xfd...")
        (tmp_path / "cut-cache").write_bytes(zlib.compress(b"program")[:-1])
        (tmp_path / "empty-cache").touch()
        (tmp_path / "notes.textproto").write_text("of XLA")
        tidy(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {"whole-cache", "zstd-cache", "notes.textproto", "checked"}

    def test_programs_are_read_once(self, tmp_path, monkeypatch):
        (tmp_path / "whole-cache").write_bytes(zlib.compress(b"program"))
        os.utime(tmp_path / "whole-cache", (time.time() - 9,) * 2)
        tidy(tmp_path)
        monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read again"))
        tidy(tmp_path)

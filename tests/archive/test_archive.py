"""The archive: every trial comes back as it went in, and every fault is a clear message that harms no file."""

import contextlib
import dataclasses
import errno
import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actsearch.archive import Archive, ArchiveError, Outcome, check, sqlite
from actsearch.archive import archive as module
from actsearch.archive.creation import LOCK
from actsearch.archive.rows import INSERT, OUTCOME, to_row
from actsearch.archive.sqlite import APPLICATION_ID, FILE, FORMAT, checksum
from actsearch.language import ActsearchError, Builder, parse
from actsearch.trials import Status, Trial
from actsearch.trials.ranking import best
from tests.helpers.records import records

ROOT = Path(__file__).parents[2]
CONFIG = {"task": "digits", "seed": 0, "controller": {"name": "evolution", "population": 64}, "seeds": (0, 1)}
FORMULAS = ("x * sigmoid(beta * x)", "max(x, 0)", "t1 = sigmoid(x); t1 * t1 + x", "param a = 0.25; max(x, a * x)")


def trial(index, **changes):
    program = parse(FORMULAS[index % len(FORMULAS)])
    original = Trial(index, program, f"{index:08x}", "ok", 0.5, ({"score": 0.5, "loss": 0.7},), (0,), seconds=0.25)
    return dataclasses.replace(original, **changes)


def batch(start, stop):
    return [trial(index) for index in range(start, stop)]


@pytest.fixture
def run(tmp_path):
    """A directory with a closed archive of ten trials."""
    with Archive.write(tmp_path / "run", CONFIG) as archive:
        archive.append(batch(0, 10))
    return tmp_path / "run"


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name != LOCK}


def refused(directory, match, *, config=CONFIG, reading=True):
    """Neither a writer nor a reader accepts the archive, and its files stay as they are."""
    before = contents(directory)
    with pytest.raises(ArchiveError, match=match):
        Archive.write(directory, config)
    if reading:
        with pytest.raises(ArchiveError, match=match):
            Archive.read(directory)
    assert contents(directory) == before


def environment():
    """Of a child process, which imports the package that is tested here."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def edit(directory, *statements):
    with contextlib.closing(sqlite3.connect(directory / FILE, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


# The round trip.


@settings(max_examples=40)
@given(data=st.data())
def test_any_trials_come_back_as_they_went_in(tmp_path_factory, data):
    trials = [data.draw(records(index)) for index in range(data.draw(st.integers(0, 5)))]
    cut = data.draw(st.integers(0, len(trials)))
    directory = tmp_path_factory.mktemp("run")
    with Archive.write(directory, CONFIG) as archive:
        archive.append(trials[:cut])
        archive.append(trials[cut:])
        assert texts(archive.trials()) == texts(trials)
    with Archive.read(directory) as archive:
        assert texts(archive.trials(cut)) == texts(trials[cut:])
        assert texts(archive.trials(0, cut)) == texts(trials[:cut])
        assert len(archive) == len(trials)
        assert list(archive.known(cut)) == [outcome(trial) for trial in trials[:cut]]
    assert check(directory) == len(trials)


def texts(trials):
    """Trials as text, where NaN equals NaN and types count; zero has no sign in SQLite."""
    return [repr(plain(trial)) for trial in trials]


def plain(trial):
    score = None if trial.score is None else trial.score + 0.0
    return dataclasses.replace(trial, score=score, seconds=trial.seconds + 0.0)


def outcome(trial):
    return Outcome(*(getattr(plain(trial), name) for name in OUTCOME))


def test_an_outcome_says_which_candidate_it_is_of():
    again = trial(7, first=3)
    assert [outcome(one).first_index for one in (trial(7), again)] == [7, 3]
    assert outcome(again).status is Status.OK


@pytest.mark.parametrize(("start", "stop"), [(0, None), (3, None), (-2, 4), (3, 7), (7, 3), (8, 99), (99, None)])
def test_a_part_of_the_trials(run, start, stop, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 3)
    with Archive.read(run) as archive:
        assert archive.trials(start, stop) == batch(0, 10)[max(start, 0) : stop]
        assert [known.index for known in archive.known(stop)] == list(range(10))[:stop]


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["ok", "ok", "diverged", "duplicate"]),
            st.sampled_from([None, 0.0, 0.5, 0.5, 0.75]),
            st.sampled_from("abcdef"),
            st.sampled_from([1.0, 1.0, 0.25]),
            st.sampled_from([math.nan, 0.1, 0.2]),
        ),
        max_size=12,
    ),
    n=st.integers(0, 6),
)
def test_the_best_are_those_of_the_one_rule(tmp_path_factory, rows, n):
    trials = [
        trial(index, status=status, score=score, fingerprint=name, fidelity=fidelity, metrics=({"loss": loss},))
        for index, (status, score, name, fidelity, loss) in enumerate(rows)
    ]
    with Archive.write(tmp_path_factory.mktemp("run"), CONFIG) as archive:
        archive.append(trials)
        assert texts(archive.best(n)) == texts(best(trials, n))
        with pytest.raises(ActsearchError, match="at least 0"):
            archive.best(-1)


def test_columns_are_arrays_of_all_trials(run, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 4)
    with Archive.write(run, CONFIG) as archive:
        archive.append([trial(10, status="rejected", gate="finite", score=None, first=2)])
        columns = archive.columns("status", "score", "first", "gate")
        assert {name: values.dtype.kind for name, values in columns.items()} == {
            "status": "O",
            "score": "f",
            "first": "i",
            "gate": "O",
        }
        assert columns["status"].tolist() == ["ok"] * 10 + ["rejected"]
        assert columns["gate"].tolist() == [""] * 10 + ["finite"]
        assert columns["first"].tolist() == [-1] * 10 + [2]
        assert np.isnan(columns["score"]).tolist() == [False] * 10 + [True]
        with pytest.raises(ArchiveError, match=r"A column is one of index, .*; received loss\."):
            archive.columns("score", "loss")


def test_numbers_of_numpy_come_back_as_plain_ones(tmp_path):
    metrics = ({"score": np.float32(0.1), "loss": np.float64(np.nan)},)
    given = trial(np.int64(0), score=np.float32(0.1), metrics=metrics, seeds=(np.int32(3),))
    with Archive.write(tmp_path, {}) as archive:
        archive.append([given])
        (back,) = archive.trials()
    assert (back.index, back.score, back.seeds, back.metrics[0]["score"]) == (0, np.float32(0.1), (3,), np.float32(0.1))
    assert {type(back.index), type(back.seeds[0])} == {int}
    assert math.isnan(back.metrics[0]["loss"])


def test_a_note_may_hold_bytes_of_a_file_name(tmp_path):
    with Archive.write(tmp_path, {}) as archive:
        archive.append([trial(0, note="No such file: \udcff")])
        assert archive.trials()[0].note == "No such file: \\udcff"


def test_config_and_info_are_kept_from_the_creation(run):
    with Archive.write(run, CONFIG) as again:
        assert again.config == {**CONFIG, "seeds": [0, 1]}
        assert again.info["python"] == sys.version.split()[0]
        assert set(again.info) >= {"actsearch", "jax", "platform", "date"}
        again.append(batch(10, 12))
        assert again.trials() == batch(0, 12)


def test_other_files_in_the_directory_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("a note")
    with Archive.write(tmp_path, {}):
        pass
    assert (tmp_path / "notes.txt").read_text() == "a note"


def test_zero_with_a_sign_is_not_taken_for_damage(tmp_path):
    """SQLite keeps no -0.0 in a REAL column; the checksum must not depend on it."""
    given = trial(0, score=-0.0, seconds=-0.0, metrics=({"score": -0.0},))
    with Archive.write(tmp_path, {}) as archive:
        archive.append([given])
        (back,) = archive.trials()
    assert back == given
    assert math.copysign(1, back.metrics[0]["score"]) == -1


@pytest.mark.parametrize("name", ["100% of x?mode=rw#1", "späße"])
def test_any_directory_name_will_do(tmp_path, name):
    with Archive.write(tmp_path / name, {}) as archive:
        archive.append(batch(0, 1))
    with Archive.read(tmp_path / name) as archive:
        assert len(archive) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


# Reading beside a writer.


def test_a_reader_follows_the_writer(run):
    with Archive.write(run, CONFIG) as writer, Archive.read(run) as reader:
        for stop in (11, 14, 20):
            writer.append(batch(len(writer), stop))
            assert reader.trials() == batch(0, stop)
    with Archive.read(run) as reader, Archive.write(run, CONFIG) as writer:  # the reader came first
        writer.append(batch(20, 21))
        assert len(reader) == 21


def test_a_reader_in_another_process_does_not_stop_the_writer(run):
    code = f"""
import sqlite3, sys
connection = sqlite3.connect({str(run / FILE)!r}, isolation_level=None)
connection.execute("BEGIN")
print(connection.execute("SELECT count(*) FROM trials").fetchone()[0], flush=True)
sys.stdin.readline()
print(connection.execute("SELECT count(*) FROM trials").fetchone()[0], flush=True)
"""
    with Archive.write(run, CONFIG) as writer, child(code) as process:
        assert process.stdout.readline() == "10\n"
        writer.append(batch(10, 20))
        assert process.communicate("\n")[0] == "10\n"  # its snapshot
    with Archive.read(run) as reader:
        assert len(reader) == 20


def test_reading_makes_no_file(run, tmp_path):
    before = contents(run)
    assert list(before) == [FILE]  # a closed archive is one file
    with Archive.read(run) as archive:
        archive.trials()
        assert contents(run) == before
    assert contents(run) == before
    for directory in (tmp_path / "missing", tmp_path):
        with pytest.raises(ArchiveError, match=r"no archive at .*Give the directory"):
            Archive.read(directory)
    assert not (tmp_path / "missing").exists()


def test_a_reader_cannot_append(run):
    with Archive.read(run) as archive:
        with pytest.raises(ArchiveError, match=r"open for reading.*Archive\.write"):
            archive.append(batch(10, 11))
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            archive._connection.execute("DELETE FROM trials")


# Appending, and nothing else.


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM trials",
        "DELETE FROM facts",
        "UPDATE trials SET outcome_checksum = 0",
        "UPDATE trials SET note = ''",
        "UPDATE facts SET checksum = 0",
    ],
)
def test_append_only(run, change):
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        edit(run, change)
    with Archive.read(run) as archive:
        assert archive.trials() == batch(0, 10)


@pytest.mark.parametrize("indices", [[11], [9], [0], [10, 12], [10, 10], [10, 9]])
def test_an_index_gap_adds_nothing(run, indices):
    with Archive.write(run, CONFIG) as archive:
        with pytest.raises(ArchiveError, match=rf"expected index 1\d next, received {indices[-1]}"):
            archive.append([trial(index) for index in indices])
        assert archive.trials() == batch(0, 10)
        archive.append(batch(10, 12))
        assert archive.trials() == batch(0, 12)


def test_a_trial_that_would_not_come_back_adds_nothing(run):
    builder = Builder()
    node = builder.input("x")
    for _ in range(150):
        node = builder.apply("sin", node)
    with Archive.write(run, CONFIG) as archive:
        for bad, match in (
            (trial(11, program=builder.program(node)), "within the limits"),
            (trial(11, score=math.nan), "NaN"),
        ):
            with pytest.raises(ArchiveError, match=f"(?i)trial 11.*{match}"):
                archive.append([trial(10), bad])
        assert len(archive) == 10


def test_an_interrupted_append_adds_nothing(run):
    def interrupted(archive):
        with archive._transaction():
            archive._connection.execute(INSERT, to_row(trial(10)))
            raise KeyboardInterrupt

    with Archive.write(run, CONFIG) as archive:
        with pytest.raises(KeyboardInterrupt):
            interrupted(archive)
        assert archive.trials() == batch(0, 10)
        archive.append(batch(10, 11))
        assert len(archive) == 11


# Faults.


def test_a_changed_configuration_names_every_change(run):
    changed = {"task": "digits", "seed": 1, "controller": {"name": "evolution", "population": 128}, "steps": 5}
    parts = ["seed is 0 there and 1 here", r"controller\.population is 64 there and 128 here"]
    parts += [r"seeds is \[0, 1\] there and absent here", "steps is absent there and 5 here"]
    for part in (*parts, "another directory.*old values"):
        refused(run, part, config=changed, reading=False)
    with pytest.raises(ArchiveError, match=r"^(?!.*task)"):
        Archive.write(run, changed)


def test_a_configuration_is_equal_to_itself(tmp_path):
    config = {"rate": math.nan, 3: (1, 2), "nothing": None}
    for _ in range(2):
        with Archive.write(tmp_path, config):
            pass


def test_a_configuration_that_json_cannot_hold(tmp_path):
    with pytest.raises(ArchiveError, match=r"kept as JSON.*Give text"):
        Archive.write(tmp_path / "run", {"task": object()})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("junk", [b"", b"score,loss\n1,2\n", b"SQLite format 3\0" + bytes(5000), os.urandom(9000)])
def test_a_file_that_is_no_archive(tmp_path, junk):
    (tmp_path / FILE).write_bytes(junk)
    refused(tmp_path, r"archive\.sqlite is (damaged|not an archive).*(?i:restore a copy)")


def test_a_foreign_database(tmp_path):
    edit(tmp_path, "CREATE TABLE guests (name TEXT)")
    refused(tmp_path, "SQLite file of another program.*Move it away")


def test_a_directory_in_the_place_of_the_file(tmp_path):
    (tmp_path / FILE).mkdir()
    for opened in (lambda: Archive.write(tmp_path, {}), lambda: Archive.read(tmp_path)):
        with pytest.raises(ArchiveError, match="not a file"):
            opened()


def test_a_newer_format(run):
    edit(run, f"PRAGMA user_version = {FORMAT + 1}")
    refused(run, f"format {FORMAT + 1}.*up to {FORMAT}.*Install")


def test_the_file_says_what_it_is(run):
    header = (run / FILE).read_bytes()
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == FORMAT


@pytest.mark.parametrize("kept", [1, 99, 4096, 10_000, -4096, -1])
def test_a_truncated_file(run, kept):
    whole = (run / FILE).read_bytes()
    (run / FILE).write_bytes(whole[:kept])
    refused(run, "damaged")


def test_flipped_bytes_are_reported_or_harmless(run):
    whole, rng = (run / FILE).read_bytes(), random.Random(0)
    reported = 0
    for offset in [*range(100), *rng.choices(range(len(whole)), k=300)]:
        damaged = bytearray(whole)
        damaged[offset] ^= rng.randrange(1, 256)
        (run / FILE).write_bytes(damaged)
        try:
            with Archive.read(run) as archive:
                assert archive.config == {**CONFIG, "seeds": [0, 1]}
                assert archive.trials() == batch(0, 10)
                assert list(archive.known()) == [outcome(one) for one in batch(0, 10)]
                assert archive.best(3) == batch(0, 3)
        except ArchiveError:
            reported += 1
        assert bytes(damaged) == (run / FILE).read_bytes()
        for extra in set(contents(run)) - {FILE}:
            (run / extra).unlink()
    assert reported > 50  # the rest fell on unused space


def test_a_changed_digit_is_damage(run):
    """Where the pages are whole, the checksum of the row tells; so does a missing row."""
    whole = (run / FILE).read_bytes()
    assert whole.count(b'"loss": 0.7') == 10
    (run / FILE).write_bytes(whole.replace(b'"loss": 0.7', b'"loss": 0.1', 1))
    with Archive.read(run) as archive, pytest.raises(ArchiveError, match=r"damaged: the row of \d.*Restore a copy"):
        archive.trials()
    with pytest.raises(ArchiveError, match=r"damaged: the row of \d.*Restore a copy"):
        check(run)
    (run / FILE).write_bytes(whole)
    edit(run, "DROP TRIGGER trials_remain", "DELETE FROM trials WHERE id = 4")
    with Archive.read(run) as archive:
        for read in (archive.trials, archive.known, archive.columns):
            with pytest.raises(ArchiveError, match="trials are missing"):
                list(read())
    edit(run, "DROP TRIGGER facts_remain", "DELETE FROM facts")
    refused(run, "configuration is missing")


def test_an_outcome_that_was_changed_is_damage(run):
    edit(run, "DROP TRIGGER trials_stay", "UPDATE trials SET score = 0.9 WHERE id = 4")
    with Archive.read(run) as archive:
        for read in (archive.trials, archive.known, lambda: archive.columns("score"), lambda: archive.best(1)):
            with pytest.raises(ArchiveError, match="damaged: the row of 4"):
                list(read())


def test_a_broken_page_of_a_large_archive_is_found_by_the_check(run, monkeypatch):
    """Opening does not read every page; what is read is checked; `check`, and whoever appends, reads all."""
    monkeypatch.setattr(sqlite, "SMALL", 0)
    with Archive.write(run, CONFIG) as archive:
        archive.append(batch(10, 3000))
    whole = bytearray((run / FILE).read_bytes())
    place = len(whole) - 3 * 4096  # a page in the middle of the trials
    whole[place : place + 8] = bytes(8)
    (run / FILE).write_bytes(whole)
    with Archive.read(run) as archive:
        assert archive.trials(0, 10) == batch(0, 10)
    for opened in (lambda: check(run), lambda: Archive.write(run, CONFIG)):
        with pytest.raises(ArchiveError, match="damaged"):
            opened()


def test_a_program_of_another_version(run):
    row = list(to_row(trial(10)))
    row[len(OUTCOME) + 1] = "twist(x)"
    row[-1] = checksum((row[0], *row[len(OUTCOME) + 1 : -1]))
    with contextlib.closing(sqlite3.connect(run / FILE, isolation_level=None)) as connection:
        connection.execute(INSERT, row)
    with Archive.read(run) as archive:
        with pytest.raises(ArchiveError, match=r"(?s)cannot read, trial 10.*twist.*version that wrote it"):
            archive.trials()
        assert len(list(archive.known())) == 11  # curves and rankings need no program


@pytest.mark.parametrize("remains", [FILE + "-wal", FILE + "-journal"])
def test_the_log_of_an_archive_that_is_gone(tmp_path, remains):
    (tmp_path / remains).write_bytes(b"may hold trials")
    refused(tmp_path, rf"{remains} is left.*Put", reading=False)


def test_a_full_disk(run):
    with Archive.write(run, CONFIG) as archive:
        (pages,) = archive._connection.execute("PRAGMA page_count").fetchone()
        archive._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(ArchiveError, match=r"disk is full.*are safe.*Free some space"):
            archive.append(batch(10, 500))
        assert archive.trials() == batch(0, 10)
        archive._connection.execute("PRAGMA max_page_count = 1000000")
        archive.append(batch(10, 500))
    with Archive.read(run) as archive:
        assert archive.trials() == batch(0, 500)


def test_a_full_disk_at_the_creation_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TABLES", "PRAGMA max_page_count = 2;" + module.TABLES)
    with pytest.raises(ArchiveError, match="disk is full"):
        Archive.write(tmp_path, CONFIG)
    assert contents(tmp_path) == {}


def test_a_directory_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file")
    for directory in (tmp_path / "taken", tmp_path / "taken" / "run"):
        with pytest.raises(ArchiveError, match=r"cannot be written: .*Choose another directory"):
            Archive.write(directory, CONFIG)
    with pytest.raises(ArchiveError, match="no archive at"):
        Archive.read(tmp_path / "taken")

    def read_only(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(module.os, "rename", read_only)
    with pytest.raises(ArchiveError, match=r"Read-only file system.*Choose another directory"):
        Archive.write(tmp_path / "run", CONFIG)
    assert contents(tmp_path / "run") == {}


def test_a_second_writer_is_told_who_holds_the_archive(run):
    with Archive.write(run, CONFIG) as held:
        refused_by = rf"locked: process {os.getpid()},.*Wait for it, stop it"
        with pytest.raises(ArchiveError, match=refused_by):
            Archive.write(run, CONFIG)
        code = f"from actsearch.archive.archive import Archive\nArchive.write({str(run)!r}, {CONFIG!r})"
        other = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment()
        )
        assert f"locked: process {os.getpid()}," in other.stderr
    with Archive.write(run, CONFIG) as again:  # freed by close
        assert again is not held


def test_a_refused_writer_frees_the_lock(run):
    with pytest.raises(ArchiveError, match="another configuration") as kept:
        Archive.write(run, {})
    with Archive.write(run, CONFIG):
        assert kept


def test_another_thread_and_a_closed_archive_are_refused(run):
    archive, errors = Archive.read(run), []

    def use():
        try:
            archive.trials()
        except ArchiveError as error:
            errors.append(str(error))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "thread" in errors[0]
    archive.close()
    archive.close()
    with pytest.raises(ArchiveError, match="after close"):
        len(archive)


# kill -9.

CHILD = """
import dataclasses, sys, time
from actsearch.archive.archive import Archive
from actsearch.archive.creation import LOCK
from actsearch.archive.rows import INSERT, to_row
from actsearch.language import parse
from actsearch.trials.trial import Trial

one = Trial(0, parse("x * sigmoid(beta * x)"), "f00d", "ok", 0.5, ({"score": 0.5},), (0,))
archive = Archive.write(sys.argv[1], {"seed": 0})
trials = [dataclasses.replace(one, index=index) for index in range(len(archive), len(archive) + 20_000)]
"""
STEADY = """
for start in range(0, len(trials), 7):
    archive.append(trials[start : start + 7])
    print(trials[start].index + 7, flush=True)
"""
MIDDLE = """
archive.append(trials[:7])
with archive._transaction():
    rows = [to_row(trial) for trial in trials[7:5000]]
    archive._connection.execute("PRAGMA cache_size = 5")  # so that pages reach the log before the commit
    archive._connection.executemany(INSERT, rows)
    print(trials[0].index + 7, flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def child(code, *args):
    """Another Python, which a failing or waiting test does not leave behind."""
    command = [sys.executable, "-c", code, *args]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment(), **pipes) as process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def test_kill_9_loses_nothing_that_append_returned_from(tmp_path):
    rng, kept = random.Random(0), 0
    for code, wait in ((STEADY, 0.0), (STEADY, rng.random() / 10), (MIDDLE, 0.0), (STEADY, rng.random() / 2)):
        with child(CHILD + code, str(tmp_path)) as process:
            lines = [process.stdout.readline()]
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            lines += [line for line in process.stdout if line.endswith("\n")]
        assert process.returncode == -signal.SIGKILL
        kept = int(lines[-1])
        with Archive.read(tmp_path) as archive:
            assert len(archive) in (kept, kept + 7)  # whole batches; the last one may have been stored but not printed
            assert [trial.index for trial in archive.trials()] == list(range(len(archive)))
        if code == MIDDLE:
            assert (tmp_path / (FILE + "-wal")).stat().st_size > 300_000
    with Archive.write(tmp_path, {"seed": 0}) as archive:  # the kernel freed the lock
        archive.append([trial(len(archive))])
        assert len(archive) == len(archive.trials())
    assert list(contents(tmp_path)) == [FILE]


def test_a_kill_during_the_creation_leaves_no_archive(tmp_path):
    (tmp_path / (FILE + ".new")).write_bytes(b"SQLite format 3\0 cut off")
    with pytest.raises(ArchiveError, match="no archive"):
        Archive.read(tmp_path)
    with Archive.write(tmp_path, CONFIG) as archive:
        archive.append(batch(0, 1))
    assert list(contents(tmp_path)) == [FILE]

"""The archive of a run: one SQLite file that the search appends to, resumes from and everyone else reads."""

import contextlib
import dataclasses
import json
import math
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from actsearch.archive.sqlite import (
    APPLICATION_ID,
    FILE,
    FORMAT,
    RESTORE,
    ArchiveError,
    checked,
    checksum,
    connect,
    create,
    explained,
    intact,
    locked,
)
from actsearch.language import INPUTS, ParseError, Program, parse
from actsearch.trials.trial import Trial

__all__ = ["Archive", "ArchiveError"]

_COLUMNS = (
    *("id", "program", "choices", "fingerprint", "status", "score", "metrics", "seeds"),
    *("parents", "duplicate_of", "seconds", "note", "checksum"),
)

# SQLite has no checksums in its main file: its integrity check finds a broken page, the column here a changed digit.
_TABLES = f"""
BEGIN;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE trials (
    id INTEGER PRIMARY KEY,
    program TEXT NOT NULL,
    choices TEXT,
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL,
    score REAL,
    metrics TEXT NOT NULL,
    seeds TEXT NOT NULL,
    parents TEXT NOT NULL,
    duplicate_of INTEGER,
    seconds REAL NOT NULL,
    note TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE INDEX trials_by_fingerprint ON trials (fingerprint);
CREATE TRIGGER facts_stay BEFORE UPDATE ON facts BEGIN SELECT RAISE(ABORT, 'an archive is append-only'); END;
CREATE TRIGGER facts_remain BEFORE DELETE ON facts BEGIN SELECT RAISE(ABORT, 'an archive is append-only'); END;
CREATE TRIGGER trials_stay BEFORE UPDATE ON trials BEGIN SELECT RAISE(ABORT, 'an archive is append-only'); END;
CREATE TRIGGER trials_remain BEFORE DELETE ON trials BEGIN SELECT RAISE(ABORT, 'an archive is append-only'); END;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
"""


class Archive:
    """The trials of one run, in the order told to the controller, in the file `archive.sqlite` of the run's directory.

    Trials are only ever added. What `append` returned from survives `kill -9` and a power cut. There is one writer at a
    time and any number of readers, also while it writes. An Archive belongs to the thread that opened it.

    Attributes:
      config: the resolved configuration of the run, as JSON has it (lists for tuples).
      info: facts of the machine and the versions at creation, for people; a run may go on elsewhere.

    Example:
      >>> import tempfile
      >>> from actsearch.language import parse
      >>> run = tempfile.TemporaryDirectory()
      >>> with Archive.write(run.name, {"task": "digits", "seed": 0}) as archive:
      ...     archive.append([Trial(0, parse("max(x, 0)"), "f00d", "ok", 0.9, ({"score": 0.9},), (0,))])
      >>> with Archive.read(run.name) as archive:
      ...     len(archive), archive.config["task"], archive.find("f00d").program
      (1, 'digits', Program('max(x, 0)'))
      >>> Archive.write(run.name, {"task": "digits", "seed": 1})
      Traceback (most recent call last):
      ...
      actsearch.archive.sqlite.ArchiveError: ...archive.sqlite belongs to a run with another configuration:
      seed is 0 there and 1 here. Choose another directory, or give the old values to continue that run.
      >>> run.cleanup()
    """

    config: dict[str, Any]
    info: dict[str, Any]

    def __init__(self, connection: sqlite3.Connection, path: Path, lock: IO[str] | None):
        """Wraps a connection that was checked; use `Archive.write` or `Archive.read`."""
        self._connection = connection
        self._path = path
        self._lock = lock
        with explained(path):
            facts = connection.execute("SELECT name, value, checksum FROM facts").fetchall()
        values = {name: json.loads(intact((name, value), sum_, path)[1]) for name, value, sum_ in facts}
        if not values.keys() >= {"config", "info"}:
            raise ArchiveError(f"{path} is damaged: its configuration is missing. {RESTORE}.")
        self.config, self.info = values["config"], values["info"]

    @classmethod
    def write(cls, directory: str | os.PathLike[str], config: Mapping[str, Any]) -> "Archive":
        """Opens the archive of a run for appending: creates it, or continues the one of the same configuration.

        Args:
          directory: the run's directory, made when missing. It may hold other files.
          config: the resolved configuration: names to values that JSON can hold.

        Returns:
          The Archive, which holds the directory's lock until it is closed or its process ends, in whatever way.

        Raises:
          ArchiveError: another writer holds the archive; its configuration differs; it is damaged, foreign or of a
            newer format; the directory cannot be written. An archive that was there is left as it was.
        """
        text = _config_text(config)
        path = Path(directory) / FILE
        with contextlib.ExitStack() as opened:
            lock = opened.enter_context(locked(Path(directory)))
            if os.path.lexists(path):
                with Archive(checked(path), path, None) as present:
                    _same_config(path, present.config, json.loads(text))
            else:
                create(path, _TABLES, text)
            connection = opened.enter_context(contextlib.closing(connect(path, "rw")))
            with explained(path):
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
                # NORMAL would be enough against kill -9. FULL adds one fsync a batch, milliseconds beside the seconds
                # that a batch trains for, and then a power cut loses nothing either.
                connection.execute("PRAGMA synchronous = FULL")
            if mode != "wal":
                raise ArchiveError(
                    f"{path} is on a file system without shared memory. Choose a directory on a local disk."
                )
            archive = cls(connection, path, lock)
            opened.pop_all()
            return archive

    @classmethod
    def read(cls, directory: str | os.PathLike[str]) -> "Archive":
        """Opens the archive of a run for reading; it makes and changes no file, and may run beside the writer.

        Args:
          directory: the run's directory.

        Returns:
          The Archive. Each call on it sees every trial appended until then.

        Raises:
          ArchiveError: there is no archive, or it is damaged, foreign or of a newer format.
        """
        path = Path(directory) / FILE
        if not os.path.lexists(path):
            raise ArchiveError(
                f"There is no archive at {path}. Give the directory of a run, the one that holds {FILE}."
            )
        connection = checked(path)
        try:
            return cls(connection, path, None)
        except BaseException:
            connection.close()
            raise

    def append(self, trials: Sequence[Trial]) -> None:
        """Adds trials, all of them or, when it raises, none.

        Args:
          trials: the next ones of the run; their indices continue the archive's.

        Raises:
          ArchiveError: the archive is open for reading, an index leaves a gap or repeats, a program is beyond what its
            text can hold, a score is NaN, or the disk is full.
        """
        if self._lock is None:
            raise ArchiveError(f"{self._path} is open for reading. Append through Archive.write.")
        rows = [_row(trial) for trial in trials]
        with explained(self._path), self._transaction():
            _continuous(self._path, [row[0] for row in rows], len(self))
            places = ", ".join("?" * len(_COLUMNS))
            self._connection.executemany(f"INSERT INTO trials ({', '.join(_COLUMNS)}) VALUES ({places})", rows)

    def trials(self, start: int = 0) -> list[Trial]:
        """Returns the trials from index `start` on, in the order told to the controller."""
        trials = self._select("WHERE id >= ? ORDER BY id", max(start, 0))
        if [trial.index for trial in trials] != list(range(max(start, 0), max(start, 0) + len(trials))):
            raise ArchiveError(f"{self._path} is damaged: trials are missing. {RESTORE}.")
        return trials

    def find(self, fingerprint: str) -> Trial | None:
        """Returns the first trial with this functional identity that is not itself a duplicate, or None."""
        where = "WHERE fingerprint = ? AND status != 'duplicate' ORDER BY id LIMIT 1"
        return next(iter(self._select(where, fingerprint)), None)

    def __len__(self) -> int:
        with explained(self._path):
            return self._connection.execute("SELECT coalesce(max(id) + 1, 0) FROM trials").fetchone()[0]

    def close(self) -> None:
        """Closes the file and frees the lock; a second call does nothing."""
        with explained(self._path):
            if self._lock is not None:
                self._settle()
            self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def _settle(self) -> None:
        """Folds the log into the one file, which can then be copied, and read where nothing can be written."""
        # An open reader, a full disk or a second close leave the log where it is, which is as good.
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA journal_mode = DELETE")

    def _select(self, where: str, value: Any) -> list[Trial]:
        with explained(self._path):
            rows = self._connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM trials {where}", (value,)).fetchall()
        return [_trial(intact(row[:-1], row[-1], self._path), self._path) for row in rows]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk has rolled back by itself
                self._connection.execute("ROLLBACK")
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_) -> None:
        self.close()


# One trial as a row, and back. JSON as Python writes it keeps NaN and the infinities, which SQLite's REAL does not.


def _row(trial: Trial) -> tuple[Any, ...]:
    numbers = [*([] if trial.score is None else [trial.score]), trial.seconds]
    if any(math.isnan(number) for number in numbers):
        problem = f"Trial {trial.index} has score {trial.score} and seconds {trial.seconds}"
        raise ArchiveError(f"{problem}: neither may be NaN. Give a trial without a score the score None.")
    choices = trial.program.choices
    row = (
        int(trial.index),
        _program_text(trial),
        None if choices is None else json.dumps([int(choice) for choice in choices]),
        trial.fingerprint,
        trial.status,
        None if trial.score is None else float(trial.score) + 0.0,  # SQLite has no -0.0, and the checksum would see it
        json.dumps([{name: float(value) for name, value in metrics.items()} for metrics in trial.metrics]),
        json.dumps([int(seed) for seed in trial.seeds]),
        json.dumps([int(parent) for parent in trial.parents]),
        None if trial.duplicate_of is None else int(trial.duplicate_of),
        float(trial.seconds) + 0.0,
        trial.note.encode("utf-8", "backslashreplace").decode(),  # an error's text may hold bytes of a file name
    )
    return (*row, checksum(row))


def _program_text(trial: Trial) -> str:
    text = str(trial.program)
    try:
        same = _program(text) == trial.program
    except ParseError:
        same = False
    if not same:
        shown = text if len(text) <= 80 else text[:77] + "..."
        problem = f"The text of trial {trial.index}'s program does not read back as the program: {shown}"
        raise ArchiveError(f"{problem}. Keep programs within the limits of actsearch.parse (length, nesting, nodes).")
    return text


def _program(text: str) -> Program:
    return parse(text, inputs=INPUTS)


def _trial(row: tuple[Any, ...], path: Path) -> Trial:
    index, text, choices, fingerprint, status, score, metrics, seeds, parents, duplicate_of, seconds, note = row
    try:
        program = _program(text)
    except ParseError as error:
        problem = f"{path} has a program that this version of actsearch cannot read, in trial {index}"
        raise ArchiveError(f"{problem}: {error}\nRead it with the version that wrote it (Archive.info).") from error
    if choices is not None:
        program = dataclasses.replace(program, choices=tuple(json.loads(choices)))
    return Trial(
        index=index,
        program=program,
        fingerprint=fingerprint,
        status=status,
        score=score,
        metrics=tuple(json.loads(metrics)),
        seeds=tuple(json.loads(seeds)),
        parents=tuple(json.loads(parents)),
        duplicate_of=duplicate_of,
        seconds=seconds,
        note=note,
    )


def _continuous(path: Path, indices: list[int], expected: int) -> None:
    for index in indices:
        if index != expected:
            problem = (
                f"{path} holds trials up to index {expected - 1}" if index == indices[0] else "The batch has a gap"
            )
            raise ArchiveError(
                f"{problem}: expected index {expected} next, received {index}. Number trials without gaps."
            )
        expected += 1


def _config_text(config: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(config))
    except (TypeError, ValueError) as error:
        problem = f"The configuration cannot be kept as JSON: {error}"
        raise ArchiveError(f"{problem}. Give text, numbers, booleans, lists and mappings of them.") from error


_ABSENT = object()


def _same_config(path: Path, there: Any, here: Any) -> None:
    changes = [f"{name} is {_shown(old)} there and {_shown(new)} here" for name, old, new in _changes(there, here)]
    if changes:
        problem = f"{path} belongs to a run with another configuration: {'; '.join(changes)}"
        raise ArchiveError(f"{problem}. Choose another directory, or give the old values to continue that run.")


def _changes(there: Any, here: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(there, dict) and isinstance(here, dict):
        for key in {**there, **here}:
            inner = f"{name}.{key}" if name else key
            yield from _changes(there.get(key, _ABSENT), here.get(key, _ABSENT), inner)
    elif _shown(there) != _shown(here):  # as text, where NaN is NaN and true is not 1
        yield name, there, here


def _shown(value: Any) -> str:
    return "absent" if value is _ABSENT else json.dumps(value, sort_keys=True)

"""The archive of a run: one SQLite file that the search appends to, resumes from and everyone else reads."""

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from actsearch.archive import format1
from actsearch.archive.creation import create, locked
from actsearch.archive.opening import check_present, config_text, read_facts
from actsearch.archive.rows import (
    COLUMNS,
    INDEX,
    INSERT,
    OUTCOME,
    OUTCOME_COLUMNS,
    TABLES,
    Outcome,
    checked_outcomes,
    from_row,
    to_row,
)
from actsearch.archive.sqlite import FILE, FORMAT, PATIENCE, RESTORE, ArchiveError, checked, connect, explained, version
from actsearch.trials.ranking import best
from actsearch.trials.trial import Trial

_CHUNK = 10_000
"""Rows read at a time: no statement stays open while they are used, which would keep the log from being folded in."""


class Archive:
    """The trials of one run, in their order, in the file `archive.sqlite` of the run's directory.

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
      ...     len(archive), archive.config["task"], archive.best(1)[0].program
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
        facts = read_facts(connection, path)
        self.config, self.info = facts["config"], facts["info"]

    @classmethod
    def write(cls, directory: str | os.PathLike[str], config: Mapping[str, Any]) -> "Archive":
        """Opens the archive of a run for appending: creates it, or continues the one of the same configuration.

        Args:
          directory: the run's directory, made when missing. It may hold other files.
          config: the resolved configuration: names to values that JSON can hold.

        Returns:
          The Archive, which holds the directory's lock until it is closed or its process ends, in whatever way.

        Raises:
          ArchiveError: another writer holds the archive; its configuration differs; it is damaged, foreign or of
            another format; the directory cannot be written. An archive that was there is left as it was.
        """
        text = config_text(config)
        path = Path(directory) / FILE
        with contextlib.ExitStack() as opened:
            lock = opened.enter_context(locked(Path(directory)))
            if os.path.lexists(path):
                check_present(path, config)
            else:
                create(path, TABLES, text)
            connection = opened.enter_context(contextlib.closing(connect(path, "rw")))
            with explained(path):
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
                # NORMAL would be enough against kill -9. FULL adds one fsync a batch, milliseconds beside the seconds
                # that a batch trains for, and then a power cut loses nothing either.
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(INDEX)  # older archives lack it
            if mode != "wal":
                raise ArchiveError(
                    f"{path} is on a file system without shared memory. Choose a directory on a local disk."
                )
            archive = cls(connection, path, lock)
            opened.pop_all()
            return archive

    @classmethod
    def read(cls, directory: str | os.PathLike[str], *, patience: float = PATIENCE) -> "Archive":
        """Opens the archive of a run for reading; it makes and changes no file, and may run beside the writer.

        Args:
          directory: the run's directory.
          patience: seconds to wait for a file that another program keeps locked.

        Returns:
          The Archive. Each call on it sees every trial appended until then; of an archive of format 1, those that were
          there when it was opened.

        Raises:
          ArchiveError: there is no archive, or it is damaged, foreign or of a newer format.
        """
        path = Path(directory) / FILE
        if not os.path.lexists(path):
            raise ArchiveError(
                f"There is no archive at {path}. Give the directory of a run, the one that holds {FILE}."
            )
        with contextlib.ExitStack() as opened:
            connection = opened.enter_context(contextlib.closing(checked(path, patience=patience)))
            if version(connection) == FORMAT:
                archive = cls(connection, path, None)
                opened.pop_all()
                return archive
            return cls(format1.converted(connection, path), path, None)

    @staticmethod
    def exists(directory: str | os.PathLike[str]) -> bool:
        """Returns whether a directory holds an archive, damaged or not."""
        return os.path.lexists(Path(directory) / FILE)

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
        rows = [to_row(trial) for trial in trials]
        with explained(self._path), self._transaction():
            _check_indices(self._path, [row[0] for row in rows], len(self))
            self._connection.executemany(INSERT, rows)

    def trials(self, start: int = 0, stop: int | None = None) -> list[Trial]:
        """Returns the trials with indices from `start` to below `stop`, by default to the last, in their order."""
        return list(self.iterate(start, stop))

    def iterate(self, start: int = 0, stop: int | None = None) -> Iterator[Trial]:
        """Yields the trials with indices from `start` to below `stop`, without holding all of them."""
        for row in self._rows(COLUMNS, start, stop):
            yield from_row(row, self._path)

    def known(self, stop: int | None = None) -> Iterator[Outcome]:
        """Yields the outcomes of the first `stop` trials, by default of all: no programs, no metrics, far faster.

        An evaluator remembers the candidates of a resumed run by them, and best-so-far curves need no more.
        """
        return checked_outcomes(self._rows(OUTCOME_COLUMNS, 0, stop), self._path)

    def columns(self, *names: str) -> dict[str, np.ndarray]:
        """Returns columns of all trials as arrays, for analysis of millions of them.

        Args:
          names: of `index`, `fingerprint`, `status`, `gate`, `score`, `first`, `repeat`, `fidelity` and `seconds`.

        Returns:
          An array [trials] for each name, float64 with NaN for no score, int64 with -1 for no first trial, or object
          for text.

        Raises:
          ArchiveError: an unknown name, or damage.

        Example:
          >>> import tempfile
          >>> from actsearch.language import parse
          >>> with tempfile.TemporaryDirectory() as run, Archive.write(run, {}) as archive:
          ...     archive.append([Trial(0, parse("x"), "f00d", "ok", 0.5), Trial(1, parse("exp(x)"), "a", "failed")])
          ...     archive.columns("score", "first")
          {'score': array([0.5, nan]), 'first': array([-1, -1])}
        """
        unknown = [name for name in names if name not in OUTCOME]
        if unknown:
            raise ArchiveError(f"A column is one of {', '.join(OUTCOME)}; received {', '.join(unknown)}.")
        outcomes, parts = self.known(), {name: [_column(name, [])] for name in names}
        while chunk := list(itertools.islice(outcomes, _CHUNK)):
            for name in names:
                parts[name].append(_column(name, [getattr(outcome, name) for outcome in chunk]))
        return {name: np.concatenate(arrays) for name, arrays in parts.items()}

    def best(self, n: int) -> list[Trial]:
        """Returns the best distinct trials by the rule of `actsearch.trials.best`, reading few others whole.

        Args:
          n: how many at most, at least 0.

        Raises:
          ActsearchError: a negative `n`.
          ArchiveError: one of these trials is damaged.
        """
        with explained(self._path):
            (fidelity,) = self._connection.execute(f"SELECT max(fidelity) {_SCORED}").fetchone()
            cut = self._cut(fidelity, n)
            query = f"SELECT {COLUMNS} {_SCORED} AND fidelity = ? AND score >= ? ORDER BY id"
            rows = self._connection.execute(query, (fidelity, cut)).fetchall()  # none where the cut is None
        return best([from_row(row, self._path) for row in rows], n)

    def _cut(self, fidelity: float | None, n: int) -> float | None:
        """Returns the score of the n-th best candidate: what is below it is not among the best n."""
        query = f"SELECT fingerprint, score {_SCORED} AND fidelity = ? ORDER BY score DESC"
        with contextlib.closing(self._connection.execute(query, (fidelity,))) as rows:
            candidates, cut = set(), None
            for fingerprint, score in rows if n > 0 else ():
                candidates.add(fingerprint)
                cut = score
                if len(candidates) == n:
                    break
        return cut

    def __len__(self) -> int:
        with explained(self._path):
            (last,) = self._connection.execute("SELECT max(id) FROM trials").fetchone()
        return 0 if last is None else int(last) + 1

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

    def _rows(self, columns: str, start: int, stop: int | None) -> Iterator[tuple[Any, ...]]:
        """Yields rows in order; raises where one is missing."""
        start, stop = max(start, 0), len(self) if stop is None else min(stop, len(self))
        query = f"SELECT {columns} FROM trials WHERE id >= ? AND id < ? ORDER BY id"
        for first in range(start, stop, _CHUNK):
            last = min(first + _CHUNK, stop)
            with explained(self._path):
                rows = self._connection.execute(query, (first, last)).fetchall()
            if [row[0] for row in rows] != list(range(first, last)):
                raise ArchiveError(f"{self._path} is damaged: trials are missing. {RESTORE}.")
            yield from rows

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

    def __exit__(self, *_: object) -> None:
        self.close()


_SCORED = "FROM trials WHERE status = 'ok' AND score IS NOT NULL"
"""The trials that `best` ranks, in the words of their index."""


def _column(name: str, values: Sequence[Any]) -> np.ndarray:
    match name:
        case "fingerprint" | "status" | "gate":
            return np.array([str(value) for value in values], dtype=object)
        case "score" | "fidelity" | "seconds":
            return np.array(values, dtype=np.float64)  # None is NaN
    return np.array([-1 if value is None else value for value in values], dtype=np.int64)


def _check_indices(path: Path, indices: list[int], expected: int) -> None:
    for index in indices:
        if index != expected:
            problem = (
                f"{path} holds trials up to index {expected - 1}" if index == indices[0] else "The batch has a gap"
            )
            raise ArchiveError(
                f"{problem}: expected index {expected} next, received {index}. Number trials without gaps."
            )
        expected += 1

"""The archive of a run: one SQLite file that the search appends to, resumes from and everyone else reads."""

import contextlib
import dataclasses
import datetime
import fcntl
import importlib.metadata
import json
import math
import os
import platform
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from actsearch.language import ParseError, Program, parse
from actsearch.language.program import INPUTS
from actsearch.trial import Trial

if TYPE_CHECKING:
    import pandas

FILE = "archive.sqlite"
LOCK = "archive.lock"
FORMAT = 1
"""Version of the tables below, kept in the file's `user_version`: a change of a table is a new number."""

APPLICATION_ID = 0x41435453  # "ACTS": how `file` and `_check` tell an archive from other people's SQLite files

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

_RESTORE = "Restore a copy, or search into another directory; 'sqlite3 archive.sqlite .recover' may save some trials"


class ArchiveError(RuntimeError):
    """An archive that cannot be used. The message says what is wrong, where, and the remedy."""


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
      actsearch.archive.ArchiveError: ...archive.sqlite belongs to a run with another configuration:
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
        with _explained(path):
            facts = connection.execute("SELECT name, value, checksum FROM facts").fetchall()
        values = {name: json.loads(_intact((name, value), checksum, path)[1]) for name, value, checksum in facts}
        if not values.keys() >= {"config", "info"}:
            raise ArchiveError(f"{path} is damaged: its configuration is missing. {_RESTORE}.")
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
            lock = opened.enter_context(_locked(Path(directory)))
            if os.path.lexists(path):
                with Archive(_checked(path), path, None) as present:
                    _same_config(path, present.config, json.loads(text))
            else:
                _create(path, text)
            connection = opened.enter_context(contextlib.closing(_connect(path, "rw")))
            with _explained(path):
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
        connection = _checked(path)
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
        with _explained(self._path), self._transaction():
            _continuous(self._path, [row[0] for row in rows], len(self))
            places = ", ".join("?" * len(_COLUMNS))
            self._connection.executemany(f"INSERT INTO trials ({', '.join(_COLUMNS)}) VALUES ({places})", rows)

    def trials(self, start: int = 0) -> list[Trial]:
        """Returns the trials from index `start` on, in the order told to the controller."""
        trials = self._select("WHERE id >= ? ORDER BY id", max(start, 0))
        if [trial.index for trial in trials] != list(range(max(start, 0), max(start, 0) + len(trials))):
            raise ArchiveError(f"{self._path} is damaged: trials are missing. {_RESTORE}.")
        return trials

    def find(self, fingerprint: str) -> Trial | None:
        """Returns the first trial with this functional identity that is not itself a duplicate, or None."""
        where = "WHERE fingerprint = ? AND status != 'duplicate' ORDER BY id LIMIT 1"
        return next(iter(self._select(where, fingerprint)), None)

    def __len__(self) -> int:
        with _explained(self._path):
            return self._connection.execute("SELECT coalesce(max(id) + 1, 0) FROM trials").fetchone()[0]

    def close(self) -> None:
        """Closes the file and frees the lock; a second call does nothing."""
        with _explained(self._path):
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
        with _explained(self._path):
            rows = self._connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM trials {where}", (value,)).fetchall()
        return [_trial(_intact(row[:-1], row[-1], self._path), self._path) for row in rows]

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
    return (*row, _checksum(row))


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


def _checksum(row: Sequence[Any]) -> int:
    return zlib.crc32(json.dumps(row).encode())


def _intact(row: tuple[Any, ...], checksum: int, path: Path) -> tuple[Any, ...]:
    if any(isinstance(value, bytes) for value in row) or _checksum(row) != checksum:
        raise ArchiveError(f"{path} is damaged: the row of {row[0]!r} does not match its checksum. {_RESTORE}.")
    return row


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


# Opening: the lock, the checks before the first write, the new file.


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ArchiveError(_explanation(error, path)) from error
    except UnicodeDecodeError as error:  # damaged text, in an error's message too
        raise ArchiveError(f"{path} is damaged: {error}. {_RESTORE}.") from error


def _explanation(error: sqlite3.Error, path: Path) -> str:
    match getattr(error, "sqlite_errorcode", -1) & 0xFF:  # the low byte is the kind, the rest its details
        case sqlite3.SQLITE_FULL:
            return (
                f"The disk is full: a batch could not be added to {path}; the trials before it are safe. "
                "Free some space, then give the same command again to continue."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{path} is kept locked by another program ({error}). Close it, then try again."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_IOERR:
            return f"{path} cannot be read or written: {error}. Check permissions and disk, or use another directory."
        case sqlite3.SQLITE_NOTADB:
            return f"{path} is not an archive, or its beginning is damaged: {error}. Move it away, or restore a copy."
    if isinstance(error, sqlite3.ProgrammingError):
        return f"{path} is used after close, or from a thread that did not open it: {error} Open it again there."
    return f"{path} is damaged: {error}. {_RESTORE}."


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # The path is absolute and quoted, so that no '?' in a directory's name becomes an option.
    with _explained(path):
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=30)


def _checked(path: Path) -> sqlite3.Connection:
    """Returns a read-only connection to a file that is an archive, of this format, and whole."""
    if not path.is_file():
        raise ArchiveError(f"{path} is not a file. Move it away, or choose another directory.")
    if path.stat().st_size < 512:  # the smallest page; SQLite takes what is shorter for a new database
        raise ArchiveError(f"{path} is damaged: it is empty or cut off. {_RESTORE}.")
    with contextlib.ExitStack() as opened, _explained(path):
        connection = opened.enter_context(contextlib.closing(_connect(path, "ro")))
        connection.execute("PRAGMA cell_size_check = ON")
        _check(connection, path)
        opened.pop_all()
        return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise ArchiveError(f"{path} is an SQLite file of another program. Move it away, or choose another directory.")
    if version > FORMAT:
        problem = f"{path} has format {version}; this version of actsearch reads formats up to {FORMAT}"
        raise ArchiveError(f"{problem}. Install the newer actsearch that wrote it.")
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise ArchiveError(f"{path} is damaged: {' '.join(verdict.split())}. {_RESTORE}.")


@contextlib.contextmanager
def _unwritable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"The directory {directory} cannot be written: {error.strerror or error}"
        raise ArchiveError(f"{problem}. Choose another directory, or change what stands in its place.") from error


def _locked(directory: Path) -> IO[str]:
    """Makes the directory and takes its writer lock, which the kernel frees with the process, however that ends."""
    with _unwritable(directory):
        directory.mkdir(parents=True, exist_ok=True)
        lock = open(directory / LOCK, "a+")  # noqa: SIM115, held until Archive.close; "a" must not erase the holder's id
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        problem = f"The archive in {directory} is locked: process {holder}, or a child of it, is writing to it"
        raise ArchiveError(f"{problem}. Wait for it, stop it, or choose another directory.") from error
    except OSError as error:
        lock.close()
        raise ArchiveError(
            f"{directory / LOCK} cannot be locked: {error}. Choose a directory on a local disk."
        ) from error
    return lock


def _create(path: Path, config: str) -> None:
    """Makes the file whole under another name, then renames it: a kill leaves no archive or a good one."""
    for remains in (path.with_name(FILE + "-wal"), path.with_name(FILE + "-journal")):
        if remains.exists():
            problem = f"{remains} is left of an archive whose {FILE} is gone"
            raise ArchiveError(f"{problem}. Put {FILE} back, move {remains.name} away, or choose another directory.")
    new = path.with_name(FILE + ".new")
    with _unwritable(path.parent):
        new.unlink(missing_ok=True)
        try:
            with _explained(path), contextlib.closing(_connect(new, "rwc")) as connection:
                connection.executescript(_TABLES)
                for fact in (("config", config), ("info", json.dumps(_machine()))):
                    connection.execute("INSERT INTO facts VALUES (?, ?, ?)", (*fact, _checksum(fact)))
                connection.execute("COMMIT")
            os.rename(new, path)
        finally:
            new.unlink(missing_ok=True)


def _machine() -> dict[str, Any]:
    return {
        "actsearch": _version("actsearch"),
        "jax": _version("jax"),
        "numpy": _version("numpy"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


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


# Exports. Analysis tools are imported where they are used: a search does not need them.


def to_pandas(trials: Sequence[Trial]) -> "pandas.DataFrame":
    """Makes a table of trials, one row each.

    Args:
      trials: what `Archive.trials` returned, or any part of it.

    Returns:
      A DataFrame with the columns index, program (text), fingerprint, status, score (NaN for none), scores, parents,
      duplicate_of (Int64), seconds, seeds, choices, note, and one column per metric. Metrics, and `scores` for the
      metric "score", are lists with a value per seed, None where a seed has none. A metric named like another column
      is called `metrics.<name>`.

    Example:
      >>> from actsearch.language import parse
      >>> metrics = ({"score": 0.75, "loss": 0.5}, {"score": 1.0, "loss": 0.25})
      >>> table = to_pandas([Trial(0, parse("x * sigmoid(x)"), "f00d", "ok", 0.875, metrics, (0, 1))])
      >>> table[["program", "score", "scores", "loss"]]
                 program  score       scores         loss
      0  x * sigmoid(x)  0.875  [0.75, 1.0]  [0.5, 0.25]
    """
    import pandas

    rows = _records(trials)
    table = pandas.DataFrame(
        {name: pandas.Series([row[name] for row in rows], dtype=object) for name in _names(trials)}
    )
    types = {"index": "int64", "score": "float64", "duplicate_of": "Int64", "seconds": "float64"}
    return table.astype(types)


def to_parquet(trials: Sequence[Trial], path: str | os.PathLike[str]) -> None:
    """Writes the table of `to_pandas` as a Parquet file, whole or not at all, with types that no trial changes."""
    import pyarrow
    import pyarrow.parquet

    types = {name: pyarrow.string() for name in ("program", "fingerprint", "status", "note")}
    types |= {"index": pyarrow.int64(), "duplicate_of": pyarrow.int64()}
    types |= {"score": pyarrow.float64(), "seconds": pyarrow.float64()}
    types |= {name: pyarrow.list_(pyarrow.int64()) for name in ("parents", "seeds", "choices")}
    values = pyarrow.list_(pyarrow.float64())
    schema = pyarrow.schema([(name, types.get(name, values)) for name in _names(trials)])
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(_records(trials), schema=schema), part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def to_jsonl(trials: Sequence[Trial]) -> Iterator[str]:
    """Yields one line of JSON per trial, in the order told to the controller.

    A line has the keys index, program, fingerprint, parents, status, score, scores (the metric "score" per seed),
    duplicate_of and metrics; NaN and infinity are null. It holds nothing of the machine, so that two runs of one
    configuration can be compared line by line.

    Example:
      >>> from actsearch.language import parse
      >>> print(*to_jsonl([Trial(0, parse("max(x, 0)"), "f00d", "diverged", 0.0, ({"loss": float("nan")},), (0,))]))
      {"index": 0, "program": "max(x, 0)", "fingerprint": "f00d", "parents": [], "status": "diverged", "score": 0.0,
      "scores": [null], "duplicate_of": null, "metrics": [{"loss": null}]}
    """
    for trial in trials:
        metrics = [{name: _finite(value) for name, value in one.items()} for one in trial.metrics]
        line = {
            "index": trial.index,
            "program": str(trial.program),
            "fingerprint": trial.fingerprint,
            "parents": list(trial.parents),
            "status": trial.status,
            "score": _finite(trial.score),
            "scores": [one.get("score") for one in metrics],
            "duplicate_of": trial.duplicate_of,
            "metrics": metrics,
        }
        yield json.dumps(line, allow_nan=False)


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _records(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    metrics = _metric_names(trials)
    return [_record(trial) | {metrics[name]: _per_seed(trial, name) for name in metrics} for trial in trials]


def _record(trial: Trial) -> dict[str, Any]:
    choices = trial.program.choices
    return {
        "index": trial.index,
        "program": str(trial.program),
        "fingerprint": trial.fingerprint,
        "status": trial.status,
        "score": trial.score,
        "scores": _per_seed(trial, "score"),
        "parents": list(trial.parents),
        "duplicate_of": trial.duplicate_of,
        "seconds": trial.seconds,
        "seeds": list(trial.seeds),
        "choices": None if choices is None else list(choices),
        "note": trial.note,
    }


_FIXED = (
    *("index", "program", "fingerprint", "status", "score", "scores", "parents"),
    *("duplicate_of", "seconds", "seeds", "choices", "note"),
)


def _per_seed(trial: Trial, metric: str) -> list[float | None]:
    return [float(one[metric]) if metric in one else None for one in trial.metrics]


def _metric_names(trials: Sequence[Trial]) -> dict[str, str]:
    """Returns the metrics that any trial has, in order of appearance, and the name of the column of each."""
    names = dict.fromkeys(name for trial in trials for one in trial.metrics for name in one if name != "score")
    return {name: f"metrics.{name}" if name in _FIXED else name for name in names}


def _names(trials: Sequence[Trial]) -> list[str]:
    return [*_FIXED, *_metric_names(trials).values()]

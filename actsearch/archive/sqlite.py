"""The SQLite file under an archive: its faults in words, its checks. Used in this folder only.

It knows nothing of trials. What is wrong with the file or its directory becomes an ArchiveError that names the remedy.
"""

import contextlib
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from actsearch.language import ActsearchError

FILE = "archive.sqlite"
FORMAT = 2
"""Version of the archive's tables, kept in the file's `user_version`: a change of a table is a new number."""

APPLICATION_ID = 0x41435453  # "ACTS": how `file` and `checked` tell an archive from other people's SQLite files

SMALL = 16 * 2**20
"""Bytes below which every page is read when an archive is opened: a twentieth of a second for some 60,000 trials."""

PATIENCE = 30.0
"""Seconds that a call waits for a file that another program keeps locked."""

RESTORE = "Restore a copy, or search into another directory; 'sqlite3 archive.sqlite .recover' may save some trials"


class ArchiveError(ActsearchError):
    """An archive that cannot be used. The message says what is wrong, where, and the remedy."""


def checksum(row: Sequence[Any]) -> int:
    """Returns the checksum that a row carries in its last column."""
    # `ascii` writes each value with its type, the same in every version of Python, and takes half the time of JSON.
    return zlib.crc32(ascii(tuple(row)).encode())


def intact(row: tuple[Any, ...], expected: int, path: Path) -> tuple[Any, ...]:
    """Returns a row whose checksum is the expected one."""
    if checksum(row) != expected:
        raise damaged_row(row, path)
    return row


def damaged_row(row: Sequence[Any], path: Path) -> ArchiveError:
    """Returns the error of a row that does not match its checksum."""
    return ArchiveError(f"{path} is damaged: the row of {row[0]!r} does not match its checksum. {RESTORE}.")


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns every error of SQLite within into an ArchiveError with its remedy."""
    try:
        yield
    except sqlite3.Error as error:
        raise ArchiveError(_explanation(error, path)) from error
    except UnicodeDecodeError as error:  # damaged text, in an error's message too
        raise ArchiveError(f"{path} is damaged: {error}. {RESTORE}.") from error


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
    return f"{path} is damaged: {error}. {RESTORE}."


def connect(path: Path, mode: str, patience: float = PATIENCE) -> sqlite3.Connection:
    """Returns a connection with explicit transactions; `mode` is ro, rw or rwc, as in SQLite's own file names."""
    # The path is absolute and quoted, so that no '?' in a directory's name becomes an option.
    with explained(path):
        address = f"{path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(address, uri=True, isolation_level=None, timeout=patience)


def checked(path: Path, *, whole: bool = False, patience: float = PATIENCE) -> sqlite3.Connection:
    """Returns a read-only connection to a file that is an archive of this format or an older one.

    Args:
      path: of the file.
      whole: read every page. A file below `SMALL` is read anyway; of a larger one SQLite sees that it is cut off, and
        a row is checked when it is read.
      patience: seconds to wait for a file that another program keeps locked.
    """
    if not path.is_file():
        raise ArchiveError(f"{path} is not a file. Move it away, or choose another directory.")
    size = path.stat().st_size
    if size < 512:  # the smallest page; SQLite takes what is shorter for a new database
        raise ArchiveError(f"{path} is damaged: it is empty or cut off. {RESTORE}.")
    with contextlib.ExitStack() as opened, explained(path):
        connection = opened.enter_context(contextlib.closing(connect(path, "ro", patience)))
        connection.execute("PRAGMA cell_size_check = ON")
        _check_kind(connection, path)
        _check_size(connection, path, size)
        if whole or size < SMALL:
            check_pages(connection, path, quick=True)
        opened.pop_all()
        return connection


def version(connection: sqlite3.Connection) -> int:
    """Returns the format of an archive."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise ArchiveError(f"{path} is an SQLite file of another program. Move it away, or choose another directory.")
    if version(connection) > FORMAT:
        problem = f"{path} has format {version(connection)}; this version of actsearch reads formats up to {FORMAT}"
        raise ArchiveError(f"{problem}. Install the newer actsearch that wrote it.")


def _check_size(connection: sqlite3.Connection, path: Path, size: int) -> None:
    """Raises where the last page is cut; SQLite itself sees a missing one, and reads the rest of a cut one as zeros."""
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    if size % page and not path.with_name(f"{FILE}-wal").exists():  # a log has what a killed writer left to be copied
        raise ArchiveError(f"{path} is damaged: it is cut off. {RESTORE}.")


def check_pages(connection: sqlite3.Connection, path: Path, *, quick: bool) -> None:
    """Reads every page of a file; raises an ArchiveError where one is broken.

    A quick check does not compare the index with the rows, which takes ten times as long.
    """
    with explained(path):
        (verdict,) = connection.execute(f"PRAGMA {'quick' if quick else 'integrity'}_check(1)").fetchone()
    if verdict != "ok":
        raise ArchiveError(f"{path} is damaged: {' '.join(verdict.split())}. {RESTORE}.")

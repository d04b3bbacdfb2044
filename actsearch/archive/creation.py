"""The lock of an archive's directory, and the creation of its file. Used in this folder only."""

import contextlib
import datetime
import fcntl
import importlib.metadata
import json
import os
import platform
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from actsearch.archive.sqlite import FILE, ArchiveError, checksum, connect, explained

LOCK = "archive.lock"


@contextlib.contextmanager
def _unwritable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"The directory {directory} cannot be written: {error.strerror or error}"
        raise ArchiveError(f"{problem}. Choose another directory, or change what stands in its place.") from error


def locked(directory: Path) -> IO[str]:
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


def create(path: Path, tables: str, config: str) -> None:
    """Makes the file whole under another name, then renames it: a kill leaves no archive or a good one.

    Args:
      path: of the archive.
      tables: SQL that begins a transaction and makes the tables, `facts` among them.
      config: the run's configuration as JSON, kept there beside the facts of this machine.
    """
    for remains in (path.with_name(FILE + "-wal"), path.with_name(FILE + "-journal")):
        if remains.exists():
            problem = f"{remains} is left of an archive whose {FILE} is gone"
            raise ArchiveError(f"{problem}. Put {FILE} back, move {remains.name} away, or choose another directory.")
    new = path.with_name(FILE + ".new")
    with _unwritable(path.parent):
        new.unlink(missing_ok=True)
        try:
            with explained(path), contextlib.closing(connect(new, "rwc")) as connection:
                connection.executescript(tables)
                add_facts(connection, config, json.dumps(_machine()))
                connection.execute("COMMIT")
            os.rename(new, path)
        finally:
            new.unlink(missing_ok=True)


def add_facts(connection: sqlite3.Connection, config: str, info: str) -> None:
    """Adds a run's configuration and the facts of its machine, both as JSON."""
    for fact in (("config", config), ("info", info)):
        connection.execute("INSERT INTO facts VALUES (?, ?, ?)", (*fact, checksum(fact)))


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

"""What is checked before an archive is read or continued: its tables, its configuration. Only `archive` uses it."""

import contextlib
import functools
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actsearch.archive.rows import TABLES
from actsearch.archive.sqlite import FORMAT, RESTORE, ArchiveError, checked, explained, intact, version
from actsearch.trials.codec import describe, differences


def config_text(config: Mapping[str, Any]) -> str:
    """Returns a configuration as JSON; raises an ArchiveError where JSON cannot hold it."""
    try:
        return json.dumps(dict(config))
    except (TypeError, ValueError) as error:
        problem = f"The configuration cannot be kept as JSON: {error}"
        raise ArchiveError(f"{problem}. Give text, numbers, booleans, lists and mappings of them.") from error


def check_present(path: Path, config: Mapping[str, Any]) -> None:
    """Raises where the archive that is there is not the one of a configuration, to be continued."""
    with contextlib.closing(checked(path, whole=True)) as connection:
        if version(connection) != FORMAT:
            problem = f"{path} has format {version(connection)}, which is read and no longer appended to"
            raise ArchiveError(f"{problem}. Choose another directory for a new run.")
        rows = differences(read_facts(connection, path)["config"], config)
    if rows:
        problem = f"{path} belongs to a run with another configuration: {describe(rows)}"
        raise ArchiveError(f"{problem}. Choose another directory, or give the old values to continue that run.")


def read_facts(connection: sqlite3.Connection, path: Path) -> dict[str, Any]:
    """Returns an archive's "config" and "info" after checking its tables."""
    with explained(path):
        if _tables(connection) != _expected_tables():  # one changed letter, and a table seems empty
            raise ArchiveError(f"{path} is damaged: its tables are not those of its format. {RESTORE}.")
        rows = connection.execute("SELECT name, value, checksum FROM facts").fetchall()
    facts = {name: json.loads(intact((name, value), sum_, path)[1]) for name, value, sum_ in rows}
    if not facts.keys() >= {"config", "info"}:
        raise ArchiveError(f"{path} is damaged: its configuration is missing. {RESTORE}.")
    return facts


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Returns the definitions of a database's tables, as it holds them."""
    return connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()


@functools.cache
def _expected_tables() -> list[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        return _tables(connection)

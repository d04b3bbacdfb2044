"""A trial as a row of the archive's table, and back. Only `archive` and its neighbours in this folder use it.

A row has two parts, each with a checksum of its own: the outcome, a few small columns that rankings, curves and a
resumed search read by the million, and the details, which are read when the whole trial is wanted.
"""

import json
import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from actsearch.archive.sqlite import APPLICATION_ID, FORMAT, ArchiveError, checksum, damaged_row, intact
from actsearch.language import ActsearchError, ParseError
from actsearch.trials.codec import FIELDS, from_plain, read_program, to_plain
from actsearch.trials.trial import Status, Trial


class Outcome(NamedTuple):
    """A trial without its program and its metrics: what rankings, curves and the memory of an evaluator need.

    Attributes: as those of `actsearch.trials.Trial`.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody wants of an outcome
    fingerprint: str
    status: Status
    gate: str
    score: float | None
    first: int | None
    repeat: int
    fidelity: float
    seconds: float

    @property
    def first_index(self) -> int:
        """Index of the first trial of its candidate, which may be its own."""
        return self.index if self.first is None else self.first


OUTCOME = Outcome._fields
"""Names of the first part of a row; the column of `index` is `id`."""

DETAILS = FIELDS[len(OUTCOME) :]
"""Names of the second part."""

_JSON = ("choices", "parents", "seeds", "metrics", "objectives")

OUTCOME_COLUMNS = ", ".join(("id", *OUTCOME[1:], "outcome_checksum"))
COLUMNS = ", ".join((OUTCOME_COLUMNS, *DETAILS, "details_checksum"))
INSERT = f"INSERT INTO trials ({COLUMNS}) VALUES ({', '.join('?' * (len(FIELDS) + 2))})"

# Milliseconds for the best of a million, where a scan takes a second.
INDEX = """
CREATE INDEX IF NOT EXISTS best ON trials (fidelity, score, fingerprint) WHERE status = 'ok' AND score IS NOT NULL;
"""

# SQLite has no checksums in its main file: its integrity check finds a broken page, the columns here a changed digit.
# The columns of the outcome come first, so that SQLite need not step over the details to read them.
TABLES = f"""
BEGIN;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE trials (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL,
    gate TEXT NOT NULL,
    score REAL,
    first INTEGER,
    repeat INTEGER NOT NULL,
    fidelity REAL NOT NULL,
    seconds REAL NOT NULL,
    outcome_checksum INTEGER NOT NULL,
    program TEXT NOT NULL,
    space TEXT,
    choices TEXT,
    parents TEXT NOT NULL,
    seeds TEXT NOT NULL,
    metrics TEXT NOT NULL,
    objectives TEXT NOT NULL,
    note TEXT NOT NULL,
    details_checksum INTEGER NOT NULL
);
{INDEX}CREATE TRIGGER facts_stay BEFORE UPDATE ON facts BEGIN SELECT RAISE(ABORT, 'an archive is append-only'); END;
CREATE TRIGGER facts_remain BEFORE DELETE ON facts BEGIN SELECT RAISE(ABORT, 'an archive is append-only'); END;
CREATE TRIGGER trials_stay BEFORE UPDATE ON trials BEGIN SELECT RAISE(ABORT, 'an archive is append-only'); END;
CREATE TRIGGER trials_remain BEFORE DELETE ON trials BEGIN SELECT RAISE(ABORT, 'an archive is append-only'); END;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
"""


def checked_outcomes(rows: Iterable[tuple[Any, ...]], path: Path) -> Iterator[Outcome]:
    """Yields the outcomes of rows of `OUTCOME_COLUMNS`; raises an ArchiveError at a damaged one."""
    for index, fingerprint, status, gate, score, first, repeat, fidelity, seconds, expected in rows:
        try:
            intact = expected == _checksum(index, fingerprint, status, gate, score, first, repeat, fidelity, seconds)
        except (struct.error, TypeError):  # a value of another type
            intact = False
        if not intact:
            raise damaged_row((index,), path)
        yield Outcome(index, fingerprint, _STATUS[status], gate, score, first, repeat, fidelity, seconds)


_pack = struct.Struct("<qdq?qdd").pack

_STATUS = {str(status): status for status in Status}  # ten times as fast as Status(text)


def _checksum(
    index: int,
    fingerprint: str,
    status: str,
    gate: str,
    score: float | None,
    first: int | None,
    repeat: int,
    fidelity: float,
    seconds: float,
) -> int:
    """Returns the checksum of an outcome: on bytes, since numbers as text would take most of the time of reading."""
    numbers = _pack(
        index,
        math.nan if score is None else score,
        -1 if first is None else first,
        score is None,
        repeat,
        fidelity,
        seconds,
    )
    return zlib.crc32(numbers, zlib.crc32(f"{fingerprint}\0{status}\0{gate}".encode()))


def to_row(trial: Trial) -> tuple[Any, ...]:
    """Returns a trial as a row of `COLUMNS`.

    Raises:
      ArchiveError: its program is beyond what its text can hold, or a number that has to be one is NaN.
    """
    record = to_plain(trial)
    _check_numbers(trial)
    _check_program(trial, record["program"])
    return record_to_row(record)


def record_to_row(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Returns the plain data of a trial as a row of `COLUMNS`."""
    values = {name: _cell(name, value) for name, value in record.items()}
    outcome = tuple(values[name] for name in OUTCOME)
    details = tuple(values[name] for name in DETAILS)
    return (*outcome, _checksum(*outcome), *details, checksum((outcome[0], *details)))


def from_row(row: tuple[Any, ...], path: Path) -> Trial:
    """Returns the trial of a row of `COLUMNS`, after checking both parts."""
    size = len(OUTCOME) + 1
    (outcome,) = checked_outcomes([row[:size]], path)
    details = intact((row[0], *row[size:-1]), row[-1], path)[1:]
    record = dict(zip(FIELDS, outcome + details, strict=True))
    record |= {name: json.loads(record[name]) for name in _JSON if record[name] is not None}
    try:
        return from_plain(record)
    except ActsearchError as error:
        problem = f"{path} has a trial that this version of actsearch cannot read, trial {record['index']}"
        raise ArchiveError(f"{problem}: {error}\nRead it with the version that wrote it (Archive.info).") from error


def _cell(name: str, value: Any) -> Any:
    """Returns a value as SQLite has it. JSON as Python writes it keeps NaN and the infinities, as REAL does not."""
    if name in _JSON:
        return None if value is None else json.dumps(value)
    if isinstance(value, float):
        return value + 0.0  # SQLite has no -0.0, and the checksum would see it
    if name == "note":
        return value.encode("utf-8", "backslashreplace").decode()  # an error's text may hold bytes of a file name
    return value


def _check_numbers(trial: Trial) -> None:
    numbers = {"score": trial.score, "seconds": trial.seconds, "fidelity": trial.fidelity}
    wrong = [name for name, number in numbers.items() if number is not None and math.isnan(number)]
    if wrong:
        problem = f"Trial {trial.index} has NaN for its {' and '.join(wrong)}"
        raise ArchiveError(f"{problem}: give a number; the score of a trial without one is None.")


def _check_program(trial: Trial, text: str) -> None:
    try:
        same = read_program(text) == trial.program
    except ParseError:
        same = False
    if not same:
        shown = text if len(text) <= 80 else text[:77] + "..."
        problem = f"The text of trial {trial.index}'s program does not read back as the program: {shown}"
        raise ArchiveError(f"{problem}. Keep programs within the limits of actsearch.parse (length, nesting, nodes).")

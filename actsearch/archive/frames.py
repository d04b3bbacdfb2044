"""Trials as tables and files for other tools: pandas, Parquet, lines of JSON. For notebooks and `actsearch export`."""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actsearch.archive import format1
from actsearch.language import ActsearchError, ParseError
from actsearch.trials.codec import FIELDS, from_plain, to_plain
from actsearch.trials.trial import Trial

if TYPE_CHECKING:
    import pandas
    import pyarrow

Record = Mapping[str, Any]

COLUMNS = (*(name for name in FIELDS if name not in ("metrics", "objectives")), "scores")
"""Columns of every table; the others are objectives and metrics."""

_OLD_COLUMNS = (
    "index",
    "program",
    "fingerprint",
    "status",
    "score",
    "scores",
    "parents",
    "duplicate_of",
    "seconds",
    "seeds",
    "choices",
    "note",
)
"""Columns of every file that was written before genotypes had a space."""

_INTEGERS = ("index", "first", "duplicate_of", "repeat")
_NUMBERS = ("score", "seconds", "fidelity")
_LISTS = ("parents", "seeds", "choices")
_TEXTS = ("program", "fingerprint", "status", "gate", "space", "note")

_OBJECTIVE, _METRIC = "objectives.", "metrics."

_REMEDY = "Read a file that actsearch.archive.frames.to_parquet or `actsearch export RUN --out FILE.parquet` wrote."


def to_pandas(trials: Sequence[Trial]) -> "pandas.DataFrame":
    """Makes a table of trials, one row each.

    Args:
      trials: those of a run, or any part of them.

    Returns:
      A DataFrame with the columns of the trial's fields, among them program (text), status, gate, score (NaN for none),
      first (Int64), fidelity, and the genotype as space and choices; `scores`, the metric "score"; a column
      `objectives.<task>` for each task; and one for each other metric. Metrics and `scores` are lists with a value per
      seed, None where a seed has none. A metric named like another column, or `objectives.<anything>` or
      `metrics.<anything>`, is called `metrics.<name>`.

    Example:
      >>> from actsearch.language import parse
      >>> metrics = ({"score": 0.75, "loss": 0.5}, {"score": 1.0, "loss": 0.25})
      >>> table = to_pandas([Trial(0, parse("x * sigmoid(x)"), "f00d", "ok", 0.875, metrics, (0, 1))])
      >>> table[["program", "score", "scores", "loss"]]
                 program  score       scores         loss
      0  x * sigmoid(x)  0.875  [0.75, 1.0]  [0.5, 0.25]
    """
    import pandas

    records = [to_plain(trial) for trial in trials]
    rows, names = _rows(records), _names(records)
    table = pandas.DataFrame({name: pandas.Series([row[name] for row in rows], dtype=object) for name in names})
    types = {"index": "int64", "first": "Int64", "repeat": "int64", **dict.fromkeys(_NUMBERS, "float64")}
    return table.astype(types | {name: "float64" for name in names if name.startswith(_OBJECTIVE)})


def to_parquet(trials: Sequence[Trial], path: str | os.PathLike[str]) -> None:
    """Writes the table of `to_pandas` as a Parquet file, whole or not at all, with types that no trial changes.

    The file's folder is made when missing.
    """
    import pyarrow
    import pyarrow.parquet

    records = [to_plain(trial) for trial in trials]
    schema = pyarrow.schema([(name, _type(name)) for name in _names(records)])
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(_rows(records), schema=schema), part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_parquet(path: str | os.PathLike[str], space: str | None = None) -> list[Trial]:
    """Reads the trials of a file that `to_parquet` wrote, now or in an earlier version.

    Args:
      path: of the file.
      space: name of the space that was searched, for a file of an earlier version, which does not say it; without it
        the trials of such a file have no genotypes.

    Returns:
      Equal trials, in the order of the file; of the metrics by seed, one that a seed has none of is absent, as it was;
      NaN and infinity are what they were.

    Raises:
      ActsearchError: not a Parquet file, not one of trials, or one with a program that this version cannot read.

    Example:
      >>> import tempfile
      >>> from actsearch.language import parse
      >>> trials = [Trial(0, parse("x * sigmoid(x)"), "f00d", "ok", 0.9, ({"score": 0.9, "loss": 0.3},), (0,))]
      >>> with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
      ...     to_parquet(trials, file.name)
      ...     read_parquet(file.name) == trials
      True
    """
    import pyarrow
    import pyarrow.parquet

    path = Path(path)
    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise ActsearchError(f"{path} cannot be read as Parquet ({error}). {_REMEDY}") from error
    columns = _OLD_COLUMNS if "duplicate_of" in table.column_names else COLUMNS
    _check(table.schema, columns, path)
    records = [_record(row, columns) for row in table.to_pylist()]
    if columns is _OLD_COLUMNS:
        records = list(format1.convert(records, space, ()))
    return [_trial(record, path) for record in records]


def to_jsonl(trials: Sequence[Trial]) -> Iterator[str]:
    """Yields one line of JSON per trial, in the order of the run.

    A line has the keys index, program, fingerprint, parents, status, gate, score, scores (the metric "score" per seed),
    objectives, first, repeat, fidelity and metrics; NaN and infinity are null. It holds nothing of the machine, so that
    two runs of one configuration can be compared line by line.

    Example:
      >>> from actsearch.language import parse
      >>> print(*to_jsonl([Trial(0, parse("max(x, 0)"), "f00d", "diverged", 0.0, ({"loss": float("nan")},), (0,))]))
      {"index": 0, "program": "max(x, 0)", "fingerprint": "f00d", "parents": [], "status": "diverged", "gate": "",
      "score": 0.0, "scores": [null], "objectives": {}, "first": null, "repeat": 0, "fidelity": 1.0,
      "metrics": [{"loss": null}]}
    """
    for trial in trials:
        record = to_plain(trial)
        metrics = [_finite_values(values) for values in record["metrics"]]
        line = {
            "index": record["index"],
            "program": record["program"],
            "fingerprint": record["fingerprint"],
            "parents": record["parents"],
            "status": record["status"],
            "gate": record["gate"],
            "score": _finite(record["score"]),
            "scores": [values.get("score") for values in metrics],
            "objectives": _finite_values(record["objectives"]),
            "first": record["first"],
            "repeat": record["repeat"],
            "fidelity": record["fidelity"],
            "metrics": metrics,
        }
        yield json.dumps(line, allow_nan=False)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _finite_values(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _finite(value) for name, value in values.items()}


def _names(records: Sequence[Record]) -> list[str]:
    """Returns the names of a table's columns: fixed ones, then objectives and metrics in order of appearance."""
    objectives = dict.fromkeys(_OBJECTIVE + name for record in records for name in record["objectives"])
    return [*COLUMNS, *objectives, *_metric_columns(records).values()]


def _metric_columns(records: Sequence[Record]) -> dict[str, str]:
    """Returns the metrics that any trial has, and the name of the column of each."""
    names = dict.fromkeys(name for record in records for row in record["metrics"] for name in row if name != "score")
    taken = (*COLUMNS, *_OLD_COLUMNS)
    return {n: _METRIC + n if n in taken or n.startswith((_METRIC, _OBJECTIVE)) else n for n in names}


def _rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    columns = _metric_columns(records)
    objectives = dict.fromkeys(name for record in records for name in record["objectives"])
    return [
        {
            **{name: record[name] for name in COLUMNS if name != "scores"},
            "scores": _per_seed(record, "score"),
            **{_OBJECTIVE + name: record["objectives"].get(name) for name in objectives},
            **{column: _per_seed(record, name) for name, column in columns.items()},
        }
        for record in records
    ]


def _per_seed(record: Record, metric: str) -> list[float | None]:
    return [row.get(metric) for row in record["metrics"]]


def _type(name: str) -> "pyarrow.DataType":
    """Returns the type of a column in a file."""
    import pyarrow

    if name in _INTEGERS:
        return pyarrow.int64()
    if name in _NUMBERS or name.startswith(_OBJECTIVE):
        return pyarrow.float64()
    if name in _TEXTS:
        return pyarrow.string()
    return pyarrow.list_(pyarrow.int64() if name in _LISTS else pyarrow.float64())


def _check(schema: "pyarrow.Schema", columns: Sequence[str], path: Path) -> None:
    """Raises where a file has other columns than `to_parquet` writes."""
    missing = [name for name in columns if name not in schema.names]
    if missing:
        raise ActsearchError(f"{path} is no export of trials: it has no column {', '.join(missing)}. {_REMEDY}")
    for name, type_ in zip(schema.names, schema.types, strict=True):
        if type_ != _type(name):
            problem = f"{path} is no export of trials: column {name} has {type_}, not {_type(name)}"
            raise ActsearchError(f"{problem}. {_REMEDY}")


def _record(row: Record, columns: Sequence[str]) -> dict[str, Any]:
    """Returns the plain data of a row of a file."""
    metrics: list[dict[str, float]] = [{} for _ in row["scores"]]
    for column in ("scores", *(name for name in row if name not in columns and not name.startswith(_OBJECTIVE))):
        name = "score" if column == "scores" else column.removeprefix(_METRIC)
        for values, value in zip(metrics, row[column], strict=True):
            if value is not None:
                values[name] = value
    objectives = {
        name.removeprefix(_OBJECTIVE): value
        for name, value in row.items()
        if name.startswith(_OBJECTIVE) and value is not None
    }
    return {**{name: row[name] for name in columns}, "metrics": metrics, "objectives": objectives}


def _trial(record: Record, path: Path) -> Trial:
    try:
        return from_plain(record)
    except ParseError as error:
        problem = f"{path} has a program that this version of actsearch cannot read, in trial {record['index']}"
        raise ActsearchError(f"{problem}: {error}\nRead it with the version that wrote it.") from error

"""Trials as tables and files for other tools: pandas, Parquet, lines of JSON. For notebooks and `actsearch export`."""

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pyarrow.parquet

from actsearch.language import INPUTS, ParseError, parse
from actsearch.trials.trial import Trial


def to_pandas(trials: Sequence[Trial]) -> pandas.DataFrame:
    """Makes a table of trials, one row each.

    Args:
      trials: what `Archive.trials` returned, or any part of it.

    Returns:
      A DataFrame with the columns index, program (text), fingerprint, status, score (NaN for none), scores, parents,
      duplicate_of (Int64), seconds, seeds, choices, note, and one column per metric. Metrics, and `scores` for the
      metric "score", are lists with a value per seed, None where a seed has none. A metric named like another column,
      or `metrics.<anything>`, is called `metrics.<name>`.

    Example:
      >>> from actsearch.language import parse
      >>> metrics = ({"score": 0.75, "loss": 0.5}, {"score": 1.0, "loss": 0.25})
      >>> table = to_pandas([Trial(0, parse("x * sigmoid(x)"), "f00d", "ok", 0.875, metrics, (0, 1))])
      >>> table[["program", "score", "scores", "loss"]]
                 program  score       scores         loss
      0  x * sigmoid(x)  0.875  [0.75, 1.0]  [0.5, 0.25]
    """
    rows = _records(trials)
    table = pandas.DataFrame(
        {name: pandas.Series([row[name] for row in rows], dtype=object) for name in _names(trials)}
    )
    types = {"index": "int64", "score": "float64", "duplicate_of": "Int64", "seconds": "float64"}
    return table.astype(types)


def to_parquet(trials: Sequence[Trial], path: str | os.PathLike[str]) -> None:
    """Writes the table of `to_pandas` as a Parquet file, whole or not at all, with types that no trial changes."""
    schema = pyarrow.schema([(name, _TYPES.get(name, _VALUES)) for name in _names(trials)])
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(_records(trials), schema=schema), part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_parquet(path: str | os.PathLike[str]) -> list[Trial]:
    """Reads the trials of a file that `to_parquet` wrote.

    Args:
      path: of the file.

    Returns:
      Equal trials, in the order of the file: programs with the choices that made them, metrics by seed. A metric that a
      seed has none of is absent, as it was; NaN and infinity are what they were.

    Raises:
      ValueError: not a Parquet file, not one of trials, or one with a program that this version cannot read.

    Example:
      >>> import tempfile
      >>> trials = [Trial(0, parse("x * sigmoid(x)"), "f00d", "ok", 0.9, ({"score": 0.9, "loss": 0.3},), (0,))]
      >>> with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
      ...     to_parquet(trials, file.name)
      ...     read_parquet(file.name) == trials
      True
    """
    path = Path(path)
    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{path} cannot be read as Parquet ({error}). {_REMEDY}") from error
    _check(table.schema, path)
    return [_trial(row, path) for row in table.to_pylist()]


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


_VALUES = pyarrow.list_(pyarrow.float64())
_TYPES: dict[str, pyarrow.DataType] = {
    **dict.fromkeys(("program", "fingerprint", "status", "note"), pyarrow.string()),
    **dict.fromkeys(("index", "duplicate_of"), pyarrow.int64()),
    **dict.fromkeys(("score", "seconds"), pyarrow.float64()),
    **dict.fromkeys(("parents", "seeds", "choices"), pyarrow.list_(pyarrow.int64())),
}
"""Of the columns in a file; every other one has the values of a metric."""

_REMEDY = "Read a file that actsearch.archive.frames.to_parquet or `actsearch export RUN --out FILE.parquet` wrote."


def _check(schema: pyarrow.Schema, path: Path) -> None:
    """Raises where a file has other columns than `to_parquet` writes."""
    missing = [name for name in _FIXED if name not in schema.names]
    if missing:
        raise ValueError(f"{path} is no export of trials: it has no column {', '.join(missing)}. {_REMEDY}")
    for name, found in zip(schema.names, schema.types, strict=True):
        wanted = _TYPES.get(name, _VALUES)
        if found != wanted:
            raise ValueError(f"{path} is no export of trials: column {name} has {found}, not {wanted}. {_REMEDY}")


def _trial(row: dict[str, Any], path: Path) -> Trial:
    metrics: tuple[dict[str, float], ...] = tuple({} for _ in row["scores"])
    for column in ("scores", *(name for name in row if name not in _FIXED)):
        name = "score" if column == "scores" else column.removeprefix("metrics.")
        for one, value in zip(metrics, row[column], strict=True):
            if value is not None:
                one[name] = value
    try:
        program = parse(row["program"], inputs=INPUTS)
    except ParseError as error:
        problem = f"{path} has a program that this version of actsearch cannot read, in trial {row['index']}"
        raise ValueError(f"{problem}: {error}\nRead it with the version that wrote it.") from error
    choices = None if row["choices"] is None else tuple(row["choices"])
    return Trial(
        index=row["index"],
        program=dataclasses.replace(program, choices=choices),
        fingerprint=row["fingerprint"],
        status=row["status"],
        score=row["score"],
        metrics=metrics,
        seeds=tuple(row["seeds"]),
        parents=tuple(row["parents"]),
        duplicate_of=row["duplicate_of"],
        seconds=row["seconds"],
        note=row["note"],
    )


def _per_seed(trial: Trial, metric: str) -> list[float | None]:
    return [float(one[metric]) if metric in one else None for one in trial.metrics]


def _metric_names(trials: Sequence[Trial]) -> dict[str, str]:
    """Returns the metrics that any trial has, in order of appearance, and the name of the column of each."""
    names = dict.fromkeys(name for trial in trials for one in trial.metrics for name in one if name != "score")
    return {name: f"metrics.{name}" if name in _FIXED or name.startswith("metrics.") else name for name in names}


def _names(trials: Sequence[Trial]) -> list[str]:
    return [*_FIXED, *_metric_names(trials).values()]

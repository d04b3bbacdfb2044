"""Trials as tables and files for other tools: pandas, Parquet, lines of JSON. For notebooks and `actsearch export`."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pyarrow.parquet

from actsearch.trial import Trial


def to_pandas(trials: Sequence[Trial]) -> pandas.DataFrame:
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
    rows = _records(trials)
    table = pandas.DataFrame(
        {name: pandas.Series([row[name] for row in rows], dtype=object) for name in _names(trials)}
    )
    types = {"index": "int64", "score": "float64", "duplicate_of": "Int64", "seconds": "float64"}
    return table.astype(types)


def to_parquet(trials: Sequence[Trial], path: str | os.PathLike[str]) -> None:
    """Writes the table of `to_pandas` as a Parquet file, whole or not at all, with types that no trial changes."""
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

"""Archives of format 1 as ones of format 2, in memory: everything that reads an archive then knows one format.

Format 1 had the gate in the status ("rejected:finite"), choices without their space, the steps of a training among its
metrics, and no objectives. `archive` and `frames` use it; nothing writes it.
"""

import json
import math
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from actsearch.archive.creation import add_facts
from actsearch.archive.rows import INSERT, TABLES, record_to_row
from actsearch.archive.sqlite import damaged_row, explained

_FIELDS = (
    "index",
    "program",
    "choices",
    "fingerprint",
    "status",
    "score",
    "metrics",
    "seeds",
    "parents",
    "duplicate_of",
    "seconds",
    "note",
)
_JSON = ("choices", "metrics", "seeds", "parents")
_QUERY = f"SELECT {', '.join(('id', *_FIELDS[1:], 'checksum'))} FROM trials ORDER BY id"


def converted(old: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Returns a database of format 2 in memory with what an archive of format 1 holds, every row checked."""
    with explained(path):
        facts = [_intact(row, path) for row in old.execute("SELECT name, value, checksum FROM facts")]
        records = [_record(_intact(row, path)) for row in old.execute(_QUERY)]
    texts = dict(facts)
    config = json.loads(texts["config"])
    new = sqlite3.connect(":memory:", isolation_level=None)
    new.executescript(TABLES)
    add_facts(new, json.dumps(convert_config(config)), texts["info"])
    tasks = str(config.get("task", "")).split("+")
    new.executemany(INSERT, map(record_to_row, convert(records, config.get("space"), tasks)))
    new.execute("COMMIT")
    return new


def convert(records: Sequence[Mapping[str, Any]], space: str | None, tasks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yields the plain data of trials of format 1 as `actsearch.trials.codec` has it.

    Args:
      records: all trials of a run, in order.
      space: of the choices; None drops them, since choices of an unknown space mean nothing.
      tasks: of the run, in order; none where they are unknown.
    """
    full = max((_steps(record) for record in records), default=math.inf, key=_finite)
    evaluations: Counter[tuple[int, float]] = Counter()
    for record in records:
        steps = _steps(record)
        fidelity = steps / full if math.isfinite(steps) else 1.0
        row = _converted(record, space, tasks)
        candidate = (row["index"] if row["first"] is None else row["first"], fidelity)
        repeat = evaluations[candidate] if row["status"] != "duplicate" else 0
        evaluations[candidate] += row["status"] != "duplicate"
        yield row | {"fidelity": fidelity, "repeat": repeat}


def convert_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the configuration of a run of format 1 with the names of today; other ones stay as they are."""
    if not config.keys() >= {"space", "task", "controller", "options", "seed", "seeds_per_trial"}:
        return dict(config)
    options, count = dict(config["options"]), config["seeds_per_trial"]
    wrappers = [(name, options.pop(name)) for name in ("successive_halving", "repeated") if name in options]
    controller = {"name": config["controller"], **options}
    for name, settings in wrappers:
        controller = {"name": name, **settings, "inner": controller}
    return {
        "space": config["space"],
        "evaluator": _evaluator(config["task"], range(config["seed"] * count, (config["seed"] + 1) * count)),
        "controller": controller,
        "seed": config["seed"],
        "batch": config.get("batch"),
    }


def _evaluator(task: str, seeds: range) -> dict[str, Any]:
    """Returns the identity of an evaluator of format 1: it kept no digests and no engine, and a table its own seeds."""
    if task.startswith("tabular-"):
        return {"kind": "tabular", "table": task, "seeds_per_trial": len(seeds)}
    return {"kind": "training", "tasks": dict.fromkeys(task.split("+")), "seeds": list(seeds)}


def _converted(record: Mapping[str, Any], space: str | None, tasks: Sequence[str]) -> dict[str, Any]:
    status, _, gate = record["status"].partition(":")
    choices = record["choices"] if space is not None else None
    return {
        "index": record["index"],
        "fingerprint": record["fingerprint"],
        "status": status,
        "gate": gate,
        "score": record["score"],
        "first": record["duplicate_of"],
        "seconds": record["seconds"],
        "program": record["program"],
        "space": None if choices is None else space,
        "choices": choices,
        "parents": record["parents"],
        "seeds": record["seeds"],
        "metrics": record["metrics"],
        "objectives": _objectives(record["metrics"], tasks),
        "note": record["note"],
    }


def _objectives(metrics: Sequence[Mapping[str, float]], tasks: Sequence[str]) -> dict[str, float]:
    """Returns the mean score on each task; a shortened one had its steps in its name, so that the order tells."""
    if not metrics:
        return {}
    names = [name for name in metrics[0] if name.endswith("/score")]
    if not names and len(tasks) == 1:
        names = ["score"]
    if len(tasks) != len(names):
        tasks = [name.removesuffix("/score") for name in names]
    means = (sum(row.get(name, math.nan) for row in metrics) / len(metrics) for name in names)
    return dict(zip(tasks, means, strict=True))


def _steps(record: Mapping[str, Any]) -> float:
    """Returns the steps of a training; infinity where it was no shortened one, or none at all."""
    return min((row.get("steps", math.inf) for row in record["metrics"]), default=math.inf)


def _finite(steps: float) -> float:
    return steps if math.isfinite(steps) else 0.0


def _record(row: Sequence[Any]) -> dict[str, Any]:
    record = dict(zip(_FIELDS, row, strict=True))
    return record | {name: json.loads(record[name]) for name in _JSON if record[name] is not None}


def _intact(row: tuple[Any, ...], path: Path) -> tuple[Any, ...]:
    """Returns a row without its last column, the checksum, after comparing it."""
    *values, expected = row
    if any(isinstance(value, bytes) for value in values) or zlib.crc32(json.dumps(values).encode()) != expected:
        raise damaged_row(row, path)
    return tuple(values)

"""The published table of fidelities: which networks order functions as a task does, so that a search can say so."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from actsearch.analysis import Fidelity, Interval
from actsearch.evaluation.table import DIRECTORY
from actsearch.language import ActsearchError
from actsearch.tasks import Task

FIDELITY = DIRECTORY / "fidelity.json"
"""The file of the package, as `experiments/fidelity.py` makes it; where it is absent nothing is known."""


def fidelity_of(task: Task, path: Path = FIDELITY) -> tuple[Fidelity, ...]:
    """Returns how a task orders the published panel of functions as compared with held-out targets.

    Args:
      task: searched on. One that is not the measured one, by its digest, such as a shorter one, has no rows.
      path: of the table.

    Returns:
      One row for each target, criterion and choice of rates; empty where nothing was measured.

    Example:
      >>> from actsearch.tasks import get_task
      >>> fidelity_of(get_task("digits-mlp").at_fidelity(0.5))
      ()
    """
    if not path.exists():
        return ()
    record = json.loads(path.read_text())
    if task.name not in record["digests"] or record["digests"][task.name] != _digest(task):
        return ()
    rows = (_row(row) for row in record["rows"])
    return tuple(row for row in rows if row.proxy == task.name != row.target)


def fidelity_record(rows: Iterable[Fidelity], digests: Mapping[str, str]) -> dict[str, Any]:
    """Returns fidelities as JSON has them, with the digests of their tasks; NaN is null.

    Args:
      rows: from `actsearch.analysis.fidelities`.
      digests: of every proxy, by name.
    """
    return {
        "digests": dict(digests),
        "rows": [
            row._asdict() | {"tau": [_null(number) for number in row.tau], "ceiling": _null(row.ceiling)}
            for row in rows
        ],
    }


def _digest(task: Task) -> str | None:
    try:
        return task.digest
    except ActsearchError:  # its data are not on this machine
        return None


def _row(row: Mapping[str, Any]) -> Fidelity:
    tau = Interval(*(_nan(number) for number in row["tau"]))
    return Fidelity(**{**row, "tau": tau, "ceiling": _nan(row["ceiling"])})


def _null(number: float) -> float | None:
    return round(number, 4) if number == number else None


def _nan(number: float | None) -> float:
    return float("nan") if number is None else number

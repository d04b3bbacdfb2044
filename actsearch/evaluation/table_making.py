"""The writer of tables: a space's trials on some tasks, in the order of the space, as columns of a file."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from actsearch.evaluation.table import TRAINED, count_column, metric_column
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.trials import Trial

if TYPE_CHECKING:
    import pandas as pd


def make_table(space: Space, runs: Mapping[str, Sequence[Trial]]) -> "pd.DataFrame":
    """Returns a table: for each expression of a space what the gates said, and what training gave on each task.

    The first expression of each function, in the order of the space, holds its results; the others are its duplicates.

    Args:
      space: small enough that every genotype was evaluated.
      runs: name of a task -> the trials of an exhaustive search on it alone, with the same seeds on every task. A trial
        may have only the first of the seeds that another has.

    Returns:
      Columns program, choices, fingerprint, function (row of the first expression that computes the same), gate, and
      for each task status, score, and by seed loss and, where the task has one, accuracy; the number of seeds too,
      where functions have different ones. `to_parquet(path)` makes the file of a `Table`.

    Raises:
      ActsearchError: a run that does not hold every genotype once.
    """
    import pandas as pd  # takes half a second, which a search need not pay

    ordered = {task: _ordered(space, task, trials) for task, trials in runs.items()}
    first = next(iter(ordered.values()))
    owners: dict[str, int] = {}
    functions = [owners.setdefault(trial.fingerprint, row) for row, trial in enumerate(first)]
    frame = pd.DataFrame(
        {
            "program": [str(trial.program) for trial in first],
            "choices": [list(genotype.choices) for genotype in space.enumerate()],
            "fingerprint": [trial.fingerprint for trial in first],
            "function": np.array(functions, np.int32),
        }
    )
    owns = [function == row for row, function in enumerate(functions)]
    results = {task: {t.fingerprint: t for t in trials if t.first is None} for task, trials in ordered.items()}
    gates = [_gate(next(iter(results.values()))[trial.fingerprint]) for trial in first]
    frame["gate"] = np.where(owns, gates, "duplicate")
    for task, by_fingerprint in results.items():
        rows = [by_fingerprint[t.fingerprint] if own else None for t, own in zip(first, owns, strict=True)]
        frame = frame.assign(**_columns(task, rows))
    return frame


def _ordered(space: Space, task: str, trials: Sequence[Trial]) -> list[Trial]:
    """Returns the trials in the order of the space's genotypes."""
    by_genotype = {trial.genotype: trial for trial in trials}
    if len(trials) != space.count() or any(genotype not in by_genotype for genotype in space.enumerate()):
        raise ActsearchError(
            f"A table needs each of the {space.count():,} genotypes of {space.name} once; the run on {task} has "
            f"{len(trials):,} trials: search exhaustively, with that budget."
        )
    return [by_genotype[genotype] for genotype in space.enumerate()]


def _gate(trial: Trial) -> str:
    return TRAINED if trial.metrics else trial.stage


def _columns(task: str, trials: Sequence[Trial | None]) -> "dict[str, pd.Series]":
    """Returns the columns of one task; empty where there is no trial."""
    import pandas as pd

    columns = {
        f"{task}/status": pd.Series(pd.Categorical([trial.stage if trial else None for trial in trials])),
        f"{task}/score": pd.Series([trial and trial.score for trial in trials], dtype="float32"),
    }
    counts = [len(trial.metrics) if trial else 0 for trial in trials]
    if len({*counts} - {0}) > 1:
        columns[count_column(task)] = pd.Series(counts, dtype="int8")
    measured = {name for trial in trials if trial and trial.metrics for name in trial.metrics[0]}
    for metric in ("accuracy", "loss"):
        for seed in range(max(counts, default=0) if metric in measured else 0):
            values = [
                trial.metrics[seed][metric] if trial and seed < count else np.nan
                for trial, count in zip(trials, counts, strict=True)
            ]
            columns[metric_column(task, metric, seed)] = pd.Series(values, dtype="float32")
    return columns

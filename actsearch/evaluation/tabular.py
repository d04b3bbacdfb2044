"""Tabular tasks: a whole space trained once, kept in a file, and looked up in microseconds.

They measure controllers, not functions: a search on a table takes what its controller takes, so that hundreds of runs
tell luck from skill. Each function of a table was trained with several seeds. A run chooses by the first of them, or
by more where it repeats, and is judged by those that it left, so that a controller is not praised for luck.
"""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

Metric = Literal["accuracy", "likelihood"]

DIRECTORY = Path(__file__).parent / "tables"
SPACES = {"swish1": "swish-1", "actbench": "act-bench"}
"""Short name in the names of tasks -> the space's own name, and that of its file."""

NETWORKS = ("digits-mlp", "digits-deep-mlp", "digits-resnet")
SEEDS = 3


class Table(NamedTuple):
    """One file, on one network; row i is the expression at place i of the space's `enumerate`.

    Attributes:
      sizes: options of each decision of the space.
      functions: place of the first expression that computes the same function, int32 [expressions].
      gates: what the gates say of each expression: "trained" or "rejected:<gate>".
      scores: float64 [expressions, seeds] in [0, 1]; 0 where training diverged, NaN where there was none.
      finite: whether each training kept a finite loss, bool [expressions, seeds].
    """

    sizes: tuple[int, ...]
    functions: np.ndarray
    gates: np.ndarray
    scores: np.ndarray
    finite: np.ndarray

    def place(self, choices: Sequence[int]) -> int:
        """Returns the row of a choice vector."""
        row = 0
        for choice, size in zip(choices, self.sizes, strict=True):
            row = row * size + choice
        return row


@dataclasses.dataclass(frozen=True)
class Tabular:
    """A task whose trainings were done in advance.

    Attributes:
      name: such as "tabular-swish1-digits-resnet".
      space: the one space that it can score.
      network: the task that its functions were trained on.
      metric: the score of a training: "accuracy" as the task has it, or "likelihood", exp(-mean cross entropy), the
        geometric mean of the probabilities of the right classes, which 449 examples measure with less noise.

    Example:
      >>> task = get_tabular("tabular-swish1-digits-resnet")
      >>> row = task.table.place((0, 20, 1))  # x * sigmoid(x)
      >>> [round(float(score), 3) for score in task.table.scores[row]]
      [0.955, 0.96, 0.955]
    """

    name: str
    space: str
    network: str
    metric: Metric = "accuracy"

    @functools.cached_property
    def table(self) -> Table:
        """The table, read once."""
        return _read(DIRECTORY / f"{self.space}.parquet", self.network, self.metric)

    def seeds(self, seed: int) -> tuple[int, ...]:
        """Returns the table's seeds in the order in which a run uses them; those that it leaves judge it.

        Args:
          seed: of the run.

        Example:
          >>> get_tabular("tabular-swish1-digits-mlp").seeds(4)
          (1, 2, 0)
        """
        return tuple((seed + i) % SEEDS for i in range(SEEDS))

    def judged(self, seed: int, used: int = 1) -> np.ndarray:
        """Returns the mean score of every expression over the seeds that a run did not choose by, [expressions].

        Args:
          seed: of the run.
          used: how many of its seeds it chose by, 1 to 2.
        """
        return self.table.scores[:, list(self.seeds(seed)[used:])].mean(axis=1)


@functools.cache
def _read(path: Path, network: str, metric: Metric) -> Table:
    rows = pd.read_parquet(path)
    columns = {name: rows[[f"{network}/{name}_{seed}" for seed in range(SEEDS)]] for name in ("accuracy", "loss")}
    accuracy, loss = (columns[name].to_numpy(np.float64) for name in ("accuracy", "loss"))
    functions = rows["function"].to_numpy(np.int32)
    gates = rows["gate"].to_numpy(str)[functions]
    finite = np.isfinite(loss)[functions]
    scores = np.where(finite, (accuracy if metric == "accuracy" else np.exp(-loss))[functions], 0.0)
    scores[gates != "trained"] = np.nan
    sizes = tuple(int(size) for size in np.stack(rows["choices"].to_list()).max(axis=0) + 1)
    return Table(sizes, functions, gates, scores, finite)


_SUFFIXES: dict[Metric, str] = {"accuracy": "", "likelihood": "-likelihood"}

TABULAR = {
    (name := f"tabular-{short}-{network}{suffix}"): Tabular(name, space, network, metric)
    for short, space in SPACES.items()
    for network in NETWORKS
    for metric, suffix in _SUFFIXES.items()
}
"""Every tabular task by name."""


def get_tabular(name: str) -> Tabular:
    """Returns a named tabular task; raises ValueError with the known names otherwise."""
    if name not in TABULAR:
        raise ValueError(f"Unknown task {name!r}; the tables are {', '.join(TABULAR)}.")
    return TABULAR[name]

"""Tables: a whole space trained once, several seeds each, and kept in a file. The reader and their names.

A table measures controllers, not functions: a search on it takes what its controller takes, so that hundreds of runs
tell luck from skill. A run selects by some seeds and is evaluated on those held out, so that luck is not praised.
"""

import dataclasses
import functools
import hashlib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actsearch.language import ActsearchError, Program
from actsearch.spaces import Genotype

if TYPE_CHECKING:
    pass

Metric = Literal["accuracy", "likelihood"]

TRAINED = "trained"
"""What the column `gate` holds for a function that no gate rejected; else a trial's stage, such as rejected:finite."""

DIRECTORY = Path(__file__).parent / "tables"


def metric_column(task: str, metric: str, seed: int) -> str:
    """Returns the name of a column: accuracy or loss of a task's trainings with one seed."""
    return f"{task}/{metric}_{seed}"


def count_column(task: str) -> str:
    """Returns the name of the column of how many seeds trained a function, where functions have different ones."""
    return f"{task}/seeds"


class Rows(NamedTuple):
    """Contents of a table; row i is the expression at place i of the space's `enumerate`.

    Attributes:
      sizes: options of each decision of the space.
      programs: the expressions, text [expressions].
      functions: row of the first expression that computes the same function, int32 [expressions].
      fingerprints: of the functions, text [expressions].
      gates: what the gates say of each function, TRAINED or a stage such as "rejected:finite", text [expressions].
      scores: float64 [expressions, seeds] in [0, 1]; 0 where training diverged, NaN where there was none: for what a
        gate rejected, and where a table has some of its seeds for its best functions alone.
      finite: whether each training kept a finite loss, bool [expressions, seeds]; True where there was none.
    """

    sizes: tuple[int, ...]
    programs: NDArray[np.str_]
    functions: NDArray[np.int32]
    fingerprints: NDArray[np.str_]
    gates: NDArray[np.str_]
    scores: NDArray[np.float64]
    finite: NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Table:
    """Trainings of every function of a space on one task, done in advance.

    Attributes:
      name: such as "tabular-swish1-digits-resnet".
      space: name of the one space that it can score.
      task: name of the task that its functions were trained on.
      metric: score of a training: "accuracy", or "likelihood", exp(-mean cross entropy), the geometric mean of the
        probabilities of the right classes, which a few hundred examples measure with less noise.
      path: the file, as `make_table` makes it, in the Parquet format.

    Example:
      >>> table = get_table("tabular-swish1-digits-resnet")
      >>> row = table.row(Genotype("swish-1", (0, 20, 1)))  # x * sigmoid(x)
      >>> [round(float(score), 3) for score in table.rows.scores[row]]
      [0.955, 0.96, 0.955]
    """

    name: str
    space: str
    task: str
    metric: Metric
    path: Path

    @functools.cached_property
    def rows(self) -> Rows:
        """The contents, read when first asked for and kept by this object alone."""
        return _read(self.path, self.task, self.metric)

    @functools.cached_property
    def digest(self) -> str:
        """Identity of the contents, 16 hexadecimal digits."""
        rows = self.rows
        digest = hashlib.blake2b(repr(rows.sizes).encode(), digest_size=8)
        for texts in (rows.programs, rows.fingerprints, rows.gates):
            digest.update("\n".join(texts).encode())
        for numbers in (rows.functions, rows.scores):
            digest.update(numbers.tobytes())
        return digest.hexdigest()

    def row(self, genotype: Genotype) -> int:
        """Returns the row of a genotype; raises ActsearchError for one of another space."""
        if genotype.space != self.space:
            raise ActsearchError(f"{self.name} is a table of {self.space}; received a genotype of {genotype.space}.")
        try:
            return int(np.ravel_multi_index(genotype.choices, self.rows.sizes))
        except ValueError:
            raise ActsearchError(
                f"{self.name} is a table of another space of the name {self.space}: it has {self.rows.sizes} options; "
                f"received the choices {genotype.choices}."
            ) from None

    def row_of(self, genotype: Genotype, program: Program) -> int:
        """Returns the row of a genotype; raises ActsearchError where the table has another program there."""
        row = self.row(genotype)
        if self.rows.programs[row] != str(program):
            raise ActsearchError(
                f"{self.name} is a table of another space of the name {self.space}: it has {self.rows.programs[row]} "
                f"at {genotype.choices}; received {program}."
            )
        return row

    @functools.cached_property
    def complete(self) -> int:
        """How many of the table's seeds trained every function, the first ones; the others trained the best alone."""
        trained = self.rows.gates == TRAINED
        return int((~np.isnan(self.rows.scores[trained])).all(axis=0).sum())

    def seeds(self, seed: int) -> tuple[int, ...]:
        """Returns the table's seeds in the order in which a run uses them; those that are left evaluate it.

        Args:
          seed: of the run.

        Example:
          >>> get_table("tabular-swish1-digits-mlp").seeds(4)
          (1, 2, 0)
        """
        count = self.complete
        return (*((seed + i) % count for i in range(count)), *range(count, self.rows.scores.shape[1]))

    def held_out(self, seed: int, used: int = 1) -> NDArray[np.float64]:
        """Returns the mean score of every expression over the seeds that a run did not select by, [expressions].

        A function that none of these trained, which is not among the table's best, has the mean of its other seeds.

        Args:
          seed: of the run.
          used: how many seeds it selected by, at least 1 and fewer than the table has.
        """
        order = list(self.seeds(seed))
        left, others = (self.rows.scores[:, part].mean(axis=1) for part in (order[used:], order[: self.complete]))
        return np.asarray(np.where(np.isnan(left), others, left))

    def threshold(self, seed: int, share: float, used: int = 1) -> float:
        """Returns the lowest held-out score among the best share of the distinct functions; the best one's for 0."""
        rows = self.rows
        distinct = (rows.functions == np.arange(len(rows.functions))) & (rows.gates == TRAINED)
        scores = np.sort(self.held_out(seed, used)[distinct])[::-1]
        return float(scores[max(1, round(share * len(scores))) - 1])

    def chance(self, seed: int, share: float, used: int = 1) -> float:
        """Returns the probability that a random expression is among the best share of the functions."""
        scores = np.nan_to_num(self.held_out(seed, used), nan=-1.0)
        return float((scores >= self.threshold(seed, share, used)).mean())


def _read(path: Path, task: str, metric: Metric) -> Rows:
    from pyarrow.parquet import ParquetFile

    # Through lists: pyarrow's own `to_numpy` imports pandas, 0.3 s before the first line of a search.
    table = ParquetFile(path).read()
    seeds = sum(name.startswith(metric_column(task, "loss", 0)[:-1]) for name in table.column_names)

    def column(name: str, kind: type) -> NDArray[Any]:
        return np.array(table[name].to_pylist(), kind)

    def columns(name: str) -> NDArray[np.float64]:
        return np.stack([column(metric_column(task, name, seed), np.float64) for seed in range(seeds)], axis=1)

    loss, functions = columns("loss"), column("function", np.int32)
    gates = column("gate", str)[functions]
    counted = count_column(task) in table.column_names
    counts = column(count_column(task), np.int32)[functions] if counted else np.full(len(functions), seeds)
    counts[gates != TRAINED] = 0
    missing = np.arange(seeds) >= counts[:, None]
    finite = np.isfinite(loss)[functions] | missing
    scores = np.where(finite, (columns("accuracy") if metric == "accuracy" else np.exp(-loss))[functions], 0.0)
    scores[missing] = np.nan
    sizes = tuple(int(size) for size in column("choices", int).max(axis=0) + 1)
    programs, fingerprints = column("program", str), column("fingerprint", str)[functions]
    return Rows(sizes, programs, functions, fingerprints, gates, scores, finite)


_DIGITS = ("digits-mlp", "digits-deep-mlp", "digits-resnet")

FILES: Mapping[str, tuple[str, tuple[str, ...]]] = types.MappingProxyType(
    {
        "swish-1": ("swish-1", _DIGITS),
        "act-bench": ("act-bench", _DIGITS),
        "swish-1-mnist1d": ("swish-1", ("mnist1d-mlp",)),
        "swish-1-mnist1d-resnet": ("swish-1", ("mnist1d-resnet",)),
        "swish-1-text": ("swish-1", ("text-ffn-short",)),
    }
)
"""Name of a file in the package -> its space and the tasks that its functions were trained on."""

_SUFFIXES: Mapping[Metric, str] = types.MappingProxyType({"accuracy": "", "likelihood": "-likelihood"})


def _tables(file: str, space: str, task: str) -> Iterator[Table]:
    """Yields the tables of a task in a file: one a metric; a language model has no accuracy."""
    for metric, suffix in _SUFFIXES.items():
        if metric == "likelihood" or not task.startswith("text-"):
            name = f"tabular-{space.replace('-', '')}-{task}{suffix}"
            yield Table(name, space, task, metric, DIRECTORY / f"{file}.parquet")


TABLES: Mapping[str, Table] = types.MappingProxyType(
    {
        table.name: table
        for file, (space, tasks) in FILES.items()
        for task in tasks
        for table in _tables(file, space, task)
    }
)
"""The tables in the package by name."""


def get_table(name: str) -> Table:
    """Returns a named table; raises ActsearchError with the known names otherwise."""
    if name not in TABLES:
        raise ActsearchError(f"Unknown table {name!r}; the tables are {', '.join(TABLES)}.")
    return TABLES[name]

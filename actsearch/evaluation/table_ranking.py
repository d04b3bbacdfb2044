"""The functions of a table in order: where each stands in its whole space, for notebooks and studies."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from actsearch.engine import fingerprint
from actsearch.evaluation.table import TRAINED, Table, get_table
from actsearch.language import ActsearchError, Program, parse

_VERSIONS = (2, 1)  # of fingerprints: a table keeps those of its time


class RankedFunction(NamedTuple):
    """A function of a table.

    Attributes:
      place: among all distinct functions that were trained, 1 for the best; they stand in the table's order where
        scores are equal. Where a table trained its best functions with more seeds, these come first.
      formula: its first expression.
      fingerprint: as the table has it.
      score: mean over the seeds that count, in [0, 1]; 0 where any training diverged.
      scores: of each of these seeds; NaN for one that did not train the function.
    """

    place: int
    formula: str
    fingerprint: str
    score: float
    scores: tuple[float, ...]

    @property
    def program(self) -> Program:
        """The function as a program."""
        return parse(self.formula)


@dataclasses.dataclass(frozen=True)
class TableRanking:
    """What `rank_table` returns.

    Attributes:
      rows: every distinct function that was trained, best first.
    """

    rows: tuple[RankedFunction, ...]

    @functools.cached_property
    def _by_fingerprint(self) -> dict[str, RankedFunction]:
        return {row.fingerprint: row for row in self.rows}

    def row(self, program: Program) -> RankedFunction:
        """Returns the row of a function, however it is written; raises ActsearchError where the table has none."""
        for version in _VERSIONS:
            if row := self._by_fingerprint.get(fingerprint(program, version)):
                return row
        raise ActsearchError(f"The table has trained no function that computes {program}.")


def rank_table(table: Table | str, seeds: Sequence[int] | None = None) -> TableRanking:
    """Ranks the functions of a table by their mean score.

    Args:
      table: a Table, or the name of one.
      seeds: of the table, those that count; all by default.

    Raises:
      ActsearchError: an unknown name, no seeds, or one that the table does not have.

    Example:
      >>> ranking = rank_table("tabular-swish1-digits-resnet")
      >>> len(ranking.rows), ranking.rows[0].formula
      (3713, 'min(beta * x, sin(x))')
      >>> row = ranking.row(parse("x * sigmoid(x)"))
      >>> row.place, round(row.score, 3)
      (110, 0.957)
    """
    table = get_table(table) if isinstance(table, str) else table
    rows, known = table.rows, range(table.rows.scores.shape[1])
    seeds = list(known if seeds is None else seeds)
    if not seeds or not set(seeds) <= set(known):
        raise ActsearchError(f"{table.name} has the seeds {list(known)}; received {seeds}.")
    first = (rows.functions == np.arange(len(rows.functions))) & (rows.gates == TRAINED)
    trained = (~np.isnan(rows.scores[:, seeds])).sum(axis=1)
    distinct = np.flatnonzero(first & (trained > 0))
    means = np.nansum(rows.scores[:, seeds], axis=1) / np.maximum(trained, 1)
    scores = np.where(rows.finite[:, seeds].all(axis=1), means, 0.0)
    ordered = distinct[np.lexsort((-scores[distinct], -trained[distinct]))]
    return TableRanking(tuple(_row(table, seeds, place, i, scores[i]) for place, i in enumerate(ordered.tolist(), 1)))


def _row(table: Table, seeds: list[int], place: int, i: int, score: float) -> RankedFunction:
    rows = table.rows
    by_seed = tuple(rows.scores[i, seeds].tolist())
    return RankedFunction(place, str(rows.programs[i]), str(rows.fingerprints[i]), float(score), by_seed)

"""A ranking of units as a table; `mean_ranks` draws it."""

from typing import Any

from rich.table import Table

from actsearch.analysis import Cost, UnitRanking
from actsearch.report.rendering import Column, render


def ranking_table(ranking: UnitRanking, count: int | None = None) -> Table:
    """Returns a ranking as a table, best first: mean rank with its interval, mean score on each task, cost.

    Args:
      ranking: from `actsearch.evaluation.rank_units`.
      count: how many units; all by default.
    """
    columns: list[Column | str] = [Column("place", "d"), "unit", Column("mean rank", ".1f")]
    columns += [Column(task, ".4f") for task in ranking.tasks]
    priced = any(unit.cost is not None for unit in ranking.units)
    columns += [Column(name.removesuffix("_ms"), ".2f") for name in Cost._fields] if priced else []
    diverged = any(unit.diverged for unit in ranking.units)
    columns += [Column("diverged", "d")] if diverged else []
    rows: list[list[Any]] = []
    for place, unit in enumerate(ranking.units[:count], start=1):
        row = [place, unit.name, unit.mean_rank, *unit.means]
        row += (unit.cost or (None,) * len(Cost._fields)) if priced else ()
        rows.append([*row, unit.diverged] if diverged else row)
    return render(rows, columns, _title(ranking) + ("; cost relative to ReLU" if priced else ""))


def _title(ranking: UnitRanking) -> str:
    share = f"{ranking.confidence:.0%}".replace("%", " %")
    return (
        f"{len(ranking.units)} units on {len(ranking.tasks)} tasks, {len(ranking.seeds)} seeds: mean rank with its "
        f"{share} interval over tasks, and mean scores on {ranking.part} data"
    )


def ranking_verdict(ranking: UnitRanking) -> str:
    """Returns what the tests say of a ranking, one sentence or two."""
    difference, first = ranking.critical_difference, ranking.units[0].mean_rank.estimate
    apart = sum(unit.mean_rank.estimate - first >= difference for unit in ranking.units)
    return (
        f"All units equal: p = {ranking.p_value:.2g} (Friedman). Two mean ranks that differ by less than "
        f"{difference:.1f} are not told apart by {len(ranking.tasks)} tasks (Nemenyi); {apart} of "
        f"{len(ranking.units)} units are told apart from the first."
    )

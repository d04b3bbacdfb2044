"""From the rows of `controllers.py` to its table of targets and its figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from rich.table import Table

from actsearch.analysis import Interval
from actsearch.evaluation import get_table
from actsearch.report import regret_panels, render

BEATS_RANDOM = ("evolution", "evolution, small", "ppo", "ppo, plain", "reinforce", "gflownet", "pareto")
"""Controllers whose regret is compared with that of random search."""

DRAWN = ("random", "evolution, small", "ppo", "gflownet", "surrogate")
"""Controllers in the figures; the JSON has them all."""

Row = Mapping[str, Any]


def targets_of(rows: Sequence[Row], medians: Mapping[str, Mapping[str, float]], budget: int) -> list[dict[str, Any]]:
    """Returns, table by table, which controllers are better than random search.

    Args:
      rows: of all controllers on all tables.
      medians: table -> share -> median of evaluations that random search needs.
      budget: number of evaluations after which regrets are compared.
    """
    by_name = {(row["controller"], row["table"]): row for row in rows}
    targets = []
    for table in dict.fromkeys(row["table"] for row in rows):
        random = by_name.get(("random", table))
        if random is None:
            continue
        for label in BEATS_RANDOM:
            if row := by_name.get((label, table)):
                targets.append(_regret_target(row, random, budget))
        if row := by_name.get(("surrogate", table)):
            targets.append(_evaluations_target(row, medians[table]["top 0.1 %"]))
    return targets


def _regret_target(row: Row, random: Row, budget: int) -> dict[str, Any]:
    """Returns whether the controller's interval lies below that of random search."""
    regret, reference = row["regret"][str(budget)], random["regret"][str(budget)]
    return {
        "table": row["table"],
        "controller": row["controller"],
        "figure": f"regret at {budget} evaluations",
        "value": regret,
        "random": reference,
        "met": regret[2] < reference[1],
    }


def _evaluations_target(row: Row, reference: float) -> dict[str, Any]:
    """Returns whether the controller needs at most a tenth of random search's evaluations."""
    median = row["reached"]["top 0.1 %"]["median"][0]
    return {
        "table": row["table"],
        "controller": row["controller"],
        "figure": "evaluations to the top 0.1 %",
        "value": median,
        "random": reference,
        "met": median is not None and median <= reference / 10,
    }


def targets_table(targets: Sequence[Row], runs: int) -> Table:
    """Returns the targets as a table."""
    heads = ("table", "controller", "figure", "value", "random", "met")
    rows = [[_text(target[head]) for head in heads] for target in targets]
    return render(rows, heads, f"Against random search, {runs} runs")


def _text(value: Any) -> str:
    match value:
        case None:
            return "not reached"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case [mean, low, high]:
            return f"{mean:.4f} [{low:.4f}, {high:.4f}]"
        case _:
            return f"{value:.0f}"


def draw(rows: Sequence[Row], metric: str, title: str) -> Figure:
    """Returns the regret of the tables of a metric, one panel each."""
    panels: dict[str, dict[str, dict[int, Interval]]] = {}
    for row in rows:
        table = get_table(row["table"])
        if table.metric == metric and row["controller"] in DRAWN:
            curves = panels.setdefault(f"{table.space}, {table.task}", {})
            curves[row["controller"]] = {int(n): Interval(*values) for n, values in row["regret"].items()}
    return regret_panels(panels, title)

"""The table of a plan: trainings, time and money of a search and its verification."""

from rich.table import Table

from actsearch.analysis import Plan
from actsearch.report.rendering import Column, render


def plan_table(plan: Plan, price: float | None = None) -> Table:
    """Returns a plan as a table, one row for each task and one for the sum.

    Args:
      plan: from `actsearch.study.plan`.
      price: of the machine, dollars an hour; None leaves the money out.
    """
    columns: list[Column | str] = ["for", "task", "full trainings", Column("steps", ",d"), "ms a step", "hours"]
    rows: list[list[str | int | None]] = []
    for row in plan.work:
        step = f"{_text(1e3 * row.step)}{'' if row.measured else ' *'}"
        rows.append([row.purpose, row.task, _span(row.least, row.most), row.steps, step])
    rows.append(["all", "", "", None, ""])
    hours = [*((row.seconds[0] / 3600, row.seconds[1] / 3600) for row in plan.work), plan.hours]
    for cells, (low, high) in zip(rows, hours, strict=True):
        cells.append(_span(low, high))
        if price is not None:
            cells.append(_span(price * low, price * high))
    if price is not None:
        columns.append("dollars")
    starred = "" if all(row.measured for row in plan.work) else "; * by the operations of its network"
    return render(rows, columns, f"Estimate for {plan.device}, measured in {plan.measuring:.0f} s{starred}")


def _span(low: float, high: float) -> str:
    """Returns "low to high" with two digits, or one number where both read the same.

    Example:
      >>> _span(0.123, 4567.8), _span(2.0, 2.001)
      ('0.12 to 4,568', '2')
    """
    return " to ".join(dict.fromkeys(map(_text, (low, high))))


def _text(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}"

"""One table for each result: funnel, winners, audit, agreement, runs, regret, verification.

For the command line, the experiments and notebooks; `show` prints one, `render` makes any other.
"""

import math
from collections.abc import Iterable, Mapping

from rich.table import Table

from actsearch.analysis import Agreement, Comparison, Cost, FalseReject, Interval, Stage, Verification
from actsearch.language import Program, simplify
from actsearch.report.rendering import Column, render, show, to_text
from actsearch.trials import Trial
from actsearch.trials.ranking import best, mean_metric, on_front

__all__ = [
    "Column",
    "agreement_table",
    "audit_table",
    "front_table",
    "funnel_table",
    "regret_table",
    "render",
    "runs_table",
    "show",
    "to_text",
    "verification_table",
    "winners_table",
]


def funnel_table(rows: Iterable[Stage], title: str = "What became of the candidates") -> Table:
    """Returns the rows of `funnel` as a table: count, share, seconds spent and seconds saved of each stage."""
    columns = [
        Column("stage"),
        Column("count", ",d"),
        Column("share", ".1%"),
        Column("seconds spent", ",.1f"),
        Column("seconds saved", ",.1f"),
    ]
    return render(rows, columns, title)


def winners_table(trials: Iterable[Trial], n: int = 10, title: str = "The best candidates") -> Table:
    """Returns the `n` best distinct trials as a table: rank, score, mean loss, trial number, simplified formula.

    Where a candidate was evaluated again the title says that the best of its evaluations stands here, not their mean.
    """
    winners = best(trials, n)
    if any(trial.repeat for trial in winners):
        title = f"{title}, each by its best evaluation alone"
    columns = [
        Column("rank", "d"),
        Column("score", ".4f"),
        Column("loss", ".4f"),
        Column("trial", "d"),
        Column("formula"),
    ]
    rows = [
        (rank, trial.score, mean_metric(trial, "loss"), trial.index, str(simplify(trial.program)))
        for rank, trial in enumerate(winners, start=1)
    ]
    return render(rows, columns, title)


def front_table(trials: Iterable[Trial], title: str = "The Pareto front: none is beaten on all objectives") -> Table:
    """Returns the trials on the Pareto front as a table: objectives, trial number, simplified formula.

    An objective with a minus sign is printed as the property that is small.
    """
    rows = on_front(trials)
    names = list(rows[0].objectives) if rows else []
    columns = [Column(name.removeprefix("-"), ".4g") for name in names] + [Column("trial", "d"), Column("formula")]
    cells = []
    for row in rows:
        values = [-value if name.startswith("-") else value for name, value in row.objectives.items()]
        cells.append((*values, row.index, str(simplify(row.program))))
    return render(cells, columns, title)


def audit_table(rates: Mapping[str, FalseReject]) -> Table:
    """Returns the result of an audit as a table: for each gate its rejects trained, and the good ones among them."""
    columns = [Column("gate"), Column("trained", "d"), Column("good", "d"), Column("false rejects", ".1%")]
    rows = [(gate, row.trained, row.good, row.rate) for gate, row in rates.items()]
    title = "Rejects trained in full: how many would have made the top tenth of the accepted, with a 95 % interval"
    return render(rows, columns, title)


def agreement_table(
    rows: Iterable[Agreement], title: str = "Kendall's tau between fidelities, with a 95 % interval"
) -> Table:
    """Returns the rows of `fidelity_agreement` as a table, one for each pair of fidelities."""
    columns = [Column("shorter", ".1%"), Column("longer", ".1%"), Column("functions", ",d"), Column("tau", ".2f")]
    return render(rows, columns, title)


def runs_table(comparison: Comparison) -> Table:
    """Returns the runs of a comparison as a table: trials, best score, trials until the threshold."""
    columns = [
        Column("controller"),
        Column("run"),
        Column("seed", "d"),
        Column("trials", ",d"),
        Column("trained", ",d"),
        Column("best score", ".4f"),
        Column(f"trials to {comparison.threshold:.4f}", ",d"),
    ]
    rows = [(label, *row) for label, group in comparison.groups.items() for row in group.rows()]
    return render(rows, columns, f"Runs of {comparison.where}")


def regret_table(comparison: Comparison) -> Table:
    """Returns the mean regret of each group of a comparison at its budgets, of three runs or more with an interval."""
    columns = [Column("controller"), Column("runs", "d")]
    columns += [Column(f"after {budget:,}", ".4f") for budget in comparison.budgets]
    rows = [
        (label, len(group.runs), *map(_without_endless_ends, group.regret))
        for label, group in comparison.groups.items()
    ]
    title = f"Regret: {comparison.reference:.4f} less the best score so far, mean and 95 % interval over runs"
    return render(rows, columns, title)


def verification_table(
    verification: Verification,
    names: Mapping[Program, str] | None = None,
    costs: Mapping[Program, Cost] | None = None,
) -> Table:
    """Returns a verification as a table: a row for each function, the best on average first.

    Args:
      verification: from `actsearch.evaluation.verify`.
      names: of functions, such as where they come from, for a column of their own; none by default.
      costs: of functions relative to ReLU, by `Cost.relative_to`, from `actsearch.evaluation.measure_costs`; none by
        default.

    Returns:
      For each task the mean score, and the paired difference from each baseline twice, with its own interval, and with
      an interval that holds for all comparisons at once. Where functions had equal time, the share of the steps that
      each could make in it; where any training diverged a last column counts them.
    """
    columns: list[Column | str] = ["function"] if names is None else ["function", "name"]
    timed = any(row.trained.share < 1 for row in verification.rows)
    for task in verification.tasks:
        columns += [Column(task, ".4f"), *([Column("steps", ".0%")] if timed else [])]
        for baseline in verification.baselines(task):
            columns += [Column(f"minus {baseline}", "+.4f"), Column("all at once", "+.4f")]
    columns += [] if costs is None else [Column(name.removesuffix("_ms"), ".2f") for name in Cost._fields]
    diverged = any(row.trained.diverged for row in verification.rows)
    rows: list[list[str | int | Interval | float | None]] = []
    for program in verification.ranked:
        cells: list[str | int | Interval | float | None] = [str(program)]
        cells += [] if names is None else [names.get(program, "")]
        for task in verification.tasks:
            cells += _verified_cells(verification, task, program, timed)
        cells += [] if costs is None else costs.get(program, (None,) * len(Cost._fields))
        rows.append([*cells, verification.diverged(program)] if diverged else cells)
    share, n = f"{verification.confidence:.0%}".replace("%", " %"), len(verification.seeds)
    title = f"{n} fresh seeds, {verification.part} data: mean score and paired difference with {share} intervals"
    title += "" if costs is None else "; cost relative to ReLU"
    return render(rows, [*columns, "diverged"] if diverged else columns, title)


def _verified_cells(
    verification: Verification, task: str, program: Program, timed: bool
) -> list[Interval | float | None]:
    """Returns the cells of a function on a task; empty ones where it was not trained, and for a baseline's own."""
    row = next((row for row in verification.rows if (row.task, row.program) == (task, program)), None)
    cells: list[Interval | float | None] = [None if row is None else _without_endless_ends(row.mean)]
    cells += [None if row is None else row.trained.share] if timed else []
    for baseline in verification.baselines(task):
        differences = [] if row is None else [d for d in row.differences if d.baseline == baseline]
        cells += [differences[0].pointwise, differences[0].simultaneous] if differences else [None, None]
    return cells


def _without_endless_ends(interval: Interval | None) -> Interval | float | None:
    """Returns the estimate alone where the runs are too few to say anything of their spread."""
    return interval.estimate if interval is not None and math.isinf(interval.low) else interval

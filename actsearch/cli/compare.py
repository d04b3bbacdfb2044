"""`actsearch compare`."""

from pathlib import Path
from typing import Any

import tyro

from actsearch.analysis.funnel import TRAINED
from actsearch.analysis.regret import Comparison, Group, Run, regret_curves
from actsearch.analysis.regret import compare as compare_runs
from actsearch.analysis.statistics import Interval
from actsearch.archive.archive import Archive
from actsearch.cli.common import Json, print_json
from actsearch.report.style import save
from actsearch.report.tables import Column, render
from actsearch.report.tables import show as print_table

Directories = tyro.conf.Positional[tuple[Path, ...]]
_SUFFIXES = (".png", ".svg")


def compare(
    directories: Directories,
    out: Path = Path("compare.png"),
    budgets: tuple[int, ...] = (),
    within: float = 0.005,
    reference: float | None = None,
    json: Json = False,
) -> None:
    """Compare runs on one space and task: best score, regret against the number of trials, trials until a good score.

    Runs that differ in the seed only are one row, with 95 % intervals.

    Example: actsearch compare runs/random-0 runs/random-1 runs/evolution-0 runs/evolution-1 --out compare.png

    Args:
        directories: each holds an archive.
        out: pictures are OUT.png and OUT.svg.
        budgets: numbers of trials at which regret is printed; a tenth, a quarter, half and all of the shortest run when
            left out.
        within: trials are counted until a score is this close to the reference.
        reference: the score from which regret is measured; the best of all these runs when left out.
    """
    found = compare_runs([_run(directory) for directory in directories], budgets, within, reference)
    config = found.groups[next(iter(found.groups))].runs[0].config
    where = f"{config['space']} on {config['task']}"
    pictures = save(regret_curves(found, f"Regret, {where}"), out.with_suffix("") if out.suffix in _SUFFIXES else out)
    if json:
        print_json(_facts(found, config, [str(path) for path in pictures]))
        return
    _print_runs(found, where)
    _print_groups(found)
    print(f"pictures: {', '.join(map(str, pictures))}")


def _run(directory: Path) -> Run:
    with Archive.read(directory) as archive:
        return Run(str(directory), archive.config, archive.trials())


def _rows(group: Group) -> list[dict[str, Any]]:
    """Returns a row of facts for each run."""
    return [
        {
            **{"run": run.name, "seed": run.config.get("seed"), "trials": len(run.trials)},
            "trained": sum(trial.status in TRAINED for trial in run.trials),
            **{"best": float(curve[-1]), "trials_until_threshold": needed},
        }
        for run, curve, needed in zip(group.runs, group.curves, group.needed, strict=True)
    ]


def _facts(found: Comparison, config, pictures: list[str]) -> dict[str, Any]:
    groups = [
        {
            "controller": name,
            "regret": [{"trials": b, **_ends(row)} for b, row in zip(found.budgets, group.regret, strict=True) if row],
            "runs": _rows(group),
        }
        for name, group in found.groups.items()
    ]
    head = {"space": config["space"], "task": config["task"], "reference": found.reference}
    return {**head, "threshold": found.threshold, "groups": groups, "pictures": pictures}


def _ends(interval: Interval) -> dict[str, float | None]:
    """Returns an interval as JSON has it: one run says nothing of its ends, which are then null."""
    return {name: None if abs(end) == float("inf") else end for name, end in interval._asdict().items()}


def _print_runs(found: Comparison, where: str) -> None:
    rows = [[name, *row.values()] for name, group in found.groups.items() for row in _rows(group)]
    columns = (
        *("controller", "run", Column("seed", "d"), Column("trials", ",d"), Column("trained", ",d")),
        *(Column("best score", ".4f"), Column(f"trials to {found.threshold:.4f}", ",d")),
    )
    print_table(render(rows, columns, f"Runs of {where}"))


def _print_groups(found: Comparison) -> None:
    def cell(interval: Interval | None) -> Interval | float | None:
        return interval.estimate if interval and interval.low == -float("inf") else interval

    rows = [[name, len(group.runs), *map(cell, group.regret)] for name, group in found.groups.items()]
    columns: list[Column | str] = ["controller", Column("runs", "d")]
    columns += [Column(f"after {budget:,}", ".4f") for budget in found.budgets]
    title = f"Regret: {found.reference:.4f} less the best score so far, mean and 95 % interval over runs"
    print_table(render(rows, columns, title))

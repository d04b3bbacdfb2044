"""`actsearch compare`."""

from pathlib import Path
from typing import Any

import tyro

from actsearch.analysis import Comparison, Group, compare_runs
from actsearch.archive import open_run
from actsearch.cli.common import Json, picture_stem, print_json, writing
from actsearch.report import regret_curves, regret_table, runs_table, save, show

Directories = tyro.conf.Positional[tuple[Path, ...]]


def compare(
    directories: Directories,
    out: Path | None = None,
    budgets: tuple[int, ...] = (),
    within: float = 0.005,
    reference: float | None = None,
    json: Json = False,
) -> None:
    """Compare runs on one space and task: best score, regret against the number of trials, trials until a good score.

    Runs that differ in the seed only are one row, with a 95 % interval where they are three or more.

    Example: actsearch compare runs/random-0 runs/random-1 runs/evolution-0 runs/evolution-1 --out compare.png

    Args:
        directories: each holds an archive.
        out: pictures are OUT.png and OUT.svg; none when left out.
        budgets: numbers of trials at which regret is printed; a tenth, a quarter, half and all of the shortest run when
            left out.
        within: trials are counted until a score is this close to the reference.
        reference: the score from which regret is measured; the best of all these runs when left out.
    """
    comparison = compare_runs([open_run(directory) for directory in directories], budgets, within, reference)
    pictures = []
    if out is not None:
        figure = regret_curves(comparison, f"Regret, {comparison.where}")
        with writing(out):
            pictures = [str(path) for path in save(figure, picture_stem(out))]
    if json:
        print_json(_facts(comparison, pictures))
        return
    show(runs_table(comparison))
    show(regret_table(comparison))
    if pictures:
        print(f"pictures: {', '.join(pictures)}")


def _facts(comparison: Comparison, pictures: list[str]) -> dict[str, Any]:
    return {
        "space": comparison.space,
        "task": comparison.task,
        "reference": comparison.reference,
        "threshold": comparison.threshold,
        "groups": [_group(name, group, comparison.budgets) for name, group in comparison.groups.items()],
        "pictures": pictures,
    }


def _group(name: str, group: Group, budgets: tuple[int, ...]) -> dict[str, Any]:
    regret = [
        {"trials": budget, **interval._asdict()}
        for budget, interval in zip(budgets, group.regret, strict=True)
        if interval is not None
    ]
    return {"controller": name, "regret": regret, "runs": [row._asdict() for row in group.rows()]}

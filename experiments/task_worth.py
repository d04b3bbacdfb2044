"""What a score on each task is worth: the gap to the identity over the noise, and the noise floor.

    python experiments/task_worth.py [--tasks digits-mlp mnist1d-mlp] [--seeds 8] [--out runs/task_worth.json]

Trains the identity and a few known functions with fresh seeds on every task whose data are on this machine, writes the
numbers as JSON, and the table into studies/fidelity.md. A task that is in the JSON already is not measured again, so
that a stopped run goes on. Cost: about 8 functions x seeds x `seconds` for each task, and its compilation.
"""

import json
import math
from pathlib import Path
from typing import Any

import tyro
from _card import fill_page, machine, say, write_json

from actsearch.analysis import seeds_needed
from actsearch.evaluation import TaskWorth, measure_task
from actsearch.language import ActsearchError
from actsearch.tasks import TASKS, get_task

PAGE = Path(__file__).parents[1] / "docs" / "studies" / "fidelity.md"
DIFFERENCE = 0.01


def main(tasks: tuple[str, ...] = tuple(TASKS), seeds: int = 8, out: Path = Path("runs/task_worth.json")) -> None:
    """Measures what is missing, and writes the table.

    Args:
        tasks: names.
        seeds: trainings of each known function.
        out: the JSON file.
    """
    known: dict[str, Any] = json.loads(out.read_text())["tasks"] if out.exists() else {}
    for name in tasks:
        try:
            digest = get_task(name).digest
        except ActsearchError as error:
            say(f"{name} is left out: {error}")
            continue
        if known.get(name, {}).get("digest") != digest or known[name]["seeds"] < seeds:
            known[name] = {"digest": digest, **measure_task(get_task(name), seeds, report=say)._asdict()}
            write_json(out, {**machine(), "tasks": known})
    fill_page(PAGE, "results of task_worth.py", table([_worth(row) for row in known.values()]))


def _worth(row: dict[str, Any]) -> TaskWorth:
    return TaskWorth(**{name: value for name, value in row.items() if name != "digest"})


def table(rows: list[TaskWorth]) -> list[str]:
    """Returns the Markdown table of measurements, the largest gap over noise first."""
    heads = ("task", "kind", "gap / sd", "best known", "gap", "sd", "floor, 3 seeds", "8 seeds", "seeds for 0.01")
    lines = [f"| {' | '.join((*heads, 'seconds'))} |", "|---" * (len(heads) + 1) + "|"]
    for row in sorted(rows, key=lambda row: -row.gap_over_noise if math.isfinite(row.gap_over_noise) else 0.0):
        best = row.best.replace("|", "\\|")
        cells = [f"`{row.task}`", row.kind, _known(row.gap_over_noise, 1), f"`{best}`", _known(row.gap), _known(row.sd)]
        cells += [_known(row.floor(3)), _known(row.floor(8))]
        known = math.isfinite(row.sd_difference)
        cells += [str(seeds_needed(DIFFERENCE, row.sd_difference, paired=True)) if known else "-"]
        cells += [f"{row.seconds:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _known(number: float, digits: int = 4) -> str:
    """Returns a number, or a dash for what is not known."""
    return f"{number:.{digits}f}" if math.isfinite(number) else "-"


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)

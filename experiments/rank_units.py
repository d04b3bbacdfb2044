"""Every published activation of the catalogue, ranked over the tasks of a laptop, each at its own best rate.

    python experiments/rank_units.py [--out runs/rank_units]
    python experiments/rank_units.py --out runs/rank_units --publish

Each activation is trained on each task at three factors on the recipe's rate with one seed; three other seeds judge it
at the best, on test data. The shorter tasks come first. Results are stored as they come: the same command goes on after
a stop, and trains only what is new where the catalogue has grown. --publish also measures costs and writes the results,
the picture and the tables of the page.

Hardware and wall time: docs/studies/rank_units.md.
"""

from pathlib import Path

import numpy as np
import tyro
from _card import fill_page, machine, say, write_json

from actsearch import report
from actsearch.analysis import UnitRanking, kendall_tau
from actsearch.evaluation import rank_units

TASKS = (
    "mnist1d-mlp",
    "photos-mlp",
    "digits-deep-mlp",
    "digits-resnet",
    "mnist1d-resnet",
    "text-ffn-short",
)
HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
KNOWN = (
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "tanh",
    "softplus",
    "squared_relu",
    "prelu",
    "swish",
)
"""Units that the page ranks by themselves: with fewer units, tasks tell more of them apart."""


def main(
    out: Path = Path("runs/rank_units"), tasks: tuple[str, ...] = TASKS, seeds: int = 3, publish: bool = False
) -> None:
    """Train what is missing and print the ranking; `seeds` are those that judge."""
    ranking = rank_units("all", "+".join(tasks), seeds, cost=publish, out=out, report=say)
    report.show(report.ranking_table(ranking))
    say(report.ranking_verdict(ranking))
    if publish:
        known = rank_units(KNOWN, "+".join(tasks), seeds, out=out)
        _publish(ranking, known)


def _publish(ranking: UnitRanking, known: UnitRanking) -> None:
    """Writes the results, the picture and the tables of the page."""
    write_json(HERE / "results" / "rank_units.json", machine() | {"all": ranking.to_json(), "known": known.to_json()})
    report.save(report.draw_mean_ranks(known, title="Twelve known activations"), DOCS / "figures" / "rank_units")
    tables = {"known": table_lines(known), "tasks": task_lines(ranking), "all": table_lines(ranking)}
    for name, lines in tables.items():
        fill_page(DOCS / "studies" / "rank_units.md", f"{name} of rank_units.py", lines)


def task_lines(ranking: UnitRanking) -> list[str]:
    """Returns Markdown: for each task which rates were chosen, and Kendall's tau between its order and the others'."""
    means = np.array([unit.means for unit in ranking.units])
    header = [*(f"rate x {scale:g}" for scale in ranking.rate_scales), *(f"`{task}`" for task in ranking.tasks)]
    lines = [f"| task | {' | '.join(header)} |", "|---" * (1 + len(header)) + "|"]
    for i, task in enumerate(ranking.tasks):
        chosen = [unit.trained[i].rate_scale for unit in ranking.units]
        cells = [f"{chosen.count(scale)}" for scale in ranking.rate_scales]
        cells += ["" if i == j else f"{_tau(means[:, i], means[:, j]):.2f}" for j in range(len(ranking.tasks))]
        lines.append(f"| `{task}` | {' | '.join(cells)} |")
    return lines


def _tau(a: np.ndarray, b: np.ndarray) -> float:
    return kendall_tau(a, b, resamples=1).estimate


def table_lines(ranking: UnitRanking) -> list[str]:
    """Returns Markdown: a row for each unit, with its mean rank, its ranks and, where measured, its cost."""
    priced = any(unit.cost is not None for unit in ranking.units)
    head = ["place", "unit", "mean rank", *(f"`{task}`" for task in ranking.tasks), *(["cost"] if priced else [])]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for place, unit in enumerate(ranking.units, 1):
        cells = [str(place), unit.name, "{:.1f} [{:.1f}, {:.1f}]".format(*unit.mean_rank)]
        cells += [f"{rank:g}" for rank in unit.ranks]
        cells += [f"{unit.cost.backward_ms:.1f}"] if unit.cost is not None else []
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", report.ranking_verdict(ranking)]


if __name__ == "__main__":
    tyro.cli(main)

"""`actsearch rank`."""

import json as jsonlib
from pathlib import Path
from typing import Literal

from actsearch.analysis import UnitRanking
from actsearch.catalog import CATALOG, MODULES, ModuleEntry
from actsearch.cli.common import Json, at_least, check_named, explain, print_json, read_unit, writing
from actsearch.evaluation import RATE_SCALES, rank_units
from actsearch.language import ActsearchError, Program
from actsearch.report import draw_mean_ranks, ranking_table, ranking_verdict, save, show
from actsearch.tasks import get_tasks


def rank(
    units: str = "relu,leaky_relu,elu,selu,gelu,silu,mish,tanh",
    tasks: str = "digits-mlp+mnist1d-mlp+mnist1d-resnet+digits-resnet",
    seeds: int = 5,
    rates: Literal["per-unit", "recipe"] = "per-unit",
    rate_scales: tuple[float, ...] = RATE_SCALES,
    cost: bool = True,
    count: int | None = None,
    out: Path | None = None,
    json: Json = False,
) -> None:
    """Rank units on several tasks: mean ranks with intervals over tasks, and what they cost.

    Each unit is trained at its own best rate with fresh seeds, and judged on test data. One task is one observation:
    few tasks tell few units apart, and what is printed says so.

    Example: actsearch rank --units "relu,silu,x * sigmoid(1.7 * x)" --tasks digits-mlp+mnist1d-mlp --seeds 3

    Every published unit: actsearch rank --units all --out runs/rank

    Args:
        units: names of published units and formulas, joined by commas; or all, every published formula of the
            tasks' kind.
        tasks: what to train on, names joined by +, all of one kind.
        seeds: trainings of each unit on each task that it is judged by, at least 2.
        rates: per-unit: each unit has on each task the best of --rate-scales, by one further seed and validation data;
            recipe: all have the task's own rate.
        rate_scales: factors on the task's learning rate.
        cost: measure what each unit's layer costs, relative to ReLU, half a second a unit.
        count: print and draw so many of the best; all when left out.
        out: folder for results, from which the same command goes on after a stop, ranking.json and a picture,
            ranks.png and ranks.svg.
    """
    at_least("--seeds", seeds, 2)
    if count is not None:
        at_least("--count", count, 1)
    check_named(tasks)
    ranking = rank_units(
        read_units(units),
        get_tasks(tasks),
        seeds,
        rate_scales=rate_scales if rates == "per-unit" else (1.0,),
        cost=cost,
        out=out,
        report=explain,
    )
    pictures = [] if out is None else _write(ranking, out, count)
    if json:
        print_json(ranking.to_json() | {"pictures": pictures})
        return
    show(ranking_table(ranking, count))
    print(ranking_verdict(ranking))
    if pictures:
        print(f"pictures: {', '.join(pictures)}")


def _write(ranking: UnitRanking, out: Path, count: int | None) -> list[str]:
    """Writes a ranking into its folder, as JSON and a picture; returns the picture's files."""
    with writing(out):
        (out / "ranking.json").write_text(jsonlib.dumps(ranking.to_json(), indent=1) + "\n")
        return [str(path) for path in save(draw_mean_ranks(ranking, count), out / "ranks")]


def read_units(text: str) -> dict[str, Program | ModuleEntry] | str:
    """Returns units by name: names of the catalogue and formulas joined by commas; "all" as it is.

    Raises:
      ActsearchError: an empty place between commas, a name that is none, or no formula.

    Example:
      >>> {name: str(unit) for name, unit in read_units("silu, max(x, sin(x))").items()}
      {'silu': 'silu(x)', 'max(x, sin(x))': 'max(x, sin(x))'}
    """
    if text.strip() == "all":
        return "all"
    parts = [part.strip() for part in _split(text)]
    if "" in parts:
        raise ActsearchError(
            f'--units are names and formulas joined by commas, such as "relu,silu"; received {text!r}.'
        )
    modules = {part: MODULES[part] for part in parts if part in MODULES}
    programs = {part: read_unit(part) for part in parts if part not in modules}
    return modules | {part if part in CATALOG else str(unit): unit for part, unit in programs.items()}


def _split(text: str) -> list[str]:
    """Splits at the commas that stand outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts

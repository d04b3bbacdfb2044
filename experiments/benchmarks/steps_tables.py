"""From the raw times of `steps.py` to its tables: milliseconds a step of each way, and figures beside their targets."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from actsearch.report.tables import Column, render

COLUMNS = ("relu", "specialised", "interpreted", "eager", "compiled")
RATIOS = ("interpreted / specialised", "relu / eager", "relu / compiled")
MLPS = ("digits-mlp", "mnist1d-mlp")
"""Tasks whose networks are held to the lower limit against PyTorch."""


def steps_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Returns the table of a step."""
    heads = [Column("task"), *(Column(name, ",.3f") for name in COLUMNS), *(Column(name, ".2f") for name in RATIOS)]
    cells = [(row["task"], *milliseconds(row).values(), *ratios(row).values()) for row in rows]
    return render(cells, heads, "Milliseconds a step, one core")


def page_lines(rows: Sequence[Mapping[str, Any]], firsts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the lines of the table in Markdown: milliseconds a step, two ratios, and the seconds of first calls."""
    heads = ["task (sites)", *COLUMNS, *RATIOS[:2], "first call, specialised", "first call, interpreted"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in [*rows, *firsts]:
        cells = [*milliseconds(row).values(), *list(ratios(row).values())[:2]] if "seconds" in row else [None] * 7
        texts = ["" if cell is None else f"{cell:.3g}" for cell in cells]
        calls = [row["first_calls"].get(f"{name} 0") for name in ("specialised", "interpreted")]
        texts += ["" if seconds is None else f"{seconds:.1f} s" for seconds in calls]
        lines.append(" | ".join([f"| `{row['task']}` ({row['sites']})", *texts]) + " |")
    return lines


def targets_table(targets: Sequence[Mapping[str, Any]]) -> Table:
    """Returns the table of figures and targets."""
    heads = ("target", Column("figure", ",.3g"), "limit", "met")
    return render([tuple(row.values()) for row in targets], heads)


def milliseconds(row: dict[str, Any]) -> dict[str, float | None]:
    """Returns the milliseconds a step of each way, medians over the candidates; None for one that was left out."""
    fastest = {name: 1e3 * min(seconds) / row["steps"] for name, seconds in row["seconds"].items()}
    parts = {name: [fastest[key] for key in fastest if key.split(" ")[0] == name] for name in COLUMNS}
    return {name: statistics.median(values) if values else None for name, values in parts.items()}


def ratios(row: dict[str, Any]) -> dict[str, float | None]:
    """Returns the ratios of the table; the first is the median over the candidates of their own ratios."""
    fastest, each = {name: min(seconds) for name, seconds in row["seconds"].items()}, milliseconds(row)
    own = [fastest[f"interpreted {i}"] / fastest[f"specialised {i}"] for i in range(len(row["programs"]))]
    peers = [each[name] and each["relu"] / each[name] for name in ("eager", "compiled")]
    return dict(zip(RATIOS, (statistics.median(own), *peers), strict=True))


def targets_of(rows: Sequence[Mapping[str, Any]], firsts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns the targets of steps and of first calls."""
    steps = [target for row in rows for target in _step_targets(row)]
    return [*steps, *map(_first_target, [*rows, *firsts])]


def _step_targets(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    figures, limit = ratios(row), 1.4 if row["kind"] == "layer" else 1.05
    yield at_most(f"{row['task']}: interpreted / specialised", figures["interpreted / specialised"], limit)
    if figures["relu / eager"]:
        limit = 0.5 if row["task"] in MLPS else 1.0
        yield at_most(f"{row['task']}: ReLU / PyTorch eager", figures["relu / eager"], limit)


def _first_target(row: Mapping[str, Any]) -> dict[str, Any]:
    name = f"{row['task']}, {row['sites']} sites: seconds of the interpreter's first call"
    return at_most(name, row["first_calls"]["interpreted 0"], 8)


def at_most(name: str, figure: float, limit: float) -> dict[str, Any]:
    """Returns a figure beside its target."""
    return {"name": name, "figure": figure, "limit": f"<= {limit:g}", "met": figure <= limit}

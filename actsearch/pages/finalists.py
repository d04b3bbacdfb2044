"""Finalists of a run: what the card of each on a page says."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from actsearch import report
from actsearch.analysis import ancestors
from actsearch.archive import Run
from actsearch.catalog import CATALOG
from actsearch.export import TARGETS, export_formula, formats_of
from actsearch.language import ActsearchError, Program, simplify
from actsearch.pages import charts, grids, known
from actsearch.pages.material import Material, Verified
from actsearch.pages.mathml import to_mathml
from actsearch.pages.packages import package
from actsearch.properties import properties
from actsearch.report.card import LEGEND, value_text
from actsearch.report.curves import curve_values
from actsearch.report.style import BLUE, INK, LIGHT, ORANGE
from actsearch.trials import Trial, rank

_POINTS = 161
_VARIABLES = {
    INK: "currentColor",
    LIGHT: "var(--line)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    "#ffffff": "var(--paper)",
    "#DCE5EA": "var(--soft)",
}
"""Colours of pictures -> those of the page."""

_REST = re.compile(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", re.DOTALL)
"""What stands in a picture's file and would reach beyond it on a page."""

_LONGEST_LINE = 30
"""Ancestors that are drawn; of a longer line the table of the run has all."""


class Finalist(NamedTuple):
    """A candidate that has a card.

    Attributes:
      card: address of the card on the page.
      program: simplified.
      trials: its trials, in order; empty for one that was verified alone.
      place: rank by the search's scores, from 1; None for one that was verified alone.
    """

    card: str
    program: Program
    trials: tuple[Trial, ...]
    place: int | None


def finalists(run: Run, prefix: str, count: int) -> dict[str, Finalist]:
    """Returns the best candidates of a run, by fingerprint, the best first."""
    best = rank(run.trials)[:count]
    members: dict[str, list[Trial]] = {one.fingerprint: [] for one in best}
    for trial in run.trials:
        if trial.fingerprint in members:
            members[trial.fingerprint].append(trial)
    return {
        one.fingerprint: Finalist(f"{prefix}-{one.first}", simplify(one.program), tuple(members[one.fingerprint]), i)
        for i, one in enumerate(best, 1)
    }


def verified_alone(material: Material, have: Sequence[Finalist], count: int) -> list[Finalist]:
    """Returns the best of the verified functions that are no baseline and have no card yet."""
    taken = {one.program for one in have}
    found: dict[Program, Finalist] = {}
    for one in material.verified:
        taken |= {simplify(row.program) for row in one.result.rows if row.trained.baseline}
        for program in map(simplify, one.result.ranked):
            if program not in taken and len(found) < count:
                found.setdefault(program, Finalist(f"card-verified-{len(found)}", program, (), None))
    return list(found.values())


def card(
    finalist: Finalist, run: Run, verified: Sequence[Verified], say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Returns what a card shows, by name, for the page's template."""
    program = finalist.program
    say(f"card of {program}")
    scored = [trial for trial in finalist.trials if trial.trained]
    return {
        "id": finalist.card,
        "place": finalist.place,
        "run": run.name,
        "formula": str(program),
        "mathml": package("markupsafe").Markup(to_mathml(program)),
        "parameters": ", ".join(f"{name} = {value:g}" for name, value in program.parameters),
        "curve": curve_spec(program),
        "graph": svg(report.draw_graph(program), f"graph-{finalist.card}") if _fits(program) else "",
        "genealogy": _genealogy(finalist, run),
        "novelty": known.sentence(program),
        "properties": property_rows(program),
        "legend": LEGEND,
        "seeds": grids.seeds_grid(scored, verified, program),
        "exports": [(name, _export(program, name, finalist, run)) for name in _formats(program)],
    }


def _fits(program: Program) -> bool:
    return len(program.nodes) <= report.MAX_NODES


def curve_spec(program: Program) -> dict[str, Any] | None:
    """Returns the chart of an activation; None for a layer or a gate, which have no curve."""
    if program.kind != "activation":
        return None
    x = np.linspace(-5, 5, _POINTS)
    rows = []
    for line, values in zip(("function", "derivative"), curve_values(program, x), strict=True):
        rows += [
            {"x": round(float(a), 4), "y": round(float(b), 5) if math.isfinite(b) else None, "line": line}
            for a, b in zip(x, values, strict=True)
        ]
    return charts.curve(rows)


def property_rows(program: Program) -> list[tuple[str, str, str, str]]:
    """Returns name, value, certainty and definition of each property; a single row that says why there are none."""
    try:
        quantities = properties(program).quantities
    except ActsearchError as error:
        return [("none", str(error), "", "")]
    return [(one.name.replace("_", " "), value_text(one.value), one.certainty, one.summary) for one in quantities]


def _genealogy(finalist: Finalist, run: Run) -> Any:
    """Returns the picture of where a finalist comes from; empty where it was not bred from others."""
    first = next((trial for trial in finalist.trials if trial.parents and trial.first is None), None)
    if first is None or len(ancestors(run.trials, first.index)) > _LONGEST_LINE:
        return ""
    return svg(report.draw_genealogy(run.trials, first.index, title=""), f"line-{finalist.card}")


def _formats(program: Program) -> list[str]:
    """Returns the formats that are text."""
    return [name for name in formats_of(program) if name in TARGETS and name != "onnx"]


def _export(program: Program, name: str, finalist: Finalist, run: Run) -> str:
    origin = f"Found by search: trial {finalist.trials[0].index} of {run.name}." if finalist.trials else None
    return str(export_formula(program, name, name=_name(program), origin=origin, self_test=False))


def _name(program: Program) -> str | None:
    """Returns a name that needs no look into the catalog, which takes seconds."""
    known = next((one.name for one in CATALOG.values() if one.program == program), None)
    return known or program.kind


def svg(figure: Any, salt: str) -> Any:
    """Returns a figure as markup for a page, in the page's colours, so that it can be dark."""
    text = report.to_svg(figure, salt, outlines=False, transparent=True)
    text = _REST.sub("", text[text.index("<svg") :]).replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour.lower(), variable)
    return package("markupsafe").Markup(text)

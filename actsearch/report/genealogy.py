"""A picture of where a candidate came from: its ancestors, one a line. For reports of evolution."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from actsearch.analysis import ancestors
from actsearch.language import simplify
from actsearch.report.labels import shorten
from actsearch.report.style import BLUE, GREY, INK, ORANGE, new_figure, styled
from actsearch.trials import Trial

_DECLARATIONS = re.compile(r"^(param [^;]*; )+")

# Inches.
_LINE, _LETTER = 0.30, 0.072
_COLUMNS = {"trial": 0.75, "score": 1.45, "formula": 1.65}


@styled
def draw_genealogy(trials: Sequence[Trial], index: int, title: str = "Where it came from") -> Figure:
    """Draws the ancestors of a trial, one a line from the top down, with arrows from parents to children.

    Each has its number, score and simplified formula, without the declarations of its parameters; a formula of more
    than 80 letters is shortened in the middle. The trial itself is an orange square.

    Args:
      trials: of a run, in any order, with all ancestors.
      index: of the trial.
      title: above the picture; empty for none.

    Raises:
      ActsearchError: the trial, or a parent, is not among the trials.
    """
    line = ancestors(trials, index)
    rows = {trial.index: row for row, trial in enumerate(line)}
    formulas = [shorten(_DECLARATIONS.sub("", str(simplify(trial.program)))) for trial in line]
    bends = max((rows[trial.index] - rows[parent] for trial in line for parent in trial.parents), default=1) > 1
    left = 0.9 if bends else 0.3
    width = max(4.0, left + _COLUMNS["formula"] + _LETTER * max(8, *map(len, formulas)) + 0.2)
    figure = new_figure(width, _LINE * (len(line) + 1) + (0.6 if title else 0.2), title)
    axes = figure.subplots()
    axes.set(xlim=(0, width), ylim=(len(line) - 0.5, -1.5))
    axes.set_axis_off()
    _texts(axes, left, -1, dict.fromkeys(_COLUMNS, ""), GREY, heading=True)
    for row, (trial, formula) in enumerate(zip(line, formulas, strict=True)):
        score = "-" if trial.score is None else f"{trial.score:.4f}"
        _texts(axes, left, row, {"trial": f"#{trial.index:,}", "score": score, "formula": formula}, INK)
        for parent in trial.parents:
            _arrow(axes, left, rows[parent], row)
        marker, colour = ("s", ORANGE) if trial.index == index else ("o", BLUE)
        axes.plot(left, row, marker=marker, color=colour, markersize=7, linestyle="", zorder=3)
    return figure


def _texts(axes: Axes, left: float, row: int, texts: Mapping[str, str], colour: str, heading: bool = False) -> None:
    """Writes one line, or the names of the columns; formulas begin at their place, other texts end there."""
    for column, text in texts.items():
        formula = column == "formula"
        code = formula and not heading
        axes.text(
            left + _COLUMNS[column],
            row,
            column if heading else text,
            ha="left" if formula else "right",
            va="center" if heading else "center_baseline",
            color=colour,
            family="DejaVu Sans Mono" if code else None,
            fontsize=8.5 if code else 9,
        )


def _arrow(axes: Axes, x: float, parent: int, child: int) -> None:
    """Draws an arrow from a parent to the next line, or around the lines between."""
    steps = child - parent
    bend = 0.0 if steps == 1 else float(np.clip(0.75 / (steps * _LINE), 0.15, 0.6))
    arrow = {
        "arrowstyle": "-|>",
        "color": GREY,
        "connectionstyle": f"arc3,rad={bend}",
        "linewidth": 1.2,
        "shrinkA": 4,
        "shrinkB": 5,
    }
    axes.annotate("", (x, child), (x, parent), arrowprops=arrow, zorder=2)

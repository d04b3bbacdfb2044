"""Where a candidate came from: the ancestors of one trial, drawn one a line. For reports of evolution."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from actsearch.language import simplify
from actsearch.report.style import BLUE, GREY, INK, ORANGE, blank, styled
from actsearch.trials.trial import Trial

_DECLARATIONS = re.compile(r"^(param [^;]*; )+")
_LONGEST = 80  # letters of a formula
_LINE = 0.30  # inches


def ancestors(trials: Sequence[Trial], index: int) -> list[Trial]:
    """Returns a trial and all trials that it was bred from, the first ancestor first.

    Raises:
      ValueError: the trial, or a parent, is not among the trials.
    """
    by_index = {trial.index: trial for trial in trials}
    found: dict[int, Trial] = {}
    waiting = [(index, "asked for")]
    while waiting:
        number, why = waiting.pop()
        if number not in by_index:
            raise ValueError(f"Trial {number}, {why}, is not among the {len(trials)} trials: pass the whole run.")
        if number not in found:
            found[number] = by_index[number]
            waiting += [(parent, f"a parent of {number}") for parent in by_index[number].parents]
    return [found[number] for number in sorted(found)]


@styled
def genealogy(trials: Sequence[Trial], index: int, title: str = "Where it came from") -> Figure:
    """Draws the ancestors of a trial, one a line from the top down, with arrows from parents to children.

    Each has its number, score and simplified formula, without the declarations of its parameters; a formula of more
    than 80 letters is shortened in the middle. The trial itself is an orange square.

    Args:
      trials: of a run, in any order, with all ancestors.
      index: of the trial.
      title: above the picture; empty for none.

    Raises:
      ValueError: the trial, or a parent, is not among the trials.
    """
    line = ancestors(trials, index)
    rows = {trial.index: row for row, trial in enumerate(line)}
    formulas = [shorten(_DECLARATIONS.sub("", str(simplify(trial.program)))) for trial in line]
    bends = max((rows[trial.index] - rows[parent] for trial in line for parent in trial.parents), default=1) > 1
    # In inches; a letter of the formula takes 0.072.
    left, columns = 0.9 if bends else 0.3, (0.75, 1.45, 1.65)
    width = left + columns[2] + 0.072 * max(8, *map(len, formulas)) + 0.2
    figure = blank(max(width, 4.0), _LINE * (len(line) + 1) + (0.6 if title else 0.2), title)
    axes = figure.subplots()
    axes.set(xlim=(0, max(width, 4.0)), ylim=(len(line) - 0.5, -1.5))
    axes.set_axis_off()
    for name, x in zip(("trial", "score", "formula"), columns, strict=True):
        axes.text(left + x, -1, name, ha="left" if name == "formula" else "right", va="center", color=GREY, fontsize=9)
    for row, (trial, formula) in enumerate(zip(line, formulas, strict=True)):
        score = "-" if trial.score is None else f"{trial.score:.4f}"
        common: dict[str, Any] = {"va": "center_baseline", "fontsize": 9, "color": INK}
        for text, x in ((f"#{trial.index:,}", columns[0]), (score, columns[1])):
            axes.text(left + x, row, text, ha="right", **common)
        axes.text(left + columns[2], row, formula, family="DejaVu Sans Mono", **(common | {"fontsize": 8.5}))
        for parent in trial.parents:
            _arrow(axes, left, rows[parent], row)
        own = {"marker": "s", "color": ORANGE} if trial.index == index else {"marker": "o", "color": BLUE}
        axes.plot(left, row, markersize=7, linestyle="", zorder=3, **own)  # type: ignore[arg-type]
    return figure


def shorten(text: str, most: int = _LONGEST) -> str:
    """Returns a text of at most `most` letters, cut in the middle.

    Example:
      >>> shorten("x * sigmoid(beta * x) + tanh(x)", 20)
      'x * sigmo … tanh(x)'
    """
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[: most - 3 - half].rstrip()} … {text[-half:].lstrip()}"


def _arrow(axes: Axes, x: float, parent: int, child: int) -> None:
    """From a parent to the next line, or around the lines between."""
    style = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2, "shrinkA": 4, "shrinkB": 5}
    steps = child - parent
    bend = 0.0 if steps == 1 else float(np.clip(0.75 / (steps * _LINE), 0.15, 0.6))
    arrow = style | {"connectionstyle": f"arc3,rad={bend}"}
    axes.annotate("", (x, child), (x, parent), arrowprops=arrow, zorder=2)

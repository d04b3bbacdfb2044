"""Pictures of functions: each program with its derivative."""

import math
import textwrap
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from actsearch.engine import to_function
from actsearch.language import ActsearchError, Program
from actsearch.report.style import BLUE, GREY, ORANGE, new_figure, styled

_SIZE = 7.5  # points, of a formula


@styled
def draw_curves(programs: Mapping[str, Program], low: float = -5.0, high: float = 5.0, title: str = "") -> Figure:
    """Draws each program and its derivative at initial parameter values, one panel each, on the same square axes.

    Args:
      programs: by name, at least one; a name that is not the formula has the formula below it.
      low: left end of `x`, and lower end of both.
      high: right end, and upper end of both.
      title: above all panels; empty for none.

    Raises:
      ActsearchError: no programs, or an empty range.
    """
    if not programs or not low < high:
        problem = f"received {len(programs)} programs, {low} to {high}"
        raise ActsearchError(f"draw_curves needs a program and a range; {problem}.")
    columns = min(4, len(programs))
    rows = math.ceil(len(programs) / columns)
    formulas = {name: _formula_lines(name, program) for name, program in programs.items()}
    panel_height = 2.5 + 0.14 * max(len(lines) for lines in formulas.values())
    figure = new_figure(max(3.6, 2.4 * columns), panel_height * rows + 0.7, title)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, (name, program) in zip(panels, programs.items(), strict=False):
        _curve(panel, program, np.linspace(low, high, 801))
        panel.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        _heading(panel, name, formulas[name])
    panels[0].xaxis.set_major_locator(MaxNLocator(5, integer=high - low >= 4))  # both axes of all panels share them
    panels[0].yaxis.set_major_locator(MaxNLocator(5, integer=high - low >= 4))
    for i, panel in enumerate(panels):
        panel.set_visible(i < len(programs))
        panel.tick_params(labelbottom=i + columns >= len(programs))  # the lowest panel of its column
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def curve_values(program: Program, x: np.ndarray) -> np.ndarray:
    """Returns a program and its derivative at points, [2, points], NaN beyond 1,000: no line across a pole."""
    function = to_function(program)
    points = jnp.asarray(x, jnp.float32)
    rows = np.array([function(points), jax.vmap(jax.grad(function))(points)], dtype=np.float64)
    rows[~(np.abs(rows) < 1e3)] = np.nan
    return rows


def _curve(panel: Axes, program: Program, x: np.ndarray) -> None:
    rows = curve_values(program, x)
    panel.axhline(0, color=GREY, linewidth=0.6)
    panel.axvline(0, color=GREY, linewidth=0.6)
    panel.plot(x, rows[0], color=BLUE, linewidth=2, label="function")
    panel.plot(x, rows[1], color=ORANGE, linewidth=1.5, linestyle=(0, (4, 2)), label="derivative")
    panel.grid(True)


def _formula_lines(name: str, program: Program) -> list[str]:
    return [] if str(program) == name else textwrap.wrap(str(program), 36)


def _heading(panel: Axes, name: str, lines: Sequence[str]) -> None:
    """Writes the name above a panel and the lines of the formula between the two."""
    panel.annotate("\n".join(lines), (0, 1), (0, 4), "axes fraction", "offset points", fontsize=_SIZE, color=GREY)
    head = textwrap.fill(name, 30)
    panel.set_title(head, loc="left", fontsize=9, fontweight="bold", pad=5 + len(lines) * _SIZE * 1.25)

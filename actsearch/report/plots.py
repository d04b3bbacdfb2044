"""Pictures of a search. For the experiments, the command line, notebooks and the README.

Each function returns a `matplotlib.figure.Figure` of its own, outside pyplot: no global state, no display needed. In a
notebook the last expression of a cell shows it; `save` writes it. No meaning rests on colour alone.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from actsearch.analysis.funnel import TRAINED
from actsearch.analysis.statistics import Interval, Values
from actsearch.engine import to_function
from actsearch.language import Program
from actsearch.report.style import BLUE, GREY, INK, LIGHT, ORANGE, blank, label_above, save, score_axis, styled
from actsearch.trials.trial import Trial

__all__ = ["curves", "intervals", "save", "score_distribution", "search_progress"]

_SCORE = "score (log scale of 1 − score)"  # noqa: RUF001, a minus sign
_DASHES = (0, (4, 2))


@styled
def search_progress(trials: Sequence[Trial], title: str = "Search progress") -> Figure:
    """Draws the score of every trained trial against its number, and the best score so far.

    The axis of scores is logarithmic in 1 - score, so that steps near a perfect score can be seen. Trials that diverged
    are crosses at the bottom.

    Args:
      trials: of a run, in order, with at least one that has status "ok".
      title: above the picture; empty for none.

    Raises:
      ValueError: no trial with status "ok".
    """
    trained = [trial for trial in trials if trial.status in TRAINED and trial.score is not None]
    ok = [trial for trial in trained if trial.status == "ok"]
    if not ok:
        raise ValueError(f"search_progress needs a trial with status 'ok'; received {len(trials)} trials without one.")
    numbers, scores = np.array([trial.index for trial in ok]), np.array([trial.score for trial in ok])
    figure = blank(8.0, 4.2, title)
    axes = figure.subplots()
    place = score_axis(axes, "y", scores)
    label = f"trained ({len(ok):,})"
    axes.plot(numbers, place(scores), "o", color=BLUE, alpha=0.35, markersize=3, markeredgewidth=0, label=label)
    diverged = [trial.index for trial in trained if trial.status == "diverged"]
    if diverged:
        label, bottom = f"diverged ({len(diverged):,})", axes.get_xaxis_transform()
        axes.plot(diverged, [0.015] * len(diverged), "x", color=GREY, markersize=4, label=label, transform=bottom)
    best = np.maximum.accumulate(scores)
    x, y = np.append(numbers, trials[-1].index), place(np.append(best, best[-1]))
    axes.plot(x, y, color=ORANGE, linewidth=2, drawstyle="steps-post", label=f"best so far ({best[-1]:.4f})")
    axes.set(xlabel="trial", ylabel=_SCORE)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(x=0.01)
    figure.legend(loc="outside lower center", ncols=3, markerscale=1.6)
    return figure


@styled
def score_distribution(
    scores: Values, marked: Mapping[str, float] | None = None, title: str = "Distribution of scores"
) -> Figure:
    """Draws a histogram of scores, with named ones marked in it.

    Args:
      scores: [n], within [0, 1]; n >= 1.
      marked: names and scores, for instance of the published functions. Labels are moved apart and joined to their
        scores by lines; there is room for 45.
      title: above the picture; empty for none.

    Raises:
      ValueError: no scores.
    """
    data, marked = np.asarray(scores, dtype=np.float64), marked or {}
    if not data.size:
        raise ValueError("score_distribution needs at least one score; received none.")
    figure = blank(8.0, 5.0 if marked else 3.8, title)
    axes = figure.subplots()
    place = score_axis(axes, "x", np.append(data, list(marked.values())))
    axes.hist(place(data), bins=40, color=LIGHT, edgecolor="white", linewidth=0.6, label=f"candidates ({data.size:,})")
    median = np.median(data)
    axes.axvline(float(place(median)), color=INK, linewidth=1.2, linestyle=_DASHES, label=f"median ({median:.4f})")
    axes.set(xlabel=_SCORE, ylabel="candidates")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    label_above(axes, {name: float(place(score)) for name, score in marked.items()})
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@styled
def curves(programs: Mapping[str, Program], low: float = -5.0, high: float = 5.0, title: str = "") -> Figure:
    """Draws each program and its derivative at initial parameter values, one panel each, on the same square axes.

    Args:
      programs: by name, at least one; a name that is not the formula has the formula below it.
      low: left end of `x`, and lower end of both.
      high: right end, and upper end of both.
      title: above all panels; empty for none.

    Raises:
      ValueError: no programs, or an empty range.
    """
    if not programs or not low < high:
        raise ValueError(f"curves needs a program and a range; received {len(programs)} programs, {low} to {high}.")
    columns = min(4, len(programs))
    rows = math.ceil(len(programs) / columns)
    formulas = {name: _formula_lines(name, program) for name, program in programs.items()}
    panel_height = 2.5 + 0.14 * max(len(lines) for lines in formulas.values())
    figure = blank(max(3.6, 2.4 * columns), panel_height * rows + 0.7, title)
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


@styled
def intervals(
    rows: Mapping[str, Interval],
    reference: float | None = None,
    *,
    reference_name: str = "",
    label: str = "score",
    title: str = "",
) -> Figure:
    """Draws means with their intervals, one row each from the top down (a forest plot).

    A row whose interval lies above the reference has a blue dot, below it an orange square, else a grey ring.

    Args:
      rows: intervals by name, at least one. An interval with an infinite end is not drawn, its mean is.
      reference: where to draw a line, such as 0 for differences or the mean of ReLU; None for none.
      reference_name: what the line is.
      label: of the axis.
      title: above the picture; empty for none.

    Raises:
      ValueError: no rows.
    """
    if not rows:
        raise ValueError("intervals needs at least one row; received none.")
    figure = blank(8.0, 0.26 * len(rows) + 1.3, title)
    axes = figure.subplots()
    top, side = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    if reference is not None:
        axes.axvline(reference, color=INK, linewidth=1, linestyle=_DASHES, zorder=1)
        axes.text(reference, 1.01, reference_name, transform=top, ha="center", va="bottom", fontsize=9)
    for place, row in enumerate(rows.values()):
        colour, marker, fill = _verdict(row, reference)
        if math.isfinite(row.low) and math.isfinite(row.high):
            axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot(row.estimate, place, marker, color=colour, markerfacecolor=fill, markersize=6, markeredgewidth=1.5)
        number = f"{row.estimate:+.4f}" if reference == 0 else f"{row.estimate:.4f}"
        axes.text(1.02, place, number, transform=side, va="center_baseline", fontsize=8.5)
    axes.set_yticks(range(len(rows)), [textwrap.shorten(name, 60, placeholder=" ...") for name in rows], fontsize=9)
    axes.set(xlabel=label, ylim=(len(rows) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.grid(True)
    axes.spines["left"].set_visible(False)
    return figure


def _curve(panel: Axes, program: Program, x: np.ndarray) -> None:
    function = to_function(program)
    points = jnp.asarray(x, jnp.float32)
    rows = np.array([function(points), jax.vmap(jax.grad(function))(points)], dtype=np.float64)
    rows[~(np.abs(rows) < 1e3)] = np.nan  # no line across a pole
    panel.axhline(0, color=GREY, linewidth=0.6)
    panel.axvline(0, color=GREY, linewidth=0.6)
    panel.plot(x, rows[0], color=BLUE, linewidth=2, label="function")
    panel.plot(x, rows[1], color=ORANGE, linewidth=1.5, linestyle=_DASHES, label="derivative")
    panel.grid(True)


def _formula_lines(name: str, program: Program) -> list[str]:
    return [] if str(program) == name else textwrap.wrap(str(program), 36)


def _heading(panel: Axes, name: str, lines: Sequence[str]) -> None:
    """Writes the name above a panel and the lines of the formula between the two."""
    offset, size = (0, 4), 7.5
    panel.annotate("\n".join(lines), (0, 1), offset, "axes fraction", "offset points", fontsize=size, color=GREY)
    head = textwrap.fill(name, 30)
    panel.set_title(head, loc="left", fontsize=9, fontweight="bold", pad=5 + len(lines) * size * 1.25)


def _verdict(row: Interval, reference: float | None) -> tuple[str, str, str]:
    """Returns colour, marker and fill."""
    if reference is None or row.low > reference:
        return BLUE, "o", BLUE
    return (ORANGE, "s", ORANGE) if row.high < reference else (GREY, "o", "white")

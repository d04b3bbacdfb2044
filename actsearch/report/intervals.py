"""A picture of means with their intervals, one row each: a forest plot."""

import math
import textwrap
from collections.abc import Mapping

from matplotlib.figure import Figure

from actsearch.analysis import Interval
from actsearch.language import ActsearchError
from actsearch.report.style import BLUE, GREY, INK, ORANGE, new_figure, styled


@styled
def draw_intervals(
    rows: Mapping[str, Interval],
    reference: float | None = None,
    *,
    reference_name: str = "",
    label: str = "score",
    title: str = "",
) -> Figure:
    """Draws means with their intervals, one row each from the top down.

    A row whose interval lies above the reference has a blue dot, below it an orange square, else a grey ring.

    Args:
      rows: intervals by name, at least one. An interval with an infinite end is not drawn, its mean is.
      reference: where to draw a line, such as 0 for differences or the mean of ReLU; None for none.
      reference_name: what the line is.
      label: of the axis.
      title: above the picture; empty for none.

    Raises:
      ActsearchError: no rows.
    """
    if not rows:
        raise ActsearchError("draw_intervals needs at least one row; received none.")
    figure = new_figure(8.0, 0.26 * len(rows) + 1.3, title)
    axes = figure.subplots()
    top, side = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    if reference is not None:
        axes.axvline(reference, color=INK, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
        axes.text(reference, 1.01, reference_name, transform=top, ha="center", va="bottom", fontsize=9)
    for y, row in enumerate(rows.values()):
        colour, marker, fill = _look(row, reference)
        if math.isfinite(row.low) and math.isfinite(row.high):
            axes.plot([row.low, row.high], [y, y], color=colour, linewidth=2, solid_capstyle="round")
        axes.plot(row.estimate, y, marker, color=colour, markerfacecolor=fill, markersize=6, markeredgewidth=1.5)
        number = f"{row.estimate:+.4f}" if reference == 0 else f"{row.estimate:.4f}"
        axes.text(1.02, y, number, transform=side, va="center_baseline", fontsize=8.5)
    axes.set_yticks(range(len(rows)), [textwrap.shorten(name, 60, placeholder=" ...") for name in rows], fontsize=9)
    axes.set(xlabel=label, ylim=(len(rows) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.grid(True)
    axes.spines["left"].set_visible(False)
    return figure


def _look(row: Interval, reference: float | None) -> tuple[str, str, str]:
    """Returns colour, marker and fill."""
    if reference is None or row.low > reference:
        return BLUE, "o", BLUE
    return (ORANGE, "s", ORANGE) if row.high < reference else (GREY, "o", "white")

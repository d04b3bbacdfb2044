"""A picture of the funnel of a search: how many candidates each stage stopped."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from actsearch.analysis import Stage
from actsearch.analysis.stages import PROPOSED
from actsearch.language import ActsearchError
from actsearch.report.style import BLUE, GREY, LIGHT, new_figure, styled
from actsearch.trials import Status

_LOG_FROM = 50  # times the smallest count


@styled
def funnel_bars(rows: Sequence[Stage], title: str = "What became of the candidates") -> Figure:
    """Draws how many candidates each stage stopped, one bar each from the top down, the accepted last.

    The axis is logarithmic where counts differ more than fiftyfold. Stages that stopped nothing are left out.

    Args:
      rows: from `funnel`, with at least one trial.
      title: above the picture; empty for none.

    Raises:
      ActsearchError: no trials.
    """
    shown = [row for row in rows if row.trials]
    if not shown:
        raise ActsearchError(f"funnel_bars needs a row with trials; received {len(rows)} rows without any.")
    figure = new_figure(8.0, 0.32 * len(shown) + 1.1, title)
    axes = figure.subplots()
    counts = [row.trials for row in shown]
    log = max(counts) > _LOG_FROM * min(counts)
    colours = [{Status.OK: BLUE, PROPOSED: GREY}.get(row.stage, LIGHT) for row in shown]
    axes.barh(range(len(shown)), counts, height=0.7, color=colours)
    if log:
        axes.set_xscale("log")
        axes.set_xlim(0.7, max(counts) * (max(counts) / 0.7) ** 0.22)
    else:
        axes.set_xlim(0, max(counts) * 1.2)
    for y, row in enumerate(shown):
        text = f"{row.trials:,}  ({row.share:.1%})"
        axes.annotate(text, (row.trials, y), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(range(len(shown)), [_name(row.stage) for row in shown])
    axes.set(xlabel=f"candidates{' (log scale)' if log else ''}", ylim=(len(shown) - 0.4, -0.6))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.grid(True)
    axes.spines["left"].set_visible(False)
    return figure


def _name(stage: str) -> str:
    return "accepted" if stage == Status.OK else stage.replace(f"{Status.REJECTED}:", "gate: ")

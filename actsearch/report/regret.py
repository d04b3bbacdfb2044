"""Pictures of regret against the number of trials."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from actsearch.analysis import Comparison, Group, Interval, regret_at
from actsearch.language import ActsearchError
from actsearch.report.style import line_look, new_figure, styled

_BAND = 100  # points at most at which a band is computed: a bootstrap each
_LINEAR = 1e-4  # below it a difference in accuracy is less than one example in 10,000


@styled
def regret_curves(comparison: Comparison, title: str = "Regret") -> Figure:
    """Draws the mean regret of each group against the number of trials, with a band of 95 % over several runs.

    Both axes are logarithmic, that of regret linear below 0.0001, so that 0 has a place. A line ends with its group's
    shortest run.

    Args:
      comparison: from `compare_runs`.
      title: above the picture; empty for none.
    """
    figure = new_figure(8.0, 4.6, title)
    axes = figure.subplots()
    for number, (label, group) in enumerate(comparison.groups.items()):
        _group(axes, number, label, group, comparison.reference)
    heights = np.concatenate([line.get_ydata() for line in axes.lines])
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=_LINEAR, linscale=0.5)
    # A little below 0, so that a line at 0 can be seen; there is more only where a run is better than the reference.
    axes.set_ylim(min(-_LINEAR / 5, 1.3 * heights.min()), max(_LINEAR, 1.3 * heights.max()))
    axes.set(xlabel="trials", ylabel=f"regret: {comparison.reference:.4f} − best score so far")  # noqa: RUF001, a minus sign
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(True)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@styled
def regret_panels(panels: Mapping[str, Mapping[str, Mapping[int, Interval]]], title: str = "Regret") -> Figure:
    """Draws the mean regret of controllers on several tasks, a panel each, three in a row, with bands.

    Args:
      panels: title of the panel -> controller -> number of evaluations -> mean regret with its interval.
      title: above the picture; empty for none.

    Raises:
      ActsearchError: no panel.
    """
    if not panels:
        raise ActsearchError("regret_panels needs at least one panel; received none.")
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(3.7 * columns, 3.0 * rows + 0.7, title)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    labels = list(dict.fromkeys(label for curves in panels.values() for label in curves))
    for axes, (name, curves) in zip(grid.flat, panels.items(), strict=False):
        _panel(axes, name, {label: (line_look(labels.index(label)), curve) for label, curve in curves.items()})
    for i, axes in enumerate(grid.flat):
        lowest = i + columns >= len(panels)  # of its column
        axes.set_visible(i < len(panels))
        axes.tick_params(labelbottom=lowest)
        axes.set_xlabel("evaluations" if lowest else "")
    figure.supylabel("regret of the best function evaluated", fontsize=10)
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=len(labels))
    return figure


def _panel(axes: Axes, name: str, curves: Mapping[str, tuple[dict[str, Any], Mapping[int, Interval]]]) -> None:
    """Draws the curves of one panel, each with its look, and their bands."""
    axes.set(title=name, xscale="log")
    axes.set_yscale("symlog", linthresh=10 * _LINEAR, linscale=0.5)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(True)
    for label, (look, curve) in curves.items():
        mean, low, high = np.array(list(curve.values())).T
        axes.plot(list(curve), mean, label=label, **look)
        axes.fill_between(list(curve), low, high, color=look["color"], alpha=0.15, linewidth=0)


def _group(axes: Axes, number: int, label: str, group: Group, reference: float) -> None:
    """Draws the line of one group, and its band where it has an interval."""
    shortest = min(map(len, group.curves))
    mean = reference - np.mean([curve[:shortest] for curve in group.curves], axis=0)
    look, several = line_look(number), len(group.runs) > 1
    label = f"{label} ({len(group.runs)} runs)" if several else label
    axes.step(np.arange(1, shortest + 1), mean, where="post", label=label, **look)
    if several:
        budgets = np.append(1 + np.flatnonzero(np.diff(mean, prepend=np.inf)), shortest)  # where the mean falls
        budgets = budgets[np.unique(np.linspace(0, len(budgets) - 1, _BAND).astype(int))]
        band = [row for budget in budgets if (row := regret_at(group.curves, reference, int(budget)))]
        low, high = [row.low for row in band], [row.high for row in band]
        if np.isfinite(low).all():  # two runs have no interval
            axes.fill_between(budgets, low, high, step="post", color=look["color"], alpha=0.15, linewidth=0)

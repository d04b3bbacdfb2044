"""The critical-difference picture: units by mean rank, with intervals, and bars over those that are not told apart."""

import textwrap

from matplotlib.figure import Figure

from actsearch.analysis import UnitRanking
from actsearch.report.style import BLUE, GREY, INK, new_figure, styled


@styled
def draw_mean_ranks(ranking: UnitRanking, count: int | None = None, title: str = "") -> Figure:
    """Draws the mean ranks of units with their intervals over tasks, one row each, best on top.

    Upright bars at the left join units whose mean ranks differ by less than the critical difference, which a line
    below the axis shows: a critical-difference diagram (Demsar 2006, JMLR 7), turned so that any number of units fits.

    Args:
      ranking: from `actsearch.evaluation.rank_units`.
      count: how many units, the best; all by default.
      title: above the picture; empty for none.
    """
    units = ranking.units[:count]
    figure = new_figure(8.0, 0.2 * len(units) + 1.6, title)
    bars, axes = figure.subplots(1, 2, sharey=True, width_ratios=[1, 7])
    for y, unit in enumerate(units):
        mean, low, high = unit.mean_rank
        axes.plot([low, high], [y, y], color=GREY, linewidth=1.2)
        axes.plot(mean, y, "o", color=BLUE, markersize=4.5)
        axes.text(1.02, y, f"{mean:.1f}", transform=axes.get_yaxis_transform(), va="center_baseline", fontsize=8)
    groups = [(first, min(last, len(units) - 1)) for first, last in ranking.cliques]
    groups = [group for i, group in enumerate(groups) if group[0] < group[1] and group[1] not in _ends(groups[:i])]
    for i, (first, last) in enumerate(groups):
        bars.plot([-i, -i], [first - 0.3, last + 0.3], color=INK, linewidth=2.5, solid_capstyle="butt")
    names = [textwrap.shorten(unit.name, 40, placeholder=" ...") for unit in units]
    bars.set_yticks(range(len(units)), names, fontsize=8)
    bars.set(ylim=(len(units) - 0.4, -0.6), xlim=(-max(3, len(groups)), 1), xticks=[], xlabel="not told apart")
    difference = f"critical difference {ranking.critical_difference:.1f}"
    axes.set(xlabel=f"mean rank over {len(ranking.tasks)} tasks, of {len(ranking.units)} units; {difference}")
    axes.xaxis.grid(True)
    for panel in (bars, axes):
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set_visible(False)
    bars.spines["bottom"].set_visible(False)
    return figure


def _ends(groups: list[tuple[int, int]]) -> set[int]:
    return {last for _, last in groups}

"""Pictures of a search for layers: its gates, its Pareto fronts, the ancestors of a winner, scores by batch size.

In the style of `plots`, which see; `genealogy` is here too. For the experiments and notebooks.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from actsearch.analysis.funnel import Stage
from actsearch.analysis.statistics import Values, bootstrap_mean
from actsearch.report.genealogy import genealogy
from actsearch.report.style import BLUE, GREY, INK, LIGHT, ORANGE, blank, score_axis, spread, styled
from actsearch.trials.pareto import front
from actsearch.trials.trial import Trial

__all__ = ["funnel_bars", "genealogy", "pareto_fronts", "score_by_batch"]

_SCORE = "score (log scale of 1 − score)"  # noqa: RUF001, a minus sign
_LOG_FROM = 50  # times the smallest count
_LINES = [
    (colour, marker, dash)
    for dash in ("-", (0, (4, 2)))
    for colour, marker in zip((BLUE, ORANGE, "#009E73", "#CC79A7", INK, "#56B4E9"), "osD^vP", strict=True)
]


@styled
def funnel_bars(rows: Sequence[Stage], title: str = "What became of the candidates") -> Figure:
    """Draws how many candidates each gate stopped, one bar each from the top down, the accepted last.

    The axis is logarithmic where counts differ more than fiftyfold. Gates that stopped nothing are left out.

    Args:
      rows: of `funnel`, with at least one trial.
      title: above the picture; empty for none.

    Raises:
      ValueError: no trials.
    """
    shown = [row for row in rows if row.trials]
    if not shown:
        raise ValueError(f"funnel_bars needs a row with trials; received {len(rows)} rows without any.")
    figure = blank(8.0, 0.32 * len(shown) + 1.1, title)
    axes = figure.subplots()
    counts = [row.trials for row in shown]
    log = max(counts) > _LOG_FROM * min(counts)
    colours = [{"ok": BLUE, "proposed": GREY}.get(row.stage, LIGHT) for row in shown]
    axes.barh(range(len(shown)), counts, height=0.7, color=colours)
    if log:
        axes.set_xscale("log")
        axes.set_xlim(0.7, max(counts) * (max(counts) / 0.7) ** 0.22)
    else:
        axes.set_xlim(0, max(counts) * 1.2)
    for place, row in enumerate(shown):
        text = f"{row.trials:,}  ({row.share:.1%})"
        axes.annotate(text, (row.trials, place), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(range(len(shown)), [_stage_name(row.stage) for row in shown])
    axes.set(xlabel=f"candidates{' (log scale)' if log else ''}", ylim=(len(shown) - 0.4, -0.6))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.grid(True)
    axes.spines["left"].set_visible(False)
    return figure


@styled
def pareto_fronts(
    trials: Sequence[Trial], tasks: Sequence[str], generations: int = 4, title: str = "Progress of the Pareto front"
) -> Figure:
    """Draws the scores of trials on pairs of tasks, and the Pareto front of each pair as the search went on.

    One panel a pair. A front is the points that no other point beats on both tasks of the panel, among the trials so
    far. Axes are logarithmic in 1 - score and show what is above the median on both tasks, and every front.

    Args:
      trials: of a run, in order. Those with status "ok" and a score on every task are drawn.
      tasks: two or three of their `objectives`.
      generations: fronts to draw, at equal numbers of trials; at least 1.
      title: above the picture; empty for none.

    Raises:
      ValueError: no trial with a score on every task, fewer than two tasks or more than three, no generations.
    """
    if len(tasks) not in (2, 3) or generations < 1:
        raise ValueError(f"pareto_fronts needs 2 or 3 tasks and a generation; received {list(tasks)}, {generations}.")
    objectives = [trial.objectives if trial.status == "ok" else {} for trial in trials]
    table = np.array([[scores.get(task, np.nan) for task in tasks] for scores in objectives]).reshape(-1, len(tasks))
    if np.isnan(table).any(axis=1).all():
        raise ValueError(f"None of {len(trials)} trials has status 'ok' and a score on {' and '.join(tasks)}.")
    pairs = list(itertools.combinations(range(len(tasks)), 2))
    figure = blank(6.0 if len(pairs) == 1 else 3.9 * len(pairs), 4.8, title)
    panels = figure.subplots(1, len(pairs), squeeze=False).ravel()
    ends = [math.ceil(len(trials) * (i + 1) / generations) for i in range(generations)]
    for panel, pair in zip(panels, pairs, strict=True):
        _fronts(panel, table[:, pair], ends)
        panel.set(xlabel=f"{tasks[pair[0]]}\n{_SCORE}", ylabel=f"{tasks[pair[1]]}\n{_SCORE}")
        panel.tick_params(labelsize=8.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2 if len(pairs) == 1 else 5)
    return figure


@styled
def score_by_batch(
    scores: Mapping[str, Mapping[int, Values]], label: str = "score", title: str = "Score by batch size"
) -> Figure:
    """Draws mean scores against batch size with 95 % bootstrap intervals, a line a layer with its name at the end.

    The axis of scores is logarithmic in 1 - score. Points of one batch size stand side by side, so that their intervals
    can be told apart; one seed has no interval.

    Args:
      scores: by layer, then by batch size, one for each seed, within [0, 1]. There are 12 kinds of lines.
      label: what the scores are, such as "accuracy".
      title: above the picture; empty for none.

    Raises:
      ValueError: no scores, or too many layers.
    """
    if not scores or not all(scores.values()) or len(scores) > len(_LINES):
        raise ValueError(f"score_by_batch needs 1 to {len(_LINES)} layers with scores; received {len(scores)}.")
    figure = blank(8.0, 4.6, title)
    axes = figure.subplots()
    found = {name: {size: bootstrap_mean(row[size]) for size in sorted(row)} for name, row in scores.items()}
    ends = [end for row in found.values() for interval in row.values() for end in interval if math.isfinite(end)]
    place = _score_axis(axes, "y", np.array(ends))
    sizes = sorted({size for row in found.values() for size in row})
    apart = 0.06 if len(sizes) > 1 else 0.15
    last = math.log2(sizes[-1]) + apart * len(found) / 2
    names = sorted(found, key=lambda name: (found[name][max(found[name])].estimate, name))
    low, high = axes.get_ylim()
    labels = [float(place(found[name][max(found[name])].estimate)) for name in names]
    heights = dict(zip(names, spread(labels, (high - low) / 21, low, high), strict=True))
    for i, (name, row) in enumerate(found.items()):
        colour, marker, dash = _LINES[i]
        x = [math.log2(size) + apart * (i - (len(found) - 1) / 2) for size in row]
        y = [float(place(interval.estimate)) for interval in row.values()]
        axes.plot(x, y, color=colour, marker=marker, linestyle=dash, linewidth=1.4, markersize=5, label=name)
        for where, interval in zip(x, row.values(), strict=True):
            if math.isfinite(interval.low):
                axes.plot([where] * 2, place([interval.low, interval.high]), color=colour, linewidth=1, alpha=0.7)
        axes.plot([x[-1], last + 0.05, last + 0.15], [y[-1], y[-1], heights[name]], color=colour, linewidth=0.7)
        axes.text(last + 0.18, heights[name], name, color=colour, va="center_baseline", fontsize=8.5)
    axes.set_xticks([math.log2(size) for size in sizes], [f"{size:,}" for size in sizes])
    axes.set(xlabel="batch size (log scale)", ylabel=_SCORE.replace("score", label))
    axes.set_xlim(math.log2(sizes[0]) - apart * len(found) / 2 - 0.15, last + 0.15)
    return figure


def _stage_name(stage: str) -> str:
    return "accepted" if stage == "ok" else stage.replace("rejected:", "gate: ")


def _score_axis(axes: Axes, which: str, scores: np.ndarray) -> Callable[[Any], np.ndarray]:
    """As `score_axis`, with ticks at equal steps of the score where the range is too small for its own."""
    place = score_axis(axes, which, scores)
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    ticks: list[float] = []
    for tick in MaxNLocator(6).tick_values(scores.min(), scores.max())[::-1]:  # they are closest at the low end
        room = place(ticks[-1]) - place(tick) >= (high - low) / 8 if ticks else True
        if 0 <= tick < 1 and low <= place(tick) <= high and room:
            ticks.append(tick)
    if len(axis.get_majorticklocs()) < 4 <= len(ticks):
        axis.set_ticks([float(place(tick)) for tick in ticks], [f"{tick:.6g}" for tick in ticks])
    return place


def _fronts(axes: Axes, points: np.ndarray, ends: Sequence[int]) -> None:
    """Draws points and the front of the first so many of them, for each number in `ends`."""
    scored = points[~np.isnan(points).any(axis=1)]
    fronts = [points[front(points[:end])] for end in ends]
    high = scored[(scored >= np.median(scored, axis=0)).all(axis=1)]
    seen = np.concatenate([high, *fronts])
    place_x, place_y = _score_axis(axes, "x", seen[:, 0]), _score_axis(axes, "y", seen[:, 1])
    axes.plot(place_x(scored[:, 0]), place_y(scored[:, 1]), "o", color=GREY, alpha=0.35, markersize=3, mew=0)
    shades = LinearSegmentedColormap.from_list("progress", [LIGHT, BLUE])
    (left, _), (bottom, _) = axes.get_xlim(), axes.get_ylim()
    for number, (end, best) in enumerate(zip(ends, fronts, strict=True), start=1):
        if not len(best):
            continue
        best = best[np.lexsort((-best[:, 1], best[:, 0]))]
        x, y = place_x(best[:, 0]), place_y(best[:, 1])
        colour = ORANGE if number == len(ends) else shades(number / max(1, len(ends) - 1))
        x, y = np.concatenate([[left], x, x[-1:]]), np.concatenate([y[:1], y, [bottom]])
        width = 1.0 + number / len(ends)
        axes.plot(
            x,
            y,
            drawstyle="steps-pre",
            color=colour,
            linewidth=width,
            marker="o",
            markersize=4,
            markevery=slice(1, -1),
            label=f"after {end:,}",
        )

"""A picture of the Pareto fronts of a search on several tasks."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from actsearch.language import ActsearchError
from actsearch.report.scale import SCORE_LABEL, score_axis
from actsearch.report.style import BLUE, GREY, LIGHT, ORANGE, new_figure, styled
from actsearch.trials import Status, Trial, front


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
      ActsearchError: no trial with a score on every task, fewer than two tasks or more than three, no generations.
    """
    if len(tasks) not in (2, 3) or generations < 1:
        received = f"{list(tasks)}, {generations}"
        raise ActsearchError(f"pareto_fronts needs 2 or 3 tasks and a generation; received {received}.")
    scores = _scores(trials, tasks)
    pairs = list(itertools.combinations(range(len(tasks)), 2))
    figure = new_figure(6.0 if len(pairs) == 1 else 3.9 * len(pairs), 4.8, title)
    panels = figure.subplots(1, len(pairs), squeeze=False).ravel()
    ends = [math.ceil(len(trials) * (i + 1) / generations) for i in range(generations)]
    for panel, pair in zip(panels, pairs, strict=True):
        _panel(panel, scores[:, pair], ends)
        panel.set(xlabel=f"{tasks[pair[0]]}\n{SCORE_LABEL}", ylabel=f"{tasks[pair[1]]}\n{SCORE_LABEL}")
        panel.tick_params(labelsize=8.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2 if len(pairs) == 1 else 5)
    return figure


def _scores(trials: Sequence[Trial], tasks: Sequence[str]) -> np.ndarray:
    """Returns the scores on each task, [trials, tasks], NaN where there is none."""
    objectives = [trial.objectives if trial.status is Status.OK else {} for trial in trials]
    scores = np.array([[row.get(task, np.nan) for task in tasks] for row in objectives]).reshape(-1, len(tasks))
    if np.isnan(scores).any(axis=1).all():
        raise ActsearchError(f"None of {len(trials)} trials has status ok and a score on {' and '.join(tasks)}.")
    return scores


def _panel(axes: Axes, points: np.ndarray, ends: Sequence[int]) -> None:
    """Draws points, and the front of the first so many of them for each number in `ends`; the last one is orange."""
    scored = points[~np.isnan(points).any(axis=1)]
    fronts = [points[front(points[:end])] for end in ends]
    high = scored[(scored >= np.median(scored, axis=0)).all(axis=1)]
    shown = np.concatenate([high, *fronts])
    score_axis(axes, "x", shown[:, 0])
    score_axis(axes, "y", shown[:, 1])
    axes.plot(scored[:, 0], scored[:, 1], "o", color=GREY, alpha=0.35, markersize=3, markeredgewidth=0)
    shades = LinearSegmentedColormap.from_list("progress", [LIGHT, BLUE])
    for number, (end, best) in enumerate(zip(ends, fronts, strict=True), start=1):
        colour = ORANGE if number == len(ends) else shades(number / max(1, len(ends) - 1))
        if len(best):
            _front(axes, best, f"after {end:,}", colour, 1.0 + number / len(ends))


def _front(axes: Axes, points: np.ndarray, label: str, colour: object, width: float) -> None:
    """Draws a front as stairs from the left edge to the bottom."""
    points = points[np.lexsort((-points[:, 1], points[:, 0]))]
    left, bottom = axes.get_xlim()[0], axes.get_ylim()[0]
    axes.plot(
        np.concatenate([[left], points[:, 0], points[-1:, 0]]),
        np.concatenate([points[:1, 1], points[:, 1], [bottom]]),
        drawstyle="steps-pre",
        color=colour,
        linewidth=width,
        marker="o",
        markersize=4,
        markevery=slice(1, -1),
        label=label,
    )

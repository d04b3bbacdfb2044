"""Pictures of scores: over a search, as a distribution, against batch size."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from actsearch.analysis import Interval, best_so_far, bootstrap_mean
from actsearch.analysis.statistics import Values
from actsearch.language import ActsearchError
from actsearch.report.labels import label_above, spread
from actsearch.report.scale import SCORE_LABEL, score_axis
from actsearch.report.style import BLUE, GREY, INK, LIGHT, ORANGE, new_figure, styled
from actsearch.trials import Status, Trial
from actsearch.trials.ranking import of_highest_fidelity

_LINES: list[tuple[str, str, Any]] = [
    (colour, marker, dash)
    for dash in ("-", (0, (4, 2)))
    for colour, marker in zip((BLUE, ORANGE, "#009E73", "#CC79A7", INK, "#56B4E9"), "osD^vP", strict=True)
]


@styled
def search_progress(trials: Sequence[Trial], title: str = "Search progress") -> Figure:
    """Draws the score of every trained trial against its number, and the best score so far.

    The best is that of `best_so_far`: of first evaluations at the highest fidelity of the run. Shorter trainings are
    grey, trials that diverged are crosses at the bottom.

    Args:
      trials: of a run, in order, with at least one that has status "ok".
      title: above the picture; empty for none.

    Raises:
      ActsearchError: no trial with status "ok".
    """
    ok = [trial for trial in trials if trial.status is Status.OK and trial.score is not None]
    if not ok:
        raise ActsearchError(f"search_progress needs a trial with status ok; received {len(trials)} without one.")
    full = of_highest_fidelity(ok)
    figure = new_figure(8.0, 4.2, title)
    axes = figure.subplots()
    score_axis(axes, "y", np.array([trial.score for trial in ok]))
    _dots(axes, [trial for trial in ok if trial.fidelity < full[0].fidelity], "trained shorter", GREY)
    _dots(axes, full, "trained", BLUE)
    diverged = [trial.index for trial in trials if trial.status is Status.DIVERGED]
    if diverged:
        label, bottom = f"diverged ({len(diverged):,})", axes.get_xaxis_transform()
        axes.plot(diverged, [0.015] * len(diverged), "x", color=GREY, markersize=4, label=label, transform=bottom)
    _best_line(axes, trials, {trial.index for trial in full})
    axes.set(xlabel="trial", ylabel=SCORE_LABEL)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(x=0.01)
    figure.legend(loc="outside lower center", ncols=4, markerscale=1.6)
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
      ActsearchError: no scores.
    """
    data, marked = np.asarray(scores, dtype=np.float64), marked or {}
    if not data.size:
        raise ActsearchError("score_distribution needs at least one score; received none.")
    figure = new_figure(8.0, 5.0 if marked else 3.8, title)
    axes = figure.subplots()
    score_axis(axes, "x", np.append(data, list(marked.values())))
    axes.hist(
        data, _bins(axes, data), color=LIGHT, edgecolor="white", linewidth=0.6, label=f"candidates ({data.size:,})"
    )
    median = float(np.median(data))
    axes.axvline(median, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=f"median ({median:.4f})")
    axes.set(xlabel=SCORE_LABEL, ylabel="candidates")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    label_above(axes, marked)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@styled
def score_by_batch(
    scores: Mapping[str, Mapping[int, Values]], label: str = "score", title: str = "Score by batch size"
) -> Figure:
    """Draws mean scores against batch size with 95 % bootstrap intervals, a line a layer with its name at the end.

    Points of one batch size stand side by side, so that their intervals can be told apart; one seed has no interval.

    Args:
      scores: by layer, then by batch size, one for each seed, within [0, 1]. There are 12 kinds of lines.
      label: what the scores are, such as "accuracy".
      title: above the picture; empty for none.

    Raises:
      ActsearchError: no scores, or too many layers.
    """
    if not scores or not all(scores.values()) or len(scores) > len(_LINES):
        raise ActsearchError(f"score_by_batch needs 1 to {len(_LINES)} layers with scores; received {len(scores)}.")
    figure = new_figure(8.0, 4.6, title)
    axes = figure.subplots()
    means = {name: {size: bootstrap_mean(row[size]) for size in sorted(row)} for name, row in scores.items()}
    intervals = [interval for row in means.values() for interval in row.values()]
    score_axis(axes, "y", np.array([end for interval in intervals for end in interval if math.isfinite(end)]))
    sizes = sorted({size for row in means.values() for size in row})
    apart = 0.06 if len(sizes) > 1 else 0.15
    half = apart * len(means) / 2
    last = math.log2(sizes[-1]) + half
    heights = _label_heights(axes, {name: row[max(row)].estimate for name, row in means.items()})
    for i, (name, row) in enumerate(means.items()):
        x = [math.log2(size) + apart * (i - (len(means) - 1) / 2) for size in row]
        _batch_line(axes, name, x, list(row.values()), _LINES[i])
        colour, end = _LINES[i][0], row[max(row)].estimate
        axes.plot([x[-1], last + 0.05, last + 0.15], [end, end, heights[name]], color=colour, linewidth=0.7)
        axes.text(last + 0.18, heights[name], name, color=colour, va="center_baseline", fontsize=8.5)
    axes.set_xticks([math.log2(size) for size in sizes], [f"{size:,}" for size in sizes])
    axes.set(xlabel="batch size (log scale)", ylabel=SCORE_LABEL.replace("score", label))
    axes.set_xlim(math.log2(sizes[0]) - half - 0.15, last + 0.15)
    return figure


def _dots(axes: Axes, trials: Sequence[Trial], label: str, colour: str) -> None:
    numbers, scores = [trial.index for trial in trials], np.array([trial.score for trial in trials], dtype=np.float64)
    if trials:
        label = f"{label} ({len(trials):,})"
        axes.plot(numbers, scores, "o", color=colour, alpha=0.35, markersize=3, markeredgewidth=0, label=label)


def _best_line(axes: Axes, trials: Sequence[Trial], counting: set[int]) -> None:
    """Draws the best score so far, from the first trial that counts to the last of all."""
    best = best_so_far(trials)
    positions = [*(i for i, trial in enumerate(trials) if trial.index in counting), len(trials) - 1]
    x = [trials[i].index for i in positions]
    label = f"best so far ({best[-1]:.4f})"
    axes.plot(x, best[positions], color=ORANGE, linewidth=2, drawstyle="steps-post", label=label)


def _bins(axes: Axes, scores: np.ndarray, count: int = 40) -> list[float]:
    """Returns edges of bins of equal width on an axis of scores."""
    transform = axes.xaxis.get_transform()
    low, high = transform.transform(np.array([scores.min(), scores.max()]))
    half = 0.0 if low < high else 0.5
    inner = transform.inverted().transform(np.linspace(low - half, high + half, count + 1)).tolist()
    # The ends again as they are: a rounding error must not leave a score outside.
    return inner if half else [float(scores.min()), *inner[1:-1], float(scores.max())]


def _label_heights(axes: Axes, scores: Mapping[str, float]) -> dict[str, float]:
    """Returns the scores at which names stand beside the ends of their lines, moved apart."""
    transform = axes.yaxis.get_transform()
    low, high = transform.transform(np.array(axes.get_ylim()))
    names = sorted(scores, key=lambda name: (scores[name], name))
    places = transform.transform(np.array([scores[name] for name in names], dtype=np.float64)).tolist()
    moved = transform.inverted().transform(np.array(spread(places, (high - low) / 21, low, high)))
    return dict(zip(names, moved.tolist(), strict=True))


def _batch_line(
    axes: Axes, name: str, x: Sequence[float], means: Sequence[Interval], look: tuple[str, str, Any]
) -> None:
    """Draws one layer's means, joined, and their intervals."""
    colour, marker, dash = look
    y = [mean.estimate for mean in means]
    axes.plot(x, y, color=colour, marker=marker, linestyle=dash, linewidth=1.4, markersize=5, label=name)
    for where, mean in zip(x, means, strict=True):
        if math.isfinite(mean.low):
            axes.plot([where, where], [mean.low, mean.high], color=colour, linewidth=1, alpha=0.7)

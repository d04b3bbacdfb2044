"""What the pictures of `plots` share: style, files, an axis for scores, labels that do not overlap."""

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

P = ParamSpec("P")

BLUE, ORANGE, GREY, LIGHT, INK = "#0072B2", "#D55E00", "#7A7A7A", "#B9C6CF", "#222222"
"""Of Okabe and Ito, which colour-blind readers tell apart, and three greys."""

_COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", INK)
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))  # in step with no period of colours

_STYLE: Any = {
    **{"font.size": 10, "axes.edgecolor": GREY, "axes.labelcolor": INK, "text.color": INK, "legend.frameon": False},
    **{"xtick.color": GREY, "ytick.color": GREY, "xtick.labelcolor": INK, "ytick.labelcolor": INK},
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True},
    **{"grid.color": "#E6E6E6", "grid.linewidth": 0.8},
}
_TICKS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0)


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Runs a drawing function under this module's style, whatever the user's matplotlibrc says."""

    @functools.wraps(draw)
    def run(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE}):
            return draw(*args, **kwargs)

    return run


def line_look(place: int) -> dict[str, Any]:
    """Returns the colour, dashes and width of line number `place` of a picture; neighbours differ in both."""
    dashes = _DASHES[place % len(_DASHES)]
    return {"color": _COLOURS[place % len(_COLOURS)], "linestyle": dashes, "linewidth": 2}


def blank(width: float, height: float, title: str) -> Figure:
    """Returns an empty figure, its size in inches, with its title at the left."""
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Writes a figure as PNG, 200 dots an inch, and SVG; equal figures give equal bytes.

    Args:
      figure: from this package, or any other.
      path: without a suffix; its directory is made when missing.

    Returns:
      The paths of the two files.

    Example:
      >>> import tempfile
      >>> from actsearch.report.plots import curves
      >>> from actsearch.language import parse
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     [file.name for file in save(curves({"ReLU": parse("relu(x)")}), directory + "/relu")]
      ['relu.png', 'relu.svg']
    """
    png, svg = (Path(f"{os.fspath(path)}.{suffix}") for suffix in ("png", "svg"))
    png.parent.mkdir(parents=True, exist_ok=True)
    # The style again, because ticks are made and counted when a figure is drawn; the salt makes the ids of SVG repeat.
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE, "svg.hashsalt": "actsearch"}):
        figure.savefig(png, dpi=200, metadata={"Software": None}, facecolor="white")
        figure.savefig(svg, metadata={"Date": None, "Creator": None}, facecolor="white")
    return png, svg


def score_axis(axes: Axes, which: str, scores: np.ndarray) -> Callable[[Any], np.ndarray]:
    """Makes "x" or "y" an axis of scores, logarithmic in 1 - score, on which steps near 1 can be seen.

    Args:
      axes: to change: limits, ticks and grid.
      which: "x" or "y".
      scores: [n], within [0, 1]: all that will be drawn.

    Returns:
      The function from scores to places on the axis. A perfect score is drawn one halving of 1 - score above the next.
    """
    errors = 1 - scores[scores < 1]
    floor = errors.min() / 2 if errors.size else 0.5

    def place(score):
        return -np.log2(np.maximum(1 - np.asarray(score, dtype=np.float64), floor))

    low, high = place(scores.min()), place(scores.max())
    margin = 0.05 * (high - low) or 0.5
    perfect = scores.max() == 1
    shown = [t for t in _TICKS if low - margin <= place(t) <= high + margin and (t < 1 or perfect)]
    shown = [t for t in shown if t == 1 or 1 - t > 1.2 * floor or not perfect]  # no tick under the one of 1
    axis, limit = (axes.xaxis, axes.set_xlim) if which == "x" else (axes.yaxis, axes.set_ylim)
    axis.set_ticks([float(place(tick)) for tick in shown], [f"{tick:g}" for tick in shown])
    limit(low - margin, high + margin)
    axis.grid(True)
    return place


def label_above(axes: Axes, places: Mapping[str, float]) -> None:
    """Marks places on the x axis by lines, and writes their names upright above the axes, moved apart."""
    low, high = axes.get_xlim()
    names = sorted(places, key=lambda name: (places[name], name))
    apart = spread([places[name] for name in names], (high - low) / 45, low, high)
    across = axes.get_xaxis_transform()
    for name, x in zip(names, apart, strict=True):
        here = places[name]
        path = [here, here, x, x], [0.0, 1.0, 1.09, 1.11]
        axes.plot(*path, transform=across, color=ORANGE, linewidth=0.9, alpha=0.85, clip_on=False)
        axes.text(x, 1.125, name, transform=across, rotation=90, ha="center", va="bottom", fontsize=8.5)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Returns places at least `gap` apart and close to the wanted ones.

    Args:
      wanted: ascending.
      gap: least distance of neighbours.
      low: least place, which holds also where there is no room for all.
      high: greatest place, where there is room.

    Example:
      >>> spread([0.1, 0.5, 0.5, 0.9], 0.2, 0.0, 1.0)
      [0.1, 0.4, 0.6, 0.9]
    """
    groups: list[tuple[float, int]] = []  # (centre, members): neighbours that would overlap are centred together
    for place in wanted:
        centre, members = place, 1
        while groups and centre - groups[-1][0] < gap * (members + groups[-1][1]) / 2:
            other, more = groups.pop()
            centre, members = (other * more + centre * members) / (more + members), more + members
        groups.append((centre, members))
    places = [centre + gap * (i - (members - 1) / 2) for centre, members in groups for i in range(members)]
    places = [min(place, high - gap * (len(places) - 1 - i)) for i, place in enumerate(places)]
    return [max(place, low + gap * i) for i, place in enumerate(places)]

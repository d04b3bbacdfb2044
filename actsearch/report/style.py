"""What all pictures share: colours, style, an empty figure, files.

Each picture is a `matplotlib.figure.Figure` of its own, outside pyplot: no global state, no display needed. In a
notebook the last expression of a cell shows it; `save` writes it. No meaning rests on colour alone.
"""

import functools
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
from matplotlib.figure import Figure

P = ParamSpec("P")

BLUE, ORANGE, GREY, LIGHT, INK = "#0072B2", "#D55E00", "#7A7A7A", "#B9C6CF", "#222222"
"""Two colours of Okabe and Ito, which colour-blind readers tell apart, and three greys."""

_COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", INK)
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))  # in step with no period of colours

_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Runs a drawing function under this module's style, whatever the user's matplotlibrc says."""

    @functools.wraps(draw)
    def run(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE}):
            return draw(*args, **kwargs)

    return run


def line_look(number: int) -> dict[str, Any]:
    """Returns the colour, dashes and width of a picture's line of this number; neighbours differ in both."""
    dashes = _DASHES[number % len(_DASHES)]
    return {"color": _COLOURS[number % len(_COLOURS)], "linestyle": dashes, "linewidth": 2}


def new_figure(width: float, height: float, title: str) -> Figure:
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
      >>> from actsearch.report import draw_curves
      >>> from actsearch.language import parse
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     [file.name for file in save(draw_curves({"ReLU": parse("relu(x)")}), directory + "/relu")]
      ['relu.png', 'relu.svg']
    """
    png, svg = (Path(f"{os.fspath(path)}.{suffix}") for suffix in ("png", "svg"))
    png.parent.mkdir(parents=True, exist_ok=True)
    # The style again, because ticks are made and counted when a figure is drawn.
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE}):
        figure.savefig(png, dpi=200, metadata={"Software": None}, facecolor="white")
    svg.write_text(to_svg(figure, facecolor="white"), encoding="utf-8")
    return png, svg


def to_svg(figure: Figure, salt: str = "actsearch", outlines: bool = True, **options: Any) -> str:
    """Returns a figure as SVG; equal figures give equal text.

    Args:
      figure: from this package, or any other.
      salt: of the ids within, which two pictures on one page must not share.
      outlines: draw letters as shapes, the same everywhere; else as text, in a font of the reader's.
      options: of `Figure.savefig`, such as `transparent`.
    """
    text = io.StringIO()
    own: Any = {"svg.hashsalt": salt, "svg.fonttype": "path" if outlines else "none"}
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **_STYLE, **own}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, **options)
    return text.getvalue()

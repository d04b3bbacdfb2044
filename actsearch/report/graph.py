"""A program as a drawn graph: what flows where, shared subterms once. For the command line, notebooks and reports."""

# ruff: noqa: RUF001, labels are signs as people write them

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from actsearch.language import GREEK, PRIMITIVES, ActsearchError, Program
from actsearch.report.graph_layout import Layout, layout
from actsearch.report.style import BLUE, GREY, INK, LIGHT, ORANGE, new_figure, styled

MAX_NODES = 200
"""Nodes that fit a picture; about 25 can be read on a page."""

_KINDS = {
    # fill, edge, text, corner: no meaning rests on colour alone
    "input": (INK, INK, "white", 0.14),
    "parameter, initial value": ("white", ORANGE, INK, 0.14),
    "constant": ("white", GREY, INK, 0.0),
    "elementwise": ("#DCE5EA", LIGHT, INK, 0.05),
    "reduction": (BLUE, BLUE, "white", 0.05),
}

# Inches.
_HEIGHT, _GAP, _ROOM, _LANDING, _MARGIN = 0.30, 0.22, 0.55, 0.2, 0.15
_SIZE = 9.5  # points, of text


@styled
def draw_graph(program: Program, title: str = "") -> Figure:
    """Draws a program as a graph: data flow down, from inputs and parameters to the output at the bottom.

    Arrows run around boxes. Where the order of operands matters, the box names them, "a ÷ b", and so do its arrows.

    Args:
      program: of at most MAX_NODES nodes; `simplify` it first for one that is easier to read.
      title: above the picture; empty for none.

    Raises:
      ActsearchError: too many nodes.

    Example:
      >>> from actsearch.language import parse
      >>> figure = draw_graph(parse("x * sigmoid(v * x) / group_std(x)"))
      >>> [text.get_text() for text in figure.axes[0].texts if text.get_gid().startswith("label")]
      ['x', 'v = 1', '×', 'σ', '×', 'std over h,w,c/g', 'a ÷ b']
    """
    if len(program.nodes) > MAX_NODES:
        received = f"received {len(program.nodes)}: simplify it first"
        raise ActsearchError(f"A graph shows at most {MAX_NODES} nodes; {received}.")
    labels = _labels(program)
    widths = [max(_HEIGHT, _width(label) + 0.16) for label in labels]
    kinds = [_kind(node.op) for node in program.nodes]
    places = layout(program, widths, _GAP)
    wide = max(x + widths[i] / 2 for (i, layer), x in places.x.items() if layer == places.layers[i])
    wide = max(wide, *places.x.values())
    figure, axes, left = _page(wide, max(places.layers) + 1, title, [kind for kind in _KINDS if kind in kinds])
    middle = [(left + places.x[i, layer], _middle(layer)) for i, layer in enumerate(places.layers)]
    for i, (label, kind, width) in enumerate(zip(labels, kinds, widths, strict=True)):
        _box(axes, i, middle[i], width, label, kind)
    for i, node in enumerate(program.nodes):
        _arrows(axes, program, i, places, left, middle[i], 0.6 * widths[i] if len(node.args) > 1 else 0.0)
    return figure


def _labels(program: Program) -> list[str]:
    initial = dict(program.parameters)
    return [_label(op, payload, initial) for op, _, payload in program.nodes]


def _label(op: str, payload: str | float | None, initial: dict[str, float]) -> str:
    match op:
        case "constant":
            return f"{payload:g}".replace("-", "−")
        case "input":
            return str(payload)
        case "parameter" | "scalar":
            name = GREEK.get(str(payload), str(payload))
            return f"{name} = {initial[str(payload)]:g}".replace("-", "−")
    row = PRIMITIVES[op]
    return row.drawn or (f"{op}({', '.join('abc'[: row.arity])})" if _ordered(op) else op)


def _ordered(op: str) -> bool:
    """Whether it matters which operand is which."""
    return PRIMITIVES[op].arity > 2 or (PRIMITIVES[op].arity == 2 and not PRIMITIVES[op].commutative)


def _kind(op: str) -> str:
    if op in PRIMITIVES:
        return PRIMITIVES[op].kind
    return "parameter, initial value" if op in ("parameter", "scalar") else op


def _width(text: str) -> float:
    """Returns the width in inches; without a renderer, so that it is the same everywhere."""
    # A space at either end has no ink, and those within are kept by what stands around them.
    return TextPath((0, 0), text, size=_SIZE, prop=FontProperties(family="DejaVu Sans")).get_extents().width / 72


def _page(wide: float, rows: int, title: str, kinds: Sequence[str]) -> tuple[Figure, Axes, float]:
    """Returns a figure with axes in inches, y down from the first layer's top, and where the boxes begin."""
    lines = textwrap.wrap(title, 80)
    heading = 0.15 + 0.22 * len(lines) if title else 0.0
    entries = [0.55 + _width(kind) for kind in kinds]
    width = max(wide + 2 * _MARGIN, max(entries) + 0.3, *(0.3 + 1.45 * _width(line) for line in lines))
    columns = max(n for n in range(1, len(kinds) + 1) if n == 1 or n * max(entries) <= width)
    foot = 0.2 * -(-len(kinds) // columns) + 0.2
    height = rows * _HEIGHT + (rows - 1) * _ROOM + 2 * _MARGIN
    figure = new_figure(width, heading + height + foot, "")
    figure.set_layout_engine("none")  # all places are known
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height + foot - _MARGIN, -_MARGIN - heading))
    axes.set_axis_off()
    if title:
        text = axes.text(_MARGIN, -heading, "\n".join(lines), va="top", fontsize=11.5, fontweight="bold", gid="title")
        text.set_linespacing(1.2)
    handles = [Patch(facecolor=_KINDS[kind][0], edgecolor=_KINDS[kind][1], label=kind) for kind in kinds]
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=columns,
        fontsize=8,
        handlelength=1.2,
        borderaxespad=0.3,
        columnspacing=1.2,
    )
    return figure, axes, (width - wide) / 2


def _middle(layer: int) -> float:
    return layer * (_HEIGHT + _ROOM) + _HEIGHT / 2


def _box(axes: Axes, i: int, middle: tuple[float, float], width: float, label: str, kind: str) -> None:
    fill, edge, colour, corner = _KINDS[kind]
    corners = (middle[0] - width / 2, middle[1] - _HEIGHT / 2), width, _HEIGHT
    style = f"round,pad=0,rounding_size={corner}" if corner else "square,pad=0"
    axes.add_patch(FancyBboxPatch(*corners, style, facecolor=fill, edgecolor=edge, linewidth=1.3, gid=f"node-{i}"))
    axes.text(
        *middle,
        label,
        ha="center",
        va="center_baseline",
        color=colour,
        family="DejaVu Sans",
        fontsize=_SIZE,
        gid=f"label-{i}",
    )


def _arrows(
    axes: Axes, program: Program, i: int, places: Layout, left: float, middle: tuple[float, float], apart: float
) -> None:
    """Draws the arrows into a box; they end side by side in the order in which they come."""
    op, args, _ = program.nodes[i]
    sources = [places.x[places.routes[i, k][-1]] for k in range(len(args))]
    coming = sorted(range(len(args)), key=lambda k: (sources[k], k))
    for port, k in enumerate(coming):
        end = middle[0] + apart * (port / (len(args) - 1) - 0.5 if len(args) > 1 else 0.0)
        line = _line([(left + places.x[place], place[1]) for place in places.routes[i, k]], end)
        arrow = FancyArrowPatch(
            path=line,
            arrowstyle="-|>,head_length=4,head_width=2.2",
            mutation_scale=1,
            fill=True,
            color=GREY,
            linewidth=1.1,
            joinstyle="miter",
            gid=f"arrow-{i}-{k}",
            zorder=0.9,
        )
        axes.add_patch(arrow)
        if _ordered(op):
            at = (end + 0.045, middle[1] - _HEIGHT / 2 - 0.12)
            axes.text(*at, "abc"[k], va="center", fontsize=8, fontstyle="italic", gid=f"operand-{i}-{k}")


def _line(stops: Sequence[tuple[float, int]], end: float) -> Path:
    """Returns a curve between layers, straight past a layer and at the end, where the name of the operand stands."""
    points: list[tuple[float, float]] = []
    codes: list[np.uint8] = []

    def add(code: np.uint8, *vertices: tuple[float, float]) -> None:
        points.extend(vertices)
        codes.extend([code] * len(vertices))

    for (x, layer), (to, _) in zip(stops, [*stops[1:], (end, 0)], strict=True):
        top, low = _middle(layer) + _HEIGHT / 2, _middle(layer + 1) - _HEIGHT / 2
        add(Path.LINETO if points else Path.MOVETO, (x, top))
        half = (top + low - _LANDING) / 2
        add(Path.CURVE4, (x, half), (to, half), (to, low - _LANDING))
        add(Path.LINETO, (to, low))
    return Path(np.array(points), codes)

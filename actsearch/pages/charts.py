"""Charts of a page, as Vega-Lite draws them in the browser: hover shows the formula, a click on a finalist its card.

Colours are CSS variables, so that one file is light, dark and printable; no meaning rests on colour alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actsearch.analysis import Comparison
from actsearch.archive.beside import finite
from actsearch.pages.packages import package
from actsearch.trials.pareto import front as pareto_front

Spec = dict[str, Any]
Point = Mapping[str, Any]

BLUE, ORANGE, GREEN, GREY, INK = "var(--blue)", "var(--orange)", "var(--green)", "var(--grey)", "currentColor"
_COLOURS = (BLUE, ORANGE, GREEN, "var(--pink)", GREY)
RANDOM = "random draws, expected"
"""Name of the baseline's line."""

LOWEST_REGRET = 1e-4
"""Where a logarithmic axis shows no regret: below one example in 10,000."""

_HEIGHT = 300
_BINS = 40
_FONT = "system-ui, sans-serif"
_AXIS = {"labelColor": INK, "titleColor": INK, "domainColor": GREY, "tickColor": GREY, "gridColor": "var(--line)"}
_CONFIG: Spec = {
    "background": "transparent",
    "font": _FONT,
    "axis": {**_AXIS, "labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": "normal"},
    "axisX": {"grid": False, "labelFlush": False},
    "legend": {"labelColor": INK, "titleColor": INK, "orient": "bottom", "labelFontSize": 12, "labelLimit": 400},
    "view": {"stroke": None},
}


def distribution(scores: Sequence[float], marks: Mapping[str, float]) -> Spec:
    """Returns a histogram of scores with published units marked by lines.

    Args:
      scores: of different functions, at least one, finite.
      marks: score of each published unit, by name.
    """
    alt = package("altair")
    counts, edges = np.histogram(_floored(scores), bins=_BINS)
    bars = [
        {"from": low, "to": high, "functions": count}
        for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    ]
    tooltip = [alt.Tooltip("from:Q", format=".4f"), alt.Tooltip("to:Q", format=".4f"), "functions:Q"]
    histogram = _chart(bars).mark_bar(color=BLUE, opacity=0.75, binSpacing=1)
    histogram = histogram.encode(
        x=alt.X("from:Q", title="score", scale=alt.Scale(domain=edges[[0, -1]].tolist(), nice=False), bin="binned"),
        x2="to:Q",
        # Room above the bars, for the names of published units.
        y=alt.Y("functions:Q", title="functions", scale=alt.Scale(domain=[0, 1.35 * max(counts.tolist())], nice=False)),
        tooltip=tooltip,
    )
    known = [{"unit": name, "score": max(score, edges[0])} for name, score in marks.items()]
    lines = _chart(known).mark_rule(color=ORANGE, strokeWidth=2, strokeDash=[4, 2])
    lines = lines.encode(x="score:Q", tooltip=["unit:N", alt.Tooltip("score:Q", format=".4f")])
    labels = _chart(_stacked(known, float(edges[-1] - edges[0]))).mark_text(align="left", dx=4, color=INK, fontSize=11)
    labels = labels.encode(x="score:Q", y=alt.Y("height:Q", axis=None, scale=alt.Scale(domain=[0, 1])), text="unit:N")
    bars_and_lines = alt.layer(histogram, lines)
    return _spec(alt.layer(bars_and_lines, labels).resolve_scale(y="independent"))


def _stacked(known: Sequence[Point], width: float) -> list[Spec]:
    """Returns labels with heights at which those that are close to one another do not meet."""
    rows, ends = [], [float("-inf")] * 8
    for one in sorted(known, key=lambda one: one["score"]):
        level = next((i for i, end in enumerate(ends) if one["score"] > end), len(ends) - 1)
        ends[level] = one["score"] + width * (0.02 + 0.014 * len(one["unit"]))
        rows.append({**one, "height": 0.97 - 0.07 * level})
    return rows


def progress(points: Sequence[Point], best: Sequence[Point]) -> Spec:
    """Returns the scores of a search in its order, the best so far, and the expected best of random draws.

    Args:
      points: trial, score, status, formula, and card, the address of a finalist's card or None.
      best: trial, score and line, the line's name.
    """
    alt = package("altair")
    floor = _floor([point["score"] for point in points])
    shown = [{**point, "height": max(point["score"], floor)} for point in points]
    statuses = list(dict.fromkeys(point["status"] for point in points))
    select = alt.selection_point(
        name="status",
        fields=["status"],
        bind=alt.binding_select(options=[None, *statuses], labels=["all", *statuses], name="Show "),
    )
    x = alt.X("trial:Q", title="trial")
    y = alt.Y("height:Q", title="score", scale=alt.Scale(zero=False))
    dots = _chart([one for one in shown if not one.get("card")]).mark_point(filled=True, size=22)
    dots = dots.encode(x=x, y=y, opacity=alt.condition(select, alt.value(0.55), alt.value(0.0)), **_statuses(statuses))
    finalists = _chart([one for one in shown if one.get("card")])
    finalists = finalists.mark_point(filled=True, size=110, stroke=INK, strokeWidth=1.5, cursor="pointer", opacity=1)
    finalists = finalists.encode(x=x, y=y, href="card:N", **_statuses(statuses)).properties(name="finalists")
    names = list(dict.fromkeys(row["line"] for row in best))
    lines = _chart([{**row, "height": max(row["score"], floor)} for row in best]).mark_line(interpolate="step-after")
    lines = lines.encode(
        x=x, y=y, strokeDash=_dash(names, alt.Legend(title=None, columns=2)), detail="line:N", color=alt.value(INK)
    )
    return _spec(alt.layer(dots.add_params(select), lines, finalists))


def _statuses(statuses: Sequence[str]) -> Spec:
    """Returns the encodings of what became of trials: colour and shape."""
    alt = package("altair")
    legend = alt.Legend(title=None, columns=4)
    shapes = ["circle", "diamond", "triangle-up", "square", "cross"]
    colours = [_COLOURS[i % len(_COLOURS)] for i in range(len(statuses))]
    return {
        "color": alt.Color("status:N", scale=alt.Scale(domain=list(statuses), range=colours), legend=legend),
        "shape": alt.Shape("status:N", scale=alt.Scale(domain=list(statuses), range=shapes), legend=legend),
        "tooltip": ["formula:N", alt.Tooltip("score:Q", format=".4f"), "trial:Q", "status:N"],
    }


def front(points: Sequence[Point], x: str, y: str = "score") -> Spec:
    """Returns points with their Pareto front: what no other beats in both.

    Args:
      points: x, y, formula and card; a smaller x is better where it is "operations", else a larger one.
      x: title of the first objective.
      y: title of the second.
    """
    alt = package("altair")
    sign = -1.0 if x == "operations" else 1.0
    best = pareto_front(np.array([[sign * point["x"], point["y"]] for point in points]))
    floor = _floor([point["y"] for point in points])
    cut = [float("-inf") if sign < 0 else _floor([point["x"] for point in points]), floor]
    shown = [{**point, "across": max(point["x"], cut[0]), "height": max(point["y"], cut[1])} for point in points]
    axis = alt.Axis(tickMinStep=1, format="d") if sign < 0 else alt.Undefined
    across = alt.X("across:Q", title=x, scale=alt.Scale(zero=False, padding=20, nice=False), axis=axis)
    up = alt.Y("height:Q", title=y, scale=alt.Scale(zero=False))
    tooltip = ["formula:N", alt.Tooltip("x:Q", title=x, format=".4~g"), alt.Tooltip("y:Q", title=y, format=".4f")]
    dots = (
        _chart(shown).mark_point(filled=True, size=22, color=BLUE, opacity=0.4).encode(x=across, y=up, tooltip=tooltip)
    )
    edge = [shown[i] for i in best.tolist()]
    line = _chart(edge).mark_line(color=ORANGE, interpolate="step-after" if sign < 0 else "step-before")
    line = line.encode(x=across, y=up)
    ends = _chart(edge).mark_point(filled=True, shape="diamond", size=110, color=ORANGE, stroke=INK, opacity=1)
    ends = ends.encode(x=across, y=up, tooltip=tooltip, href="card:N")
    return _spec(alt.layer(dots, line, ends))


def regret(comparison: Comparison, baseline: Mapping[int, float]) -> Spec:
    """Returns the mean regret of each group of runs, and of random draws, logarithmic in both.

    Args:
      comparison: of runs.
      baseline: number of random draws -> the expected best score; may be empty.
    """
    alt = package("altair")
    top = max([comparison.reference, *baseline.values()])
    rows: list[Spec] = [{"trial": number, "regret": top - score, "line": RANDOM} for number, score in baseline.items()]
    for label, group in comparison.groups.items():
        shortest = min(map(len, group.curves))
        mean = top - np.mean([curve[:shortest] for curve in group.curves], axis=0)
        rows += [{"trial": i, "regret": value, "line": label} for i, value in _steps(mean)]
    names, legend = list(dict.fromkeys(row["line"] for row in rows)), alt.Legend(title=None, columns=1)
    colours = [_COLOURS[i % len(_COLOURS)] for i in range(len(names))]
    lines = _chart([{**row, "height": max(row["regret"], LOWEST_REGRET)} for row in rows])
    lines = lines.mark_line(interpolate="step-after", strokeWidth=2).encode(
        x=alt.X("trial:Q", title="trials", scale=alt.Scale(type="log", nice=False)),
        y=alt.Y(
            "height:Q",
            title=f"regret: {top:.4f} - best so far",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(tickCount=4),
        ),
        color=alt.Color("line:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
        strokeDash=_dash(names, legend),
        tooltip=["line:N", "trial:Q", alt.Tooltip("regret:Q", format=".4f")],
    )
    return _spec(lines)


def curve(points: Sequence[Point]) -> Spec:
    """Returns a function and its derivative.

    Args:
      points: x, y and line, "function" or "derivative"; y None where there is none.
    """
    alt = package("altair")
    span = alt.Scale(domain=[-5, 5])
    lines = _chart(points).mark_line(clip=True, strokeWidth=2)
    colours = alt.Scale(domain=["function", "derivative"], range=[BLUE, ORANGE])
    lines = lines.encode(
        x=alt.X("x:Q", scale=span),
        y=alt.Y("y:Q", scale=span, title=None),
        color=alt.Color("line:N", scale=colours, legend=alt.Legend(title=None)),
        strokeDash=alt.StrokeDash("line:N", scale=alt.Scale(domain=colours["domain"], range=[[1, 0], [4, 2]])),
        tooltip=["line:N", "x:Q", alt.Tooltip("y:Q", format=".4f")],
    )
    return _spec(lines, height=280)


def step_rows(curve: np.ndarray, line: str) -> list[Spec]:
    """Returns the points of a curve over trials where it changes, under a name."""
    return [{"trial": i - 1, "score": value, "line": line} for i, value in _steps(curve)]


def _steps(curve: np.ndarray) -> list[tuple[int, float]]:
    """Returns the number of trials and the value wherever a curve changes, and at its end."""
    changes = np.flatnonzero(np.diff(curve)) + 1
    places = sorted({0, len(curve) - 1, *changes.tolist()}) if len(curve) else []
    if len(places) > 500:  # smooth: a point in each of 500 equal parts is enough
        places = sorted({places[i] for i in np.linspace(0, len(places) - 1, 500).astype(int).tolist()})
    return [(place + 1, float(curve[place])) for place in places]


def _floor(values: Sequence[float]) -> float:
    """Returns the value below which the lowest are drawn: diverged trainings would press all others together."""
    low, high = np.quantile(values, [0.1, 1.0])
    return float(low - 0.1 * (high - low))


def _floored(values: Sequence[float]) -> np.ndarray:
    return np.maximum(values, _floor(values))


def _dash(lines: Sequence[str], legend: Any) -> Any:
    alt = package("altair")
    dashes = [[1, 0], [5, 3], [2, 2], [6, 2, 2, 2], [8, 4]]
    scale = alt.Scale(domain=lines, range=[dashes[i % len(dashes)] for i in range(len(lines))])
    return alt.StrokeDash("line:N", scale=scale, legend=legend)


def _chart(rows: Sequence[Point]) -> Any:
    alt = package("altair")
    return alt.Chart(alt.Data(values=list(rows)))


def _spec(chart: Any, height: int = _HEIGHT) -> Spec:
    # Checking each point against the schema takes most of a chart's time; a test checks one chart of each sort.
    chart = chart.properties(width="container", height=height).to_dict(validate=False)
    spec: Spec = finite(chart)  # a browser's JSON has no NaN and no infinity: Vega leaves a null out
    return {**spec, "config": _CONFIG}

"""Draws the README's picture: a search that begins with whatever chance proposes, and ends with Swish.

    python experiments/draw_swish_found.py

Aging evolution searches the one-unit space of the Swish paper five times, on the table of MNIST-1D with an MLP, and so
does random search; nothing is trained, since the table holds three trainings of every function. After each round of
proposals the picture shows the incumbent's place among all functions of the space, by the mean of all trainings in the
table, of which a search sees two. f and -f count as one function, by the mean of both: a network with -f is one with f
and other weights behind it. Formulas are those of one of the runs, whose steps are easiest to read; the others are
drawn beside it.

Hardware: any. Wall time: half a minute. Expected: `docs/figures/swish-found.png` and `.svg`; Swish is first, SiLU
second, and four of the five runs of evolution end with Swish.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import actsearch
from actsearch import Program, fingerprint, identify, simplify
from actsearch.catalog import CATALOG
from actsearch.controllers import Controller, Random, RegularizedEvolution, Repeated
from actsearch.evaluation import rank_table
from actsearch.export import to_latex
from actsearch.language import Builder
from actsearch.report import new_figure, save, styled
from actsearch.report.curves import curve_values
from actsearch.report.style import BLUE, GREY, INK, ORANGE
from actsearch.trials.ranking import incumbent

TABLE = "tabular-swish1-mnist1d-mlp-likelihood"
SEEDS, BUDGET, BATCH = range(5), 2_000, 16
EVOLUTION = Repeated(RegularizedEvolution(population=20, sample=5), share=0.1, most=2)
RANDOM = Repeated(Random(), share=0.1, most=2)
LINES = {"relu": "ReLU", "silu": "SiLU", "swish": "Swish"}
SHOWN = 3
"""Seed of the run whose formulas are shown."""

FIGURE = Path(__file__).parents[1] / "docs/figures/swish-found"


SUBTITLE = "the best formula so far of one evolutionary run, by a table of trainings on MNIST-1D"

Courses: TypeAlias = "Sequence[Sequence[Step]]"


class Step(NamedTuple):
    """An incumbent: from which candidate on it led, its place, and it or its negative, simplified."""

    tried: int
    place: float
    program: Program


def negative(program: Program) -> Program:
    """Returns -f."""
    builder = Builder()
    return simplify(builder.program(builder.apply("neg", builder.substitute(program, builder.input))))


def places() -> dict[str, int]:
    """Returns the place of each function of the table by its fingerprint, f and -f as one by the mean of both."""
    scores = {row.fingerprint: row.score for row in rank_table(TABLE).rows}
    pairs: dict[frozenset[str], float] = {}
    for row in rank_table(TABLE).rows:
        pair = frozenset({row.fingerprint, fingerprint(negative(row.program))} & scores.keys())
        pairs[pair] = float(np.mean([scores[one] for one in pair]))
    ordered = sorted(pairs, key=lambda pair: -pairs[pair])
    return {one: place for place, pair in enumerate(ordered, 1) for one in pair}


def course(controller: Controller, seed: int, place_of: Mapping[str, int]) -> list[Step]:
    """Searches, and returns the incumbents one after another; the last one again at the end."""
    trials = actsearch.search("swish-1", TABLE, controller, BUDGET, seed=seed, batch=BATCH).trials
    steps: list[Step] = []
    for tried in (*range(BATCH // 2, BUDGET, BATCH // 2), BUDGET):
        leader = incumbent(trials[:tried])
        if leader and (tried == BUDGET or not steps or steps[-1].place != place_of[leader.fingerprint]):
            steps.append(Step(tried, place_of[leader.fingerprint], upright(leader.program)))
    return steps


def upright(program: Program) -> Program:
    """Returns f or -f, whichever is above 0 at the right."""
    return simplify(program) if float(actsearch.to_function(program)(4.0)) > 0 else negative(program)


def records(steps: Sequence[Step]) -> list[Step]:
    """Returns the steps that are better than all before them."""
    return [step for i, step in enumerate(steps[:-1]) if step.place < min([math.inf, *(s.place for s in steps[:i])])]


@styled
def swish_found(evolution: Courses, random: Courses, place_of: Mapping[str, int]) -> Figure:
    """Draws the places of the incumbents against the candidates tried, and below them the functions of one run."""
    functions = len(set(place_of.values()))
    figure = new_figure(8.0, 5.2, "")
    above, below = figure.subfigures(2, 1, height_ratios=[3.2, 1.3])
    above.suptitle("A search finds Swish", x=0.01, ha="left", fontsize=15, fontweight="bold")
    axes = above.subplots()
    axes.set_title(SUBTITLE, loc="left", fontsize=9.5)
    axes.set(xscale="log", yscale="log", xlim=(BATCH // 2, BUDGET), ylim=(400, 0.75))
    for name, text in LINES.items():
        reference_line(axes, text, place_of[fingerprint(CATALOG[name].program)])
    dashed = {"color": GREY, "linewidth": 1.4, "linestyle": (0, (5, 2))}
    staircase(axes, median(random), label="random search, median of five", **dashed)
    for seed, steps in enumerate(evolution):
        label = "evolution, four other runs" if seed == SHOWN + 1 else None
        staircase(axes, steps, color=BLUE, linewidth=1.0, alpha=0.35, label=label)
    staircase(axes, evolution[SHOWN], color=BLUE, linewidth=2.6, label="evolution, the run shown below")
    shown = records(evolution[SHOWN])
    for number, step in enumerate(shown, 1):
        axes.plot(step.tried, step.place, "o", color=ORANGE, markersize=12, zorder=5, clip_on=False)
        look = {"ha": "center", "va": "center_baseline", "fontsize": 8.5, "fontweight": "bold"}
        axes.text(step.tried, step.place, str(number), color="white", zorder=6, **look)
    axes.set(xlabel="trials", ylabel=f"place of the best so far, of\n{functions:,} functions (f and -f one)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.13), fontsize=8.5)
    film(below, shown)
    return figure


def median(courses: Courses) -> list[Step]:
    """Returns the median place of several runs at each step of any of them."""
    steps = []
    for tried in sorted({step.tried for steps in courses for step in steps}):
        latest = [[step for step in steps if step.tried <= tried][-1:] for steps in courses]
        place = np.median([step.place for (step,) in filter(None, latest)])
        steps.append(courses[0][0]._replace(tried=tried, place=float(place)))
    return steps


def reference_line(axes: Axes, text: str, place: int) -> None:
    """Draws the place of a published function, with its name at the right end."""
    axes.axhline(place, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    at_end = {"transform": axes.get_yaxis_transform(), "va": "center", "fontweight": "bold"}
    axes.text(1.01, place, f"{text}, {ordinal(place)}", **at_end)


def staircase(axes: Axes, steps: Sequence[Step], **look: Any) -> None:
    """Draws the places of one run."""
    axes.step([step.tried for step in steps], [step.place for step in steps], where="post", **look)


def film(figure: Any, shown: Sequence[Step]) -> None:
    """Draws the incumbents of one run side by side."""
    x = np.linspace(-4, 4, 401)
    for number, (panel, step) in enumerate(zip(figure.subplots(1, len(shown)), shown, strict=True), 1):
        panel.axhline(0, color=GREY, linewidth=0.6)
        panel.axvline(0, color=GREY, linewidth=0.6)
        panel.plot(x, curve_values(step.program, x)[0], color=ORANGE, linewidth=2)
        panel.set(xlim=(-4, 4), ylim=(-2, 4), xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
        panel.set_title(number, fontsize=10, fontweight="bold", color=ORANGE)
        panel.set_xlabel(caption(step.program), fontsize=9)


def caption(program: Program) -> str:
    """Returns a formula, typeset unless it is long, below a published name where the picture has a line of it."""
    names = [LINES[entry.name] for entry in identify(program) if entry.name in LINES]
    text = str(program)
    formula = f"${to_latex(program)}$" if len(text) < 25 else textwrap.fill(text.replace("beta", "β"), 17)
    return "\n".join([*names, formula])


def ordinal(place: int) -> str:
    """Returns 1st, 2nd and so on."""
    last = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place:,}{last}"


if __name__ == "__main__":
    place_of = places()
    runs = [[course(controller, seed, place_of) for seed in SEEDS] for controller in (EVOLUTION, RANDOM)]
    for path in save(swish_found(*runs, place_of), FIGURE):
        print(path)

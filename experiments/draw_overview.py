"""Draws the README's overview: what proposes a candidate, what scores it, where trials go.

    python experiments/draw_overview.py

Hardware: any. Wall time: seconds. Expected: `docs/figures/overview.png` and `.svg`.
"""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from actsearch.report import new_figure, save, styled
from actsearch.report.style import BLUE, GREY, INK, ORANGE

BOXES = (
    ("space", "which programs exist:\nsample, mutate", GREY),
    ("controller", "proposes programs:\ninit, ask, tell", BLUE),
    ("evaluator", "gates, then training,\nor a table", ORANGE),
    ("archive", "every trial, in SQLite;\nresumes after a kill", GREY),
    ("report", "tables and pictures", GREY),
)
ARROWS = ("genotypes", "proposals", "trials", "runs")
WIDTH, STEP, HEIGHT = 2.6, 3.6, 1.2


@styled
def overview() -> Figure:
    """Returns the parts of a search in a row, with what passes from each to the next."""
    figure = new_figure(11, 2.3, "")
    axes = figure.add_subplot()
    axes.set(xlim=(-0.1, 4 * STEP + WIDTH + 0.1), ylim=(-1.35, HEIGHT + 0.1))
    axes.axis("off")

    def arrow(start, end, curve="arc3"):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": INK, "connectionstyle": curve})

    for i, (name, text, colour) in enumerate(BOXES):
        left, middle = i * STEP, i * STEP + WIDTH / 2
        axes.add_patch(FancyBboxPatch((left, 0), WIDTH, HEIGHT, "round,pad=0", facecolor="w", edgecolor=colour, lw=1.6))
        axes.text(middle, 0.9, name, ha="center", va="center", fontsize=12, weight="bold")
        axes.text(middle, 0.36, text, ha="center", va="center", fontsize=8.5)
    for i, text in enumerate(ARROWS):
        arrow((i * STEP + WIDTH, HEIGHT / 2), ((i + 1) * STEP, HEIGHT / 2))
        axes.text(i * STEP + (WIDTH + STEP) / 2, HEIGHT / 2 + 0.14, text, ha="center", fontsize=8)
    arrow((2 * STEP + WIDTH / 2, 0), (STEP + WIDTH / 2, 0), "arc3,rad=-0.3")
    axes.text(1.5 * STEP + WIDTH / 2, -0.72, "trials: the controller learns", ha="center", fontsize=8.5)
    arrow((4 * STEP + WIDTH / 2, 0), (2 * STEP + WIDTH / 2, 0), "arc3,rad=-0.3")
    axes.text(
        3 * STEP + WIDTH / 2,
        -1.18,
        "verify: the best again, on other tasks, with fresh seeds",
        ha="center",
        fontsize=8.5,
    )
    return figure


if __name__ == "__main__":
    for path in save(overview(), Path(__file__).parents[1] / "docs" / "figures" / "overview"):
        print(path)

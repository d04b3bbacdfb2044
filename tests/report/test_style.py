"""What all pictures share: equal files, whatever the user's style, and nothing of pyplot."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import actsearch.report
from actsearch.analysis import Interval, compare_runs, funnel
from actsearch.catalog import CATALOG
from actsearch.language import parse
from actsearch.report import (
    draw_curves,
    draw_genealogy,
    draw_graph,
    draw_intervals,
    funnel_bars,
    pareto_fronts,
    regret_curves,
    regret_panels,
    save,
    score_by_batch,
    score_distribution,
    search_progress,
)
from actsearch.report.style import line_look
from actsearch.trials import Trial
from tests.helpers.pictures import extents, files_are_equal, on_page, overlap, shown_texts
from tests.helpers.runs import run

RNG = np.random.default_rng(0)
TASKS = ("one", "two", "three")
LAYER = CATALOG["evonorm_b0"].program
TRIALS = [
    Trial(
        i,
        LAYER,
        str(i),
        "ok",
        float(np.mean(point)),
        parents=(i - 4,) if i > 3 else (),
        objectives=dict(zip(TASKS, point, strict=True)),
    )
    for i, point in enumerate(RNG.uniform(0.2, 0.98, size=(60, 3)).tolist())
]
REJECTED = [Trial(60 + i, LAYER, "", "rejected", gate=gate) for i, gate in enumerate(["scale"] * 5 + ["stability"])]
LAYERS = {f"layer_{i}": {size: RNG.uniform(0.80, 0.95, size=5) for size in (4, 16, 64)} for i in range(12)}
MARKED = {f"function_{i}": 0.90 + 0.0001 * i for i in range(8)}
ROWS = {"better": Interval(0.96, 0.95, 0.97), "worse": Interval(0.91, 0.90, 0.92)}
RUNS = [run(f"{name}{seed}", RNG.random(40), name, seed) for name in ("random", "evolution") for seed in range(3)]
REGRET = {1: Interval(0.3, 0.2, 0.4), 10: Interval(0.1, 0.05, 0.2)}

PICTURES = {
    "progress": lambda: search_progress(TRIALS + REJECTED),
    "distribution": lambda: score_distribution(np.linspace(0.1, 0.95, 200), MARKED),
    "batch sizes": lambda: score_by_batch(LAYERS),
    "intervals": lambda: draw_intervals(ROWS, 0.93, reference_name="ReLU", title="Two of them"),
    "funnel": lambda: funnel_bars(funnel(TRIALS + REJECTED)),
    "fronts": lambda: pareto_fronts(TRIALS, TASKS),
    "fronts of two": lambda: pareto_fronts(TRIALS, TASKS[:2]),
    "genealogy": lambda: draw_genealogy(TRIALS, 59),
    "regret": lambda: regret_curves(compare_runs(RUNS)),
    "regret in panels": lambda: regret_panels({name: {"random": REGRET, "ppo": REGRET} for name in "abcd"}),
}
ALL_PICTURES = {
    **PICTURES,
    "curves": lambda: draw_curves({"tanh": parse("tanh(x)"), "swish": parse("sigmul(x, beta * x)")}),
    "graph": lambda: draw_graph(parse("t = x * sigmoid(v * x); t * t - t / (t + 3)"), "Title"),
}


@pytest.mark.parametrize("name", ALL_PICTURES)
def test_files_are_equal_every_time(tmp_path, name):
    assert files_are_equal(ALL_PICTURES[name], tmp_path)


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_overlaps_another_or_leaves_the_page(name):
    figure = PICTURES[name]()
    boxes = extents(figure, [*shown_texts(figure)])
    assert len(boxes) > 3
    assert on_page(figure, boxes)
    assert not overlap(boxes)


def test_files_are_there_and_do_not_depend_on_the_users_style(tmp_path):
    first = save(ALL_PICTURES["curves"](), tmp_path / "new" / "first")
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "lines.linewidth": 9, "legend.frameon": True}):
        second = save(ALL_PICTURES["curves"](), tmp_path / "second.v2")
    assert [path.name for path in second] == ["second.v2.png", "second.v2.svg"]
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(first, second, strict=True))
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in first[1].read_bytes()


def test_pictures_are_their_own():
    with matplotlib.rc_context():
        before = dict(matplotlib.rcParams)
        assert all(isinstance(draw(), Figure) for draw in ALL_PICTURES.values())
        assert dict(matplotlib.rcParams) == before
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_neighbouring_lines_differ_in_colour_and_in_dashes():
    looks = [line_look(number) for number in range(20)]
    for one, two in itertools.pairwise(looks):
        assert one["color"] != two["color"]
        assert one["linestyle"] != two["linestyle"]
    assert len({(look["color"], look["linestyle"]) for look in looks}) == 20


def test_the_room_has_every_name_that_it_lists():
    assert sorted(actsearch.report.__all__) == dir(actsearch.report)
    assert all(getattr(actsearch.report, name) is not None for name in actsearch.report.__all__)
    with pytest.raises(AttributeError, match="no attribute 'draw_nothing'"):
        actsearch.report.draw_nothing  # noqa: B018

"""Pictures of a search for layers: what is drawn is what was given, nothing overlaps, equal figures are equal bytes."""

import itertools
import math

import numpy as np
import pytest

from actsearch.analysis.funnel import funnel
from actsearch.analysis.statistics import bootstrap_mean
from actsearch.catalog import CATALOG
from actsearch.language import parse
from actsearch.report.fronts import funnel_bars, genealogy, pareto_fronts, score_by_batch
from actsearch.report.genealogy import ancestors, shorten
from actsearch.report.style import save
from actsearch.trials.trial import Trial

TASKS = ("one", "two", "three")
LONG = CATALOG["evonorm_b0"].program


def trial(index, status="ok", scores=(), parents=(), program=LONG):
    metrics = ({f"{task}/score": score for task, score in zip(TASKS, scores, strict=False)},) if scores else ()
    mean = sum(scores) / len(scores) if scores else None
    return Trial(index, program, str(index), status, mean, metrics, (0,) * len(metrics), tuple(parents))


RNG = np.random.default_rng(0)
POINTS = RNG.uniform(0.2, 0.98, size=(60, 3)).tolist()
TRIALS = [trial(i, scores=point, parents=[i - 4] if i > 3 else []) for i, point in enumerate(POINTS)]
REJECTED = [trial(60 + i, f"rejected:{gate}") for i, gate in enumerate(["scale"] * 5 + ["stability"])]
SIZES = (4, 16, 64)
SCORES = {f"layer_{i}": {size: RNG.uniform(0.80, 0.95, size=5) for size in SIZES} for i in range(12)}

PICTURES = {
    "funnel": lambda: funnel_bars(funnel(TRIALS + REJECTED)),
    "fronts": lambda: pareto_fronts(TRIALS, TASKS),
    "fronts of two": lambda: pareto_fronts(TRIALS, TASKS[:2]),
    "genealogy": lambda: genealogy(TRIALS, 59),
    "batch": lambda: score_by_batch(SCORES),
}


@pytest.mark.parametrize("name", PICTURES)
def test_files_are_equal_every_time(tmp_path, name):
    first, second = (save(PICTURES[name](), tmp_path / file) for file in ("one", "two"))
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_overlaps_another_or_leaves_the_page(name):
    figure = PICTURES[name]()
    figure.draw_without_rendering()
    texts = [figure._suptitle, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in figure.axes:
        texts += axes.texts
        if axes.axison:
            texts += [axes.xaxis.label, axes.yaxis.label]
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())  # a tick outside is not drawn
                ticks = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True)
                texts += [label for place, label in ticks if low <= place <= high]
    shown = [text.get_window_extent() for text in texts if text.get_text()]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 + 1 for box in shown)
    assert all(box.y0 >= 0 and box.y1 <= figure.bbox.y1 + 1 for box in shown)
    assert not any(one.overlaps(two) for one, two in itertools.combinations(shown, 2))


def test_a_bar_for_each_stage_that_stopped_something():
    (axes,) = funnel_bars(funnel(TRIALS + REJECTED)).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        *("proposed", "gate: scale", "gate: stability", "accepted")
    ]
    assert [bar.get_width() for bar in axes.patches] == [66, 5, 1, 60]
    assert [text.get_text() for text in axes.texts][:2] == ["66  (100.0%)", "5  (7.6%)"]
    assert (axes.get_xscale(), axes.get_ylim()[0] > axes.get_ylim()[1]) == ("log", True)
    assert funnel_bars(funnel(TRIALS)).axes[0].get_xscale() == "linear"
    with pytest.raises(ValueError, match="6 rows without any"):
        funnel_bars(funnel([]))


def test_fronts_of_each_pair_only_rise():
    panels = pareto_fronts(TRIALS, TASKS).axes
    assert [panel.get_xlabel().split("\n")[0] for panel in panels] == ["one", "one", "two"]
    assert [panel.get_ylabel().split("\n")[0] for panel in panels] == ["two", "three", "three"]
    for panel in panels:
        dots, *fronts = panel.lines
        assert len(dots.get_xdata()) == len(TRIALS)
        assert [line.get_label() for line in fronts] == ["after 15", "after 30", "after 45", "after 60"]
        for line in fronts:
            x, y = line.get_xdata()[1:-1], line.get_ydata()[1:-1]
            assert (np.diff(x) >= 0).all()
            assert (np.diff(y) <= 0).all()
        places = np.array(dots.get_data()).T
        for end, line in zip((15, 30, 45, 60), fronts, strict=True):
            best = np.array(line.get_data()).T[1:-1]
            beaten = [((places[:end] >= p).all(axis=1) & (places[:end] > p).any(axis=1)).any() for p in best]
            assert not any(beaten)
            assert ((places[:end, None] <= best[None]).all(axis=2)).any(axis=1).all()  # each point lies below the front


def test_fronts_need_scores_on_every_task():
    half = [trial(0, scores=(0.5,)), trial(1, "rejected:quality", (0.9, 0.9)), trial(2, scores=(0.4, 0.6))]
    (panel,) = pareto_fronts(half, TASKS[:2], generations=1).axes
    assert len(panel.lines[0].get_xdata()) == 1
    with pytest.raises(ValueError, match="None of 3 trials has status 'ok' and a score on one and three"):
        pareto_fronts(half, ["one", "three"])
    for tasks, generations in ((TASKS[:1], 4), (TASKS, 0)):
        with pytest.raises(ValueError, match="needs 2 or 3 tasks and a generation"):
            pareto_fronts(half, tasks, generations)


def test_the_ancestors_are_all_that_lead_to_a_trial():
    assert [t.index for t in ancestors(TRIALS[::-1], 59)] == list(range(3, 60, 4))
    tree = [trial(0), trial(1), trial(2, parents=[0]), trial(3, parents=[0, 2]), trial(4, parents=[1])]
    assert [t.index for t in ancestors(tree, 3)] == [0, 2, 3]
    (axes,) = genealogy(tree, 3).axes
    arrows = [text for text in axes.texts if text.get_text() == ""]
    assert [(arrow.xyann[1], arrow.xy[1]) for arrow in arrows] == [(0, 1), (0, 2), (1, 2)]
    for trials, index, message in ((tree, 9, "Trial 9, asked for"), (tree[1:], 3, "Trial 0, a parent of")):
        with pytest.raises(ValueError, match=message):
            ancestors(trials, index)


def test_the_genealogy_names_number_score_and_formula():
    deep = [trial(1_200, scores=(0.5,)), trial(1_300, "diverged", parents=[1_200], program=parse("x"))]
    texts = [text.get_text() for text in genealogy(deep, 1_300).axes[0].texts if text.get_text()]
    formula = "beta + gamma * (x / max(batch_std(x), instance_std(x) + x * v1))"
    assert texts == ["trial", "score", "formula", "#1,200", "0.5000", formula, "#1,300", "-", "x"]
    assert [len(shorten("x" * n, 20)) for n in (19, 20, 21, 99)] == [19, 20, 20, 20]


def test_scores_by_batch_are_means_with_their_intervals_and_names():
    scores = {"steady": {64: [0.9, 0.91, 0.92], 4: [0.9, 0.9, 0.91]}, "other": {16: [0.8]}}
    (axes,) = score_by_batch(scores, label="accuracy").axes
    lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert list(lines) == ["steady", "other"]
    assert lines["steady"].get_xdata() == pytest.approx([2, 6], abs=0.1)
    place = -np.log2(1 - np.mean(scores["steady"][4]))
    assert lines["steady"].get_ydata()[0] == pytest.approx(place)
    bars = [line.get_ydata() for line in axes.lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    low = bootstrap_mean(scores["steady"][4]).low
    assert len(bars) == 2  # one seed has no interval
    assert bars[0][0] == pytest.approx(-math.log2(1 - low))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4", "16", "64"]
    assert [text.get_text() for text in axes.texts] == ["steady", "other"]
    assert axes.get_ylabel().startswith("accuracy")
    for mistake in ({}, {"a": {}}, {str(i): {4: [0.5]} for i in range(13)}):
        with pytest.raises(ValueError, match=f"1 to 12 layers with scores; received {len(mistake)}"):
            score_by_batch(mistake)

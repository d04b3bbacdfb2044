"""Regret: what counts as a best score, which runs belong together, and that the picture shows what was computed."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actsearch.analysis.regret import Run, best_so_far, compare, regret_at, regret_curves, regret_panels, trials_until
from actsearch.analysis.statistics import Interval
from actsearch.language import parse
from actsearch.report.style import save
from actsearch.trials.trial import Trial

X = parse("x")


def trial(index, score, status="ok", **fields):
    return Trial(index, X, str(index), status, score, **fields)


def run(name, scores, controller="random", seed=0, options=None, **config):
    config = {"space": "swish-1", "task": "digits", "controller": controller, "seed": seed, **config}
    config["options"] = options or {}
    return Run(name, config, [trial(i, score) for i, score in enumerate(scores)])


TRIALS = [
    *(trial(0, None, "rejected:finite"), trial(1, 0.0, "diverged"), trial(2, 0.8)),
    *(trial(3, 0.8, "duplicate", duplicate_of=2), trial(4, 0.9, duplicate_of=2), trial(5, 0.7), trial(6, 0.85)),
]


def test_only_first_evaluations_count_unless_repeats_are_asked_for():
    assert best_so_far(TRIALS).tolist() == [0, 0, 0.8, 0.8, 0.8, 0.8, 0.85]
    assert best_so_far(TRIALS, repeats=True).tolist() == [0, 0, 0.8, 0.8, 0.9, 0.9, 0.9]


def test_only_the_longest_trainings_count():
    """A promising candidate goes up the rungs; its score after few steps is another quantity."""
    short, full = ({"steps": 50.0},), ({"steps": 450.0},)
    rungs = [trial(0, 0.95, metrics=short), trial(1, 0.9, metrics=short)]
    rungs += [trial(2, 0.8, metrics=full, duplicate_of=0), trial(3, 0.99, metrics=full, duplicate_of=0)]
    assert best_so_far(rungs).tolist() == [0, 0, 0.8, 0.8]
    assert best_so_far(rungs, repeats=True).tolist() == [0, 0, 0.8, 0.99]
    assert best_so_far(rungs[:2]).tolist() == [0.95, 0.95]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 1))
def test_best_so_far_is_the_maximum_of_every_prefix(scores, threshold):
    curve = best_so_far(run("a", scores).trials)
    assert curve.tolist() == [max(scores[: i + 1]) for i in range(len(scores))]
    reached = [i for i, score in enumerate(scores, 1) if score >= threshold]
    assert trials_until(curve, threshold) == (reached[0] if reached else None)


def test_no_trials_have_no_best():
    assert best_so_far([]).shape == (0,)


def test_regret_is_a_mean_over_the_runs_that_came_so_far():
    curves = [np.array([0.5, 0.8]), np.array([0.7, 0.7]), np.array([0.6])]
    first, second = regret_at(curves, 0.9, 1), regret_at(curves, 0.9, 2)
    assert first.estimate == pytest.approx(0.3)
    assert second.estimate == pytest.approx(0.15)
    assert (second.low, second.high) == pytest.approx((0.1, 0.2))
    assert regret_at(curves, 0.9, 3) is None
    assert regret_at(curves[:1], 0.9, 1).high == np.inf


def test_runs_that_differ_in_the_seed_are_one_group_named_by_what_differs():
    runs = [
        *(run("a", [0.5, 0.6, 0.6]), run("b", [0.4, 0.5], seed=1)),
        *(run(f"c{n}", [0.1, 0.9], "evolution", options={"population": n, "sample": 5}) for n in (20, 50)),
        run("d", [0.1, 0.1], "evolution", 1, options={"population": 50, "sample": 5}),
    ]
    found = compare(runs)
    names = {name: [run.name for run in group.runs] for name, group in found.groups.items()}
    assert names == {
        "random": ["a", "b"],
        "evolution, population=20": ["c20"],
        "evolution, population=50": ["c50", "d"],
    }
    assert (found.reference, found.threshold, found.budgets) == (0.9, 0.895, (1, 2))
    assert found.groups["random"].needed == [None, None]
    assert found.groups["evolution, population=50"].needed == [2, None]
    assert found.groups["evolution, population=50"].regret[1].estimate == pytest.approx(0.4)


def test_budgets_threshold_and_reference_can_be_given():
    found = compare([run("a", np.linspace(0, 0.9, 10))], budgets=[8, 2, 8], within=0.3, reference=1.0)
    assert found.budgets == (2, 8)
    assert [row.estimate for row in found.groups["random"].regret] == pytest.approx([0.9, 0.3])
    assert found.groups["random"].needed == [8]  # 0.7, which the sum 1.0 - 0.3 misses by a rounding error
    assert compare([run("a", np.linspace(0, 0.9, 10))]).budgets == (1, 3, 5, 10)


@pytest.mark.parametrize(
    ("runs", "options", "said"),
    [
        ([], {}, "at least one run; received none"),
        ([run("a", [1]), run("b", [1], task="mnist")], {}, "different tasks .*: a is on digits and b on mnist"),
        ([run("a", [1]), run("b", [1], space="swish-2")], {}, "different spaces .*: a is on swish-1 and b on swish-2"),
        ([run("a", [1]), run("b", [1])], {}, "a and b are the same run"),
        ([run("a", [])], {}, "a has no trials yet"),
        ([run("a", [1])], {"budgets": [0]}, r"received \[0\]"),
        ([run("a", [1])], {"within": float("nan")}, "received .* nan"),
    ],
)
def test_what_cannot_be_compared(runs, options, said):
    with pytest.raises(ValueError, match=said):
        compare(runs, **options)


def test_the_picture_draws_each_group_and_a_band_where_there_are_several_runs(tmp_path):
    rng = np.random.default_rng(0)
    runs = [run(f"{c}{seed}", rng.random(40 + seed), c, seed) for c in ("random", "evolution") for seed in range(3)]
    found = compare([*runs, run("alone", [0.5], "exhaustive")])
    figure = regret_curves(found)
    (axes,) = figure.axes
    labels = ["random (3 runs)", "evolution (3 runs)", "exhaustive"]
    assert [line.get_label() for line in axes.lines] == labels
    assert [text.get_text() for text in figure.legends[0].get_texts()] == labels
    assert len(axes.collections) == 2
    for line, group, band in zip(axes.lines, found.groups.values(), axes.collections, strict=False):
        mean = found.reference - np.mean([curve[:40] for curve in group.curves], axis=0)
        assert line.get_ydata() == pytest.approx(mean)
        assert list(line.get_xdata()) == list(range(1, 41))
        corners = band.get_paths()[0].vertices
        assert corners[:, 1].min() == pytest.approx(
            min(regret_at(group.curves, found.reference, n).low for n in (1, 40))
        )
    looks = [(line.get_color(), line._unscaled_dash_pattern) for line in axes.lines]  # not on colour alone
    assert all(one[0] != two[0] and one[1] != two[1] for one, two in itertools.combinations(looks, 2))
    one, two = save(figure, tmp_path / "one"), save(regret_curves(found), tmp_path / "two")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


@pytest.mark.parametrize(("reference", "drawn"), [(None, 0.0), (0.3, -0.2), (0.5 + 1e-12, 1e-12)])
def test_regret_of_zero_or_below_or_next_to_it_is_inside_the_picture(reference, drawn):
    figure = regret_curves(compare([run("a", [0.5])], reference=reference))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert axes.lines[0].get_ydata() == pytest.approx([drawn])
    low, high = axes.get_ylim()
    assert low < drawn < high
    labels = [label.get_window_extent() for label in axes.get_yticklabels() if low <= label.get_position()[1] <= high]
    assert not any(one.overlaps(two) for one, two in itertools.combinations(labels, 2))


def test_panels_draw_every_curve_and_hide_empty_places():
    curve = {1: Interval(0.3, 0.2, 0.4), 10: Interval(0.1, 0.05, 0.2)}
    figure = regret_panels({name: {"random": curve, "ppo": curve} for name in "abcd"}, "four")
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == list("abcd")
    assert all(len(axes.lines) == 2 and len(axes.collections) == 2 for axes in shown)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["random", "ppo"]


def test_panels_need_a_panel():
    with pytest.raises(ValueError, match="regret_panels needs at least one panel; received none"):
        regret_panels({})

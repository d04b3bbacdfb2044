"""Pareto fronts: each point of a front is beaten by none, in scores."""

import numpy as np
import pytest

from actsearch.language import ActsearchError, parse
from actsearch.report import pareto_fronts
from actsearch.trials import Trial

TASKS = ("one", "two", "three")
POINTS = np.random.default_rng(0).uniform(0.2, 0.98, size=(60, 3))


def trial(index, scores, status="ok", **fields):
    objectives = dict(zip(TASKS, map(float, scores), strict=False))
    return Trial(index, parse("x"), str(index), status, 0.5, objectives=objectives, **fields)


TRIALS = [trial(i, point) for i, point in enumerate(POINTS)]


def test_fronts_of_each_pair_only_rise():
    panels = pareto_fronts(TRIALS, TASKS).axes
    assert [panel.get_xlabel().split("\n")[0] for panel in panels] == ["one", "one", "two"]
    assert [panel.get_ylabel().split("\n")[0] for panel in panels] == ["two", "three", "three"]
    for panel, columns in zip(panels, ([0, 1], [0, 2], [1, 2]), strict=True):
        dots, *fronts = panel.lines
        scores = POINTS[:, columns]
        np.testing.assert_array_equal(np.array(dots.get_data()).T, scores)
        assert (panel.get_xscale(), panel.get_yscale()) == ("score", "score")
        assert [line.get_label() for line in fronts] == ["after 15", "after 30", "after 45", "after 60"]
        for end, line in zip((15, 30, 45, 60), fronts, strict=True):
            best = np.array(line.get_data()).T[1:-1]
            assert (np.diff(best[:, 0]) >= 0).all()
            assert (np.diff(best[:, 1]) <= 0).all()
            known = scores[:end]
            assert not any(((known >= p).all(axis=1) & (known > p).any(axis=1)).any() for p in best)
            assert ((known[:, None] <= best[None]).all(axis=2)).any(axis=1).all()  # each point lies below the front


def test_only_accepted_trials_with_a_score_on_every_task_are_drawn():
    trials = [trial(0, (0.5,)), trial(1, (0.9, 0.9), "rejected", gate="quality"), trial(2, (0.4, 0.6))]
    (panel,) = pareto_fronts(trials, TASKS[:2], generations=1).axes
    assert len(panel.lines[0].get_xdata()) == 1
    with pytest.raises(ActsearchError, match="None of 3 trials has status ok and a score on one and three"):
        pareto_fronts(trials, ["one", "three"])


@pytest.mark.parametrize(("tasks", "generations"), [(TASKS[:1], 4), (TASKS, 0)])
def test_fronts_need_two_tasks_and_a_generation(tasks, generations):
    with pytest.raises(ActsearchError, match="needs 2 or 3 tasks and a generation"):
        pareto_fronts(TRIALS, tasks, generations)

"""Pareto tournaments breed from members that no other dominates, at the published rates."""

import numpy as np
import pytest

from actsearch.controllers import get_controller
from actsearch.spaces import evonorm
from actsearch.trials.trial import Trial

SPACE = evonorm(nodes=4)


def told(scores, **options):
    """Returns a controller and its state after trials with these scores, one row of tasks each."""
    controller = get_controller("pareto", SPACE, **{"tournament": 1.0, "injection": 0.0, **options})
    rng = np.random.default_rng(0)
    trials = [
        Trial(i, SPACE.sample(rng), str(i), "ok", sum(row), ({"score": 0.0, "a/score": row[0], "b/score": row[1]},))
        for i, row in enumerate(scores)
    ]
    return controller, controller.tell(controller.init(0), trials), trials


def parents(scores, n=60, **options):
    controller, state, _ = told(scores, **options)
    proposals, _ = controller.ask(state, n)
    return {proposal.parents for proposal in proposals}


def test_the_published_numbers_are_the_defaults():
    options = get_controller("pareto", SPACE).options
    assert options == {
        "window": 2500,
        "tournament": 0.05,
        "mutations": 2,
        "injection": 0.5,
        "selection": "pareto",
    }


def test_winners_are_drawn_from_the_whole_front_and_nowhere_else():
    assert parents([(0.9, 0.1), (0.5, 0.5), (0.4, 0.4), (0.1, 0.9), (0.1, 0.8)]) == {(0,), (1,), (3,)}


def test_averaging_and_a_single_objective():
    scores = [(0.9, 0.1), (0.6, 0.6), (0.1, 0.95)]
    assert parents(scores, selection="average") == {(1,)}
    assert parents(scores, selection="first") == {(0,)}


def test_the_window_forgets():
    assert parents([(0.9, 0.9), (0.2, 0.1), (0.1, 0.2)], window=2) == {(1,), (2,)}


def test_a_small_tournament_lets_the_dominated_breed():
    found = parents([(i / 10, i / 10) for i in range(10)], tournament=0.1)
    assert len(found) == 10


def test_injection_is_a_probability():
    controller, state, _ = told([(0.5, 0.5)], injection=0.5)
    fresh = sum(not proposal.parents for proposal in controller.ask(state, 400)[0])
    assert 150 < fresh < 250
    assert all(not p.parents for p in controller.ask(controller.init(0), 20)[0])  # nothing to breed from


def test_offspring_are_mutated_so_many_times():
    """Each mutation redraws one node, so an offspring differs from its parent in at most two of them."""
    for mutations in (1, 2):
        controller, state, (parent,) = told([(0.5, 0.5)], mutations=mutations)
        changed = []
        for proposal in controller.ask(state, 100)[0]:
            pairs = zip(parent.program.choices, proposal.program.choices, strict=True)
            names = {SPACE.decisions[i].name.split(".")[0] for i, (old, new) in enumerate(pairs) if old != new}
            changed.append(len(names))
        assert max(changed) == mutations


def test_trials_without_a_score_are_no_members():
    controller, state, trials = told([(0.5, 0.5)])
    rejected = Trial(7, trials[0].program, "7", "rejected:quality", None, ({"score": 0.9, "a/score": 0.9},))
    assert controller.tell(state, [rejected]) == state


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": 1}, "window must be an integer of at least 2; received 1"),
        ({"tournament": 0}, "above 0 and at most 1; received 0"),
        ({"mutations": 0}, "mutations must be an integer of at least 1"),
        ({"injection": 1.5}, "from 0 to 1; received 1.5"),
        ({"selection": "best"}, "pareto, average or first; received 'best'"),
    ],
)
def test_out_of_range(options, said):
    with pytest.raises(ValueError, match=said):
        get_controller("pareto", SPACE, **options)

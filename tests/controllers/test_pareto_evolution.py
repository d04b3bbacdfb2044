"""Pareto tournaments breed from members that no other dominates, at the published rates."""

import numpy as np
import pytest

from actsearch.controllers import ParetoEvolution
from actsearch.spaces import evonorm
from actsearch.trials import Proposal
from tests.helpers.playing import same, trial

SPACE = evonorm(nodes=4)


def delivered(scores, **options):
    """Returns a controller, its state after trials with these scores, one row of tasks each, and the trials."""
    controller = ParetoEvolution(**{"tournament": 1.0, "injection": 0.0, **options})
    rng = np.random.default_rng(0)
    genotypes = [SPACE.sample(rng) for _ in scores]
    trials = [
        trial(i, Proposal(SPACE.decode(genotype), genotype), sum(row), objectives=dict(zip("abc", row, strict=False)))
        for i, (genotype, row) in enumerate(zip(genotypes, scores, strict=True))
    ]
    return controller, controller.tell(SPACE, controller.init(SPACE, 0), trials), trials


def parents(scores, n=60, **options):
    controller, state, _ = delivered(scores, **options)
    proposals, _ = controller.ask(SPACE, state, n)
    return {proposal.parents for proposal in proposals}


def test_the_published_numbers_are_the_defaults():
    assert repr(ParetoEvolution()) == (
        "ParetoEvolution(window=2500, tournament=0.05, mutations=2, injection=0.5, selection='pareto')"
    )


def test_winners_are_drawn_from_the_whole_front_and_nowhere_else():
    assert parents([(0.9, 0.1), (0.5, 0.5), (0.4, 0.4), (0.1, 0.9), (0.1, 0.8)]) == {(0,), (1,), (3,)}


def test_averaging_and_a_single_objective():
    scores = [(0.9, 0.1), (0.6, 0.6), (0.1, 0.95)]
    assert parents(scores, selection="average") == {(1,)}
    assert parents(scores, selection="first") == {(0,)}


def test_a_score_without_objectives_is_one_objective():
    assert parents([(), (), ()]) == {(0,), (1,), (2,)}  # all have the score 0


def test_trials_of_other_tasks_are_no_members():
    assert parents([(0.5, 0.5), (0.9,), (0.9, 0.9, 0.9)]) == {(0,)}


@pytest.mark.parametrize("selection", ["pareto", "average", "first"])
def test_a_member_without_an_objective_breeds_only_among_its_like(selection):
    unknown, infinite = float("nan"), float("inf")
    assert parents([(0.9, unknown), (0.5, 0.5), (0.8, unknown)], selection=selection) == {(1,)}
    assert parents([(0.9, unknown), (0.9, unknown)], selection=selection) == {(0,), (1,)}
    assert (0,) in parents([(0.9, 0.5, 0.5), (0.1, infinite, -infinite)], selection=selection)


def test_the_window_forgets():
    assert parents([(0.9, 0.9), (0.2, 0.1), (0.1, 0.2)], window=2) == {(1,), (2,)}


def test_a_small_tournament_lets_the_dominated_breed():
    assert len(parents([(i / 10, i / 10) for i in range(10)], tournament=0.1)) == 10


def test_injection_is_a_probability():
    controller, state, _ = delivered([(0.5, 0.5)], injection=0.5)
    fresh = sum(not proposal.parents for proposal in controller.ask(SPACE, state, 400)[0])
    assert 150 < fresh < 250
    nothing_to_breed_from = controller.ask(SPACE, controller.init(SPACE, 0), 20)[0]
    assert all(not proposal.parents for proposal in nothing_to_breed_from)


@pytest.mark.parametrize("mutations", [1, 2])
def test_offspring_are_mutated_so_many_times(mutations):
    """Each mutation redraws one node, so an offspring differs from its parent in at most so many of them."""
    controller, state, (parent,) = delivered([(0.5, 0.5)], mutations=mutations)
    changed = []
    for proposal in controller.ask(SPACE, state, 100)[0]:
        pairs = zip(parent.genotype.choices, proposal.genotype.choices, strict=True)
        names = {SPACE.decisions[i].name.split(".")[0] for i, (old, new) in enumerate(pairs) if old != new}
        changed.append(len(names))
    assert max(changed) == mutations


def test_trials_without_a_score_are_no_members():
    controller, state, trials = delivered([(0.5, 0.5)])
    proposal = Proposal(trials[0].program, trials[0].genotype)
    rejected = trial(7, proposal, None, "rejected", gate="quality", objectives={"a": 0.9})
    assert same(controller.tell(SPACE, state, [rejected]), state)

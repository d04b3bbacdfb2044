"""The best of a sample breeds, the oldest member dies."""

import dataclasses

import pytest

from actsearch.controllers import RegularizedEvolution
from actsearch.language import ActsearchError
from actsearch.properties import transform
from tests.helpers.playing import SPACE, same, trial


def evolved(scores, *, population=4, sample=4, mutation=1.0, seed=0):
    """Returns an evolution, its state after random programs with the given scores in order, and the trials."""
    controller = RegularizedEvolution(population, sample, mutation)
    proposals, state = controller.ask(SPACE, controller.init(SPACE, seed), population)
    trials = [trial(i, proposals[i % population], score) for i, score in enumerate(scores)]
    return controller, controller.tell(SPACE, state, trials), trials


def parents(controller, state, n=40):
    return {parent for proposal in controller.ask(SPACE, state, n)[0] for parent in proposal.parents}


def test_it_starts_with_a_random_population():
    controller = RegularizedEvolution(8, 3)
    proposals, _ = controller.ask(SPACE, controller.init(SPACE, 0), 20)
    assert all(proposal.parents == () for proposal in proposals)
    assert controller.min_budget() == 9


def test_the_best_of_the_sample_breeds():
    assert parents(*evolved([0.1, 0.9, 0.3, 0.2])[:2]) == {1}
    # A sample of two of four never lets the worst breed.
    assert parents(*evolved([0.1, 0.9, 0.3, 0.2], sample=2)[:2]) == {1, 2, 3}


def test_the_younger_of_two_equals_breeds():
    assert parents(*evolved([0.5, 0.5, 0.5, 0.5])[:2]) == {3}


def test_the_oldest_dies_however_good():
    assert parents(*evolved([0.9, 0.2, 0.3, 0.1, 0.0])[:2]) == {2}


def test_a_child_differs_from_its_parent_in_one_choice():
    controller, state, trials = evolved([0.1, 0.9, 0.3, 0.2], sample=1)
    for proposal in controller.ask(SPACE, state, 40)[0]:
        (parent,) = proposal.parents
        pairs = zip(proposal.genotype.choices, trials[parent].genotype.choices, strict=True)
        assert sum(a != b for a, b in pairs) == 1


def test_mutation_is_a_probability():
    controller, state, _ = evolved([0.1, 0.9, 0.3, 0.2], mutation=0.25)
    bred = sum(bool(proposal.parents) for proposal in controller.ask(SPACE, state, 400)[0])
    assert 60 < bred < 140
    controller, state, _ = evolved([0.1, 0.9, 0.3, 0.2], mutation=0)
    assert parents(controller, state) == set()


def test_a_rejected_program_takes_no_place():
    controller, state, trials = evolved([0.1, 0.9, 0.3, 0.2])
    rejected = [
        dataclasses.replace(trials[0], index=i, status="rejected", gate="finite", score=None) for i in range(4, 9)
    ]
    assert same(controller.tell(SPACE, state, rejected), state)


def test_transforms_mutate_where_they_are_asked_for():
    """Children of a transform have no genotype, since the space does not have them."""
    plain, state, _ = evolved([0.1, 0.9, 0.3, 0.2])
    controller = dataclasses.replace(plain, transforms=("clip:-1:1", "reflect"), transformed=0.5)
    proposals = controller.ask(SPACE, state, 60)[0]
    foreign = [proposal for proposal in proposals if proposal.genotype is None]
    assert 15 <= len(foreign) <= 45
    assert {proposal.parents for proposal in proposals} == {(1,)}
    (parent,) = {SPACE.decode(SPACE.genotype(state.members.choices[1].tolist()))}
    expected = {transform(parent, step) for step in controller.transforms}
    assert {proposal.program for proposal in foreign} == expected
    same_as_before = dataclasses.replace(controller, transformed=0.0).ask(SPACE, state, 10)[0]
    assert all(proposal.genotype is not None for proposal in same_as_before)


def test_an_unknown_transform_is_a_mistake():
    with pytest.raises(ActsearchError, match="no transform 'smoth'"):
        RegularizedEvolution(transforms=("smoth",))

"""The formulas come first, as members of the space, and the inner controller learns from them."""

import pytest

from actsearch.controllers import PPO, Exhaustive, RegularizedEvolution, Repeated, Seeded, SuccessiveHalving
from actsearch.language import ActsearchError
from tests.helpers.playing import SPACE, choices_of, play

FORMULAS = ("x * relu(x)", "max(tanh(x), x)", "x + x")


def test_formulas_come_first_whatever_the_batch():
    for size in (1, 2, 5):
        proposals, *_ = play(Seeded(Exhaustive(), FORMULAS), 0, 51, size=size)
        assert tuple(str(proposal.program) for proposal in proposals[:3]) == FORMULAS
        assert all(SPACE.decode(proposal.genotype) == proposal.program for proposal in proposals)
        assert proposals[3:] == play(Exhaustive(), 0, 51, size=size)[0][: len(proposals) - 3]


def test_the_inner_controller_learns_from_them():
    _, trials, state = play(Seeded(RegularizedEvolution(8, 3), FORMULAS), 0, 1, size=3)
    scored = [row for row, one in zip(choices_of(trials), trials, strict=True) if one.score is not None]
    assert [tuple(row) for row in state.inner.members.choices.tolist()] == scored


def test_the_smallest_budget_has_the_formulas():
    assert Seeded(PPO(batch=8), FORMULAS).min_budget() == 12


def test_a_formula_that_the_space_does_not_have():
    with pytest.raises(ActsearchError, match=r"does not have the formula 'sin\(x\) \+ x': leave it out"):
        Seeded(Exhaustive(), ("sin(x) + x",)).init(SPACE, 0)


@pytest.mark.parametrize("formulas", [(), "x * x"])
def test_no_formula(formulas):
    with pytest.raises(ActsearchError, match="formulas must be at least one text in a tuple"):
        Seeded(Exhaustive(), formulas)


def test_successive_halving_over_it_teaches_the_formulas():
    controller = SuccessiveHalving(Seeded(RegularizedEvolution(8, 3), FORMULAS))
    proposals, _, state = play(controller, 0, 1, size=3)
    assert {proposal.fidelity for proposal in proposals} == {controller.fidelities[0]}
    assert len(state.inner.inner.members.choices) > 0


@pytest.mark.parametrize(
    "inner", [SuccessiveHalving(Exhaustive()), Repeated(Exhaustive()), Repeated(SuccessiveHalving(Exhaustive()))]
)
def test_what_repeats_or_halves_goes_around_it(inner):
    with pytest.raises(ActsearchError, match=r"write SuccessiveHalving\(Seeded\(controller, formulas\)\)"):
        Seeded(inner, FORMULAS)

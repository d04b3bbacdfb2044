"""The formulas come first, as members of the space, and the inner controller learns from them."""

import pytest

from actsearch.controllers import PPO, Exhaustive, RegularizedEvolution, Seeded
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
    with pytest.raises(ActsearchError, match=r"does not have the formula 'sin\(x\) \+ x' in this form"):
        Seeded(Exhaustive(), ("sin(x) + x",)).init(SPACE, 0)


@pytest.mark.parametrize("formulas", [(), "x * x"])
def test_no_formula(formulas):
    with pytest.raises(ActsearchError, match="formulas must be at least one text in a tuple"):
        Seeded(Exhaustive(), formulas)

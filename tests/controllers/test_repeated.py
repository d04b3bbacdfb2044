"""Repeats go to promising candidates, cost the share they may, and never reach the inner controller."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from actsearch.controllers import Exhaustive, Random, RegularizedEvolution, Repeated, SuccessiveHalving
from actsearch.language import ActsearchError
from actsearch.spaces import swish
from actsearch.trials.ranking import incumbent, rank
from tests.helpers.playing import SPACE, Listener, PlayEvaluator, play, same

LARGE = swish(1)


def noisy(scale):
    """Returns an evaluator of trainings that scatter by `scale` about the share of zeros among the choices."""

    def noise(choices, repeat, fidelity):
        return scale * np.random.default_rng([*choices, repeat, int(100 * fidelity)]).standard_normal()

    return PlayEvaluator(lambda choices: float(np.mean([c == 0 for c in choices])), lambda choices: "ok", noise)


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_share_is_spent(share, size):
    proposals, *_ = play(Repeated(Random(), share), 0, 640 // size, space=LARGE, size=size, evaluator=noisy(0.3))
    repeats = sum(proposal.repeat > 0 for proposal in proposals)
    # The first batch has nothing to repeat, and what it might have spent is not saved up.
    assert share * (len(proposals) - size) - 1 <= repeats <= share * len(proposals)


def test_repeats_are_numbered_and_at_most_so_many():
    controller = Repeated(Random(), share=0.5, most=3)
    proposals, trials, _ = play(controller, 0, 40, space=LARGE, size=16, evaluator=noisy(0.3))
    repeats = Counter((proposal.genotype, proposal.repeat) for proposal in proposals if proposal.repeat)
    assert set(repeats.values()) == {1}, "the same seeds are never asked for twice"
    assert {repeat for _, repeat in repeats} == {1, 2}
    assert max(row.evaluations for row in rank(trials)) == 3


def test_a_repeat_on_its_way_is_not_asked_for_again():
    controller = Repeated(Random(), share=0.5, most=4)
    _, _, state = play(controller, 0, 1, space=LARGE, size=8, evaluator=noisy(0.1))
    asked = []
    for _ in range(12):
        proposals, state = controller.ask(LARGE, state, 8)
        asked += [(proposal.parents, proposal.repeat) for proposal in proposals if proposal.repeat]
    assert len(asked) == len(set(asked)) == 8 * 3


def test_the_promising_are_repeated():
    controller, evaluator = Repeated(Random(), share=0.5), noisy(0.0)
    proposals, state = controller.ask(LARGE, controller.init(LARGE, 0), 20)
    trials = evaluator.evaluate(proposals, 0)
    proposals, _ = controller.ask(LARGE, controller.tell(LARGE, state, trials), 10)
    expected = sorted(trials, key=lambda trial: (-trial.score if trial.status == "ok" else 1, trial.index))[:5]
    assert [proposal.parents for proposal in proposals if proposal.repeat] == [(trial.index,) for trial in expected]


def test_without_noise_repeats_end_as_soon_as_that_is_known():
    _, trials, _ = play(Repeated(Random(), share=0.5), 0, 20, space=LARGE, size=10, evaluator=noisy(0.0))
    assert 1 <= sum(trial.retrained for trial in trials) <= 10


def test_the_inner_controller_learns_from_first_evaluations_once():
    delivered = []
    controller, evaluator = Repeated(Listener((delivered,)), share=0.4), noisy(0.2)
    state, trials = controller.init(LARGE, 0), []
    for _ in range(10):
        proposals, state = controller.ask(LARGE, state, 10)
        new = evaluator.evaluate(proposals, len(trials))
        trials += new
        state = controller.tell(LARGE, controller.tell(LARGE, state, new[::-1]), new)
    assert sum(trial.retrained for trial in trials) > 10
    assert sorted(trial.index for trial in delivered) == [trial.index for trial in trials if not trial.repeat]


def test_its_own_proposals_are_those_it_makes_alone():
    inner = RegularizedEvolution(8, 3)
    proposals, *_ = play(Repeated(inner, share=0.5), 0, 1, space=LARGE, size=8, evaluator=noisy(0.0))
    assert proposals == play(inner, 0, 1, space=LARGE, size=8, evaluator=noisy(0.0))[0]


def test_trials_delivered_twice_late_or_one_by_one_change_nothing():
    controller = Repeated(Random(), share=0.4)
    _, trials, state = play(controller, 0, 12, space=LARGE, size=10, evaluator=noisy(0.2))
    assert same(controller.tell(LARGE, state, trials), state)
    begin = controller.init(LARGE, 0)
    whole, apart, backwards = controller.tell(LARGE, begin, trials), begin, begin
    for trial in trials:
        apart = controller.tell(LARGE, apart, [trial])
    for trial in reversed(trials):
        backwards = controller.tell(LARGE, backwards, [trial])
    assert same(apart, whole)
    parents = [[p.parents for p in controller.ask(LARGE, state, 30)[0]] for state in (backwards, whole)]
    assert parents[0] == parents[1]


def test_a_candidate_that_diverges_in_a_repeat_is_let_go():
    controller = Repeated(Random(), share=0.5)
    _, trials, state = play(controller, 0, 2, space=LARGE, size=20, evaluator=noisy(0.1))
    first = incumbent(trials).first
    fall = dataclasses.replace(trials[first], index=len(trials), status="diverged", score=0.0, first=first, repeat=1)
    assert (first,) in [proposal.parents for proposal in controller.ask(LARGE, state, 40)[0]]
    state = controller.tell(LARGE, state, [fall])
    assert (first,) not in [proposal.parents for proposal in controller.ask(LARGE, state, 40)[0]]


def test_when_the_inner_controller_has_nothing_left_the_rest_is_repeats():
    controller = Repeated(Exhaustive(), share=0.2, most=2)
    evaluator = PlayEvaluator(noise=lambda choices, repeat, fidelity: 0.1 * (-1) ** repeat)
    proposals, *_ = play(controller, 0, 60, size=8, evaluator=evaluator)
    assert sum(proposal.repeat == 0 for proposal in proposals) == SPACE.count()
    assert all(proposal.repeat for proposal in proposals[60:])
    assert controller.ask(SPACE, play(controller, 0, 60, size=8)[2], 8)[0] == []


def test_successive_halving_is_repeated_at_full_fidelity_only():
    controller = Repeated(SuccessiveHalving(Random()), share=0.3)
    proposals, _, _ = play(controller, 0, 30, space=LARGE, size=9, evaluator=noisy(0.2))
    repeats = [proposal for proposal in proposals if proposal.repeat]
    assert {proposal.fidelity for proposal in repeats} == {1.0}
    reached = next(i for i, proposal in enumerate(proposals) if proposal.fidelity == 1)
    assert min(i for i, proposal in enumerate(proposals) if proposal.repeat) > reached
    full = {proposal.genotype for proposal in proposals if proposal.fidelity == 1 and not proposal.repeat}
    assert {proposal.genotype for proposal in repeats} <= full
    promoted = Counter((p.genotype, p.fidelity) for p in proposals if p.parents and not p.repeat)
    assert set(promoted.values()) == {1}


def test_it_names_a_better_winner_than_single_trainings_do():
    """With noise as large as the differences, the incumbent is truly better when some of the budget went to repeats."""

    def true_score(controller, seed):
        evaluator = PlayEvaluator(lambda c: float(np.mean([x == 0 for x in c])), lambda c: "ok", noise(seed))
        _, trials, _ = play(controller, seed, 20, size=10, evaluator=evaluator)
        return evaluator.score(incumbent(trials).genotype.choices)

    def noise(seed):
        return lambda choices, repeat, _: 0.3 * np.random.default_rng([seed, *choices, repeat]).standard_normal()

    plain, wrapped = (
        np.mean([true_score(controller, seed) for seed in range(20)])
        for controller in (Random(), Repeated(Random(), share=0.4, most=8))
    )
    assert wrapped > plain + 0.05


def test_the_inner_controller_gets_its_smallest_budget():
    assert Repeated(RegularizedEvolution(9, 3), share=0.25).min_budget() == 14  # three quarters of it are the inner 10


def test_it_refuses_to_repeat_what_repeats():
    with pytest.raises(ActsearchError, match=r"repeats its candidates already: wrap the controller inside it"):
        Repeated(Repeated(Random()))

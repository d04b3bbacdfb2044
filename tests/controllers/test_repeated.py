"""Repeats go to promising candidates, cost the share they may, and never reach the inner controller."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from actsearch.controllers import get_controller
from actsearch.controllers.repeated import repeated
from actsearch.controllers.successive_halving import successive_halving
from actsearch.spaces import swish
from actsearch.trials.ranking import evidence, incumbent, retrained
from tests.helpers.playing import SPACE, Judge, play, seen

LARGE = swish(1)


def random(space=LARGE):
    return get_controller("random", space)


def noisy(scale):
    """A judge whose true scores are the share of zeros among the choices, and whose trainings scatter by `scale`."""

    def noise(choices, repeat, rung):
        return scale * np.random.default_rng([*choices, repeat, rung or 0]).standard_normal()

    return Judge(lambda choices: float(np.mean([c == 0 for c in choices])), lambda choices: "ok", noise)


def listener(heard):
    """Random search that writes down what it is told."""
    inner = random()

    def tell(state, trials):
        heard.extend(trials)
        return inner.tell(state, trials)

    return inner._replace(tell=tell)


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_share_is_spent(share, size):
    proposals, *_ = play(repeated(random(), share=share), 0, 640 // size, size=size, judge=noisy(0.3))
    repeats = sum(proposal.repeat > 0 for proposal in proposals)
    # The first batch has nothing to repeat, and what it might have spent is not saved up.
    assert share * (len(proposals) - size) - 1 <= repeats <= share * len(proposals)


def test_repeats_are_numbered_and_at_most_so_many():
    proposals, trials, _ = play(repeated(random(), share=0.5, most=3), 0, 40, size=16, judge=noisy(0.3))
    repeats = Counter((p.program.choices, p.repeat) for p in proposals if p.repeat)
    assert set(repeats.values()) == {1}, "the same seeds are never asked for twice"
    assert {repeat for _, repeat in repeats} == {1, 2}
    assert max(one.evaluations for one in evidence(trials)) == 3


def test_a_repeat_in_flight_is_not_asked_for_again():
    controller = repeated(random(), share=0.5, most=4)
    _, _, state = play(controller, 0, 1, size=8, judge=noisy(0.1))
    asked = []
    for _ in range(12):
        proposals, state = controller.ask(state, 8)
        asked += [(p.parents, p.repeat) for p in proposals if p.repeat]
    assert len(asked) == len(set(asked)) == 8 * 3


def test_the_promising_are_repeated():
    controller, judge = repeated(random(), share=0.5), noisy(0.0)
    proposals, state = controller.ask(controller.init(0), 20)
    trials = judge(proposals, 0)
    proposals, _ = controller.ask(controller.tell(state, trials), 10)
    expected = sorted(trials, key=lambda trial: (-(trial.score if trial.status == "ok" else -1), trial.index))[:5]
    assert [p.parents for p in proposals if p.repeat] == [(trial.index,) for trial in expected]


def test_without_noise_repeats_end_as_soon_as_that_is_known():
    _, trials, _ = play(repeated(random(), share=0.5), 0, 20, size=10, judge=noisy(0.0))
    assert 1 <= sum(map(retrained, trials)) <= 10


def test_the_inner_controller_hears_first_evaluations_once():
    heard = []
    controller = repeated(listener(heard), share=0.4)
    judge, state, told = noisy(0.2), controller.init(0), []
    for _ in range(10):
        proposals, state = controller.ask(state, 10)
        trials = judge(proposals, len(told))
        told += trials
        state = controller.tell(controller.tell(state, trials[::-1]), trials)
    assert sum(map(retrained, told)) > 10
    assert sorted(trial.index for trial in heard) == [trial.index for trial in told if not retrained(trial)]


def test_its_own_proposals_are_those_it_makes_alone():
    controller = get_controller("evolution", LARGE, population=8, sample=3)
    proposals, *_ = play(repeated(controller, share=0.5), 0, 1, size=8, judge=noisy(0.0))
    alone, *_ = play(controller, 0, 1, size=8, judge=noisy(0.0))
    assert seen(proposals) == seen(alone)


def test_trials_told_twice_late_or_one_by_one_change_nothing():
    controller, judge = repeated(random(), share=0.4), noisy(0.2)
    _, trials, state = play(controller, 0, 12, size=10, judge=judge)
    assert controller.tell(state, trials) == state
    blank = controller.init(0)
    whole, apart, backwards = controller.tell(blank, trials), blank, blank
    for trial in trials:
        apart = controller.tell(apart, [trial])
    for trial in reversed(trials):
        backwards = controller.tell(backwards, [trial])
    assert apart == whole
    assert [p.parents for p in controller.ask(backwards, 30)[0]] == [p.parents for p in controller.ask(whole, 30)[0]]


def test_a_candidate_that_diverges_in_a_repeat_is_let_go():
    controller, judge = repeated(random(), share=0.5), noisy(0.1)
    _, trials, state = play(controller, 0, 2, size=20, judge=judge)
    best = incumbent(trials)
    fall = dataclasses.replace(
        trials[best.first], index=len(trials), status="diverged", score=0.0, duplicate_of=best.first
    )
    proposals, _ = controller.ask(controller.tell(state, [fall]), 40)
    assert (best.first,) in [p.parents for p in controller.ask(state, 40)[0]]
    assert (best.first,) not in [p.parents for p in proposals]


def test_when_the_inner_controller_has_nothing_left_the_rest_is_repeats():
    controller = repeated(get_controller("exhaustive", SPACE), share=0.2, most=2)
    proposals, *_ = play(controller, 0, 60, size=8, judge=Judge(noise=lambda c, repeat, rung: 0.1 * (-1) ** repeat))
    assert sum(proposal.repeat == 0 for proposal in proposals) == SPACE.count()
    assert all(proposal.repeat for proposal in proposals[60:])
    assert controller.ask(play(controller, 0, 60, size=8)[2], 8)[0] == []


def test_successive_halving_is_repeated_at_its_longest_rung_only():
    controller = repeated(successive_halving(random()), share=0.3)
    proposals, trials, _ = play(controller, 0, 30, size=9, judge=noisy(0.2))
    repeats = [p for p in proposals if p.repeat]
    assert {p.rung for p in repeats} == {2}
    reached = next(i for i, p in enumerate(proposals) if p.rung == 2)
    assert min(i for i, p in enumerate(proposals) if p.repeat) > reached
    at_the_top = {t.program.choices for t, p in zip(trials, proposals, strict=True) if p.rung == 2 and not p.repeat}
    assert {p.program.choices for p in repeats} <= at_the_top
    promoted = Counter((p.program.choices, p.rung) for p in proposals if p.rung and not p.repeat)
    assert set(promoted.values()) == {1}


def test_it_names_a_better_winner_than_single_trainings_do():
    """With noise as large as the differences, the incumbent is truly better when some of the budget went to repeats."""

    def true_score(controller, seed):
        judge = Judge(lambda c: float(np.mean([x == 0 for x in c])), lambda c: "ok", noise(seed))
        _, trials, _ = play(controller, seed, 20, size=10, judge=judge)
        return judge.score(incumbent(trials).choices)

    def noise(seed):
        return lambda choices, repeat, rung: 0.3 * np.random.default_rng([seed, *choices, repeat]).standard_normal()

    plain, wrapped = (
        np.mean([true_score(controller, seed) for seed in range(20)])
        for controller in (random(SPACE), repeated(random(SPACE), share=0.4, most=8))
    )
    assert wrapped > plain + 0.05


def test_options():
    controller = repeated(get_controller("evolution", SPACE, population=9, sample=3), share=0.25)
    assert controller.name == "evolution"
    assert controller.options["repeated"] == {"share": 0.25, "most": 4}
    assert controller.options["population"] == 9
    assert controller.least == 14  # three quarters of it are the inner controller's 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 0}, "share is of the proposals, above 0 and below 1; received 0"),
        ({"share": 1.0}, "share is of the proposals, above 0 and below 1; received 1.0"),
        ({"most": 1}, "most must be an integer of at least 2, the first evaluation included; received 1"),
        ({"most": 2.5}, "most must be an integer of at least 2, the first evaluation included; received 2.5"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        repeated(random(), **options)


def test_refuses_to_repeat_what_repeats():
    with pytest.raises(ValueError, match="random repeats its candidates already"):
        repeated(repeated(random()))

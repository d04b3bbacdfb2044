"""One of eta is promoted, the best first, none twice, whatever comes late, twice or not at all."""

import dataclasses
from collections import Counter

import pytest

from actsearch.controllers import Exhaustive, Random, RegularizedEvolution, Repeated, SuccessiveHalving
from actsearch.controllers.successive_halving import KEPT
from actsearch.language import ActsearchError
from actsearch.spaces import swish
from tests.helpers.playing import SPACE, Listener, PlayEvaluator, play, same, trial

LARGE = swish(1)


def fair():
    return PlayEvaluator(stage=lambda choices: "ok")


def started(scores, *, eta=3, rungs=3):
    """Returns halving over random search, its state after first trials with these scores, and the trials."""
    controller = SuccessiveHalving(Random(), rungs, eta)
    proposals, state = controller.ask(LARGE, controller.init(LARGE, 0), len(scores))
    trials = [trial(i, *pair) for i, pair in enumerate(zip(proposals, scores, strict=True))]
    return controller, controller.tell(LARGE, state, trials), trials


def promoted(proposals):
    """Returns the first trial and the fidelity of each promotion."""
    return [(p.parents[0], round(p.fidelity, 2)) for p in proposals if p.parents]


def result(proposal, index, score, status="ok", **facts):
    """Returns the trial of a promotion."""
    first = proposal.parents[0]
    return trial(index, proposal, score, status, **{"first": first, "fingerprint": f"{first}"} | facts)


@pytest.mark.parametrize("eta", [2, 3, 4])
@pytest.mark.parametrize("rungs", [2, 3])
def test_fidelities_are_powers_of_eta_up_to_the_full_training(eta, rungs):
    controller = SuccessiveHalving(Random(), rungs, eta)
    assert controller.fidelities == pytest.approx([eta ** -(rungs - 1 - place) for place in range(rungs)])
    proposals, *_ = play(controller, 0, 40, space=LARGE, size=9, evaluator=fair())
    assert {proposal.fidelity for proposal in proposals} == set(controller.fidelities)


def test_everything_starts_at_the_lowest_fidelity():
    controller = SuccessiveHalving(Random())
    proposals, _ = controller.ask(LARGE, controller.init(LARGE, 0), 10)
    assert {proposal.fidelity for proposal in proposals} == {controller.fidelities[0]}
    alone, _ = Random().ask(LARGE, Random().init(LARGE, 0), 10)
    assert [proposal.genotype for proposal in proposals] == [proposal.genotype for proposal in alone]


@pytest.mark.parametrize("eta", [2, 3, 4])
def test_the_best_of_eta_are_promoted(eta):
    scores = [0.3, 0.9, 0.1, 0.8, 0.2, 0.7, 0.6, 0.5, 0.4]
    controller, state, trials = started(scores, eta=eta)
    proposals, state = controller.ask(LARGE, state, 9)
    best = sorted(range(9), key=lambda i: -scores[i])[: 9 // eta]
    assert promoted(proposals) == [(i, round(1 / eta, 2)) for i in best]
    assert [proposal.genotype for proposal in proposals if proposal.parents] == [trials[i].genotype for i in best]
    assert {proposal.fidelity for proposal in proposals[len(best) :]} == {controller.fidelities[0]}
    assert promoted(controller.ask(LARGE, state, 9)[0]) == [], "none twice"


def test_equal_scores_go_in_the_order_of_their_trials():
    controller, state, _ = started([0.5] * 9)
    assert promoted(controller.ask(LARGE, state, 9)[0]) == [(0, 0.33), (1, 0.33), (2, 0.33)]


def test_what_is_not_asked_for_waits():
    controller, state, _ = started([0.3, 0.9, 0.1, 0.8, 0.2, 0.7])
    first, state = controller.ask(LARGE, state, 1)
    second, state = controller.ask(LARGE, state, 1)
    third, _ = controller.ask(LARGE, state, 1)
    assert (promoted(first), promoted(second), promoted(third)) == ([(1, 0.33)], [(3, 0.33)], [])


def test_the_best_of_a_rung_go_to_the_next_before_those_below():
    controller, state, _ = started([i / 20 for i in range(12)])
    proposals, state = controller.ask(LARGE, state, 3)
    assert promoted(proposals) == [(11, 0.33), (10, 0.33), (9, 0.33)]
    results = [result(p, 12 + i, score) for i, (p, score) in enumerate(zip(proposals, [0.1, 0.9, 0.3], strict=True))]
    proposals, state = controller.ask(LARGE, controller.tell(LARGE, state, results), 2)
    assert promoted(proposals) == [(10, 1.0), (8, 0.33)]
    state = controller.tell(LARGE, state, [result(p, 15 + i, 0.9) for i, p in enumerate(proposals)])
    assert promoted(controller.ask(LARGE, state, 9)[0]) == [], "the last rung is the last"


def test_a_long_run_keeps_the_shares():
    proposals, *_ = play(SuccessiveHalving(Random()), 0, 60, space=LARGE, size=16, evaluator=fair())
    first, second, third = (count for _, count in sorted(Counter(p.fidelity for p in proposals).items()))
    assert first / 3.5 < second <= first / 3
    assert second / 3.5 < third <= second / 3
    assert set(Counter((p.genotype, p.fidelity) for p in proposals if p.parents).values()) == {1}


def test_trials_delivered_twice_late_or_in_parts_change_nothing():
    controller, evaluator = SuccessiveHalving(Random()), fair()
    _, trials, state = play(controller, 0, 20, space=LARGE, size=10, evaluator=evaluator)
    assert same(controller.tell(LARGE, state, trials), state)
    assert same(controller.tell(LARGE, state, trials[::-1]), state)
    proposals, asked = controller.ask(LARGE, state, 12)
    more = evaluator.evaluate(proposals, len(trials))
    assert promoted(proposals)
    apart = asked
    for one in reversed(more):
        apart = controller.tell(LARGE, apart, [one])
    assert same(apart, controller.tell(LARGE, asked, more))


@pytest.mark.parametrize("status", ["failed", "rejected"])
def test_a_promotion_that_fails_goes_nowhere(status):
    controller, state, _ = started([0.9, 0.2, 0.1])
    proposals, state = controller.ask(LARGE, state, 1)
    failed = result(proposals[0], 3, None, status, gate="quality" if status == "rejected" else "")
    state = controller.tell(LARGE, state, [failed])
    assert state.rungs[1].finished == 0
    assert promoted(controller.ask(LARGE, state, 5)[0]) == []


def test_a_divergence_counts_as_finished_and_is_not_promoted():
    controller, state, trials = started([0.9, 0.8])
    fall = dataclasses.replace(trials[0], index=2, fingerprint="other", status="diverged", score=0.0)
    assert promoted(controller.ask(LARGE, state, 3)[0]) == []
    assert promoted(controller.ask(LARGE, controller.tell(LARGE, state, [fall]), 3)[0]) == [(0, 0.33)]
    controller, state, trials = started([0.9, 0.8, 0.1])
    (proposal,), state = controller.ask(LARGE, state, 1)
    rung = controller.tell(LARGE, state, [result(proposal, 3, 0.0, "diverged")]).rungs[1]
    assert (rung.finished, rung.promoted, len(rung.first)) == (1, 0, 0)


def test_a_repeat_is_no_training_of_a_rung():
    controller, state, trials = started([0.9, 0.2, 0.1])
    (proposal,), state = controller.ask(LARGE, state, 1)
    repeats = [dataclasses.replace(trials[0], index=3, first=0, repeat=1), result(proposal, 4, 0.9, repeat=1)]
    state = controller.tell(LARGE, state, repeats)
    assert [rung.finished for rung in state.rungs] == [3, 0]
    state = controller.tell(LARGE, state, [result(proposal, 5, 0.9)])
    assert [rung.finished for rung in state.rungs] == [3, 1]


def test_a_fidelity_of_no_rung_teaches_nothing():
    controller, state, trials = started([0.9, 0.2, 0.1])
    other = [
        dataclasses.replace(trials[0], index=3, fidelity=0.7),
        dataclasses.replace(trials[0], index=4, fidelity=1.0),
    ]
    after = controller.tell(LARGE, state, other)
    assert same((after.inner, after.rungs), (state.inner, state.rungs))


def test_the_inner_controller_learns_from_the_lowest_fidelity_only():
    delivered = []
    controller = SuccessiveHalving(Listener((delivered,)))
    proposals, trials, _ = play(controller, 0, 20, size=6)
    assert any(proposal.fidelity > controller.fidelities[0] for proposal in proposals)
    assert delivered == [one for one in trials if one.fidelity == controller.fidelities[0]]
    assert {one.status for one in delivered} > {"ok", "duplicate", "rejected"}


def test_duplicates_and_rejects_are_no_finished_trainings():
    controller, state, trials = started([0.9, 0.8])
    copies = [dataclasses.replace(trials[0], index=i, status="duplicate", first=0) for i in (2, 3)]
    rejects = [dataclasses.replace(trials[0], index=i, status="rejected", gate="finite", score=None) for i in (4, 5)]
    assert promoted(controller.ask(LARGE, controller.tell(LARGE, state, [*copies, *rejects]), 3)[0]) == []


def test_only_the_best_that_wait_are_remembered():
    _, state, _ = started([i / 1000 for i in range(KEPT + 50)])
    assert state.rungs[0].first.tolist() == list(range(KEPT + 49, 49, -1))


def test_when_the_inner_controller_has_nothing_left_promotions_go_on():
    proposals, *_ = play(SuccessiveHalving(Exhaustive()), 0, 40, size=8, evaluator=fair())
    assert [count for _, count in sorted(Counter(p.fidelity for p in proposals).items())] == [48, 16, 5]
    assert SPACE.count() == 48


def test_the_smallest_budget():
    controller = SuccessiveHalving(RegularizedEvolution(9, 3), eta=2)
    assert controller.min_budget() == 18  # of which 4 / 7 are the inner controller's 10
    assert SuccessiveHalving(Random(), eta=5).min_budget() == 6


@pytest.mark.parametrize("wrap", [Repeated, SuccessiveHalving])
def test_it_refuses_what_repeats_or_halves(wrap):
    with pytest.raises(ActsearchError, match=r"write Repeated\(SuccessiveHalving\(controller\)\)"):
        SuccessiveHalving(wrap(Random()))

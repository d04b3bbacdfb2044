"""One of eta goes on, the best first, none twice, whatever comes late, twice or not at all."""

import dataclasses
from collections import Counter

import pytest

from actsearch.controllers import get_controller
from actsearch.controllers.repeated import repeated
from actsearch.controllers.successive_halving import WAITING, successive_halving
from actsearch.spaces import swish
from tests.helpers.playing import SPACE, STEPS, Judge, play, seen

LARGE = swish(1)


def random(space=LARGE):
    return get_controller("random", space)


def fair():
    return Judge(status=lambda choices: "ok")


def started(scores, *, eta=3, rungs=3, steps=STEPS[0], statuses=None):
    """Halving over random search whose first proposals got these scores; and the trials."""
    controller = successive_halving(random(), eta=eta, rungs=rungs)
    proposals, state = controller.ask(controller.init(0), len(scores))
    trials = [
        dataclasses.replace(trial, score=score, metrics=({"score": score, "steps": steps},))
        for trial, score in zip(fair()(proposals, 0), scores, strict=True)
    ]
    return controller, controller.tell(state, trials), trials


def promoted(proposals):
    return [(proposal.parents[0], proposal.rung) for proposal in proposals if proposal.rung]


def result(proposal, index, score, status="ok"):
    """The trial of a promotion."""
    trial = fair().trial(index, proposal)
    row = {"score": score, "steps": STEPS[proposal.rung]}
    return dataclasses.replace(trial, status=status, score=score, metrics=(row,), duplicate_of=proposal.parents[0])


def test_everything_starts_at_the_shortest_rung():
    proposals, _ = successive_halving(random()).ask(successive_halving(random()).init(0), 10)
    assert {p.rung for p in proposals} == {0}
    alone, _ = random().ask(random().init(0), 10)
    assert [p.program for p in proposals] == [p.program for p in alone]


@pytest.mark.parametrize("eta", [2, 3, 4])
def test_the_best_of_eta_go_on(eta):
    scores = [0.3, 0.9, 0.1, 0.8, 0.2, 0.7, 0.6, 0.5, 0.4]
    controller, state, trials = started(scores, eta=eta)
    proposals, state = controller.ask(state, 9)
    best = sorted(range(9), key=lambda i: -scores[i])[: 9 // eta]
    assert promoted(proposals) == [(i, 1) for i in best]
    assert [p.program.choices for p in proposals if p.rung] == [trials[i].program.choices for i in best]
    assert {p.rung for p in proposals[len(best) :]} == {0}
    assert promoted(controller.ask(state, 9)[0]) == [], "none twice"


def test_equal_scores_go_in_the_order_of_their_trials():
    controller, state, _ = started([0.5] * 9)
    assert promoted(controller.ask(state, 9)[0]) == [(0, 1), (1, 1), (2, 1)]


def test_what_is_not_asked_for_waits():
    controller, state, _ = started([0.3, 0.9, 0.1, 0.8, 0.2, 0.7])
    first, state = controller.ask(state, 1)
    second, state = controller.ask(state, 1)
    third, _ = controller.ask(state, 1)
    assert (promoted(first), promoted(second), third[0].rung) == ([(1, 1)], [(3, 1)], 0)


def test_the_best_of_a_rung_go_to_the_next_before_those_below():
    controller, state, _ = started([i / 20 for i in range(12)])
    proposals, state = controller.ask(state, 3)
    assert promoted(proposals) == [(11, 1), (10, 1), (9, 1)]
    state = controller.tell(
        state, [result(p, 12 + i, s) for i, (p, s) in enumerate(zip(proposals, [0.1, 0.9, 0.3], strict=True))]
    )
    proposals, state = controller.ask(state, 2)
    assert promoted(proposals) == [(10, 2), (8, 1)]
    state = controller.tell(state, [result(p, 15 + i, 0.9) for i, p in enumerate(proposals)])
    assert promoted(controller.ask(state, 9)[0]) == [], "the last rung is the last"


def test_a_long_run_keeps_the_shares():
    proposals, *_ = play(successive_halving(random()), 0, 60, size=16, judge=fair())
    counts = Counter(p.rung for p in proposals)
    assert counts[0] / 3.5 < counts[1] <= counts[0] / 3
    assert counts[1] / 3.5 < counts[2] <= counts[1] / 3
    assert set(Counter((p.program.choices, p.rung) for p in proposals if p.rung).values()) == {1}


def test_trials_told_twice_late_or_in_parts_change_nothing():
    controller = successive_halving(random())
    _, trials, state = play(controller, 0, 20, size=10, judge=fair())
    assert controller.tell(state, trials) == state
    assert controller.tell(state, trials[::-1]) == state
    proposals, asked = controller.ask(state, 12)
    judge = fair()
    judge.first = {trial.program.choices: trial for trial in reversed(trials) if trial.duplicate_of is None}
    more = judge(proposals, len(trials))
    assert promoted(proposals)
    apart = asked
    for trial in reversed(more):
        apart = controller.tell(apart, [trial])
    assert apart == controller.tell(asked, more)


@pytest.mark.parametrize("status", ["failed", "rejected:quality"])
def test_a_promotion_that_fails_goes_nowhere(status):
    controller, state, _ = started([0.9, 0.2, 0.1])
    proposals, state = controller.ask(state, 1)
    failed = dataclasses.replace(fair().trial(3, proposals[0]), status=status, score=None, metrics=())
    state = controller.tell(state, [failed])
    assert state["waiting"] == []
    assert state["rungs"][1]["finished"] == 0
    assert promoted(controller.ask(state, 5)[0]) == []


def test_a_child_of_a_promoted_candidate_is_not_its_result():
    controller, state, _ = started([0.9, 0.2, 0.1])
    (proposal,), state = controller.ask(state, 1)
    other = LARGE.at(7)
    assert other != proposal.program
    child = dataclasses.replace(fair().trial(3, proposal), program=other, status="rejected:finite", score=None)
    state = controller.tell(state, [child])
    assert len(state["waiting"]) == 1


def test_a_divergence_counts_as_finished_and_is_not_promoted():
    controller, state, trials = started([0.9, 0.8])
    fall = dataclasses.replace(trials[0], index=2, fingerprint="other", status="diverged", score=0.0)
    assert promoted(controller.ask(state, 3)[0]) == []
    assert promoted(controller.ask(controller.tell(state, [fall]), 3)[0]) == [(0, 1)]
    controller, state, trials = started([0.9, 0.8, 0.1])
    (proposal,), state = controller.ask(state, 1)
    state = controller.tell(state, [result(proposal, 3, 0.0, "diverged")])
    assert state["rungs"][1] == {"finished": 1, "promoted": 0, "best": []}


def test_a_repeat_is_no_result_of_a_promotion():
    controller, state, trials = started([0.9, 0.2, 0.1])
    (proposal,), state = controller.ask(state, 1)
    again = dataclasses.replace(trials[0], index=3, parents=(0,), duplicate_of=0)  # the same steps, further seeds
    state = controller.tell(state, [again])
    assert (len(state["waiting"]), state["rungs"][0]["finished"]) == (1, 3)
    state = controller.tell(state, [result(proposal, 4, 0.9)])
    assert (len(state["waiting"]), state["rungs"][1]["finished"]) == (0, 1)
    state = controller.tell(state, [result(proposal, 5, 0.9)])  # at a higher rung, and not asked for
    assert state["rungs"][1]["finished"] == 1


def test_the_inner_controller_hears_the_shortest_rung_only():
    heard, inner = [], random(SPACE)

    def tell(state, trials):
        heard.extend(trials)
        return inner.tell(state, trials)

    proposals, trials, _ = play(successive_halving(inner._replace(tell=tell)), 0, 20, size=6, judge=Judge())
    assert any(p.rung for p in proposals)
    assert heard == [trial for trial, p in zip(trials, proposals, strict=True) if not p.rung]
    assert {trial.status for trial in heard} > {"ok", "duplicate", "rejected:finite"}


def test_duplicates_and_rejects_are_no_finished_trainings():
    controller, state, trials = started([0.9, 0.8])
    copies = [dataclasses.replace(trials[0], index=i, status="duplicate", duplicate_of=0) for i in (2, 3)]
    rejects = [dataclasses.replace(trials[0], index=i, status="rejected:finite", score=None) for i in (4, 5)]
    assert promoted(controller.ask(controller.tell(state, [*copies, *rejects]), 3)[0]) == []


def test_promotions_that_never_come_back_are_forgotten_in_the_end():
    controller, state, _ = started([0.5])
    rows = [[1, [0.5, i, STEPS[0], "x", None]] for i in range(WAITING)]
    rung = {"finished": 3, "promoted": 0, "best": [[0.9, WAITING, STEPS[0], "x", None]]}
    _, state = controller.ask({**state, "waiting": rows, "rungs": [rung, state["rungs"][1]]}, 1)
    assert [row[1][1] for row in state["waiting"]] == list(range(1, WAITING + 1))


def test_when_the_inner_controller_has_nothing_left_promotions_go_on():
    controller = successive_halving(get_controller("exhaustive", SPACE))
    proposals, *_ = play(controller, 0, 40, size=8, judge=fair())
    assert Counter(p.rung for p in proposals) == {0: 48, 1: 16, 2: 5}


def test_options():
    controller = successive_halving(get_controller("evolution", SPACE, population=9, sample=3), eta=2)
    assert controller.name == "evolution"
    assert controller.options["successive_halving"] == {"rungs": 3, "eta": 2}
    assert controller.least == 18  # of which 4 / 7 are the inner controller's 10
    assert successive_halving(random(), eta=5).least == 6


@pytest.mark.parametrize(("name", "value"), [("rungs", 1), ("rungs", 2.0), ("eta", 1), ("eta", "3")])
def test_refuses(name, value):
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 2; received {value!r}"):
        successive_halving(random(), **{name: value})


@pytest.mark.parametrize("wrap", [repeated, successive_halving])
def test_refuses_what_repeats_or_halves(wrap):
    with pytest.raises(ValueError, match=r"write repeated\(successive_halving\(controller\)\)"):
        successive_halving(wrap(random()))


def test_the_seed_fixes_it():
    one, two = (play(successive_halving(random()), 3, 10, judge=fair())[0] for _ in range(2))
    assert seen(one) == seen(two)

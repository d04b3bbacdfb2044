"""Every controller keeps the contract of (init, ask, tell), and each proposes what its paper says."""

import dataclasses
import json

import numpy as np
import pytest

from actsearch.controllers import CONTROLLERS, get_controller
from actsearch.spaces import custom, swish
from actsearch.trial import Trial

SPACE = custom(["x", "relu", "beta * x", "tanh"], ["+", "*", "max"], units=1)  # 48 programs
OPTIONS = {"evolution": {"population": 8, "sample": 3}, "pareto": {"window": 12, "tournament": 0.3}}
STATUSES = ("ok", "ok", "rejected:finite", "duplicate", "diverged", "ok", "failed")


def make(name, space=SPACE):
    return get_controller(name, space, **OPTIONS.get(name, {}))


def judge(proposals, start):
    """Trials with made-up scores that depend on the program alone; some have none."""
    trials = []
    for index, proposal in enumerate(proposals, start):
        status = STATUSES[sum(proposal.program.choices) % len(STATUSES)]
        score = {"diverged": 0.0, "rejected:finite": None, "failed": None}.get(
            status, hash(proposal.program.choices) % 97 / 97
        )
        metrics = () if score is None else ({"score": score, "a/score": score, "b/score": 1 - score},)
        trials.append(Trial(index, proposal.program, f"{index:x}", status, score, metrics, parents=proposal.parents))
    return trials


def play(controller, seed, batches, resume_at=None, size=5):
    """Runs ask and tell; returns the proposals. At `resume_at` the state goes through JSON, as when it is saved."""
    state, told = controller.init(seed), []
    for number in range(batches):
        if number == resume_at:
            state = json.loads(json.dumps(state))
        proposals, state = controller.ask(state, size)
        trials = judge(proposals, len(told))
        told += trials
        state = controller.tell(state, trials)
    return [(trial.program, trial.program.choices, trial.parents) for trial in told]


@pytest.mark.parametrize("name", CONTROLLERS)
class TestContract:
    def test_name_and_options(self, name):
        controller = make(name)
        assert controller.name == name
        assert json.loads(json.dumps(controller.options)) == controller.options
        again = get_controller(name, SPACE, **controller.options)
        assert again.options == controller.options

    def test_proposals_are_legal(self, name):
        for program, choices, parents in play(make(name), 0, 9):
            assert SPACE.decode(choices) == program
            assert all(isinstance(parent, int) for parent in parents)

    def test_parents_are_earlier_trials(self, name):
        for index, (_, _, parents) in enumerate(play(make(name), 0, 9)):
            assert all(0 <= parent < index for parent in parents)

    def test_ask_gives_at_most_what_was_asked_for(self, name):
        controller = make(name)
        for n in (1, 3, 17):
            proposals, _ = controller.ask(controller.init(0), n)
            assert len(proposals) == n

    def test_a_seed_fixes_the_proposals(self, name):
        assert play(make(name), 1, 6) == play(make(name), 1, 6)
        assert play(make(name), 1, 6) != play(make(name), 2, 6)

    @pytest.mark.parametrize("resume_at", [0, 1, 5])
    def test_a_saved_state_continues_on_the_same_trace(self, name, resume_at):
        assert play(make(name), 3, 8, resume_at) == play(make(name), 3, 8)

    def test_states_are_values(self, name):
        """ask and tell change no state that they were given: an old state gives the old answer again."""
        controller = make(name)
        state = controller.init(4)
        for number in range(4):
            before = json.dumps(state)
            first, asked = controller.ask(state, 4)
            second, _ = controller.ask(state, 4)
            assert first == second
            assert json.dumps(state) == before
            trials, between = judge(first, 4 * number), json.dumps(asked)
            state = controller.tell(asked, trials)
            assert json.dumps(asked) == between

    def test_trials_without_a_score_are_tolerated(self, name):
        controller = make(name)
        state, total = controller.init(5), 0
        for _ in range(6):
            proposals, state = controller.ask(state, 5)
            trials = [Trial(total + i, proposal.program, "", "rejected:finite") for i, proposal in enumerate(proposals)]
            total += len(trials)
            state = controller.tell(state, trials)
        assert total == 30

    def test_unknown_option(self, name):
        with pytest.raises(ValueError, match=f"Controller '{name}' does not take these options.*colour"):
            get_controller(name, SPACE, colour="red")


def test_unknown_controller():
    with pytest.raises(ValueError, match="Unknown controller 'genetic'; write one of random, exhaustive, evolution"):
        get_controller("genetic", SPACE)


def test_random_search_draws_as_the_space_does():
    rng = np.random.default_rng(0)
    choices = np.array([choices for _, choices, _ in play(make("random"), 0, 60, size=20)])
    drawn = np.array([SPACE.sample(rng).choices for _ in range(1200)])
    for column, other in zip(choices.T, drawn.T, strict=True):
        counts, others = np.bincount(column), np.bincount(other)
        assert np.abs(counts - others).max() < 5 * np.sqrt(2 * len(drawn) / len(counts))


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("size", [7, 48, 100])
def test_exhaustive_proposes_everything_once(shuffle, size):
    controller = get_controller("exhaustive", SPACE, shuffle=shuffle)
    state, found = controller.init(0), []
    while True:
        proposals, state = controller.ask(state, size)
        if not proposals:
            break
        found += [proposal.program.choices for proposal in proposals]
    everything = [program.choices for program in SPACE.enumerate()]
    assert sorted(found) == everything
    assert (found == everything) is not shuffle


def test_exhaustive_refuses_a_large_space():
    with pytest.raises(ValueError, match="at most 10,000,000 programs; swish-2 has 156,250,000: use the controller"):
        get_controller("exhaustive", swish(2))


def evolved(scores, *, population=4, sample=4, mutation=1.0, seed=0):
    """An evolution that was told random programs with the given scores, in order."""
    controller = get_controller("evolution", SPACE, population=population, sample=sample, mutation=mutation)
    state = controller.init(seed)
    proposals, state = controller.ask(state, population)
    programs = [proposals[i % population].program for i in range(len(scores))]
    trials = [
        Trial(i, program, "", "ok", score) for i, (program, score) in enumerate(zip(programs, scores, strict=True))
    ]
    return controller, controller.tell(state, trials), trials


def parents(controller, state, n=40):
    return {parent for proposal in controller.ask(state, n)[0] for parent in proposal.parents}


class TestEvolution:
    def test_starts_with_a_random_population(self):
        controller = make("evolution")
        proposals, _ = controller.ask(controller.init(0), 20)
        assert all(proposal.parents == () for proposal in proposals)

    def test_the_best_of_the_sample_breeds(self):
        assert parents(*evolved([0.1, 0.9, 0.3, 0.2])[:2]) == {1}
        # A sample of two of four never lets the worst breed.
        assert parents(*evolved([0.1, 0.9, 0.3, 0.2], sample=2)[:2]) == {1, 2, 3}

    def test_the_younger_of_two_equals_breeds(self):
        assert parents(*evolved([0.5, 0.5, 0.5, 0.5])[:2]) == {3}

    def test_the_oldest_dies_however_good(self):
        assert parents(*evolved([0.9, 0.2, 0.3, 0.1, 0.0])[:2]) == {2}

    def test_a_child_differs_from_its_parent_in_one_choice(self):
        controller, state, trials = evolved([0.1, 0.9, 0.3, 0.2], sample=1)
        for program, found, *_ in controller.ask(state, 40)[0]:
            (parent,) = found
            pairs = zip(program.choices, trials[parent].program.choices, strict=True)
            assert sum(a != b for a, b in pairs) == 1

    def test_mutation_is_a_probability(self):
        controller, state, _ = evolved([0.1, 0.9, 0.3, 0.2], mutation=0.25)
        bred = sum(bool(proposal.parents) for proposal in controller.ask(state, 400)[0])
        assert 60 < bred < 140
        controller, state, _ = evolved([0.1, 0.9, 0.3, 0.2], mutation=0)
        assert parents(controller, state) == set()

    def test_a_rejected_program_takes_no_place(self):
        controller, state, trials = evolved([0.1, 0.9, 0.3, 0.2])
        rejected = [dataclasses.replace(trials[0], index=i, status="rejected:finite", score=None) for i in range(4, 9)]
        assert controller.tell(state, rejected) == state

    def test_it_finds_the_best_sooner_than_chance(self):
        """On a space where every right choice counts, as many trials bring more."""

        def best(name):
            space = swish(2)
            controller = get_controller(name, space, **({"population": 20, "sample": 8} if name == "evolution" else {}))
            state, scores = controller.init(0), []
            for _ in range(40):
                proposals, state = controller.ask(state, 10)
                made = [np.mean([c == 0 for c in proposal.program.choices]) for proposal in proposals]
                trials = [
                    Trial(len(scores) + i, p.program, "", "ok", float(score))
                    for i, (p, score) in enumerate(zip(proposals, made, strict=True))
                ]
                scores += made
                state = controller.tell(state, trials)
            return max(scores)

        assert best("evolution") > best("random") + 0.2

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"population": 1}, "population must be at least 2; received 1"),
            ({"population": 8, "sample": 9}, r"sample must be from 1 to population \(8\); received 9"),
            ({"sample": 0}, r"sample must be from 1 to population \(100\); received 0"),
            ({"mutation": 1.5}, "mutation is a probability, from 0 to 1; received 1.5"),
            ({"mutation": -0.1}, "mutation is a probability"),
        ],
    )
    def test_refuses(self, options, message):
        with pytest.raises(ValueError, match=message):
            get_controller("evolution", SPACE, **options)

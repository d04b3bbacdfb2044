"""Every controller keeps the contract of (init, ask, tell), wrapped or not, and proposes what its paper says."""

import dataclasses
import functools
import json
from types import MappingProxyType

import numpy as np
import pytest

from actsearch.archive import checkpoint
from actsearch.archive.packing import pack
from actsearch.controllers import CONTROLLERS, get_controller
from actsearch.controllers.base import Proposal
from actsearch.controllers.repeated import repeated
from actsearch.controllers.successive_halving import successive_halving
from actsearch.spaces import custom, swish
from actsearch.trials.trial import Trial
from tests.helpers.playing import SPACE, STEPS, Judge, play, seen

OPTIONS = {
    "evolution": {"population": 8, "sample": 3},
    "pareto": {"window": 12, "tournament": 0.3},
    "ppo": {"batch": 8, "hidden": 16},
    "gflownet": {"batch": 8, "hidden": 16, "memory": 128},
    "surrogate": {"memory": 64},
}
"""Small ones, with which a few dozen trials are enough to learn from."""

LARGER = {
    "evolution": {"population": 20, "sample": 8},
    "pareto": {"window": 30, "tournament": 0.3},
    "surrogate": {"memory": 160},
}
"""For a space of thousands."""

WRAPPED = {
    "repeated random": lambda inner: repeated(inner("random"), share=0.4),
    "repeated exhaustive": lambda inner: repeated(inner("exhaustive"), share=0.4),
    "repeated evolution": lambda inner: repeated(inner("evolution"), share=0.4),
    "repeated ppo": lambda inner: repeated(inner("ppo"), share=0.4),
    "halved surrogate": lambda inner: successive_halving(inner("surrogate"), eta=2),
    "halved pareto": lambda inner: successive_halving(inner("pareto"), eta=2),
    "halved evolution": lambda inner: successive_halving(inner("evolution"), eta=2),
    "repeated halved random": lambda inner: repeated(successive_halving(inner("random"), eta=2), share=0.4),
}
SUBJECTS = (*CONTROLLERS, *WRAPPED)
LEARNERS = tuple(name for name in CONTROLLERS if name not in ("random", "exhaustive"))

TOLD = {"ppo": (5_000, 8_000, 500), "gflownet": (5_000, 8_000, 500), "surrogate": (5_000, 8_000, 64)}
"""Trials after which a state must have stopped growing, those until which it is watched, and how many of each 500 are
its own proposals; for controllers too slow for 100,000."""


def make(name, space=SPACE):
    inner = lambda known: get_controller(known, space, **OPTIONS.get(known, {}))  # noqa: E731
    return WRAPPED[name](inner) if name in WRAPPED else inner(name)


def snapshot(state):
    """A state as what a checkpoint writes of it; refuses what a checkpoint refuses."""
    packed = pack(state)
    return json.dumps([packed.plain, packed.leaves]), packed.data.tobytes()


def require_legal(proposals):
    for program, choices, parents, repeat, rung in seen(proposals):
        assert SPACE.decode(choices) == program
        assert all(isinstance(parent, int) for parent in parents)
        assert isinstance(repeat, int)
        assert repeat >= 0
        assert rung is None or rung in range(len(STEPS))
        assert len(parents) == 1 or not (repeat or rung)


@pytest.mark.parametrize("name", SUBJECTS)
class TestContract:
    def test_name_and_options(self, name):
        controller = make(name)
        assert json.loads(json.dumps(controller.options)) == controller.options
        assert isinstance(controller.least, int)
        assert controller.least >= 1
        options = dict(controller.options)
        wrappers = {"successive_halving": successive_halving, "repeated": repeated}
        wraps = [(wrap, options.pop(key)) for key, wrap in wrappers.items() if key in options]
        again = get_controller(controller.name, SPACE, **options)
        for wrap, chosen in wraps:
            again = wrap(again, **chosen)
        assert (again.name, again.options, again.least) == (controller.name, controller.options, controller.least)
        assert name.split()[-1] == controller.name
        assert len(wraps) == len(name.split()) - 1

    def test_proposals_are_legal(self, name):
        require_legal(play(make(name), 0, 9)[0])

    def test_parents_are_earlier_trials_and_those_of_a_known_candidate_its_first_one(self, name):
        proposals, trials, _ = play(make(name), 0, 12)
        for index, proposal in enumerate(proposals):
            assert all(0 <= parent < index for parent in proposal.parents)
            if proposal.repeat or proposal.rung:
                first = trials[proposal.parents[0]]
                assert (first.program.choices, first.status) == (proposal.program.choices, "ok")
                assert first.duplicate_of is None

    def test_ask_gives_at_most_what_was_asked_for(self, name):
        controller = make(name)
        for n in (1, 3, 17):
            proposals, _ = controller.ask(controller.init(0), n)
            assert len(proposals) == n

    def test_a_seed_fixes_the_proposals(self, name):
        first, again, other = (seen(play(make(name), seed, 8)[0]) for seed in (1, 1, 2))
        assert first == again
        assert first != other

    @pytest.mark.parametrize("resume_at", [0, 1, 5])
    def test_a_saved_state_continues_on_the_same_trace(self, name, resume_at, tmp_path):
        def restored(number, state):
            if number != resume_at:
                return state
            checkpoint.save(tmp_path, {"controller": name}, number, state)
            return checkpoint.load(tmp_path, {"controller": name}).state

        proposals, _, state = play(make(name), 3, 9, between=restored)
        unbroken, _, end = play(make(name), 3, 9)
        assert seen(proposals) == seen(unbroken)
        assert snapshot(state) == snapshot(end)

    def test_states_are_values(self, name):
        """ask and tell change no state that they were given: an old state gives the old answer again."""
        controller, judge = make(name), Judge()
        state, total = controller.init(4), 0
        for _ in range(7):
            before = snapshot(state)
            first, asked = controller.ask(state, 4)
            second, same = controller.ask(state, 4)
            assert seen(first) == seen(second)
            assert snapshot(asked) == snapshot(same)
            assert snapshot(state) == before
            trials, between = judge(first, total), snapshot(asked)
            total += len(trials)
            state = controller.tell(asked, trials)
            assert snapshot(controller.tell(asked, trials)) == snapshot(state)
            assert snapshot(asked) == between

    @pytest.mark.parametrize("trouble", ["late", "reordered", "twice", "unknown", "failed", "diverged", "rejected"])
    def test_trouble_with_trials_is_borne(self, name, trouble):
        """Whatever comes back, and whenever: proposals stay legal and fixed by the seed, the state can be saved."""

        def troubled():
            controller, judge, rng = make(name), Judge(), np.random.default_rng(0)
            state, past, asked = controller.init(5), [], []
            for number in range(10):
                proposals, state = controller.ask(state, 5)
                require_legal(proposals)
                asked += proposals
                past.append(judge(proposals, 5 * number))
                state = controller.tell(state, disturb(trouble, past, rng))
            return seen(asked), snapshot(state)

        assert troubled() == troubled()

    def test_trials_that_never_come_take_no_memory(self, name):
        controller, sizes = make(name), []
        state = controller.init(0)
        for number in range(20):
            _, state = controller.ask(state, 500)
            sizes.append(sum(map(len, snapshot(state))))
            if number == 14:
                assert sizes[-1] < 1_000_000
        assert sizes[-1] < 1.02 * sizes[14] + 1000


def disturb(trouble, past, rng):
    """What is told in the place of the latest of the past batches."""
    *_, latest = past
    match trouble:
        case "late":
            return past[-4] if len(past) >= 4 else []
        case "reordered":
            both = [trial for batch in past[-2:] for trial in batch] if len(past) % 2 == 0 else []
            return [both[i] for i in rng.permutation(len(both))]
        case "twice":
            return [*latest, *(past[-2] if len(past) > 1 else []), *latest[:2], *latest[:1]]
        case "unknown":
            programs = [SPACE.sample(rng) for _ in range(3)]
            return [*latest, *Judge()([Proposal(program) for program in programs], 10**6 + len(past))]
        case "failed" | "rejected":
            status = {"failed": "failed", "rejected": "rejected:finite"}[trouble]
            return [Trial(trial.index, trial.program, "", status, parents=trial.parents) for trial in latest]
        case "diverged":
            return [
                dataclasses.replace(
                    trial, status="diverged", score=0.0, metrics=tuple({"score": 0.0} for _ in trial.metrics)
                )
                for trial in latest
            ]


@pytest.mark.parametrize("name", [*CONTROLLERS, "repeated halved random"])
def test_memory_is_bounded(name):
    """No state of the second 50,000 trials is larger than those of the first 50,000, in numbers and in bytes."""
    controller, judge, programs = make(name), Judge(), list(SPACE.enumerate())
    full, total, own = TOLD.get(name, (50_000, 100_000, 64))
    state, sizes = controller.init(0), []
    for start in range(0, total, 500):
        proposals, state = controller.ask(state, own)
        trials = judge(proposals, start)
        for index in range(start + len(trials), start + 500):
            score = 0.5 + 0.5 * (index * 0.618) % 0.5
            row = {"score": score, "a/score": score, "b/score": 1 - score, "steps": STEPS[0]}
            trials.append(Trial(index, programs[index % len(programs)], f"{index:x}", "ok", score, (row,), (0,)))
        state = controller.tell(state, trials)
        sizes.append((leaves(state), sum(map(len, snapshot(state)))))
        assert sizes[-1][1] < 1_000_000
    first, second = np.max(sizes[: full // 500], axis=0), np.max(sizes[full // 500 :], axis=0)
    assert (second <= 1.05 * first + 50).all()


def leaves(state):
    if isinstance(state, dict | list):
        return sum(map(leaves, state.values() if isinstance(state, dict) else state))
    return 1


@pytest.mark.parametrize("name", CONTROLLERS)
def test_unknown_option(name):
    with pytest.raises(ValueError, match=f"Controller '{name}' does not take these options.*colour"):
        get_controller(name, SPACE, colour="red")


@pytest.mark.parametrize("name", LEARNERS)
def test_a_space_without_decisions_leaves_nothing_to_learn(name):
    with pytest.raises(ValueError, match=f"{name} needs a space with decisions; .* has one program only"):
        make(name, custom(["x"], ["*"]))


@pytest.mark.parametrize("name", [name for name in CONTROLLERS if name not in LEARNERS])
def test_the_others_propose_its_one_program(name):
    controller = make(name, custom(["x"], ["*"]))
    assert str(controller.ask(controller.init(0), 1)[0][0].program) == "x * x"


class TestImprovement:
    """On a made-up table of 9,216 programs in which every choice counts, as many trials bring a learner more."""

    TABLE = custom(["x", "tanh", "relu", "cos"], ["+", "*", "max"], units=2)
    MERITS = MappingProxyType({4: (0.1, 1.0, 0.4, 0.6), 3: (0.2, 1.0, 0.5), 2: (0.3, 1.0)})
    """Of each option, by the number of options: of unary and binary operators, and of the operand."""
    BUDGET, SEEDS = 160, 6

    @classmethod
    def score(cls, choices):
        """The geometric mean of the merits; like operators count alike in both places, as they do in functions."""
        sizes = [len(decision.options) for decision in cls.TABLE.decisions]
        merits = [cls.MERITS[size][choice] for size, choice in zip(sizes, choices, strict=True)]
        return float(np.prod(merits) ** (1 / len(merits)))

    @classmethod
    @functools.cache
    def best(cls, name):
        """The best score within the budget, mean over the seeds."""

        def one(seed):
            judge = Judge(cls.score, status=lambda choices: "ok", second=lambda score: score)
            controller = get_controller(name, cls.TABLE, **{**OPTIONS, **LARGER}.get(name, {}))
            _, trials, _ = play(controller, seed, cls.BUDGET // 8, size=8, judge=judge)
            return max(trial.score for trial in trials)

        return np.mean([one(seed) for seed in range(cls.SEEDS)])

    @pytest.mark.parametrize("name", LEARNERS)
    def test_learners_find_better_ones_than_chance(self, name):
        assert self.best(name) > self.best("random") + 0.03


def test_unknown_controller():
    with pytest.raises(ValueError, match="Unknown controller 'genetic'; write one of random, exhaustive, evolution"):
        get_controller("genetic", SPACE)


def test_random_search_draws_as_the_space_does():
    rng = np.random.default_rng(0)
    choices = np.array([proposal.program.choices for proposal in play(make("random"), 0, 60, size=20)[0]])
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

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"population": 1}, "population must be an integer of at least 2; received 1"),
            ({"population": 8, "sample": 9}, r"sample must be from 1 to population \(8\); received 9"),
            ({"sample": 0}, "sample must be an integer of at least 1; received 0"),
            ({"mutation": 1.5}, "mutation is a probability, from 0 to 1; received 1.5"),
            ({"mutation": -0.1}, "mutation is a probability"),
        ],
    )
    def test_refuses(self, options, message):
        with pytest.raises(ValueError, match=message):
            get_controller("evolution", SPACE, **options)

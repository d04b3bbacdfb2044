"""Every controller keeps the contract of init, ask and tell, wrapped or not, and improves on chance if it learns."""

import dataclasses
import functools
import inspect
import json
import pickle
from types import MappingProxyType
from typing import Literal, get_origin, get_type_hints

import numpy as np
import pytest

from actsearch.archive import checkpoint
from actsearch.controllers import (
    CONTROLLERS,
    Controller,
    RegularizedEvolution,
    Repeated,
    Seeded,
    SuccessiveHalving,
    get_controller,
    register,
)
from actsearch.language import ActsearchError
from actsearch.spaces import custom
from actsearch.trials import Proposal
from tests.helpers.playing import SPACE, PlayEvaluator, choices_of, make, play, rows, same, snapshot, trial

LARGER = {
    "evolution": {"population": 20, "sample": 8},
    "pareto": {"window": 30, "tournament": 0.3},
    "surrogate": {"memory": 160},
}
"""For a space of thousands."""

WRAPPED = {
    "repeated random": lambda: Repeated(make("random"), share=0.4),
    "repeated exhaustive": lambda: Repeated(make("exhaustive"), share=0.4),
    "repeated evolution": lambda: Repeated(make("evolution"), share=0.4),
    "repeated ppo": lambda: Repeated(make("ppo"), share=0.4),
    "seeded gflownet": lambda: Seeded(make("gflownet"), ("x * relu(x)", "max(x, tanh(x))")),
    "halved surrogate": lambda: SuccessiveHalving(make("surrogate"), eta=2),
    "halved pareto": lambda: SuccessiveHalving(make("pareto"), eta=2),
    "halved evolution": lambda: SuccessiveHalving(make("evolution"), eta=2),
    "repeated halved random": lambda: Repeated(SuccessiveHalving(make("random"), eta=2), share=0.4),
}
SUBJECTS = (*CONTROLLERS, *WRAPPED)
LEARNERS = tuple(name for name in CONTROLLERS if name not in ("random", "exhaustive"))

DELIVERED = {"ppo": (5_000, 8_000, 500), "gflownet": (5_000, 8_000, 500), "surrogate": (5_000, 8_000, 64)}
"""Trials after which a state must have stopped growing, those until which it is watched, and how many of each 500 are
its own proposals; for controllers too slow for 30,000."""


def subject(name):
    return WRAPPED[name]() if name in WRAPPED else make(name)


def require_legal(proposals):
    for proposal in proposals:
        assert SPACE.decode(proposal.genotype) == proposal.program
        assert all(isinstance(parent, int) for parent in proposal.parents)
        assert isinstance(proposal.repeat, int)
        assert proposal.repeat >= 0
        assert isinstance(proposal.fidelity, float)
        assert 0 < proposal.fidelity <= 1
        assert len(proposal.parents) == 1 or not proposal.repeat


SLOW = ("repeated ppo", "seeded gflownet", "halved surrogate")
"""Wrapped learners: the wrappers are tested over quick controllers, the learners by themselves."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else []) for name in SUBJECTS]
)
class TestContract:
    def test_it_is_a_value_that_says_what_it_is(self, name):
        controller = subject(name)
        assert controller == subject(name)
        assert hash(controller) == hash(subject(name))
        assert pickle.loads(pickle.dumps(controller)) == controller
        assert all(field.name in repr(controller) for field in dataclasses.fields(controller))
        with pytest.raises(dataclasses.FrozenInstanceError):
            controller.name = "other"
        assert isinstance(controller.min_budget(), int)
        assert controller.min_budget() >= 1

    def test_its_configuration_is_json_and_has_every_field(self, name):
        controller, names = subject(name), []
        config = controller.config()
        assert json.loads(json.dumps(config)) == config
        while True:
            assert config["name"] == controller.name
            assert config.keys() - {"name"} == {field.name for field in dataclasses.fields(controller)}
            names.append(config["name"])
            if "inner" not in config:
                break
            controller, config = controller.inner, config["inner"]
        assert len(names) == len(name.split())
        assert names[-1] == name.split()[-1]

    def test_every_field_is_documented(self, name):
        documentation = inspect.getdoc(type(subject(name)))
        assert all(f"\n  {field.name}: " in documentation for field in dataclasses.fields(subject(name)))

    def test_proposals_are_legal(self, name):
        require_legal(play(subject(name), 0, 9)[0])

    def test_parents_are_earlier_trials_and_those_of_a_known_candidate_its_first_one(self, name):
        proposals, trials, _ = play(subject(name), 0, 12)
        for index, proposal in enumerate(proposals):
            assert all(0 <= parent < index for parent in proposal.parents)
            if proposal.repeat:
                first = trials[proposal.parents[0]]
                assert (first.genotype, first.status, first.first) == (proposal.genotype, "ok", None)

    def test_ask_gives_at_most_what_was_asked_for(self, name):
        controller = subject(name)
        for n in (1, 3, 17):
            proposals, _ = controller.ask(SPACE, controller.init(SPACE, 0), n)
            assert len(proposals) == n

    def test_a_seed_fixes_the_proposals(self, name):
        first, again, other = (play(subject(name), seed, 8)[0] for seed in (1, 1, 2))
        assert first == again
        assert first != other

    @pytest.mark.parametrize("resume_at", [0, 1, 5])
    def test_a_saved_state_continues_on_the_same_trace(self, name, resume_at, tmp_path):
        def restored(number, state):
            if number != resume_at:
                return state
            checkpoint.save(tmp_path, {"controller": name}, number, state)
            return checkpoint.load(tmp_path, {"controller": name}, subject(name).init(SPACE, 3)).state

        proposals, _, state = play(subject(name), 3, 9, between=restored)
        unbroken, _, end = play(subject(name), 3, 9)
        assert proposals == unbroken
        assert same(state, end)

    def test_states_are_values(self, name):
        """ask and tell change no state that they were given: an old state gives the old answer again."""
        controller, evaluator = subject(name), PlayEvaluator()
        state, total = controller.init(SPACE, 4), 0
        for _ in range(7):
            before = snapshot(state)
            first, asked = controller.ask(SPACE, state, 4)
            second, again = controller.ask(SPACE, state, 4)
            assert first == second
            assert same(asked, again)
            assert snapshot(state) == before
            trials, between = evaluator.evaluate(first, total), snapshot(asked)
            total += len(trials)
            state = controller.tell(SPACE, asked, trials)
            assert same(controller.tell(SPACE, asked, trials), state)
            assert snapshot(asked) == between

    @pytest.mark.parametrize(
        "trouble", ["late", "reordered", "twice", "unknown", "foreign", "failed", "diverged", "rejected"]
    )
    def test_trouble_with_trials_is_borne(self, name, trouble):
        """Whatever comes back, and whenever: proposals stay legal and fixed by the seed, the state can be saved."""

        def troubled():
            controller, evaluator, rng = subject(name), PlayEvaluator(), np.random.default_rng(0)
            state, past, asked = controller.init(SPACE, 5), [], []
            for number in range(10):
                proposals, state = controller.ask(SPACE, state, 5)
                require_legal(proposals)
                asked += proposals
                past.append(evaluator.evaluate(proposals, 5 * number))
                state = controller.tell(SPACE, state, disturb(trouble, past, rng))
            return asked, snapshot(state)

        assert troubled() == troubled()

    def test_a_trial_without_a_genotype_of_the_space_teaches_nothing(self, name):
        controller = subject(name)
        _, _, state = play(controller, 0, 4)
        foreign = [
            dataclasses.replace(one, index=10**6 + one.index, genotype=genotype and genotype._replace(space="other"))
            for one in play(controller, 1, 2)[1]
            for genotype in (None, one.genotype)
        ]
        known = controller.tell(SPACE, state, foreign)
        assert controller.ask(SPACE, known, 20)[0] == controller.ask(SPACE, state, 20)[0]

    def test_trials_that_never_come_take_no_memory(self, name):
        controller, sizes = subject(name), []
        state = controller.init(SPACE, 0)
        for number in range(12):
            _, state = controller.ask(SPACE, state, 500)
            sizes.append(len(snapshot(state)))
            if number == 9:  # all that a learner remembers
                assert sizes[-1] < 1_000_000
        assert sizes[-1] < 1.02 * sizes[9] + 1000


def disturb(trouble, past, rng):
    """Returns what is delivered in the place of the latest of the past batches."""
    *_, latest = past
    match trouble:
        case "late":
            return past[-4] if len(past) >= 4 else []
        case "reordered":
            both = [one for batch in past[-2:] for one in batch] if len(past) % 2 == 0 else []
            return [both[i] for i in rng.permutation(len(both))]
        case "twice":
            return [*latest, *(past[-2] if len(past) > 1 else []), *latest[:2], *latest[:1]]
        case "unknown":
            genotypes = [SPACE.sample(rng) for _ in range(3)]
            proposals = [Proposal(SPACE.decode(genotype), genotype) for genotype in genotypes]
            return [*latest, *PlayEvaluator().evaluate(proposals, 10**6 + len(past))]
        case "foreign":
            return [dataclasses.replace(one, genotype=None) for one in latest]
        case "failed":
            return [dataclasses.replace(one, status="failed", score=None, gate="") for one in latest]
        case "rejected":
            return [dataclasses.replace(one, status="rejected", score=None, gate="finite") for one in latest]
        case "diverged":
            return [dataclasses.replace(one, status="diverged", score=0.0, gate="", metrics=()) for one in latest]


@pytest.mark.parametrize("name", [*CONTROLLERS, "repeated halved random"])
def test_memory_is_bounded(name):
    """No state of the second half of the trials is larger than those of the first, in numbers and in bytes."""
    controller, evaluator = subject(name), PlayEvaluator()
    others = [Proposal(SPACE.decode(genotype), genotype, fidelity=0.25) for genotype in SPACE.enumerate()]
    full, total, own = DELIVERED.get(name, (15_000, 30_000, 64))
    state, sizes = controller.init(SPACE, 0), []
    for start in range(0, total, 500):
        proposals, state = controller.ask(SPACE, state, own)
        trials = evaluator.evaluate(proposals, start)
        for index in range(start + len(trials), start + 500):
            score = 0.5 + 0.5 * (index * 0.618) % 0.5
            objectives = {"a": score, "b": 1 - score}
            trials.append(trial(index, others[index % len(others)], score, objectives=objectives))
        state = controller.tell(SPACE, state, trials)
        sizes.append((rows(state), len(snapshot(state))))
        assert sizes[-1][1] < 1_000_000
    first, second = np.max(sizes[: full // 500], axis=0), np.max(sizes[full // 500 :], axis=0)
    assert (second <= 1.05 * first + 50).all()


ILLEGAL = {
    int: (0, -1, 1.5, "3", True),
    float: (-0.5, "0.1", None),
    bool: (1, "yes", None),
    tuple[str, ...]: ("clip", 3),
}
"""Values that no hyperparameter of a type takes; texts with fixed choices have another one."""


def illegal(hint):
    return ("other", 3) if get_origin(hint) is Literal else ILLEGAL.get(hint, ())


@pytest.mark.parametrize("kind", [*CONTROLLERS.values(), Repeated, SuccessiveHalving])
def test_a_hyperparameter_out_of_range_is_refused_with_its_name_and_value(kind):
    required = {"inner": make("random")} if kind in (Repeated, SuccessiveHalving) else {}
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in ("name", "inner", "spectrum")}
    for name, hint in hints.items():
        assert illegal(hint), f"the test knows no illegal value of {name}"
        for value in illegal(hint):
            with pytest.raises(ActsearchError, match=rf"{name} .*; received {value!r}"):
                kind(**required | {name: value})
    assert kind(**required) == kind(**required)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("evolution", {"population": 8, "sample": 9}, r"sample must be from 1 to population \(8\); received 9"),
        ("evolution", {"mutation": 1.5}, "mutation must be a probability, from 0 to 1; received 1.5"),
        ("pareto", {"tournament": 0}, "above 0 and at most 1; received 0"),
        ("pareto", {"selection": "best"}, "selection must be one of pareto, average, first; received 'best'"),
        ("ppo", {"learning_rate": 0}, "learning_rate must be finite and above 0; received 0"),
        ("ppo", {"decay": 1.0}, "decay must be from 0 to below 1; received 1.0"),
        ("ppo", {"batch": 1}, "batch must be an integer of at least 2; received 1"),
        ("gflownet", {"sample": 7}, "sample is paired, and must be even; received 7"),
        ("surrogate", {"pool": 4}, "pool must be an integer of at least 16; received 4"),
        ("surrogate", {"spectrum": 3}, "spectrum must be a callable object"),
        ("surrogate", {"spectrum": len.__call__}, "whose repr says what it computes"),
    ],
)
def test_ranges(name, options, message):
    with pytest.raises(ActsearchError, match=message):
        get_controller(name, **options)


@pytest.mark.parametrize("kind", [Repeated, SuccessiveHalving, lambda inner: Seeded(inner, ("x",))])
def test_a_wrapper_takes_a_controller(kind):
    for inner in ("ppo", RegularizedEvolution, None):
        with pytest.raises(ActsearchError, match=r"wraps a controller, .* becomes one with get_controller\(name\)"):
            kind(inner)


class TestRegistry:
    def test_unknown_controller(self):
        with pytest.raises(ActsearchError, match="Unknown controller 'genetic'; write one of random, exhaustive, evol"):
            get_controller("genetic")

    @pytest.mark.parametrize("name", CONTROLLERS)
    def test_unknown_option(self, name):
        with pytest.raises(
            ActsearchError, match=f"controller '{name}' does not take these options: .*colour.*; it has"
        ):
            get_controller(name, colour="red")

    def test_a_controllers_own_error_keeps_its_words_and_its_type(self, monkeypatch):
        def faulty(self):
            len(3)

        monkeypatch.setattr(RegularizedEvolution, "__post_init__", faulty)
        with pytest.raises(TypeError, match=r"object of type 'int' has no len\(\)"):
            get_controller("evolution")

    def test_it_is_read_only(self):
        with pytest.raises(TypeError):
            CONTROLLERS["mine"] = RegularizedEvolution

    @pytest.mark.parametrize("kind", [int, dict, RegularizedEvolution()])
    def test_only_controllers(self, kind):
        with pytest.raises(ActsearchError, match="register takes a frozen dataclass derived from Controller"):
            register(kind)

    def test_a_name_belongs_to_one_class(self):
        assert register(RegularizedEvolution) is RegularizedEvolution
        other = dataclasses.make_dataclass("Other", [], bases=(RegularizedEvolution,), frozen=True)
        with pytest.raises(ActsearchError, match="The name 'evolution' is that of RegularizedEvolution"):
            register(other)

    def test_what_cannot_be_made_by_name_alone(self):
        with pytest.raises(ActsearchError, match="can be made without arguments; Repeated lacks inner"):
            register(Repeated)
        with pytest.raises(ActsearchError, match="Abstract lacks a name, or one of init, ask and tell"):
            register(dataclasses.make_dataclass("Abstract", [], bases=(Controller,), frozen=True))


@pytest.mark.parametrize("name", LEARNERS)
def test_a_space_without_decisions_leaves_nothing_to_learn(name):
    with pytest.raises(ActsearchError, match=f"{name} needs a space with decisions; .* has one program only"):
        make(name).init(custom(["x"], ["*"]), 0)


@pytest.mark.parametrize("name", [name for name in CONTROLLERS if name not in LEARNERS])
def test_the_others_propose_its_one_program(name):
    controller, space = make(name), custom(["x"], ["*"])
    assert str(controller.ask(space, controller.init(space, 0), 1)[0][0].program) == "x * x"


@pytest.mark.slow
class TestImprovement:
    """On a made-up table of 9,216 programs in which every choice counts, as many trials bring a learner more."""

    TABLE = custom(["x", "tanh", "relu", "cos"], ["+", "*", "max"], units=2)
    MERITS = MappingProxyType({4: (0.1, 1.0, 0.4, 0.6), 3: (0.2, 1.0, 0.5), 2: (0.3, 1.0)})
    """Merits of each option, by the number of options: of unary and binary operators, and of the operand."""
    BUDGET, SEEDS = 160, 6

    @classmethod
    def score(cls, choices):
        """Returns the geometric mean of the merits; equal operators count alike in both places."""
        sizes = [len(decision.options) for decision in cls.TABLE.decisions]
        merits = [cls.MERITS[size][choice] for size, choice in zip(sizes, choices, strict=True)]
        return float(np.prod(merits) ** (1 / len(merits)))

    @classmethod
    @functools.cache
    def best(cls, name):
        """Returns the best score within the budget, mean over the seeds."""

        def of_seed(seed):
            evaluator = PlayEvaluator(cls.score, stage=lambda choices: "ok", second=lambda score: score)
            controller = make(name, **LARGER.get(name, {}))
            _, trials, _ = play(controller, seed, cls.BUDGET // 8, space=cls.TABLE, size=8, evaluator=evaluator)
            return max(one.score for one in trials)

        return np.mean([of_seed(seed) for seed in range(cls.SEEDS)])

    @pytest.mark.parametrize("name", LEARNERS)
    def test_learners_improve_on_chance(self, name):
        assert self.best(name) > self.best("random") + 0.03


def test_random_search_draws_as_the_space_does():
    rng = np.random.default_rng(0)
    choices = np.array(choices_of(play(make("random"), 0, 60, size=20)[0]))
    drawn = np.array([SPACE.sample(rng).choices for _ in range(1200)])
    for column, other in zip(choices.T, drawn.T, strict=True):
        counts, others = np.bincount(column), np.bincount(other)
        assert np.abs(counts - others).max() < 5 * np.sqrt(2 * len(drawn) / len(counts))


@pytest.mark.parametrize("name", ["random", "evolution", "pareto"])
def test_a_proposal_depends_on_its_number_and_not_on_its_batch(name):
    controller = make(name)
    whole, _ = controller.ask(SPACE, controller.init(SPACE, 0), 7)
    first, state = controller.ask(SPACE, controller.init(SPACE, 0), 3)
    assert [*first, *controller.ask(SPACE, state, 4)[0]] == whole

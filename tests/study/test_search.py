"""A search: the same seed the same trials, an archive that goes on where it stopped, objects where names are."""

import dataclasses
import math
import shutil

import pytest

from actsearch import ActsearchError, search
from actsearch.archive import Archive, ArchiveError, open_run
from actsearch.archive.checkpoint import CheckpointError
from actsearch.controllers import PPO, Exhaustive, GFlowNet, Random, RegularizedEvolution, Repeated, SuccessiveHalving
from actsearch.evaluation import TabularEvaluator, TrainingEvaluator, get_table
from actsearch.spaces import custom, swish
from actsearch.study import DirectoryStore, MemoryStore, StopSearch, TimeLimit, run, run_config
from tests.helpers.mock import MockEvaluator
from tests.helpers.tiny import SPACE, tiny_task

EVOLUTION = RegularizedEvolution(population=6, sample=3)
STRATEGIES = {
    "random": Random(),
    "exhaustive": Exhaustive(),
    "evolution": EVOLUTION,
    "ppo": PPO(batch=6, hidden=8),
    "gflownet": GFlowNet(batch=6, hidden=8),
    "repeated": Repeated(EVOLUTION, share=0.25),
    "halving": SuccessiveHalving(Random()),
    "both": Repeated(SuccessiveHalving(EVOLUTION), share=0.25),
}
every_strategy = pytest.mark.parametrize("controller", STRATEGIES.values(), ids=STRATEGIES)


RANDOM = Random()


def go(controller=RANDOM, budget=40, *, space=SPACE, evaluator=None, **changes):
    return search(space, evaluator or MockEvaluator(), controller, budget, **{"seed": 3, "batch": 8} | changes)


def story(result):
    """All that a run decides; seconds differ from run to run. As text, where NaN equals NaN."""
    return [repr(dataclasses.replace(trial, seconds=0.0)) for trial in result.trials]


class TestRun:
    @every_strategy
    def test_a_seed_fixes_the_trials(self, controller):
        first = go(controller)
        assert [trial.index for trial in first.trials] == list(range(40))
        assert story(first) == story(go(controller))
        assert story(first) != story(go(controller, seed=4))

    @every_strategy
    @pytest.mark.parametrize("stops", [(16,), (9, 13, 21)], ids=str)
    def test_resumed_equals_unbroken(self, controller, stops, tmp_path):
        """Stopped between batches, in the middle of one, and more than once."""
        stops = [budget for budget in stops if budget >= controller.min_budget()]
        for budget in stops:
            assert len(go(controller, budget, out=tmp_path).trials) == budget
        fresh = []
        resumed = go(controller, out=tmp_path, callbacks=[lambda progress: fresh.append(progress.fresh)])
        assert story(resumed) == story(go(controller))
        assert fresh[-1] == 40 - max(stops, default=0)  # nothing is evaluated twice

    def test_one_evaluator_serves_many_runs(self):
        evaluator = MockEvaluator()
        assert story(go(evaluator=evaluator)) == story(go(evaluator=evaluator)) == story(go())

    def test_interrupted_between_batches(self, tmp_path):
        def stop(progress):
            if progress.done == 16:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            go(EVOLUTION, out=tmp_path, callbacks=[stop])
        assert story(go(EVOLUTION, out=tmp_path)) == story(go(EVOLUTION))

    def test_a_finished_run_is_read_and_not_run(self, tmp_path):
        finished = go(out=tmp_path)
        again = MockEvaluator()
        assert story(go(out=tmp_path, evaluator=again)) == story(finished)
        assert set(again.calls) == {0}
        assert len(go(out=tmp_path, budget=10).trials) == 40  # what is there is there
        assert open_run(tmp_path).process["budget"] == 40  # whoever watches or repeats it is told of the run

    def test_a_result_keeps_its_trials_where_the_run_is_extended(self, tmp_path):
        short, long = go(out=tmp_path, budget=10), go(out=tmp_path, budget=20)
        assert len(short.trials) == 10  # read after the run was extended
        assert short.trials == long.trials[:10]

    def test_ends_when_there_is_nothing_left(self):
        assert len(go(Exhaustive(), budget=10_000).trials) == SPACE.count()

    def test_whoever_watches_sees_the_end_of_one_that_has_nothing_left(self, tmp_path):
        space = custom(["x", "relu"], ["*", "max"])
        search(space, MockEvaluator(), Exhaustive(), 1000, out=tmp_path)
        assert open_run(tmp_path).process["budget"] == space.count() == len(open_run(tmp_path))

    def test_callbacks_see_every_batch(self):
        seen = []
        go(budget=20, callbacks=[seen.append])
        assert [(p.done, p.fresh, len(p.trials), p.budget) for p in seen] == [
            (8, 8, 8, 20),
            (16, 16, 8, 20),
            (20, 20, 4, 20),
        ]

    def test_a_callback_may_stop_the_search(self, tmp_path):
        def stop(progress):
            raise StopSearch

        assert len(go(out=tmp_path, callbacks=[stop]).trials) == 8
        assert story(go(out=tmp_path)) == story(go())

    def test_a_limit_on_time_ends_after_a_batch(self):
        assert len(go(budget=10_000, callbacks=[TimeLimit(minutes=1e-9)]).trials) == 8
        with pytest.raises(ActsearchError, match="minutes above 0; received 0"):
            TimeLimit(minutes=0)


class TestIdentity:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"seed": 4}, "seed is 3 there and 4 here"),
            ({"batch": 9}, "batch is 8 there and 9 here"),
            ({"controller": Exhaustive()}, 'controller.name is "random" there and "exhaustive" here'),
            ({"evaluator": MockEvaluator(salt=1)}, "evaluator.salt is 0 there and 1 here"),
            ({"space": custom(["x"], ["+", "*"])}, "space is .* there and .* here"),
            (
                {"space": dataclasses.replace(custom(["x"], ["+", "*"]), name=SPACE.name)},
                "space_digest is .* there and .* here",
            ),
        ],
        ids=["seed", "batch", "controller", "evaluator", "space", "digest"],
    )
    def test_a_changed_configuration_is_refused(self, changes, message, tmp_path):
        go(budget=8, out=tmp_path)
        with pytest.raises(ArchiveError, match=message):
            go(budget=8, out=tmp_path, **changes)

    def test_an_extended_run_keeps_its_engine(self, tmp_path):
        """A budget of 2 is compiled program by program, a larger one interpreted; the run stays as it began."""
        space, task = custom(["tanh"], ["+", "*", "max"]), tiny_task()
        search(space, task, Exhaustive(shuffle=False), 2, out=tmp_path)
        extended = search(space, task, Exhaustive(shuffle=False), 3, out=tmp_path)
        unbroken = search(space, TrainingEvaluator(space, task, engine="specialize"), Exhaustive(shuffle=False), 3)
        assert story(extended) == story(unbroken)
        with pytest.raises(ArchiveError, match=r'evaluator\.engine is "specialize" there and "interpret" here'):
            search(
                space, TrainingEvaluator(space, task, engine="interpret"), Exhaustive(shuffle=False), 3, out=tmp_path
            )

    def test_another_recipe_under_the_same_name_is_refused(self, tmp_path):
        space = custom(["tanh"], ["+", "*"])
        search(space, tiny_task(learning_rate=0.05), Exhaustive(), 1, out=tmp_path)
        with pytest.raises(ArchiveError, match=r"evaluator\.tasks\.digits-tiny is .* there and .* here"):
            search(space, tiny_task(learning_rate=0.5), Exhaustive(), 2, out=tmp_path)

    def test_an_archive_of_other_code_is_refused(self, tmp_path):
        @dataclasses.dataclass(frozen=True)
        class Other(Random):
            def ask(self, space, state, n):
                proposals, state = super().ask(space, state, n)
                return proposals[::-1], state

        go(budget=8, out=tmp_path)
        with pytest.raises(ArchiveError, match="it was made by other code, or where rounding differs"):
            go(Other(), budget=16, out=tmp_path)


class Partial:
    """An evaluator that its author has not finished."""

    identity, summary = {"kind": "partial"}, "engine: none"

    def __repr__(self):
        return "<Partial"

    def begin(self, known):
        pass


class Answers(MockEvaluator):
    """An evaluator whose answers go wrong: `change` is made to each."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def evaluate(self, proposals, start):
        return self.change(super().evaluate(proposals, start))


@pytest.mark.parametrize(
    ("change", "received"),
    [
        (lambda trials: [], r"\[\]"),
        (lambda trials: trials[::2], r"\[0, 2, 4, 6\]"),
        (lambda trials: trials[::-1], r"\[7, 6, 5, 4, 3, 2, 1, 0\]"),
        (lambda trials: None, "None"),
    ],
    ids=["nothing", "dropped", "reversed", "None"],
)
def test_an_evaluator_answers_each_proposal_in_order(change, received):
    with pytest.raises(ActsearchError, match=f"a trial for each proposal, .* from 0 to 7; received {received}"):
        go(evaluator=Answers(change))


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_not_finite_is_refused_where_it_comes_from(score):
    def change(trials):
        return [dataclasses.replace(trial, score=score) for trial in trials]

    with pytest.raises(ActsearchError, match=f"score is finite, or None .*; received {score} for trial 0, "):
        go(evaluator=Answers(change))


def test_a_table_is_taken_as_it_is():
    table = get_table("tabular-swish1-digits-mlp")
    assert story(search("swish-1", table, budget=5)) == story(search("swish-1", table.name, budget=5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 0}, "budget must be an integer of at least 1; received 0"),
        ({"budget": 1.5}, "budget must be an integer of at least 1; received 1.5"),
        ({"batch": 0}, "batch must be an integer of at least 1; received 0"),
        ({"seed": -1}, "seed must be an integer from 0 to 2000000000; received -1"),
        ({"seed": 2**31, "controller": "ppo"}, "seed must be an integer from 0 to 2000000000; received 2147483648"),
        ({"controller": Random}, r"controller is a Controller or the name of one; received <class .*Random'>"),
        ({"task": object()}, "task is a Task, several, names, a Table or an Evaluator; received <object"),
        ({"task": MockEvaluator}, "task is a Task, .*; received <class .*MockEvaluator'>"),
        ({"task": Partial()}, "task is a Task, .*; received <Partial: as an Evaluator it lacks evaluate, remember"),
        (
            {"space": "swish-2", "task": TabularEvaluator(swish(), "tabular-swish1-digits-mlp")},
            "evaluator was made for the space swish-1, .*; received the space swish-2",
        ),
        ({"space": "swish"}, "Unknown space 'swish'"),
        ({"task": "mnist"}, "Unknown task 'mnist'"),
        ({"controller": "genetic"}, "Unknown controller 'genetic'"),
        ({"controller": RegularizedEvolution(population=2000)}, "only starts within its first 2000 trials"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_refuses_before_it_trains(arguments, message, tmp_path):
    with pytest.raises(ActsearchError, match=message):
        search(out=tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


class TestSavedState:
    """A saved state shortens the replay of a resumed run and changes nothing else."""

    def go(self, directory, controller, budget, save_every=0.0, seed=3):
        """Runs a search that saves the controller's state after every batch; returns trials and batches evaluated."""
        evaluator = MockEvaluator()
        config = run_config(SPACE, evaluator, controller, seed, 8)
        with DirectoryStore(directory, config, save_every) as store:
            run(SPACE, evaluator, controller, budget, seed=seed, batch=8, store=store)
            return store.trials(), evaluator.calls

    def whole(self, controller, budget):
        return run(SPACE, MockEvaluator(), controller, budget, seed=3, batch=8, store=MemoryStore()).trials()

    @every_strategy
    def test_a_resumed_run_goes_on_from_it(self, tmp_path, controller):
        self.go(tmp_path, controller, 28)
        trials, calls = self.go(tmp_path, controller, 44)
        assert trials == self.whole(controller, 44)
        assert len(calls) == 3  # from trial 24, the last one delivered: 24, 32, 40

    def test_without_it_the_run_is_replayed(self, tmp_path):
        self.go(tmp_path, STRATEGIES["ppo"], 16)
        shutil.rmtree(tmp_path / "state")
        trials, calls = self.go(tmp_path, STRATEGIES["ppo"], 24)
        assert trials == self.whole(STRATEGIES["ppo"], 24)
        assert calls == [0, 0, 8]

    def test_one_that_is_ahead_of_the_archive_is_not_used(self, tmp_path):
        """The archive was restored from an older copy: its trials are evaluated again."""
        self.go(tmp_path / "run", EVOLUTION, 32)
        self.go(tmp_path / "old", EVOLUTION, 16)
        shutil.copy(tmp_path / "old" / "archive.sqlite", tmp_path / "run" / "archive.sqlite")
        assert self.go(tmp_path / "run", EVOLUTION, 32)[0] == self.whole(EVOLUTION, 32)

    def test_one_of_another_run_is_refused_before_anything_is_evaluated(self, tmp_path):
        self.go(tmp_path / "one", EVOLUTION, 16)
        self.go(tmp_path / "two", EVOLUTION, 16, seed=4)
        shutil.rmtree(tmp_path / "two" / "state")
        shutil.copytree(tmp_path / "one" / "state", tmp_path / "two" / "state")
        with pytest.raises(CheckpointError, match="seed is 3 there and 4 here"):
            self.go(tmp_path / "two", EVOLUTION, 40, seed=4)


def test_a_search_by_names_trains_and_is_kept(tmp_path):
    """The thinnest real path: names in, trained trials and an archive out."""
    result = search("swish-1", tiny_task(), "random", 4, out=tmp_path, seed=1)
    trained = [trial for trial in result.trials if trial.status == "ok"]
    assert trained
    assert all(trial.seeds == (1,) and trial.objectives == {"digits-tiny": trial.score} for trial in trained)
    with Archive.read(tmp_path) as archive:
        assert archive.trials() == result.trials
        assert archive.config["evaluator"]["kind"] == "training"
        assert archive.config["space_digest"] == swish().digest


def test_halving_trains_the_task_for_its_share_of_steps():
    """A trial at a ninth of the fidelity is the task of a ninth of the steps."""
    task = tiny_task(steps=9)
    result = search(SPACE, task, SuccessiveHalving(Random()), 8, seed=3)
    first = next(trial for trial in result.trials if trial.status == "ok")
    assert first.fidelity == pytest.approx(1 / 9)
    alone = search(SPACE, task.at_fidelity(1 / 9), Random(), 8, seed=3)
    assert next(trial for trial in alone.trials if trial.fingerprint == first.fingerprint).score == first.score


def test_transforms_need_an_engine_that_runs_any_program():
    """They lead out of the space; what comes of them is trained, and is no member."""
    evolution = RegularizedEvolution(population=4, sample=4, transforms=("clip:-1:1",), transformed=1.0)
    for task in ("tabular-swish1-digits-mlp", TrainingEvaluator(SPACE, tiny_task(), engine="interpret")):
        space = SPACE if isinstance(task, TrainingEvaluator) else "swish-1"
        with pytest.raises(ActsearchError, match="Transforms lead out of the space"):
            search(space, task, evolution, 12)
    trials = search(SPACE, TrainingEvaluator(SPACE, tiny_task(), engine="bank"), evolution, 24, batch=12).trials
    foreign = [trial for trial in trials if trial.genotype is None]
    assert all(trial.parents for trial in foreign)
    assert any(trial.status == "ok" for trial in foreign)

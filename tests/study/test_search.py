"""The loop: the same seed the same trials, an archive that goes on where it stopped, and honest records."""

import collections
import dataclasses
import shutil
import sys

import jax
import numpy as np
import pytest

from actsearch import search
from actsearch.archive.archive import Archive, ArchiveError
from actsearch.archive.checkpoint import CheckpointError
from actsearch.controllers import CONTROLLERS, Proposal
from actsearch.engine import fingerprint
from actsearch.evaluation import Scorer
from actsearch.spaces import custom
from tests.helpers.tiny import SPACE, tiny_task

module = sys.modules["actsearch.study.search"]  # the front door's function has the module's name

# Enough steps for exp and cube to diverge.
TASK = tiny_task(steps=12, learning_rate=0.5)
EVOLUTION = {"population": 6, "sample": 3}
LEARNED = {"batch": 6, "hidden": 8}
OPTIONS = {"evolution": EVOLUTION, "ppo": LEARNED, "gflownet": LEARNED}


SHARED: dict[tuple, Scorer] = {}


@pytest.fixture
def compiled_once(monkeypatch):
    """Lets all searches of this file share one compiled training; what is computed stays the same."""

    class Shared:
        @staticmethod
        def interpreted(task, template, *, seeds, devices, measure):
            key = task.name, template, seeds, devices
            if key not in SHARED:
                SHARED[key] = Scorer.interpreted(
                    task, template, seeds=seeds, devices=devices, jobs_per_call=4, measure=measure
                )
            return SHARED[key]

    monkeypatch.setattr("actsearch.evaluation.training.Scorer", Shared)


def run(controller="random", budget=40, **changes):
    arguments = {"seed": 3, "batch": 8, "engine": "interpret", "options": OPTIONS.get(controller, {})} | changes
    return search(SPACE, TASK, controller, budget, **arguments)


def story(trials):
    """All that a run decides; seconds differ from run to run. As text, where NaN equals NaN."""
    return [repr(dataclasses.replace(trial, seconds=0.0)) + repr(trial.program.choices) for trial in trials]


@pytest.mark.usefixtures("compiled_once")
class TestRun:
    @pytest.mark.parametrize("controller", CONTROLLERS)
    def test_a_seed_fixes_the_trials(self, controller):
        first, again = run(controller).trials, run(controller).trials
        assert len(first) == 40
        assert [trial.index for trial in first] == list(range(40))
        assert story(first) == story(again)
        assert story(first) != story(run(controller, seed=4).trials)

    @pytest.mark.parametrize("controller", CONTROLLERS)
    @pytest.mark.parametrize("stops", [(16,), (13,), (9, 20, 21)], ids=str)
    def test_resumed_equals_unbroken(self, controller, stops, tmp_path):
        """Stopped between batches, in the middle of one, and more than once."""
        for budget in stops:
            assert len(run(controller, budget, out=tmp_path).trials) == budget
        fresh = []
        resumed = run(controller, out=tmp_path, report=lambda progress: fresh.append(progress.fresh)).trials
        unbroken = run(controller).trials
        assert story(resumed) == story(unbroken)
        with Archive.read(tmp_path) as archive:
            assert story(archive.trials()) == story(unbroken)
        assert fresh[-1] == 40 - stops[-1]  # nothing is trained twice

    def test_interrupted_between_batches(self, tmp_path):
        def stop(progress):
            if len(progress.trials) == 16:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run("evolution", out=tmp_path, report=stop)
        assert story(run("evolution", out=tmp_path).trials) == story(run("evolution").trials)

    def test_a_finished_run_is_read_and_not_run(self, tmp_path):
        trials = run(out=tmp_path).trials
        again = []
        assert story(run(out=tmp_path, report=again.append).trials) == story(trials)
        assert [(progress.fresh, len(progress.trials)) for progress in again] == [(0, 40)]
        assert story(run(out=tmp_path, budget=10).trials) == story(trials[:10])  # a smaller budget sees less of it

    def test_statuses_add_up(self):
        trials = run("exhaustive", budget=1000).trials
        counts = collections.Counter(trial.status for trial in trials)
        assert len(trials) == SPACE.count() == sum(counts.values())
        assert counts.keys() == {"ok", "diverged", "rejected:finite", "duplicate"}
        finite = [trial for trial in trials if trial.status != "rejected:finite"]
        assert counts["ok"] + counts["diverged"] == len({trial.fingerprint for trial in finite})
        for trial in trials:
            assert trial.fingerprint == fingerprint(trial.program)
            trained = trial.status in ("ok", "diverged")
            assert (len(trial.metrics), trial.seeds) == ((1, (3,)) if trained else (0, ()))
            assert (trial.score is None) == (trial.status == "rejected:finite")
            assert trial.seconds > 0
            if trial.status == "diverged":
                assert trial.score == 0
                assert not np.isfinite(trial.metrics[0]["loss"])

    def test_duplicates_share_the_score_of_the_first(self):
        trials = run(budget=80).trials
        duplicates = [trial for trial in trials if trial.status == "duplicate"]
        assert len(duplicates) > 10
        for trial in duplicates:
            first = trials[trial.duplicate_of]
            assert first.index < trial.index
            assert first.status in ("ok", "diverged")
            assert (first.fingerprint, first.score) == (trial.fingerprint, trial.score)
            assert not any(t.fingerprint == trial.fingerprint for t in trials[: first.index])

    def test_duplicates_are_known_after_a_resume(self, tmp_path):
        run(budget=40, out=tmp_path)
        trials = run(budget=80, out=tmp_path).trials
        assert any(trial.status == "duplicate" and trial.duplicate_of < 40 <= trial.index for trial in trials)

    def test_evolution_records_parents(self):
        trials = run("evolution", budget=60).trials
        assert any(trial.parents for trial in trials)
        for trial in trials:
            assert all(trials[parent].score is not None for parent in trial.parents)

    def test_the_score_is_the_mean_over_seeds(self):
        trials = run(budget=8, seeds_per_trial=2).trials
        trained = [trial for trial in trials if trial.status == "ok"]
        assert trained
        for trial in trained:
            assert trial.seeds == (6, 7)
            assert trial.score == np.mean([row["score"] for row in trial.metrics])

    def test_the_batch_does_not_change_a_score(self):
        small, large = (run(batch=batch).trials for batch in (1, 40))
        assert story(small) == story(large)  # random search learns nothing, so the trials are the same

    def test_ends_when_there_is_nothing_left(self):
        assert len(run("exhaustive", budget=10_000).trials) == SPACE.count()

    def test_progress(self):
        seen = []
        run(budget=20, report=seen.append)
        assert [len(progress.trials) for progress in seen] == [8, 16, 20]
        assert [progress.fresh for progress in seen] == [8, 16, 20]
        assert {progress.budget for progress in seen} == {20}

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"seed": 4}, "seed is 3 there and 4 here"),
            ({"batch": 9}, "batch is 8 there and 9 here"),
            ({"seeds_per_trial": 2}, "seeds_per_trial is 1 there and 2 here"),
            ({"controller": "exhaustive"}, 'controller is "random" there and "exhaustive" here'),
        ],
    )
    def test_a_changed_configuration(self, changes, message, tmp_path):
        run(budget=8, out=tmp_path)
        with pytest.raises(ArchiveError, match=message):
            run(budget=8, out=tmp_path, **changes)

    def test_another_space_or_task(self, tmp_path):
        run(budget=8, out=tmp_path)
        with pytest.raises(ArchiveError, match=r"space is .* there and .* here"):
            search(custom(["x"], ["+", "*"]), TASK, "random", 8, out=tmp_path, seed=3, batch=8)
        with pytest.raises(ArchiveError, match='task is "digits-tiny" there and "other" here'):
            search(SPACE, tiny_task(name="other"), "random", 8, out=tmp_path, seed=3, batch=8)

    def test_an_archive_of_other_code(self, tmp_path, monkeypatch):
        run(budget=8, out=tmp_path)

        def other(space):
            controller = CONTROLLERS["exhaustive"](space)
            return controller._replace(name="random", options={})

        monkeypatch.setitem(CONTROLLERS, "random", other)
        with pytest.raises(ArchiveError, match=r"it was made by other code, or where rounding differs"):
            run(budget=16, out=tmp_path)

    def test_a_program_that_no_engine_evaluates_is_a_trial(self, monkeypatch):
        """A bad candidate is a value, never an exception; its neighbours are scored."""
        normal = run(budget=8).trials
        original = CONTROLLERS["random"]

        def broken(space):
            controller = original(space)

            def ask(state, n):
                proposals, state = controller.ask(state, n)
                node = proposals[1].program.nodes[0]._replace(op="no_such_leaf", args=(0,))
                bad = dataclasses.replace(proposals[1].program, nodes=(node,))
                return [proposals[0], Proposal(bad), *proposals[2:]], state

            return controller._replace(ask=ask)

        monkeypatch.setitem(CONTROLLERS, "random", broken)
        trials = run(budget=8).trials
        assert (trials[1].status, trials[1].score) == ("rejected:shape", None)
        assert trials[1].note
        assert [t.score for t in trials if t.status == "ok" and t.index > 1] != []
        first = {t.fingerprint: t.score for t in normal if t.score is not None}
        assert all(first.get(t.fingerprint, t.score) == t.score for t in trials)


def test_compilations_do_not_grow_with_the_candidates():
    """The real thing, nothing shared; and the engine is explained in one line."""
    lines, seen = [], []
    found = run(budget=60, engine="auto", explain=lines.append, report=lambda p: seen.append(p.compilations))
    assert found.compilations == 1
    assert set(seen) == {1}
    assert lines == [found.engine] == ["engine: interpret (one compilation instead of 60)"]


def test_both_engines_give_the_same_trials():
    """A space of two programs that both train; small steps, so that rounding does not grow."""
    space = custom(["tanh"], ["+", "*"])
    task = tiny_task()
    rows = [
        search(space, task, "exhaustive", 2, engine=engine, devices=jax.devices()[:1])
        for engine in ("specialize", "interpret")
    ]
    assert [found.compilations for found in rows] == [2, 1]
    for one, other in zip(rows[0].trials, rows[1].trials, strict=True):
        assert (one.program, one.status) == (other.program, other.status) == (one.program, "ok")
        assert one.metrics[0] == pytest.approx(other.metrics[0], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 0}, "budget must be an integer of at least 1; received 0"),
        ({"budget": 1.5}, "budget must be an integer of at least 1; received 1.5"),
        ({"batch": 0}, "batch must be an integer of at least 1; received 0"),
        ({"seeds_per_trial": 0}, "seeds_per_trial must be an integer of at least 1; received 0"),
        ({"seed": -1}, "seed must be an integer from 0 to about 2e9 .* received -1"),
        ({"seed": 2**31}, "seed must be an integer from 0"),
        ({"space": "swish"}, "Unknown space 'swish'"),
        ({"task": "mnist"}, "Unknown task 'mnist'"),
        ({"controller": "genetic"}, "Unknown controller 'genetic'"),
        ({"engine": "jit"}, "engine is one of auto, interpret, specialize; received 'jit'"),
        ({"options": {"population": 3}}, "Controller 'random' does not take these options"),
    ],
)
def test_refuses_before_it_trains(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        search(out=tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


class TestSavedState:
    """A saved state shortens the replay of a resumed run and changes nothing else."""

    @pytest.fixture(autouse=True)
    def often(self, monkeypatch, compiled_once):
        monkeypatch.setattr(module, "SAVE_EVERY", 0.0)

    @pytest.fixture
    def asked(self, monkeypatch):
        """How many trials the controller had been told whenever it was asked."""
        counts = []

        class Counting(module._Run):
            def __call__(self, *args):
                ask = lambda state, n: (counts.append(n), self.strategy.ask(state, n))[1]  # noqa: E731
                return super(Counting, self._replace(strategy=self.strategy._replace(ask=ask))).__call__(*args)

        monkeypatch.setattr(module, "_Run", Counting)
        return counts

    @pytest.mark.parametrize("controller", ["evolution", "ppo", "gflownet"])
    def test_a_resumed_run_goes_on_from_it(self, tmp_path, asked, controller):
        unbroken = run(controller, 44)
        run(controller, 28, out=tmp_path)
        asked.clear()
        resumed = run(controller, 44, out=tmp_path)
        assert story(resumed.trials) == story(unbroken.trials)
        assert len(asked) == 3  # from trial 24, the last one told: 24, 32, 40

    def test_without_it_the_run_is_replayed(self, tmp_path, asked):
        unbroken = run("ppo", 24)
        run("ppo", 16, out=tmp_path)
        shutil.rmtree(tmp_path / module.STATE)
        asked.clear()
        assert story(run("ppo", 24, out=tmp_path).trials) == story(unbroken.trials)
        assert len(asked) == 3

    def test_one_that_is_ahead_of_the_archive_is_not_used(self, tmp_path):
        """The archive was restored from an older copy: its trials are trained again."""
        unbroken = run("evolution", 32)
        run("evolution", 32, out=tmp_path / "run")
        run("evolution", 16, out=tmp_path / "old")
        shutil.copy(tmp_path / "old" / "archive.sqlite", tmp_path / "run" / "archive.sqlite")
        assert story(run("evolution", 32, out=tmp_path / "run").trials) == story(unbroken.trials)

    def test_one_of_another_run_is_refused_before_anything_is_trained(self, tmp_path):
        run("evolution", 16, out=tmp_path / "one")
        run("evolution", 16, seed=4, out=tmp_path / "two")
        shutil.rmtree(tmp_path / "two" / module.STATE)
        shutil.copytree(tmp_path / "one" / module.STATE, tmp_path / "two" / module.STATE)
        with pytest.raises(CheckpointError, match="belongs to another run: seed is 3 there and 4 here"):
            run("evolution", 40, seed=4, out=tmp_path / "two")


class TestEvaluatedAgain:
    """Repeats and rungs, as the judge records them."""

    def test_repeats_have_other_seeds_and_name_the_first_trial(self, compiled_once, tmp_path):
        result = run("evolution", 80, repeats=0.25, out=tmp_path)
        again = [trial for trial in result.trials if trial.status == "ok" and trial.duplicate_of is not None]
        assert 10 <= len(again) <= 20
        for trial in again:
            first = result.trials[trial.duplicate_of]
            assert (first.fingerprint, first.program) == (trial.fingerprint, trial.program)
            assert first.duplicate_of is None
            assert not set(trial.seeds) & set(first.seeds)
            assert trial.parents == (first.index,)
        assert len({(trial.fingerprint, trial.seeds) for trial in again}) == len(again)  # no seed twice
        assert result.incumbent.trainings > 1
        assert story(run("evolution", 80, repeats=0.25, out=tmp_path).trials) == story(result.trials)

    def test_halving_trains_all_shortly_and_the_best_longer(self, compiled_once):
        result = run("random", 60, halving=True)
        steps = [trial.metrics[0]["steps"] for trial in result.trials if trial.metrics]
        assert set(steps) == set(map(float, TASK.rungs))
        assert steps.count(TASK.rungs[0]) > steps.count(TASK.rungs[1]) > steps.count(TASK.rungs[2]) > 0
        longest = [trial for trial in result.trials if trial.metrics and trial.metrics[0]["steps"] == TASK.rungs[-1]]
        assert result.incumbent.first in {trial.duplicate_of for trial in longest}

    def test_a_rung_is_the_task_of_that_length(self, compiled_once):
        result = run("random", 12, halving=True)
        first = next(trial for trial in result.trials if trial.status == "ok")
        alone = search(SPACE, TASK.at_rung(0), "random", 12, seed=3, batch=8, engine="interpret")
        same = next(trial for trial in alone.trials if trial.fingerprint == first.fingerprint)
        assert first.score == same.score


@pytest.mark.parametrize(
    ("controller", "options", "least"), [("evolution", {"population": 50}, 50), ("ppo", {"batch": 40}, 40)]
)
def test_a_budget_that_ends_before_the_controller_learns(controller, options, least):
    with pytest.raises(ValueError, match=f"only starts within its first {least} trials; received the budget 40"):
        run(controller, 40, options=options)


def test_a_surrogate_may_read_the_spectrum_of_the_tasks_network(compiled_once, tmp_path):
    with_it = run("surrogate", 24, options={"fisher": True}, out=tmp_path)
    without = run("surrogate", 24)
    assert story(with_it.trials[:8]) == story(without.trials[:8])  # the known functions
    assert story(with_it.trials) != story(without.trials)
    with Archive.read(tmp_path) as archive:
        assert archive.config["options"]["fisher"] is True

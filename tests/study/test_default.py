"""The default of a search that trains: any budget will do, a seed fixes it, and a run keeps what it began with."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actsearch import ActsearchError, search
from actsearch.archive import Archive
from actsearch.controllers import Exhaustive, Random, Repeated, Seeded, SuccessiveHalving
from actsearch.study import as_begun, multi_fidelity, run
from actsearch.study.default import BATCHES, ETA, RUNGS, SHARE
from tests.helpers.mock import MockEvaluator
from tests.helpers.playing import PlayEvaluator
from tests.helpers.tiny import SPACE, tiny_task

RANDOM = Random()
DEFAULT = Repeated(SuccessiveHalving(RANDOM, RUNGS, ETA), SHARE)
SMALL = {"batch": 8, "seed": 3}
BUDGET = BATCHES * 8 + 12


class Playing(PlayEvaluator):
    """Trains every program well, in no time."""

    identity, summary = {"kind": "playing"}, ""

    def __init__(self):
        super().__init__(stage=lambda choices: "ok")

    def begin(self, known): ...
    def remember(self, known): ...


def story(trials):
    return [repr(dataclasses.replace(trial, seconds=0.0)) for trial in trials]


def default_search(budget=BUDGET, **options):
    return search(SPACE, tiny_task(18), budget=budget, **SMALL, **options)


class TestMultiFidelity:
    def test_wraps_where_the_budget_has_room(self):
        assert multi_fidelity(RANDOM, BATCHES * 64) == DEFAULT
        assert multi_fidelity(RANDOM, BATCHES * 64 - 1) == RANDOM
        assert multi_fidelity(RANDOM, 1000, share=0.2) == dataclasses.replace(DEFAULT, share=0.2)
        assert multi_fidelity(RANDOM, 1000, share=0) == DEFAULT.inner

    def test_formulas_come_first_within_it(self):
        seeded = Seeded(RANDOM, ("relu(x)",))
        assert multi_fidelity(seeded, 1000) == Repeated(SuccessiveHalving(seeded, RUNGS, ETA), SHARE)

    def test_what_halves_already_is_refused(self):
        with pytest.raises(ActsearchError, match="neither repeats nor halves"):
            multi_fidelity(DEFAULT, 1000)

    @given(budget=st.integers(1, 200), batch=st.integers(1, 64), seed=st.integers(0, 9))
    def test_any_budget_ends_in_full_trainings(self, budget, batch, seed):
        controller = multi_fidelity(RANDOM, budget, batch)
        assert controller.min_budget() <= budget
        trials = run(SPACE, Playing(), controller, budget, seed=seed, batch=batch).trials()
        assert len(trials) == budget
        assert any(trial.fidelity == 1 and trial.trained for trial in trials)


class TestAsBegun:
    @pytest.mark.parametrize(
        "controller",
        [RANDOM, DEFAULT, SuccessiveHalving(RANDOM), Repeated(RANDOM, 0.25), Repeated(SuccessiveHalving(RANDOM, 3, 2))],
        ids=["plain", "default", "halved", "repeated", "both"],
    )
    def test_a_run_keeps_its_wrappers(self, controller, tmp_path):
        search(SPACE, MockEvaluator(), controller, 16, out=tmp_path, **SMALL)
        assert as_begun(RANDOM, tmp_path) == controller
        assert as_begun(Exhaustive(), tmp_path) is None

    def test_where_there_is_no_run(self, tmp_path):
        assert as_begun(RANDOM, tmp_path) is None
        assert as_begun(RANDOM, None) is None


class TestTheDefaultOfSearch:
    @pytest.mark.slow  # trains
    def test_a_seed_fixes_it_and_resumed_equals_unbroken(self, tmp_path):
        unbroken = default_search().trials
        assert {trial.fidelity for trial in unbroken} == {1 / ETA, 1}
        for budget in (BUDGET - 9, BUDGET):
            resumed = default_search(budget, out=tmp_path)
        assert story(resumed.trials) == story(unbroken)

    @pytest.mark.slow  # trains
    def test_a_run_that_began_in_full_goes_on_in_full(self, tmp_path):
        search(SPACE, tiny_task(18), RANDOM, 8, out=tmp_path, **SMALL)
        assert {trial.fidelity for trial in default_search(out=tmp_path).trials} == {1}

    def test_other_evaluators_are_given_full_trainings(self, tmp_path):
        trials = search(SPACE, MockEvaluator(), budget=BUDGET, out=tmp_path, **SMALL).trials
        assert {trial.fidelity for trial in trials} == {1}
        with Archive.read(tmp_path) as archive:
            assert archive.config["controller"] == {"name": "random"}

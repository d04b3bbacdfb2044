"""A search on a table: what a proposal becomes, and that nothing is trained."""

import pytest

import actsearch
from actsearch.controllers import Proposal
from actsearch.evaluation.table_judge import TableJudge
from actsearch.evaluation.tabular import get_tabular
from actsearch.spaces import get_space, swish
from actsearch.trials.ranking import incumbent

SPACE, TASK = swish(), get_tabular("tabular-swish1-digits-resnet")
SILU, SAME, ROOTS, CUBE = (0, 20, 1), (20, 0, 1), (5, 0, 0), (4, 18, 1)


def judged(*proposals, seed=0, **kwargs):
    return TableJudge(SPACE, TASK, seed, **kwargs)(proposals, 0)


def propose(choices, **kwargs):
    return Proposal(SPACE.decode(choices), **kwargs)


def test_a_first_evaluation_has_the_score_of_the_first_seed():
    (trial,) = judged(propose(SILU), seed=1)
    order = TASK.seeds(1)
    assert (trial.status, trial.seeds) == ("ok", order[:1])
    assert trial.score == TASK.table.scores[TASK.table.place(SILU), order[0]]
    (trial,) = judged(propose(SILU), seed=1, seeds_per_trial=2)
    assert trial.score == pytest.approx(TASK.table.scores[TASK.table.place(SILU), list(order[:2])].mean())
    assert len(trial.metrics) == 2


def test_gates_and_duplicates():
    trials = judged(propose(SILU), propose(SAME), propose(ROOTS), propose(CUBE))
    assert [trial.status for trial in trials] == ["ok", "duplicate", "rejected:finite", "diverged"]
    assert (trials[1].duplicate_of, trials[1].score, trials[1].metrics) == (0, trials[0].score, ())
    assert (trials[2].score, trials[3].score) == (None, 0.0)


def test_a_repeat_sees_the_next_seed():
    first, again = judged(propose(SILU), propose(SILU, parents=(0,), repeat=1), repeats=1)
    assert (again.status, again.duplicate_of, again.seeds) == ("ok", 0, TASK.seeds(0)[1:2])
    assert again.score == TASK.table.scores[TASK.table.place(SILU), again.seeds[0]] != first.score


def test_one_seed_is_left_to_judge():
    with pytest.raises(ValueError, match="has 2 trainings of each function to choose by; received seeds_per_trial 3"):
        judged(seeds_per_trial=3)
    with pytest.raises(ValueError, match="and up to 2 repeats: write less"):
        judged(repeats=2)


def test_another_space():
    with pytest.raises(ValueError, match="is a table of the space swish-1; received the space swish-2"):
        TableJudge(get_space("swish-2"), TASK, 0)
    with pytest.raises(ValueError, match="is a table of the space swish-1; received the space act-bench"):
        actsearch.search("act-bench", TASK.name, budget=5)


def test_a_search_by_name_trains_nothing_and_resumes(tmp_path):
    whole = actsearch.search("swish-1", TASK.name, "evolution", 300, seed=2, repeats=0.2)
    assert whole.compilations == 0
    for budget in (130, 300):
        resumed = actsearch.search("swish-1", TASK.name, "evolution", budget, seed=2, repeats=0.2, out=tmp_path)
    assert resumed.trials == whole.trials
    repeats = [trial for trial in whole.trials if trial.status == "ok" and trial.duplicate_of is not None]
    assert 10 < len(repeats) <= 60
    assert whole.incumbent == incumbent(whole.trials)


def test_a_table_has_no_shorter_trainings():
    with pytest.raises(ValueError, match="has no shorter trainings: search it without halving"):
        actsearch.search("swish-1", TASK.name, halving=True)

"""Verification: fresh seeds, the right baselines, rates chosen on validation data alone."""

import math

import pytest

from actsearch import ActsearchError, parse
from actsearch.evaluation import fresh_seeds, score_programs, verify
from actsearch.evaluation.score import diverged
from actsearch.trials import Trial
from tests.helpers.tiny import tiny_layer_task, tiny_task

TASK = tiny_task()
RELU, SINE = parse("relu(x)"), parse("sin(x)")


class Run:
    """A run with two accepted candidates, trained with the seeds 100 and 102."""

    def __init__(self):
        worse = Trial(0, parse("relu(x)"), "a", "ok", 0.5, ({"score": 0.5},), (100,))
        better = Trial(1, parse("sin(x) + 0 * x"), "b", "ok", 0.7, ({"score": 0.7},), (102,))
        self.trials = [worse, better, Trial(2, parse("log(x)"), "c", "rejected", gate="finite")]


@pytest.fixture(scope="module")
def scores():
    """Scores of the two programs on test data, trained directly."""
    return score_programs(TASK, [RELU, SINE], (100, 101, 102), part="test")


def test_scores_are_those_of_trainings_with_fresh_seeds_on_test_data(scores):
    verification = verify("sin(x)", TASK, seeds=3)
    assert (verification.seeds, verification.part) == ((100, 101, 102), "test")
    for program, result in zip((RELU, SINE), scores, strict=True):
        row = verification.row(TASK.name, program)
        assert row.trained.scores == pytest.approx([metrics["score"] for metrics in result.metrics])
        assert row.trained.rate_scale == 1.0
    assert [row.trained.baseline for row in verification.rows] == [True, False]
    assert [difference.baseline for difference in verification.rows[1].differences] == ["relu(x)"]


def test_equal_functions_are_trained_once():
    verification = verify([RELU, "max(x, 0)", "-(-sin(x))", SINE], TASK, seeds=2)
    assert [str(program) for program in verification.programs] == ["relu(x)", "--sin(x)"]


def test_the_best_of_a_run_with_seeds_that_it_did_not_use():
    verification = verify(Run(), TASK, seeds=2, count=1)
    assert verification.seeds == (101, 103)
    assert [str(program) for program in verification.programs] == ["relu(x)", "sin(x)"]
    with pytest.raises(ActsearchError, match=r"was trained with the seeds \[102\]"):
        verify(Run(), TASK, seeds=(101, 102))


def test_each_function_has_the_rate_that_is_best_on_validation_data_with_other_seeds():
    scales = (0.001, 4.0)
    verification = verify([SINE], TASK, seeds=2, rate_scales=scales, baselines=[RELU, "tanh(x)"])
    baselines = [[difference.baseline for difference in row.differences] for row in verification.rows]
    assert baselines == [[], ["relu(x)"], ["relu(x)", "tanh(x)"]]
    for row in verification.rows[::2]:

        def trained(scale, part, seeds, program=row.program):
            (result,) = score_programs(TASK, [program], seeds, rate_scales=[scale], part=part)
            return result

        best = max(scales, key=lambda scale: trained(scale, "validation", (102, 103, 104)).score)
        assert row.trained.rate_scale == best
        expected = trained(best, "test", (100, 101)).metrics
        assert row.trained.scores == pytest.approx([metrics["score"] for metrics in expected])


def test_a_diverged_training_is_a_value():
    verification = verify("exp(exp(exp(x)))", tiny_task(learning_rate=100.0), seeds=2)
    row = verification.rows[1]
    assert (row.trained.diverged, row.trained.scores) == (2, (0.0, 0.0))


def test_a_search_and_a_verification_call_the_same_training_diverged(monkeypatch):
    whole = score_programs(TASK, [RELU, SINE], (100, 101), part="test")
    rows = [{**row, "train_loss": math.nan, "early": math.inf} for row in whole[0].metrics]
    results = [whole[0]._replace(metrics=tuple(rows)), whole[1]]
    assert not any(map(diverged, rows))
    assert diverged({**rows[0], "loss": math.nan})
    monkeypatch.setattr("actsearch.evaluation.verification.score_programs", lambda *args, **options: results)
    row = verify(SINE, TASK, seeds=(100, 101)).row(TASK.name, RELU)
    assert (row.trained.diverged, list(row.trained.scores)) == (0, [row["score"] for row in rows])


def test_fresh_seeds_are_those_that_no_trial_used():
    assert fresh_seeds(Run().trials, 3) == (101, 103, 104)
    assert fresh_seeds([], 2) == (100, 101)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"confidence": 95}, "confidence must be between 0 and 1, such as 0.95; received 95"),
        ({"rate_scales": ()}, r"rate_scales must be at least one number, each above 0; received \(\)"),
        ({"rate_scales": (1.0, 0.0)}, r"each above 0; received \(1.0, 0.0\)"),
        ({"rate_scales": (math.inf,)}, "each above 0; received"),
        ({"rate_seeds": 0}, "rate_seeds must be at least 1; received 0"),
        ({"part": "train"}, "part is one of validation, test; received 'train'"),
        ({"engine": "fast"}, "engine is one of auto, interpret, specialize, bank; received 'fast'"),
        (
            {"tasks": [TASK, tiny_layer_task()], "programs": "x / batch_std(x)"},
            "is a whole layer; the task digits-tiny",
        ),
        (
            {"tasks": [tiny_layer_task(), TASK], "programs": "x / batch_std(x)"},
            "is a whole layer; the task digits-tiny",
        ),
        ({"tasks": [tiny_layer_task(), TASK], "baselines": "x / batch_std(x)"}, "is a whole layer"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_mistakes_are_noticed_before_the_first_training(options, said, monkeypatch):
    monkeypatch.setattr("actsearch.evaluation.score.Trainer", None)
    with pytest.raises(ActsearchError, match=said):
        verify(**{"programs": SINE, "tasks": TASK, "seeds": 2, **options})


def test_mistakes():
    with pytest.raises(ActsearchError, match="nothing to verify"):
        verify([], TASK)
    for seeds in (1, (3,), (3, 3)):
        with pytest.raises(ActsearchError, match="at least 2 different seeds; received"):
            verify(SINE, TASK, seeds)
    with pytest.raises(ActsearchError, match="is a whole layer; the task digits-tiny has sites for activations"):
        verify("x / batch_std(x)", TASK)
    with pytest.raises(ActsearchError, match="column 4"):
        verify("x +", tiny_layer_task())

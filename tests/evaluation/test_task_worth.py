"""What a task is worth, measured on tiny tasks and on results made by hand."""

import math

import pytest

from actsearch.analysis import noise_floor
from actsearch.evaluation import Result, measure_task, score_programs
from actsearch.evaluation.task_worth import known_programs
from actsearch.language import ActsearchError
from tests.helpers.tiny import tiny_layer_task, tiny_task

TASK = tiny_task()


@pytest.fixture
def scored(monkeypatch):
    """Replaces trainings by scores that a test gives for each program, [functions, seeds]; the others are 0.5."""
    monkeypatch.setattr("actsearch.evaluation.task_worth.seconds_per_training", lambda task: 0.25)

    def give(scores):
        def score(task, programs, seeds, **options):
            rows = [scores[i] if i < len(scores) else [0.5] * len(seeds) for i in range(len(programs))]
            return [Result(tuple({"score": value} for value in row), False, 0.0) for row in rows]

        monkeypatch.setattr("actsearch.evaluation.task_worth.score_programs", score)

    return give


def test_the_gap_is_that_of_the_best_known_function_over_the_identity(scored):
    scored([[0.50, 0.52, 0.54], [0.70, 0.72, 0.74], [0.60, 0.60, 0.60]])
    worth = measure_task(TASK)
    variance = 2 * 0.02**2 / len(known_programs(TASK))
    assert worth[:5] == (TASK.name, "activation", 0.25, 3, "relu(x)")
    assert worth.gap == pytest.approx(0.2)
    assert worth.sd == pytest.approx(math.sqrt(variance))
    assert worth.gap_over_noise == pytest.approx(0.2 / math.sqrt(variance))
    assert worth.floor(8) == noise_floor(worth.sd_difference, 8, paired=True)


def test_what_diverged_is_no_noise(scored):
    scored([[0.5, 0.5, 0.6], [math.nan, 0.1, 0.9]])
    assert measure_task(TASK).sd < 0.03
    scored([[math.nan, 0.5, 0.6], [0.6, 0.7, 0.8]])
    worth = measure_task(TASK)
    assert math.isnan(worth.gap) and math.isnan(worth.gap_over_noise)  # noqa: PT018
    assert worth.best == "relu(x)"


def test_one_seed_has_no_noise(scored):
    scored([])
    worth = measure_task(TASK, 1)
    assert math.isnan(worth.sd)
    assert math.isnan(worth.floor(3))
    with pytest.raises(ActsearchError, match="at least one seed; received 0"):
        measure_task(TASK, 0)


def test_what_would_take_too_long_is_left_out(scored):
    lines = []
    scored([])
    worth = measure_task(TASK, limit=5.9, report=lines.append)
    assert (worth.seconds, worth.seeds, worth.best) == (0.25, 0, "")
    assert lines == [f"{TASK.name}: 8 known functions would take 6 s, more than 5.9 s."]
    assert measure_task(TASK, limit=6.0).seeds == 3


def test_trainings_are_those_of_score_programs(monkeypatch):
    programs = known_programs(TASK)[:2]
    monkeypatch.setattr("actsearch.evaluation.task_worth.known_programs", lambda task: programs)
    worth = measure_task(TASK, (5, 6))
    results = score_programs(TASK, programs, (5, 6))
    best = max(result.score for result in results)
    assert worth.gap == pytest.approx(best - results[0].score)
    assert worth.seconds > 0


def test_the_identity_comes_first_for_every_kind():
    assert [str(known_programs(task)[0]) for task in (TASK, tiny_layer_task())] == ["x", "x"]
    assert all(program.reductions == () for program in known_programs(TASK))
    assert any(program.reductions for program in known_programs(tiny_layer_task()))

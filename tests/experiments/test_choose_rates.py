"""The choice of learning rates runs from start to end on a tiny task; no timing is asserted."""

from experiments import choose_rates
from tests.helpers.tiny import tiny_task


def test_a_line_and_a_score_for_each_rate(capsys):
    task = tiny_task(steps=40)
    scores = choose_rates.sweep(task, "relu", seeds=range(3), factors=(1e-6, 1.0))
    lines = capsys.readouterr().out.splitlines()
    assert [f"rate {rate:<8.4g}" in line for rate, line in zip((5e-8, 0.05), lines, strict=True)] == [True, True]
    assert all(f"score {score:.4f}" in line for score, line in zip(scores, lines, strict=True))
    assert scores[0] < scores[1]


def test_the_kinds_of_all_tasks_have_baselines():
    names = choose_rates.Settings().tasks
    assert {choose_rates.get_task(name).kind for name in names} == set(choose_rates.BASELINES)

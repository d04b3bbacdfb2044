"""The table of each result holds its numbers."""

import dataclasses
import math

from actsearch.analysis import Agreement, Cost, FalseReject, Interval, Scores, compare_runs, funnel, verified
from actsearch.language import parse
from actsearch.report import tables
from actsearch.trials import Trial
from tests.helpers.runs import run

TRIALS = [
    Trial(0, parse("relu(x)"), "a", "ok", 0.9, ({"loss": 0.25},), (0,), seconds=1.0),
    Trial(1, parse("--x"), "b", "ok", 0.95, ({"loss": 0.5}, {"loss": 0.25}), (0, 1), seconds=2.0),
    Trial(2, parse("x"), "c", "rejected", gate="finite", seconds=0.5),
    Trial(3, parse("relu(x)"), "a", "ok", 0.8, first=0, repeat=1, seconds=1.5),
]


def lines(table):
    """The lines of a table below its heading, single-spaced."""
    text = [" ".join(line.split()) for line in tables.to_text(table).splitlines()]
    return text[next(i for i, line in enumerate(text) if line.startswith("──")) + 1 :]


def test_funnel():
    assert lines(tables.funnel_table(funnel(TRIALS))) == [
        "proposed 4 100.0% 5.0 1.0",
        "rejected:finite 1 25.0% 0.5 1.0",
        "duplicate 0 0.0% 0.0 0.0",
        "diverged 0 0.0% 0.0 0.0",
        "ok 3 75.0% 4.5 0.0",
    ]


def test_winners():
    rows = ["1 0.9500 0.3750 1 x", "2 0.9000 0.2500 0 relu(x)"]
    assert lines(tables.winners_table(TRIALS)) == rows
    assert lines(tables.winners_table(iter(TRIALS), 1)) == rows[:1]
    again = [dataclasses.replace(trial, repeat=1) for trial in TRIALS]
    assert str(tables.winners_table(again).title).endswith("each by its best evaluation alone")


def test_audit():
    rates = {
        "scale": FalseReject(20, 1, Interval(0.05, 0.001, 0.25)),
        "input": FalseReject(0, 0, Interval(math.nan, 0, 1)),
    }
    assert lines(tables.audit_table(rates)) == ["scale 20 1 5.0% [0.1%, 25.0%]", "input 0 0 - [0.0%, 100.0%]"]


def test_agreement():
    rows = [
        Agreement(1 / 9, 1.0, 1200, Interval(0.5, 0.25, 0.75)),
        Agreement(1 / 9, 1 / 3, 1, Interval(math.nan, -1, 1)),
    ]
    assert lines(tables.agreement_table(rows)) == [
        "11.1% 100.0% 1,200 0.50 [0.25, 0.75]",
        "11.1% 33.3% 1 - [-1.00, 1.00]",
    ]


RUNS = [run("a", [0.5, 0.8]), run("b", [0.7, 0.7], seed=1), run("c", [0.9, 0.9], "evolution")]


def test_runs():
    assert lines(tables.runs_table(compare_runs(RUNS))) == [
        "random a 0 2 2 0.8000",
        "random b 1 2 2 0.7000",
        "evolution c 0 2 2 0.9000 1",
    ]
    assert tables.to_text(tables.runs_table(compare_runs(RUNS))).startswith("Runs of swish-1 on digits")


def test_regret():
    assert lines(tables.regret_table(compare_runs(RUNS))) == [
        "random 2 0.3000 0.1500",
        "evolution 1 0.0000 0.0000",
    ]
    third = run("d", [0.6, 0.6], seed=2)
    assert lines(tables.regret_table(compare_runs([*RUNS, third])))[0].endswith("[0.1000, 0.3000]")


def test_verification():
    """A function that is not on a task, a baseline's own difference, and a diverged training."""
    relu, silu, sine = map(parse, ("relu(x)", "x * sigmoid(x)", "sin(x)"))
    trained = [
        Scores("digits", relu, True, (0.5, 0.5)),
        Scores("digits", silu, False, (0.875, 0.875)),
        Scores("mnist", sine, True, (0.25, 0.25)),
        Scores("mnist", silu, False, (0.0, 0.0), diverged=2),
    ]
    verification = verified(trained, seeds=(100, 101))
    names = {relu: "published", silu: "search #1"}
    assert lines(tables.verification_table(verification, names)) == [
        "x * sigmoid(x) search #1 0.8750 [0.8750, 0.8750] +0.3750 [+0.3750, +0.3750] +0.3750 [-, -] "
        "0.0000 [0.0000, 0.0000] -0.2500 [-0.2500, -0.2500] -0.2500 [-, -] 2",
        "relu(x) published 0.5000 [0.5000, 0.5000] 0",
        "sin(x) 0.2500 [0.2500, 0.2500] 0",
    ]
    plain = tables.to_text(tables.verification_table(verified(trained[:2], seeds=(100, 101))))
    assert "2 fresh seeds, test data" in plain
    assert "minus relu(x)" in plain
    assert "diverged" not in plain


def test_verification_at_equal_time_with_costs():
    trained = [
        Scores("a", parse("relu(x)"), True, (0.5, 0.5)),
        Scores("a", parse("sin(x)"), False, (0.4, 0.4), share=0.75),
    ]
    verification = verified(trained, seeds=(100, 101))
    costs = {parse("sin(x)"): Cost(8.0, 1.0, 2.5, 2.25)}
    text = tables.to_text(tables.verification_table(verification, costs=costs))
    assert "; cost relative to ReLU" in text
    assert "steps" in text and "forward" in text  # noqa: PT018
    relu, sine = lines(tables.verification_table(verification, costs=costs))
    assert relu.startswith("relu(x) 0.5000 [0.5000, 0.5000] 100%")
    assert "0.4000 [0.4000, 0.4000] 75%" in sine
    assert sine.endswith("8.00 1.00 2.50 2.25")

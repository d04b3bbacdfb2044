"""Verification as data: differences from the right baselines, nested intervals, plain data for JSON."""

import json

import numpy as np
import pytest

from actsearch import ActsearchError, parse
from actsearch.analysis import Scores, Verification, paired_difference, verified
from actsearch.archive.beside import finite

SEEDS = tuple(range(100, 108))
RNG = np.random.default_rng(0)
RELU, SILU, SINE = map(parse, ("relu(x)", "x * sigmoid(x)", "sin(x)"))
BASE = {task: RNG.normal(0.8, 0.02, 8) for task in ("a", "b")}


def scores(task, program, gain, baseline=False, **kwargs):
    return Scores(task, program, baseline, tuple(BASE[task] + gain + RNG.normal(0, 0.005, 8)), **kwargs)


TRAINED = [
    scores("a", RELU, 0, True),
    scores("a", SINE, -0.05, True),
    scores("a", SILU, 0.05, diverged=1, rate_scale=2.0),
    scores("b", RELU, 0, True),
    scores("b", SILU, 0.0),
]
VERIFICATION = verified(TRAINED, SEEDS)


def test_each_function_is_compared_with_the_baselines_of_its_task():
    compared = [(row.task, str(row.program), [d.baseline for d in row.differences]) for row in VERIFICATION.rows]
    assert compared == [
        ("a", "relu(x)", []),
        ("a", "sin(x)", ["relu(x)"]),
        ("a", "x * sigmoid(x)", ["relu(x)", "sin(x)"]),
        ("b", "relu(x)", []),
        ("b", "x * sigmoid(x)", ["relu(x)"]),
    ]
    assert VERIFICATION.tasks == ("a", "b")
    assert VERIFICATION.programs == (RELU, SINE, SILU)


def test_intervals_are_nested_and_paired():
    rows = [row for row in VERIFICATION.rows if row.differences]
    assert len(rows) == 3
    for row in rows:
        for difference in row.differences:
            base = VERIFICATION.row(row.task, parse(difference.baseline))
            assert difference.pointwise == paired_difference(row.trained.scores, base.trained.scores)
            narrow, wide = difference.pointwise, difference.simultaneous
            assert wide.low <= narrow.low <= narrow.estimate == wide.estimate <= narrow.high <= wide.high
            assert difference.p_value <= difference.adjusted
    better, level = (VERIFICATION.row(task, SILU).differences[0] for task in "ab")
    assert better.simultaneous.low > 0
    assert better.adjusted < 0.01
    assert level.simultaneous.low < 0 < level.simultaneous.high


def test_more_comparisons_widen_the_simultaneous_intervals_alone():
    one = verified(TRAINED[-2:], SEEDS).row("b", SILU).differences[0]
    many = VERIFICATION.row("b", SILU).differences[0]
    assert one.pointwise == many.pointwise
    assert many.simultaneous.low < one.simultaneous.low
    best = VERIFICATION.row("a", SILU).differences[0]
    assert one.p_value == one.adjusted == many.p_value
    assert best.p_value < best.adjusted


def test_plain_data():
    record = json.loads(json.dumps(VERIFICATION.to_json()))
    assert record["seeds"] == list(SEEDS)
    row = record["rows"][2]
    assert (row["task"], row["program"], row["baseline"]) == ("a", "x * sigmoid(x)", False)
    assert (row["diverged"], row["rate_scale"]) == (1, 2.0)
    assert row["scores"] == list(TRAINED[2].scores)
    assert set(row["differences"][0]) == {"baseline", "pointwise", "simultaneous", "p_value", "adjusted"}
    assert set(row["differences"][0]["simultaneous"]) == {"estimate", "low", "high"}


def test_plain_data_is_read_back():
    assert Verification.from_json(json.loads(json.dumps(VERIFICATION.to_json()))) == VERIFICATION
    one_seed = verified([row._replace(scores=row.scores[:1]) for row in TRAINED], SEEDS[:1])
    kept = finite(one_seed.to_json())
    assert kept["rows"][0]["mean"]["low"] is None
    assert Verification.from_json(kept) == one_seed
    with pytest.raises(ActsearchError, match="has rows, seeds, part"):
        Verification.from_json({"rows": [{}]})


def test_mistakes():
    with pytest.raises(ActsearchError, match="a score for each of the 3 seeds"):
        verified(TRAINED, (1, 2, 3))
    with pytest.raises(KeyError, match="sin"):
        VERIFICATION.row("b", SINE)

"""The benchmark of multi-fidelity on a table whose short trainings are made up; nothing is trained."""

import json
import math

import numpy as np
import pytest

from actsearch.controllers import Exhaustive, Random, Repeated
from actsearch.evaluation import get_table
from actsearch.spaces import get_space
from actsearch.study.default import ETA
from actsearch.trials import Proposal
from experiments.benchmarks import multi_fidelity as benchmark
from experiments.benchmarks.short_table import ShortTable

TABLE = get_table("tabular-swish1-digits-mlp-likelihood")


def rows_best_first():
    order = np.argsort(-np.nan_to_num(TABLE.rows.scores.mean(axis=1), nan=-1.0), kind="stable").tolist()
    return [row for row in order if TABLE.rows.functions[row] == row]


@pytest.fixture
def evaluator():
    return ShortTable(TABLE, {1 / ETA: TABLE.rows.scores[:, 0]})


@pytest.fixture
def made_up(monkeypatch):
    """The short trainings are the full ones with the first seed, and the table itself says which functions are best."""
    monkeypatch.setattr(benchmark, "judged", lambda table, folder: rows_best_first())
    monkeypatch.setattr(benchmark, "short_scores", lambda table, fidelity, folder: table.rows.scores[:, 0])


def test_a_short_training_and_each_repeat_have_scores_of_their_own(evaluator):
    space = get_space(TABLE.space)
    row = rows_best_first()[0]
    genotype = space.at(row)
    proposal = Proposal(space.decode(genotype), genotype)
    asked = [proposal, proposal._replace(fidelity=1 / ETA), proposal._replace(repeat=2), proposal]
    trials = evaluator.evaluate(asked, 0)
    assert [trial.score for trial in trials] == [TABLE.rows.scores[row, seed] for seed in (0, 0, 2, 0)]
    assert [trial.status for trial in trials] == ["ok", "ok", "ok", "duplicate"]
    assert [trial.first for trial in trials] == [None, 0, 0, 0]


def test_cost_counts_short_trainings_as_shares(evaluator):
    best = benchmark.tops(TABLE, rows_best_first())
    run = benchmark.play(benchmark.short(Random()), evaluator, best, seed=1, batch=16, most=600)
    assert 0 < run.evaluated["top 1 %"] <= run.named["top 1 %"] < 620
    assert run.named["top 1 %"] % 1 > 0
    alone = benchmark.play(Exhaustive(), evaluator, best, seed=1, batch=500, most=math.inf)
    assert alone.evaluated.keys() == benchmark.TOPS.keys()
    assert not alone.named  # nothing is trained thrice


def test_a_top_is_a_share_of_the_functions_that_train():
    best = benchmark.tops(TABLE, rows_best_first())
    assert {top: len(keys) for top, keys in best.items()} == {"top 0.1 %": 4, "top 1 %": 37}


def test_intervals_hold_what_was_not_reached():
    reached, never = np.array([10.0, 20.0, 30.0] * 5), np.full(15, np.inf)
    row = benchmark.bootstrap(reached, 2 * reached)
    assert row["median"][0] == 20
    assert row["ratio"][0] == 0.5
    assert row["ratio"][1] < 0.5 < row["ratio"][2]
    assert benchmark.bootstrap(never, reached) == {"median": [None] * 3, "ratio": [None] * 3, "share": 0.0}


def test_finished_rows_are_not_played_again(made_up, tmp_path, monkeypatch, capsys):
    few = {benchmark.BASE: (Repeated(Random(), 0.2, 3), 64), benchmark.DEFAULT: (benchmark.short(Random()), 64)}
    monkeypatch.setattr(benchmark, "CONTROLLERS", few)
    monkeypatch.setattr(benchmark, "COST", 100)
    (tmp_path / "digits-mlp").mkdir()
    rows = benchmark.measure("digits-mlp", 2, tmp_path)
    monkeypatch.setattr(benchmark, "play", None)
    assert benchmark.measure("digits-mlp", 2, tmp_path) == json.loads(json.dumps(rows))
    base, default = benchmark.summarised(rows)
    assert base["named"]["top 1 %"]["ratio"][0] in (1.0, None)
    benchmark.show([base, default])
    assert benchmark.DEFAULT in capsys.readouterr().out

"""The benchmark of controllers runs from start to end on few runs; no timing is asserted."""

import json

import numpy as np
import pytest

from actsearch.controllers import Exhaustive
from actsearch.evaluation import get_table
from actsearch.language import ActsearchError
from actsearch.spaces import get_space
from experiments.benchmarks import controllers
from experiments.benchmarks.controllers_tables import targets_of

TABLE = "tabular-swish1-digits-mlp-likelihood"


@pytest.fixture(scope="module")
def rows():
    """Two runs of two controllers, as they are when read."""
    return [json.loads(json.dumps(controllers.measure(label, TABLE, 2))) for label in ("random", "evolution, small")]


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_run_that_evaluates_everything_reaches_everything():
    table = get_table(TABLE)
    count = get_space(table.space).count()
    result = controllers.play(Exhaustive(), table, seed=1, budget=count, batch=500)
    assert result.regret.shape == result.incumbent.shape == (count,)
    assert result.regret[-1] == 0 <= result.incumbent[-1]
    assert (np.diff(result.regret) <= 0).all()
    assert result.reached["top 1 %"] <= result.reached["top 0.1 %"] <= result.reached["best"] <= count


def test_finished_rows_are_not_measured_again(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(controllers, "measure", None)
    path = write_rows(tmp_path / "rows.jsonl", rows)
    jobs = [(row["controller"], TABLE, 2) for row in reversed(rows)]
    assert controllers.measure_all(jobs, path) == rows[::-1]


def test_writes_what_it_measures(rows, tmp_path, capsys):
    settings = controllers.Settings(
        runs=2,
        tables=(TABLE,),
        controllers=("random", "evolution, small"),
        real=0,
        rows=write_rows(tmp_path / "rows.jsonl", rows),
        out=tmp_path / "new" / "controllers.json",
        figures=tmp_path / "figures",
    )
    controllers.main(settings)
    report = json.loads(settings.out.read_text())
    assert report["rows"] == rows
    assert {"date", "machine", "versions", "random_medians", "targets"} <= report.keys()
    assert [target["controller"] for target in report["targets"]] == ["evolution, small"]
    assert (settings.figures / "controllers_likelihood.png").exists()
    assert "Against random search, 2 runs" in capsys.readouterr().out


@pytest.mark.parametrize(("median", "met"), [(None, False), (71.0, False), (70.0, True)])
def test_the_surrogates_target_is_a_tenth_of_random_search(median, met):
    rows = [
        {"controller": "random", "table": TABLE},
        {"controller": "surrogate", "table": TABLE, "reached": {"top 0.1 %": {"median": [median, None, None]}}},
    ]
    (target,) = targets_of(rows, {TABLE: {"top 0.1 %": 702.0}}, budget=500)
    assert target["met"] is met


def test_medians_beyond_the_budget_are_none():
    assert controllers.median_reached([5.0, float("inf"), float("inf")]) == {
        "median": [None, 5.0, None],
        "share": 1 / 3,
    }


def test_unknown_names_are_the_users_mistake():
    with pytest.raises(ActsearchError, match="write some of random"):
        controllers.Settings(controllers=("hillclimb",))
    with pytest.raises(ActsearchError, match="Unknown table"):
        controllers.Settings(tables=("digits",))


def test_the_committed_results_are_of_these_controllers_and_tables():
    report = json.loads(controllers.Settings().out.read_text())
    assert {row["controller"] for row in report["rows"]} == set(controllers.CONTROLLERS)
    assert {row["table"] for row in report["rows"]} == set(controllers.Settings().tables)
    targets = targets_of(report["rows"], report["random_medians"], controllers.BUDGET)
    assert targets == report["targets"]

"""The tables in the package are whole, fit their spaces, and keep choosing and judging apart."""

import numpy as np
import pandas as pd
import pytest

from actsearch.engine import fingerprint
from actsearch.evaluation.tabular import DIRECTORY, SEEDS, TABULAR, get_tabular
from actsearch.spaces import get_space
from actsearch.tasks import TASKS, get_task


def test_all_tables_together_are_small():
    assert sum(path.stat().st_size for path in DIRECTORY.iterdir()) < 5_000_000


@pytest.mark.parametrize("name", TABULAR)
class TestEveryTable:
    def test_it_has_every_expression_of_its_space_once(self, name):
        task = TABULAR[name]
        space = get_space(task.space)
        assert task.name == name
        assert task.network in TASKS
        assert len(task.table.functions) == len(task.table.gates) == len(task.table.scores) == space.count()
        rng = np.random.default_rng(0)
        for place in rng.integers(space.count(), size=50):
            assert task.table.place(space.at(int(place)).choices) == place

    def test_scores_are_in_range_and_only_of_functions_that_train(self, name):
        table = TABULAR[name].table
        trained = table.gates == "trained"
        assert table.scores.shape == (len(trained), SEEDS)
        assert ((table.scores[trained] >= 0) & (table.scores[trained] <= 1)).all()
        assert np.isnan(table.scores[~trained]).all()
        assert (table.scores[trained][~table.finite[trained]] == 0).all()
        assert set(np.unique(table.gates)) <= {"trained", "rejected:finite", "rejected:shape"}

    def test_expressions_of_a_function_share_its_row(self, name):
        table = TABULAR[name].table
        first = table.functions
        assert (first <= np.arange(len(first))).all()
        assert (first[first] == first).all()
        np.testing.assert_array_equal(table.scores, table.scores[first])

    def test_a_run_is_judged_by_the_seeds_it_did_not_choose_by(self, name):
        task = TABULAR[name]
        for seed in range(SEEDS):
            order = task.seeds(seed)
            assert sorted(order) == list(range(SEEDS))
            left = [s for s in range(SEEDS) if s != order[0]]
            np.testing.assert_allclose(task.judged(seed), task.table.scores[:, left].mean(axis=1))
            np.testing.assert_array_equal(task.judged(seed, used=2), task.table.scores[:, order[2]])
        assert len({task.seeds(seed)[0] for seed in range(SEEDS)}) == SEEDS


@pytest.mark.parametrize("space", ["swish-1", "act-bench"])
def test_a_function_is_what_the_fingerprint_says(space):
    task = next(task for task in TABULAR.values() if task.space == space)
    rng, programs = np.random.default_rng(1), get_space(space)
    for place in rng.choice(np.flatnonzero(task.table.functions != np.arange(len(task.table.functions))), 30):
        first = programs.at(int(task.table.functions[place]))
        assert fingerprint(programs.at(int(place))) == fingerprint(first)


def test_likelihood_is_the_exponential_of_the_loss():
    """x * sigmoid(x) on digits-resnet, from the loss in the file itself."""
    rows = pd.read_parquet(DIRECTORY / "swish-1.parquet")
    row = rows[rows["program"] == "x * sigmoid(x)"].iloc[0]
    place = get_tabular("tabular-swish1-digits-resnet").table.place(row["choices"])
    owner = rows.iloc[row["function"]]
    for metric, expected in (("", "accuracy"), ("-likelihood", "loss")):
        table = get_tabular(f"tabular-swish1-digits-resnet{metric}").table
        values = np.array([owner[f"digits-resnet/{expected}_{seed}"] for seed in range(SEEDS)], float)
        np.testing.assert_allclose(table.scores[place], np.exp(-values) if metric else values, rtol=1e-6)


def test_unknown():
    with pytest.raises(ValueError, match="Unknown task 'tabular-swish9'; the tables are tabular-swish1-digits-mlp, "):
        get_tabular("tabular-swish9")


def test_a_table_is_no_task_to_train_on():
    with pytest.raises(
        ValueError, match="is a table, which trains nothing: search act-bench on it, or write digits-mlp"
    ):
        get_task("tabular-actbench-digits-mlp")

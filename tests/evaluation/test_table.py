"""Tables are whole, fit their spaces, keep selection and evaluation apart, and are what is written."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from actsearch import ActsearchError, parse
from actsearch.engine import fingerprint
from actsearch.evaluation import (
    TABLES,
    Table,
    TabularEvaluator,
    TrainingEvaluator,
    get_table,
    make_table,
    rank_table,
)
from actsearch.evaluation.table import DIRECTORY
from actsearch.spaces import Genotype, custom, get_space
from actsearch.tasks import TASKS
from actsearch.trials import Proposal, Trial
from tests.helpers.tiny import tiny_task

SEEDS = 3


def test_all_tables_together_are_small():
    assert sum(path.stat().st_size for path in DIRECTORY.iterdir()) < 5_000_000


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
class TestEveryTable:
    def test_it_has_every_expression_of_its_space_once(self, table):
        space, rows = get_space(table.space), table.rows
        assert TABLES[table.name] is table
        assert table.task in TASKS
        assert len(rows.functions) == len(rows.gates) == len(rows.scores) == space.count()
        for row in np.random.default_rng(0).integers(space.count(), size=50):
            genotype = space.at(int(row))
            assert table.row_of(genotype, space.decode(genotype)) == row

    def test_scores_are_in_range_and_only_of_functions_that_train(self, table):
        rows = table.rows
        trained = rows.gates == "trained"
        assert rows.scores.shape == (len(trained), SEEDS)
        scores = rows.scores[trained]
        scores = scores[~np.isnan(scores)]
        assert len(scores) >= trained.sum()
        assert ((scores >= 0) & (scores <= 1)).all()
        assert np.isnan(rows.scores[~trained]).all()
        assert (rows.scores[trained][~rows.finite[trained]] == 0).all()
        assert set(np.unique(rows.gates)) <= {"trained", "rejected:finite", "rejected:shape"}

    def test_expressions_of_a_function_share_its_row(self, table):
        first = table.rows.functions
        assert (first <= np.arange(len(first))).all()
        assert (first[first] == first).all()
        np.testing.assert_array_equal(table.rows.scores, table.rows.scores[first])

    def test_a_run_is_evaluated_by_the_seeds_it_did_not_select_by(self, table):
        """Where these trained a function; one that they did not, none of the best, is by the seeds that trained all."""
        scores, trained = table.rows.scores, table.rows.gates == "trained"
        for seed in range(SEEDS):
            order = table.seeds(seed)
            assert sorted(order) == list(range(SEEDS))
            assert not np.isnan(scores[trained][:, order[: table.complete]]).any()
            for used in (1, 2):
                held_out, mean = table.held_out(seed, used), scores[:, order[used:]].mean(axis=1)
                known = ~np.isnan(mean)
                assert known.sum() > 0.09 * trained.sum()
                np.testing.assert_allclose(held_out[known], mean[known])
                np.testing.assert_array_equal(np.isnan(held_out), ~trained)
        assert len({table.seeds(seed)[0] for seed in range(SEEDS)}) == table.complete

    def test_shares_of_the_best(self, table):
        scores = table.held_out(0)
        assert table.threshold(0, 0.0) == np.nanmax(scores) > table.threshold(0, 0.01) > table.threshold(0, 0.5)
        assert 0 < table.chance(0, 0.0) < table.chance(0, 0.01) < table.chance(0, 1.0) <= 1


@pytest.mark.parametrize("space", ["swish-1", "act-bench"])
def test_a_function_is_what_the_fingerprint_of_its_version_says(space):
    rows = next(table for table in TABLES.values() if table.space == space).rows
    rng, space = np.random.default_rng(1), get_space(space)
    for row in rng.choice(np.flatnonzero(rows.functions != np.arange(len(rows.functions))), 30):
        program = space.decode(space.at(int(row)))
        assert fingerprint(program, version=1) == rows.fingerprints[row] == rows.fingerprints[rows.functions[row]]


def test_likelihood_is_the_exponential_of_the_loss():
    """x * sigmoid(x) on digits-resnet, from the loss in the file itself."""
    frame = pd.read_parquet(DIRECTORY / "swish-1.parquet")
    place = int(np.flatnonzero(frame["program"] == "x * sigmoid(x)")[0])
    owner = frame.iloc[frame["function"][place]]
    for suffix, metric in (("", "accuracy"), ("-likelihood", "loss")):
        rows = get_table(f"tabular-swish1-digits-resnet{suffix}").rows
        values = np.array([owner[f"digits-resnet/{metric}_{seed}"] for seed in range(SEEDS)], float)
        np.testing.assert_allclose(rows.scores[place], np.exp(-values) if suffix else values, rtol=1e-6)


class TestMakeTable:
    def test_the_committed_table_is_what_the_writer_makes_of_its_trials(self):
        """From the file back to trials, in another order, and from them to the same file."""
        frame, space = pd.read_parquet(DIRECTORY / "act-bench.parquet"), get_space("act-bench")
        tasks = ("digits-mlp", "digits-deep-mlp", "digits-resnet")
        runs = {task: [trial_of(row, task, i) for i, row in enumerate(frame.to_dict("records"))] for task in tasks}
        made = make_table(space, {task: trials[::-1] for task, trials in runs.items()})
        assert list(made.columns) == list(frame.columns)
        assert [list(choices) for choices in made.pop("choices")] == [list(choices) for choices in frame.pop("choices")]
        pd.testing.assert_frame_equal(made, frame, check_dtype=False, check_categorical=False)

    def test_what_is_written_is_read(self, tmp_path):
        space, task = custom(["relu", "log"], ["+", "*"]), tiny_task()
        evaluator = TrainingEvaluator(space, task, seeds=(0, 1), engine="interpret")
        trials = evaluator.evaluate([Proposal(space.decode(genotype), genotype) for genotype in space.enumerate()], 0)
        make_table(space, {task.name: trials}).to_parquet(tmp_path / "mine.parquet")
        rows = Table("mine", space.name, task.name, "accuracy", tmp_path / "mine.parquet").rows
        assert rows.scores.shape == (space.count(), 2)
        assert set(rows.gates) == {"trained", "rejected:finite"}
        for trial in trials:
            assert rows.fingerprints[trial.index] == trial.fingerprint
            first = trials[trial.first_index]
            np.testing.assert_allclose(rows.scores[trial.index], [row["score"] for row in first.metrics] or np.nan)

    def test_the_best_may_have_more_seeds(self, tmp_path):
        """Selection sees the seeds that all have; a function without the others is judged by what it has."""
        space, task = custom(["relu", "log", "tanh"], ["+", "*"]), tiny_task()
        evaluator = TrainingEvaluator(space, task, seeds=(0, 1, 2), engine="interpret")
        whole = evaluator.evaluate([Proposal(space.decode(genotype), genotype) for genotype in space.enumerate()], 0)
        trained = [trial for trial in whole if trial.trained]
        best = max(trained, key=lambda trial: trial.metrics[0]["score"]).index
        last = min(trained, key=lambda trial: trial.metrics[0]["score"]).index
        cut = [replace(t, metrics=t.metrics[:1], seeds=t.seeds[:1]) if t.index != best else t for t in whole]
        make_table(space, {task.name: cut}).to_parquet(tmp_path / "mine.parquet")
        table = Table("mine", space.name, task.name, "accuracy", tmp_path / "mine.parquet")
        scores = [row["score"] for row in whole[best].metrics]
        assert (table.complete, table.seeds(0), table.seeds(7)) == (1, (0, 1, 2), (0, 1, 2))
        assert table.held_out(0)[best] == pytest.approx(np.mean(scores[1:]))
        assert table.held_out(0)[last] == pytest.approx(whole[last].metrics[0]["score"])
        assert (np.isnan(table.rows.scores).sum(axis=1) == 2)[last]
        ranked = rank_table(table).rows
        assert ranked[0].fingerprint == whole[best].fingerprint
        assert ranked[0].score == pytest.approx(np.mean(scores))
        assert ranked[-1].score == pytest.approx(whole[last].metrics[0]["score"])
        assert [row.place for row in ranked] == list(range(1, len(trained) + 1))
        looked_up = TabularEvaluator(space, table)
        (trial,) = looked_up.evaluate([Proposal(whole[last].program, whole[last].genotype)], 0)
        assert (trial.status, trial.seeds) == (whole[last].status, (0,))
        with pytest.raises(ActsearchError, match="mine has 1 training of each function to select by"):
            looked_up.evaluate([Proposal(whole[best].program, whole[best].genotype, repeat=1)], 1)

    def test_a_file_that_changed_is_read_again(self, tmp_path):
        frame, path = pd.read_parquet(DIRECTORY / "act-bench.parquet"), tmp_path / "changing.parquet"

        def table():
            frame.to_parquet(path)
            return Table("changing", "act-bench", "digits-mlp", "accuracy", path)

        before = table()
        assert before.digest == table().digest
        frame["fingerprint"] = frame["fingerprint"].to_numpy()[::-1]
        assert before.digest != table().digest
        frame["digits-mlp/accuracy_0"] /= 2
        assert np.nanmax(table().rows.scores[:, 0]) <= 0.5

    def test_a_run_that_is_not_whole(self):
        space = custom(["relu", "log"], ["+", "*"])
        with pytest.raises(
            ActsearchError, match=r"each of the 8 genotypes of .* once; the run on some-task has 0 trials"
        ):
            make_table(space, {"some-task": []})


def trial_of(row, task, index):
    """The trial that a row of a table was made from."""
    genotype = Genotype("act-bench", tuple(map(int, row["choices"])))
    facts = {"first": None if row["function"] == index else row["function"], "genotype": genotype}
    program = parse(row["program"])
    if row["gate"] == "duplicate":
        return Trial(index, program, row["fingerprint"], "duplicate", **facts)
    if row["gate"] != "trained":
        return Trial(index, program, row["fingerprint"], "rejected", gate=row["gate"].partition(":")[2], **facts)
    seeds = range(SEEDS)
    metrics = tuple({name: row[f"{task}/{name}_{seed}"] for name in ("accuracy", "loss")} for seed in seeds)
    facts |= {"seeds": tuple(seeds), "metrics": metrics}
    return Trial(index, program, row["fingerprint"], row[f"{task}/status"], row[f"{task}/score"], **facts)


def test_unknown():
    with pytest.raises(
        ActsearchError, match="Unknown table 'tabular-swish9'; the tables are tabular-swish1-digits-mlp"
    ):
        get_table("tabular-swish9")
    with pytest.raises(ActsearchError, match="is a table of swish-1; received a genotype of swish-2"):
        get_table("tabular-swish1-digits-mlp").row(Genotype("swish-2", (0,)))

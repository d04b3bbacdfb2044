"""Exports: the tables and lines hold what the trials hold, with types that no trial changes."""

import dataclasses
import errno
import json
import math
import os

import numpy as np
import pandas
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actsearch.archive.frames import read_parquet, to_jsonl, to_pandas, to_parquet
from actsearch.catalog import CATALOG
from actsearch.language import ActsearchError, parse
from actsearch.spaces import Genotype, get_space
from actsearch.trials import Trial
from tests.helpers.records import records


def trial(index, **changes):
    metrics = ({"score": 0.5, "loss": 0.7},)
    original = Trial(index, parse("max(x, 0)"), f"{index:08x}", "ok", 0.5, metrics, (0,), seconds=0.25)
    return dataclasses.replace(original, **changes)


EXPORTED = [
    trial(0, genotype=Genotype("swish-1", (1, 2)), parents=(3,), objectives={"digits": 0.5}),
    trial(
        1, status="diverged", score=0.0, metrics=({"score": 0.0, "loss": math.inf}, {"loss": math.nan}), seeds=(0, 1)
    ),
    trial(2, status="duplicate", first=0, score=None, metrics=(), seeds=()),
    trial(3, metrics=({"score": 1.0, "seconds": 2.0},)),
]


def test_to_pandas():
    table = to_pandas(EXPORTED)
    fixed = ["index", "fingerprint", "status", "gate", "score", "first", "repeat", "fidelity", "seconds", "program"]
    fixed += ["space", "choices", "parents", "seeds", "note", "scores"]
    assert list(table) == [*fixed, "objectives.digits", "loss", "metrics.seconds"]
    assert table["scores"].tolist() == [[0.5], [0.0, None], [], [1.0]]
    assert table["loss"].map(repr).tolist() == ["[0.7]", "[inf, nan]", "[]", "[None]"]
    assert table["choices"].tolist() == [[1, 2], None, None, None]
    assert table["space"].tolist() == ["swish-1", None, None, None]
    assert table["first"].isna().tolist() == [True, True, False, True]
    assert table["score"].isna().tolist() == [False, False, True, False]
    assert table["objectives.digits"].isna().tolist() == [False, True, True, True]
    assert list(to_pandas([])) == fixed


def test_to_parquet_reads_back_with_the_same_types(tmp_path):
    path = tmp_path / "trials.parquet"
    to_parquet(EXPORTED, path)
    table, back = to_pandas(EXPORTED), pandas.read_parquet(path)
    assert list(back) == list(table)
    assert back["program"].tolist() == table["program"].tolist()
    assert [list(scores) for scores in back["parents"]] == table["parents"].tolist()
    to_parquet(EXPORTED[2:3], tmp_path / "few.parquet")
    to_parquet([], tmp_path / "none.parquet")
    schema, few, none = (pyarrow.parquet.read_schema(path.with_stem(stem)) for stem in ("trials", "few", "none"))
    assert few == none
    assert few == pyarrow.schema([schema.field(name) for name in few.names])


def test_to_parquet_leaves_the_old_file_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "trials.parquet"
    path.write_bytes(b"old")

    def fail(table, part):
        part.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pyarrow.parquet, "write_table", fail)
    with pytest.raises(OSError, match="No space"):
        to_parquet(EXPORTED, path)
    assert [path_.name for path_ in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"old"


def read_back(trials, path):
    to_parquet(trials, path)
    back = read_parquet(path)
    assert [repr(trial) for trial in back] == [repr(trial) for trial in in_order(trials)]  # NaN is not equal to itself
    return back


def in_order(trials):
    """Metrics as a file has them: the score first, then in the order in which the trials name them; and objectives."""
    metrics = dict.fromkeys(["score", *(name for trial in trials for row in trial.metrics for name in row)])
    tasks = dict.fromkeys(name for trial in trials for name in trial.objectives)
    for trial in trials:
        rows = tuple({name: float(row[name]) for name in metrics if name in row} for row in trial.metrics)
        objectives = {name: trial.objectives[name] for name in tasks if name in trial.objectives}
        yield dataclasses.replace(trial, metrics=rows, objectives=objectives)


def test_read_parquet_returns_what_was_written(tmp_path):
    path = tmp_path / "trials.parquet"
    assert read_back(EXPORTED[2:], path) == EXPORTED[2:]
    read_back(EXPORTED, path)
    assert read_back([], path) == []


@pytest.mark.parametrize("name", ["prelu", "frn_tlu", "evonorm_b0", "derf"])
def test_read_parquet_keeps_declared_parameters(name, tmp_path):
    text = "param a = 0.25; max(x, a * x)"
    program = CATALOG[name].program if name in CATALOG else parse(text)
    (back,) = read_back([trial(0, program=program)], tmp_path / "trials.parquet")
    assert back.program == program
    assert back.program.parameters == program.parameters


@pytest.mark.parametrize("space", ["swish-2", "evonorm-b"])
def test_read_parquet_keeps_what_a_space_can_mutate(space, tmp_path):
    space, rng = get_space(space), np.random.default_rng(0)
    genotypes = [space.sample(rng) for _ in range(20)]
    trials = [trial(i, program=space.decode(g), genotype=g) for i, g in enumerate(genotypes)]
    back = read_back(trials, tmp_path / "trials.parquet")
    assert [space.decode(one.genotype) for one in back] == [one.program for one in trials]


@pytest.mark.parametrize(
    "name", ["seconds", "metrics.seconds", "metrics.metrics.loss", "scores", "objectives.a", "duplicate_of"]
)
def test_metrics_named_like_columns_are_told_apart(name, tmp_path):
    one = trial(0, metrics=({"score": 0.5, name: 2.0, "seconds": 3.0, "loss": 1.0},))
    assert read_back([one], tmp_path / "trials.parquet") == [one]


@given(st.lists(records(), max_size=4))
def test_any_trials_come_back_as_they_went_in(tmp_path_factory, trials):
    read_back(trials, tmp_path_factory.getbasetemp() / "trials.parquet")


def test_read_parquet_names_what_is_wrong(tmp_path):
    path = tmp_path / "trials.parquet"
    path.write_text("not parquet")
    with pytest.raises(ActsearchError, match=r"trials\.parquet cannot be read as Parquet.*Read a file that"):
        read_parquet(path)
    pandas.DataFrame({"program": ["x"], "index": [0]}).to_parquet(path)
    with pytest.raises(
        ValueError, match=r"no export of trials: it has no column fingerprint, status.*actsearch export"
    ):
        read_parquet(path)
    to_pandas(EXPORTED[:1]).assign(index="one").to_parquet(path)
    with pytest.raises(ValueError, match=r"no export of trials: column index has .*, not int64\. Read a file"):
        read_parquet(path)
    to_pandas(EXPORTED[:1]).assign(task="digits").to_parquet(path)
    with pytest.raises(ValueError, match="no export of trials: column "):
        read_parquet(path)
    to_parquet(EXPORTED, path)
    table = pyarrow.parquet.read_table(path)
    programs = pyarrow.array(["x", "x", "twist(x)", "x"])
    pyarrow.parquet.write_table(table.set_column(table.column_names.index("program"), "program", programs), path)
    with pytest.raises(ValueError, match=r"cannot read, in trial 2: .*unknown name 'twist'"):
        read_parquet(path)
    with pytest.raises(FileNotFoundError):
        read_parquet(tmp_path / "none.parquet")


def test_to_jsonl_is_strict_json_in_order():
    def no_constant(name):
        raise AssertionError(name)

    lines = [json.loads(line, parse_constant=no_constant) for line in to_jsonl(EXPORTED)]
    keys = ["index", "program", "fingerprint", "parents", "status", "gate", "score", "scores", "objectives", "first"]
    keys += ["repeat", "fidelity", "metrics"]
    assert [list(line) for line in lines] == [keys] * 4
    assert [line["index"] for line in lines] == [0, 1, 2, 3]
    assert lines[1]["metrics"] == [{"score": 0.0, "loss": None}, {"loss": None}]
    assert lines[1]["scores"] == [0.0, None]
    assert lines[2]["score"] is None

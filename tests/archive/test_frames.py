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
from actsearch.language import parse
from actsearch.spaces import get_space
from actsearch.trials.trial import Trial


def trial(index, **changes):
    metrics = ({"score": 0.5, "loss": 0.7},)
    made = Trial(index, parse("max(x, 0)"), f"{index:08x}", "ok", 0.5, metrics, (0,), seconds=0.25)
    return dataclasses.replace(made, **changes)


EXPORTED = [
    trial(0, program=dataclasses.replace(parse("max(x, 0)"), choices=(1, 2)), parents=(3,)),
    trial(
        1, status="diverged", score=0.0, metrics=({"score": 0.0, "loss": math.inf}, {"loss": math.nan}), seeds=(0, 1)
    ),
    trial(2, status="duplicate", duplicate_of=0, score=None, metrics=(), seeds=()),
    trial(3, metrics=({"score": 1.0, "seconds": 2.0},)),
]


def test_to_pandas():
    table = to_pandas(EXPORTED)
    first = ["index", "program", "fingerprint", "status", "score", "scores", "parents", "duplicate_of"]
    first += ["seconds", "seeds", "choices", "note"]
    assert list(table) == [*first, "loss", "metrics.seconds"]
    assert table["scores"].tolist() == [[0.5], [0.0, None], [], [1.0]]
    assert table["loss"].map(repr).tolist() == ["[0.7]", "[inf, nan]", "[]", "[None]"]
    assert table["choices"].tolist() == [[1, 2], None, None, None]
    assert table["duplicate_of"].isna().tolist() == [True, True, False, True]
    assert table["score"].isna().tolist() == [False, False, True, False]
    assert list(to_pandas([])) == first


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
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"old"


TASKS = {"digits-resnet-layer/score": 0.5, "digits-mobilenet-layer/score": 0.25, "digits-resnet-layer/early": 0.1}
STATUSES = ("ok", "diverged", "duplicate", "rejected:shape", "rejected:stability", "failed")


def read_back(trials, path):
    to_parquet(trials, path)
    found = read_parquet(path)
    assert [repr(trial) for trial in found] == [repr(trial) for trial in in_order(trials)]  # NaN is not equal to itself
    assert [trial.program.choices for trial in found] == [trial.program.choices for trial in trials]
    return found


def in_order(trials):
    """Metrics as a file has them: the score first, then in the order in which the trials name them."""
    names = dict.fromkeys(["score", *(name for trial in trials for one in trial.metrics for name in one)])
    for each in trials:
        metrics = tuple({name: float(one[name]) for name in names if name in one} for one in each.metrics)
        yield dataclasses.replace(each, metrics=metrics)


def test_read_parquet_returns_what_was_written(tmp_path):
    path = tmp_path / "trials.parquet"
    assert read_back(EXPORTED[2:], path) == EXPORTED[2:]
    read_back(EXPORTED, path)
    assert read_back([], path) == []


@pytest.mark.parametrize("status", STATUSES)
def test_read_parquet_of_every_status(status, tmp_path):
    trained = status in ("ok", "diverged")
    changes = {"metrics": ({"score": 0.375} | TASKS, {"score": 0.5} | TASKS), "seeds": (7, 3)} if trained else {}
    changes |= {"duplicate_of": 4} if status == "duplicate" else {}
    changes |= {"note": 'line one\n"two" \N{GREEK SMALL LETTER ALPHA}'} if status == "failed" else {}
    one = trial(9, status=status, **({"metrics": (), "seeds": (), "score": None} | changes), parents=(4, 2))
    found = read_back([one, trial(10)], tmp_path / "trials.parquet")
    assert found == [one, trial(10)]
    assert found[0].objectives == one.objectives


@pytest.mark.parametrize("name", ["prelu", "frn_tlu", "evonorm_b0", "derf"])
def test_read_parquet_keeps_declared_parameters(name, tmp_path):
    text = "param a = 0.25; max(x, a * x)"
    program = CATALOG[name].program if name in CATALOG else parse(text)
    (found,) = read_back([trial(0, program=program)], tmp_path / "trials.parquet")
    assert found.program == program
    assert found.program.parameters == program.parameters


@pytest.mark.parametrize("space", ["swish-2", "evonorm-b"])
def test_read_parquet_keeps_what_a_space_can_mutate(space, tmp_path):
    space, rng = get_space(space), np.random.default_rng(0)
    programs = [space.sample(rng) for _ in range(20)]
    found = read_back([trial(i, program=program) for i, program in enumerate(programs)], tmp_path / "trials.parquet")
    assert [space.decode(each.program.choices) for each in found] == programs


@pytest.mark.parametrize("name", ["seconds", "metrics.seconds", "metrics.metrics.loss", "scores"])
def test_metrics_named_like_columns_are_told_apart(name, tmp_path):
    one = trial(0, metrics=({"score": 0.5, name: 2.0, "seconds": 3.0, "loss": 1.0},))
    assert read_back([one], tmp_path / "trials.parquet") == [one]


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
METRICS = st.dictionaries(st.sampled_from(["score", "loss", "note", *TASKS]), NUMBERS)


@st.composite
def trials(draw):
    seeds = draw(st.lists(st.integers(0, 2**31), max_size=3))
    return Trial(
        index=draw(st.integers(0, 10**9)),
        program=dataclasses.replace(parse("x"), choices=draw(st.none() | st.tuples(st.integers(0, 9)))),
        fingerprint=draw(st.text("0123456789abcdef")),
        status=draw(st.sampled_from(STATUSES)),
        score=draw(st.none() | st.floats(0, 1)),
        metrics=tuple(draw(METRICS) for _ in seeds),
        seeds=tuple(seeds),
        parents=tuple(draw(st.lists(st.integers(0, 99), max_size=2))),
        duplicate_of=draw(st.none() | st.integers(0, 99)),
        seconds=draw(st.floats(0, 1e6)),
        note=draw(st.text(st.characters(codec="utf-8"), max_size=9)),
    )


@given(st.lists(trials(), max_size=4))
def test_round_trip(tmp_path_factory, made):
    read_back(made, tmp_path_factory.getbasetemp() / "trials.parquet")


def test_read_parquet_names_what_is_wrong(tmp_path):
    path = tmp_path / "trials.parquet"
    path.write_text("not parquet")
    with pytest.raises(ValueError, match=r"trials\.parquet cannot be read as Parquet.*Read a file that .*to_parquet"):
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
    keys = ["index", "program", "fingerprint", "parents", "status", "score", "scores", "duplicate_of", "metrics"]
    assert [list(line) for line in lines] == [keys] * 4
    assert [line["index"] for line in lines] == [0, 1, 2, 3]
    assert lines[1]["metrics"] == [{"score": 0.0, "loss": None}, {"loss": None}]
    assert lines[1]["scores"] == [0.0, None]
    assert lines[2]["score"] is None

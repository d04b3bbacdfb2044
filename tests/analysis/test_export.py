"""Exports: the tables and lines hold what the trials hold, with types that no trial changes."""

import dataclasses
import errno
import json
import math
import os

import pandas
import pyarrow.parquet
import pytest

from actsearch.analysis.export import to_jsonl, to_pandas, to_parquet
from actsearch.language import parse
from actsearch.trial import Trial


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

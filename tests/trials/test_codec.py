"""The codec: any trial comes back from plain data, and a difference of configurations names every value."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given

from actsearch.language import ParseError, parse
from actsearch.spaces import Genotype
from actsearch.trials import Status, Trial
from actsearch.trials.codec import ABSENT, FIELDS, describe, differences, from_plain, to_plain
from tests.helpers.records import records


@given(records())
def test_any_trial_comes_back_through_json(trial):
    record = to_plain(trial)
    assert tuple(record) == FIELDS
    assert repr(from_plain(json.loads(json.dumps(record)))) == repr(trial)  # as text, where NaN equals NaN


def test_every_field_of_a_trial_is_kept():
    names = {field.name for field in dataclasses.fields(Trial)}
    assert set(FIELDS) == names - {"genotype"} | {"space", "choices"}


def test_numbers_of_numpy_become_plain_ones():
    trial = Trial(
        np.int64(0),
        parse("x"),
        "a",
        "ok",
        np.float32(0.5),
        ({"loss": np.float64(np.nan)},),
        (np.int32(3),),
        parents=(np.int64(1),),
        genotype=Genotype("swish-1", (np.int64(4),)),
        objectives={"digits": np.float32(0.5)},
        fidelity=np.float64(0.5),
    )
    text = json.dumps(to_plain(trial))
    assert json.loads(text)["choices"] == [4]
    assert math.isnan(json.loads(text)["metrics"][0]["loss"])


def test_a_status_and_a_program_are_checked():
    record = to_plain(Trial(0, parse("x"), "a", "rejected", gate="finite"))
    assert from_plain(record).status is Status.REJECTED
    with pytest.raises(ValueError, match="okk"):
        from_plain({**record, "status": "okk"})
    with pytest.raises(ParseError, match="twist"):
        from_plain({**record, "program": "twist(x)"})


@pytest.mark.parametrize(
    ("there", "here", "rows"),
    [
        ({"a": math.nan, "b": (1, 2), 3: None}, {"a": math.nan, "b": [1, 2], "3": None}, []),
        ({"a": True}, {"a": 1}, [("a", True, 1)]),
        ({"a": 1}, {"a": 1.0}, [("a", 1, 1.0)]),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, [("a.b.c", 1, 2)]),
        ({"a": {}}, {"a": {"b": 1}}, [("a.b", ABSENT, 1)]),
        ({"a": {"b": 1}}, {"a": 2}, [("a", {"b": 1}, 2)]),
        ({"a": None}, {}, [("a", None, ABSENT)]),
        ({"a": {}}, {}, [("a", {}, ABSENT)]),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, []),
    ],
)
def test_differences(there, here, rows):
    assert differences(there, here) == rows
    assert differences(here, there) == [(name, right, left) for name, left, right in rows]


def test_differences_are_told_in_words():
    rows = differences({"seed": 0, "name": "a"}, {"seed": 1, "steps": [5]})
    assert (
        describe(rows)
        == 'seed is 0 there and 1 here; name is "a" there and absent here; steps is absent there and [5] here'
    )

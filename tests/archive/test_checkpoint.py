"""A controller's state comes back bit for bit; a kill, a full disk or a damaged file never gives a wrong one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from actsearch.archive import checkpoint
from actsearch.archive.checkpoint import CheckpointError, Saved, load, save
from actsearch.language import ActsearchError
from tests.helpers import killed_save

ROOT = Path(__file__).parents[2]
IDENTITY = {"space": "swish-1", "controller": {"name": "ppo", "rate": 0.1, "clip": None}, "seed": 0}


class Inner(NamedTuple):
    """A part of a state."""

    count: int
    rows: Any


class State(NamedTuple):
    """Every kind of leaf that a state may have."""

    number: int
    real: float
    option: float | None
    array: Any
    inner: Inner
    params: list[Any]
    opt_state: Any
    ladder: tuple[Inner, Inner]


def example(scale=1, rows=3):
    params = [scale * jnp.ones((2, 3)), jnp.zeros(2, jnp.bfloat16)]
    inner = Inner(scale, np.arange(rows))
    return State(
        number=scale,
        real=0.1 * scale,
        option=None if rows else 0.5,
        array=np.full((rows, 2), -0.0),
        inner=inner,
        params=params,
        opt_state=optax.adam(0.1).init(params),
        ladder=(inner, Inner(0, np.zeros((rows, 1), bool))),
    )


LIKE = example(0, rows=0)
DTYPES = ["bool", "int8", "uint8", "int32", "int64", "uint64", "bfloat16", "float16", "float32", "float64"]


def bits(state):
    """Returns a state in which only what has the same type, shape and bits is equal."""
    leaves, structure = jax.tree.flatten(state)
    arrays = [np.asarray(leaf) for leaf in leaves]
    kinds = [type(leaf) if isinstance(leaf, int | float) else "array" for leaf in leaves]
    return structure, kinds, [(array.dtype, array.shape, array.tobytes()) for array in arrays]


def same(one, two):
    return bits(one) == bits(two)


numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats())
arrays = hnp.arrays(
    st.one_of(
        hnp.boolean_dtypes(), hnp.integer_dtypes(endianness="="), hnp.floating_dtypes(endianness="=", sizes=(32, 64))
    ),
    hnp.array_shapes(min_dims=0, min_side=0, max_side=3),
)


@settings(max_examples=25)
@given(st.tuples(numbers, numbers, st.none() | st.floats(), arrays, arrays))
def test_what_is_saved_is_loaded(tmp_path_factory, parts):
    directory = tmp_path_factory.mktemp("states")
    state = example()._replace(
        number=parts[0], real=parts[1], option=parts[2], array=parts[3], inner=Inner(1, parts[4])
    )
    save(directory, IDENTITY, 7, state)
    saved = load(directory, IDENTITY, LIKE)
    assert isinstance(saved, Saved)
    assert saved.delivered == 7
    assert same(saved.state, state)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(tmp_path, dtype):
    array = (np.arange(6) % 2).reshape(2, 3).astype(jnp.dtype(dtype))
    for value in (array, array.T, array[:, ::2], array[:0]):
        save(tmp_path, IDENTITY, 0, Inner(0, value))
        assert same(load(tmp_path, IDENTITY, Inner(0, np.zeros(0))).state, Inner(0, value))


@pytest.mark.parametrize("leaf", [2**64, object(), {1, 2}, jax.random.key(0)])
def test_what_a_state_cannot_hold(tmp_path, leaf):
    with pytest.raises(TypeError, match="A controller's state holds ints of 64 bits, floats, None, arrays"):
        save(tmp_path / "new", IDENTITY, 0, Inner(0, leaf))
    assert not (tmp_path / "new").exists()


def test_nothing_saved_is_none(tmp_path):
    assert load(tmp_path / "absent", IDENTITY, LIKE) is None
    assert load(tmp_path, IDENTITY, LIKE) is None
    assert list(tmp_path.iterdir()) == []


def test_only_the_newest_is_kept_and_other_files_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("a user's")
    (tmp_path / "state.new").write_text("of a save that was killed")
    for delivered in range(3):
        save(tmp_path, IDENTITY, delivered, example(delivered))
    assert load(tmp_path, IDENTITY, LIKE).delivered == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "state"]


def test_a_state_of_another_structure_is_refused(tmp_path):
    save(tmp_path, IDENTITY, 0, Inner(0, np.zeros(3)))
    for like in (LIKE, 3, (Inner(0, 0),), Inner(0, Inner(0, 0))):
        with pytest.raises(CheckpointError, match=r"that of another version of the controller .* Delete the folder"):
            load(tmp_path, IDENTITY, like)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({**IDENTITY, "seed": 1}, "seed is 0 there and 1 here"),
        ({**IDENTITY, "space": "swish-2"}, 'space is "swish-1" there and "swish-2" here'),
        ({**IDENTITY, "controller": {"name": "ppo", "rate": 0.1}}, "controller.clip is null there and absent here"),
        ({**IDENTITY, "seed": False}, "seed is 0 there and false here"),
        ({**IDENTITY, "batch": 8}, "batch is absent there and 8 here"),
    ],
)
def test_the_state_of_another_run_is_refused(tmp_path, changed, message):
    save(tmp_path, IDENTITY, 64, example())
    with pytest.raises(CheckpointError) as error:
        load(tmp_path, changed, LIKE)
    assert f"belongs to another run: {message}. " in str(error.value)
    assert "\n" not in str(error.value)
    assert same(load(tmp_path, IDENTITY, LIKE).state, example())


def test_damage_is_found_and_never_loaded(tmp_path):
    """A bit turned anywhere, the file cut off anywhere or emptied: an error with its remedy."""
    save(tmp_path, IDENTITY, 64, example())
    path = tmp_path / "state"
    whole = path.read_bytes()
    places = range(0, len(whole), 7)
    flipped = [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in places]
    for damaged in [*flipped, *(whole[:i] for i in places)]:
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"is damaged: |has format 3") as error:
            load(tmp_path, IDENTITY, LIKE)
        assert str(tmp_path) in str(error.value)
        assert "elete the folder" in str(error.value)
    path.write_bytes(whole)
    assert load(tmp_path, IDENTITY, LIKE).delivered == 64


def test_a_newer_format_is_not_read(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT", 3)
        save(tmp_path, IDENTITY, 64, example())
    with pytest.raises(CheckpointError, match="has format 3; this version of actsearch reads format 2"):
        load(tmp_path, IDENTITY, LIKE)


def test_the_first_format_is_refused_with_its_remedy_until_a_state_is_saved(tmp_path):
    (tmp_path / "state-000007").mkdir()
    (tmp_path / "state-000007" / "state.json").write_text('{"checksum": 0, "body": {"format": 1}}')
    with pytest.raises(ActsearchError, match=r"has format 1; .* Delete the folder .* a replay of the archive, and no"):
        load(tmp_path, IDENTITY, LIKE)
    save(tmp_path, IDENTITY, 3, example())
    assert load(tmp_path, IDENTITY, LIKE).delivered == 3


@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_a_disk_that_refuses_leaves_the_state_before(tmp_path, monkeypatch, function):
    save(tmp_path, IDENTITY, 64, example())

    def refuse(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, function, refuse)
        with pytest.raises(CheckpointError, match="cannot be used: No space left on device"):
            save(tmp_path, IDENTITY, 128, example())
    assert load(tmp_path, IDENTITY, LIKE).delivered == 64


def test_a_file_in_the_place_of_the_directory(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be used"):
        save(tmp_path / "file", IDENTITY, 0, example())


def test_killed_at_any_moment_leaves_a_whole_state(tmp_path):
    save(tmp_path / "first", killed_save.IDENTITY, 1, killed_save.state(1))
    command = [sys.executable, killed_save.__file__, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    *killed, last = [line.split() for line in process.stdout.splitlines()]
    assert {code for _, code in killed} == {"-9"}
    assert last[1] == "0", process.stderr
    delivered = []
    for moment, _ in killed:
        directory = tmp_path / f"moment-{moment}"
        saved = load(directory, killed_save.IDENTITY, killed_save.state(0))
        assert same(saved.state, killed_save.state(saved.delivered))
        delivered.append(saved.delivered)
        save(directory, killed_save.IDENTITY, 3, killed_save.state(3))
        assert [path.name for path in directory.iterdir()] == ["state"], "what the killed save left is gone"
    assert set(delivered) == {1, 2}, "the kills must fall before and after the rename, else this shows nothing"
    assert delivered == sorted(delivered)

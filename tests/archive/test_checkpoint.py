"""A controller's state comes back bit for bit; a kill, a full disk or a damaged file never gives a wrong one."""

import math
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from actsearch.archive import checkpoint
from actsearch.archive.checkpoint import CheckpointError, Saved, load, save
from actsearch.archive.packing import pack, unpack
from actsearch.controllers import CONTROLLERS, get_controller
from actsearch.spaces import get_space
from actsearch.trials.trial import Trial
from tests.helpers import killed_save

HERE = {"space": "swish-1", "controller": "ppo", "options": {"rate": 0.1, "clip": None}, "seed": 0}
STATE = {"rng": 2**127 + 1, "weights": jnp.arange(3.0), "members": [[0, "x", 0.5], [1, "é\ud800", -0.0]]}

DTYPES = [
    *("bool", "int2", "int4", "uint4", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float4_e2m1fn", "float8_e4m3fn", "float8_e5m2", "bfloat16", "float16", "float32", "float64", "longdouble"),
    *("complex64", "complex128", ">f4", "<U3", "S3", "datetime64[ns]", "timedelta64[s]"),
]
JAX_DTYPES = ["bool", "int4", "int8", "uint32", "int32", "float8_e4m3fn", "bfloat16", "float16", "float32", "complex64"]


def bits(value):
    """Returns a value in which only what is the same in every bit and type is equal."""
    if isinstance(value, dict):
        return [(key, bits(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [bits(item) for item in value]
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return str(value.dtype), bits(jax.random.key_data(value))
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        weak = isinstance(value, jax.Array) and value.weak_type
        return type(value), value.dtype, value.shape, weak, np.asarray(value).tobytes()
    return type(value), struct.pack("d", value) if isinstance(value, float) and not math.isnan(value) else str(value)


def same(one, two):
    return bits(one) == bits(two)


leaves = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(2**200), 2**200), st.floats(), st.text()),
    hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, min_side=0, max_side=3)),
)
states = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))


@given(states)
def test_what_is_packed_is_unpacked(state):
    assert same(unpack(pack(state)), state)


@settings(max_examples=15)
@given(states)
def test_what_is_saved_is_loaded(tmp_path_factory, state):
    directory = tmp_path_factory.mktemp("states")
    save(directory, HERE, 7, state)
    saved = load(directory, HERE)
    assert isinstance(saved, Saved)
    assert saved.told == 7
    assert same(saved.state, state)


def test_every_dtype_and_shape(tmp_path):
    """Also NaNs with a message in them, what only a JAX array knows of itself, and no shape at all."""
    state = {name: (np.arange(6) % 2).reshape(2, 3).astype(name) for name in DTYPES}
    state |= {f"jax-{name}": (jnp.arange(6) % 2).reshape(2, 3).astype(name) for name in JAX_DTYPES}
    state |= {"nan": np.array([0x7FC01234, 0xFFC00000], np.uint32).view(np.float32), "empty": np.zeros((0, 3))}
    state |= {"transposed": np.arange(6).reshape(2, 3).T, "every other": np.arange(9)[::2], "": np.array(2.5)}
    state |= {"scalar": np.float64(0.1), "weak": jnp.asarray(0.1), "weak matrix": jnp.full((2, 3), 7)}
    save(tmp_path, HERE, 0, state)
    found = load(tmp_path, HERE).state
    assert found["weak"].weak_type
    assert found["int8"].flags.writeable
    for name, value in state.items():
        assert same(found[name], value), name


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_typed_keys(tmp_path, implementation):
    keys = jax.random.split(jax.random.key(3, impl=implementation), 2)
    save(tmp_path, HERE, 0, [keys, keys[0]])
    found = load(tmp_path, HERE).state
    assert same(found, [keys, keys[0]])
    assert jax.random.normal(found[1]) == jax.random.normal(keys[0])


def test_64_bits_are_not_cut_to_32(tmp_path):
    with jax.enable_x64(True):
        save(tmp_path, HERE, 0, {"mean": [jnp.asarray([0.1])]})
        assert load(tmp_path, HERE).state["mean"][0].dtype == np.float64
    with pytest.raises(ValueError, match=r"float64 at state\['mean'\]\[0\], read as float32: set jax_enable_x64"):
        load(tmp_path, HERE)


@pytest.mark.parametrize("name", CONTROLLERS)
def test_a_controller_goes_on_from_its_state_as_if_it_had_not_stopped(tmp_path, name):
    space = get_space("swish-1")
    controller = get_controller(name, space)

    def batch(state, start):
        proposals, state = controller.ask(state, 20)
        scores = np.random.default_rng(start).random(len(proposals)).tolist()
        numbered = enumerate(zip(proposals, scores, strict=True), start)
        trials = [Trial(i, p.program, str(i), "ok", score, ({"score": score},), (0,)) for i, (p, score) in numbered]
        return proposals, controller.tell(state, trials)

    state = controller.init(0)
    for start in range(0, 160, 20):
        _, state = batch(state, start)
    save(tmp_path, HERE, 160, state)
    proposals, after = batch(load(tmp_path, HERE).state, 160)
    expected, unbroken = batch(state, 160)
    assert [p.program for p in proposals] == [p.program for p in expected]
    assert same(after, unbroken)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"a": [0, (1, 2)]}, r"received a tuple at state\['a'\]\[1\]"),
        ({"a": {1: 2}}, r"received 1 at state\['a'\]"),
        (1j, "received a complex at state:"),
        ({"a": np.array([None])}, r"array at state\['a'\] .* has dtype object"),
        ([np.zeros(2, [("a", "i4")])], r"array at state\[0\] .* has dtype \[\('a', '<i4'\)\]"),
        ([np.ma.zeros(2)], "received a MaskedArray"),
    ],
)
def test_what_a_state_cannot_hold(tmp_path, state, said):
    with pytest.raises(TypeError, match=said):
        save(tmp_path / "new", HERE, 0, state)
    assert not (tmp_path / "new").exists()


def test_nothing_saved_is_none(tmp_path):
    assert load(tmp_path / "absent", HERE) is None
    assert load(tmp_path, HERE) is None
    assert list(tmp_path.iterdir()) == []


def test_only_the_newest_is_kept_and_other_files_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "state-000003.new").mkdir()  # of a save that was killed
    for told in range(3):
        save(tmp_path, HERE, told, {"told": told})
    assert load(tmp_path, HERE) == Saved(2, {"told": 2})
    assert len(list(tmp_path.iterdir())) == 2
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_orbax_only_where_there_are_arrays(tmp_path):
    save(tmp_path, HERE, 0, {"rng": 1})
    assert [path.name for path in tmp_path.glob("*/*")] == ["state.json"]
    save(tmp_path, HERE, 0, {"rng": np.ones(1)})
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["arrays", "state.json"]
    script = (
        "import sys; from actsearch.archive.checkpoint import *; d = sys.argv[1];"
        "save(d, {}, 0, {'a': 1}); load(d, {});"
        "assert not any(name.startswith('orbax') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "plain")], check=True)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({**HERE, "seed": 1}, "seed is 0 there and 1 here"),
        ({**HERE, "space": "swish-2"}, 'space is "swish-1" there and "swish-2" here'),
        ({**HERE, "options": {"rate": 0.2, "clip": None}}, "options.rate is 0.1 there and 0.2 here"),
        ({**HERE, "options": {"rate": 0.1}}, "options.clip is null there and absent here"),
        ({**HERE, "seed": False}, "seed is 0 there and false here"),
        ({**HERE, "batch": 8}, "batch is absent there and 8 here"),
    ],
)
def test_the_state_of_another_run_is_refused(tmp_path, changed, said):
    save(tmp_path, HERE, 64, STATE)
    with pytest.raises(CheckpointError) as error:
        load(tmp_path, changed)
    assert f"belongs to another run: {said}. " in str(error.value)
    assert "\n" not in str(error.value)
    assert same(load(tmp_path, HERE).state, STATE)


def _damages(path):
    whole = path.read_bytes()
    middle = len(whole) // 2
    yield whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    yield whole[:middle]
    yield b""
    yield None
    path.write_bytes(whole)


def test_damage_is_found_and_never_loaded(tmp_path):
    """Every file, with a bit turned, cut off, emptied and gone: the right state or an error with its remedy."""
    save(tmp_path, HERE, 64, STATE)
    refused = set()
    for path in [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]:
        for damaged in _damages(path):
            path.unlink(missing_ok=True)
            if damaged is not None:
                path.write_bytes(damaged)
            said = _said_of(tmp_path)
            if said is not None:
                assert "is damaged: " in said
                assert f"Delete the folder {tmp_path}: that costs a replay" in said
                refused.add(path.relative_to(tmp_path).parts[1])
    assert refused == {"state.json", "arrays"}


def _said_of(directory):
    """Returns what is said of a damaged state, None where it is loaded and right: Orbax can do without some files."""
    try:
        state = load(directory, HERE).state
    except CheckpointError as error:
        return str(error)
    assert same(state, STATE)
    return None


def test_changed_elements_do_not_match_their_checksum(tmp_path):
    """Also where Orbax finds nothing wrong: its files are whole, and another state's."""
    save(tmp_path / "one", HERE, 64, STATE)
    save(tmp_path / "two", HERE, 64, {**STATE, "weights": STATE["weights"] + 1})
    shutil.rmtree(tmp_path / "one" / "state-000001" / "arrays")
    shutil.copytree(tmp_path / "two" / "state-000001" / "arrays", tmp_path / "one" / "state-000001" / "arrays")
    with pytest.raises(CheckpointError, match="its arrays do not match their checksum"):
        load(tmp_path / "one", HERE)


def test_the_newest_whole_one_wins(tmp_path):
    """Two are there when a save was killed between the rename and the deletion."""
    save(tmp_path / "old", HERE, 64, STATE)
    save(tmp_path / "new", HERE, 128, STATE)
    shutil.copytree(tmp_path / "new" / "state-000001", tmp_path / "old" / "state-000002")
    assert load(tmp_path / "old", HERE).told == 128
    (tmp_path / "old" / "state-000002" / "state.json").write_text("{")
    assert load(tmp_path / "old", HERE).told == 64


def test_a_newer_format_is_not_read(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT", 2)
        save(tmp_path, HERE, 64, STATE)
    with pytest.raises(CheckpointError, match="has format 2; this version of actsearch reads formats up to 1"):
        load(tmp_path, HERE)


@pytest.mark.parametrize("function", ["rename", "fsync"])
def test_a_disk_that_refuses_leaves_the_state_before(tmp_path, monkeypatch, function):
    save(tmp_path, HERE, 64, STATE)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, function, refuse)
        with pytest.raises(CheckpointError, match="cannot be used: No space left on device"):
            save(tmp_path, HERE, 128, {})
    assert [path.name for path in tmp_path.iterdir()] == ["state-000001"]
    assert load(tmp_path, HERE).told == 64


def test_a_file_in_the_place_of_the_directory(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be used"):
        save(tmp_path / "file", HERE, 0, {})


def test_killed_at_any_moment_leaves_a_whole_state(tmp_path):
    save(tmp_path / "first", killed_save.IDENTITY, 1, killed_save.state(1))
    command = [sys.executable, killed_save.__file__, str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    *killed, last = [line.split() for line in process.stdout.splitlines()]
    assert {code for _, code in killed} == {"-9"}
    assert last[1] == "0", process.stderr
    found = {}
    for moment, _ in killed:
        directory = tmp_path / f"moment-{moment}"
        told, state = load(directory, killed_save.IDENTITY)
        assert same(state, killed_save.state(told))
        found[int(moment)] = told
        save(directory, killed_save.IDENTITY, 3, {})
        assert len(list(directory.iterdir())) == 1, "what the killed save left is gone"
    assert set(found.values()) == {1, 2}, "the kills must fall before and after the rename, else this shows nothing"
    assert list(found.values()) == sorted(found.values())
    assert Path(tmp_path, f"moment-{last[0]}").exists()

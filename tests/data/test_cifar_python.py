"""A pickle from the net runs no code: arrays, numbers and texts are read, every other name is refused."""

import os
import pickle

import numpy as np
import pytest

from actsearch.data import prepare
from actsearch.data.formats.cifar_python import unpickle
from actsearch.language import ActsearchError
from tests.helpers import archived

PIXELS = np.arange(12, dtype=np.uint8).reshape(2, 6)


@pytest.mark.parametrize("protocol", range(5))
def test_reads_what_numpy_and_python_pickled(protocol):
    batch = unpickle(pickle.dumps({"data": PIXELS, "labels": [1, 2], "name": "a"}, protocol))
    np.testing.assert_array_equal(batch["data"], PIXELS)
    assert (batch["labels"], batch["name"]) == ([1, 2], "a")


def test_reads_what_python_2_pickled():
    """Its texts are bytes, and NumPy's module had its old name."""
    python_2 = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05"
        b"(K\x01K\x01K\x03\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x03\x01\x80\xfftbU\x06labelsq\x08]q\tK\x05au."
    )
    batch = unpickle(python_2)
    np.testing.assert_array_equal(batch["data"], np.array([[1, 128, 255]], np.uint8))
    assert batch["labels"] == [5]


class Harmful:
    """Makes a file where a plain unpickler reads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_runs_no_code(tmp_path):
    harmful = pickle.dumps({"data": Harmful(tmp_path / "made")}, 2)
    with pytest.raises(ActsearchError, match=r"asks for posix.mkdir, where only arrays are allowed"):
        unpickle(harmful)
    assert not (tmp_path / "made").exists()
    pickle.loads(harmful)  # the file is what it says
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "name", ["builtins eval", "os system", "numpy load", "builtins getattr", "numpy ndarray.tofile"]
)
def test_refuses_every_other_name(name):
    with pytest.raises(ActsearchError, match="only arrays are allowed"):
        unpickle(f"c{name.replace(' ', chr(10))}\n.".encode())


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps(PIXELS)[:-9]])
def test_damaged(data):
    with pytest.raises(ActsearchError, match="is no pickle of arrays"):
        unpickle(data)


@pytest.mark.parametrize(
    ("batch", "match"),
    [
        ({"data": PIXELS}, r"test_batch is no batch of CIFAR's \('labels'\)"),
        ({"data": PIXELS, "labels": [1, 2]}, "test_batch is no batch of CIFAR's"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [1]}, "has 2 images and another number of labels"),
        (Harmful("made"), "test_batch asks for posix.mkdir"),
    ],
)
def test_a_wrong_batch_is_named(batch, match, tmp_path):
    folder = archived.python_batches(tmp_path, archived.made())
    (folder / "test_batch").write_bytes(pickle.dumps(batch, 2))
    with pytest.raises(ActsearchError, match=match):
        prepare("cifar10", folder, tmp_path / "tfds", checked=False)
    assert not (tmp_path / "tfds/cifar10/3.0.2").exists()

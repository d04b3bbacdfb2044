"""Batches of Grain's workers: fixed by the seed, the same with any number of workers, resumed in mid-epoch."""

import json

import numpy as np
import pytest

from actsearch.data import get_collection, prepare, stream
from actsearch.language import ActsearchError
from tests.helpers import archived

pytest.importorskip("grain", reason='Grain is not installed: pip install "actsearch[imagenet]"')

NAME, COUNT = "imagenette/160px-v2", 10


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory):
    """Ten training and four validation images, each of one class."""
    folder = tmp_path_factory.mktemp("streaming")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(folder / "tfds"))
        names = get_collection(NAME).names("label")
        source = archived.class_folders(folder / "imagenette2-160", archived.made(NAME), names, "JPEG")
        prepare(NAME, source, checked=False)
        yield


def taken(batches, count):
    return [next(batches) for _ in range(count)]


def assert_equal(some, others):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
        np.testing.assert_array_equal(one["label"], other["label"])


def make(**options):
    return stream(NAME, "train", **{"batch_size": 3, "side": 8, "seed": 5, **options})


def test_batches():
    (batch,) = taken(make(), 1)
    assert (batch["image"].shape, batch["image"].dtype) == ((3, 8, 8, 3), np.uint8)
    assert (batch["label"].shape, batch["label"].dtype) == ((3,), np.int32)


def test_fixed_by_the_seed_alone():
    assert_equal(taken(make(), 7), taken(make(), 7))
    assert any((a["label"] != b["label"]).any() for a, b in zip(taken(make(), 3), taken(make(seed=6), 3), strict=True))


def test_an_epoch_has_each_example_once_and_each_epoch_another_order():
    labels = [batch["label"] for batch in make(epochs=2)]
    assert len(labels) == 6  # three whole batches of ten examples, twice
    first, second = np.concatenate(labels[:3]), np.concatenate(labels[3:])
    assert len(set(first)) == len(set(second)) == 9
    assert (first != second).any()


@pytest.mark.parametrize("stop", [1, 2, 4, 6])
def test_goes_on_in_the_middle_of_an_epoch(stop):
    """Three batches are an epoch; the state goes through JSON, as into a checkpoint."""
    batches = make()
    taken(batches, stop)
    state = json.dumps(batches.state)
    rest = taken(batches, 5)
    again = make()
    again.restore(json.loads(state))
    assert_equal(taken(again, 5), rest)


@pytest.mark.slow  # starts processes, each of which imports JAX
def test_workers_give_the_same_batches_and_go_on():
    batches = make(workers=2)
    assert_equal(taken(batches, 4), taken(make(), 4))
    state = json.loads(json.dumps(batches.state))
    rest = taken(batches, 4)
    again = make(workers=2)
    again.restore(state)
    assert_equal(taken(again, 4), rest)


def test_evaluation_sees_the_centre_of_every_example_in_its_order():
    batches = list(stream(NAME, "validation", batch_size=3, side=8, augment=False, epochs=1))
    assert [len(batch["label"]) for batch in batches] == [3, 1]
    assert_equal(batches, list(stream(NAME, "validation", batch_size=3, side=8, augment=False, epochs=1, seed=9)))


@pytest.mark.parametrize("option", ["batch_size", "side"])
def test_bounds(option):
    with pytest.raises(ActsearchError, match=f"{option} is at least 1; received 0"):
        make(**{option: 0})


def test_what_is_not_there(monkeypatch, tmp_path):
    with pytest.raises(ActsearchError, match="has no split test; it has"):
        stream(NAME, "test", batch_size=1)
    with pytest.raises(ActsearchError, match=r"ImageNet 2012 is not in .*: actsearch data imagenet2012 --from"):
        stream("imagenet2012", "train", batch_size=1)

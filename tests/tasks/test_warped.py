"""Warped digits: fixed by their seed, balanced, and made of nothing but the digits of their own part."""

import numpy as np
import pytest

import actsearch.tasks.datasets.warped as warped
from actsearch.tasks import get_task
from actsearch.tasks.datasets.digits import digits, digits_images

PARTS = ("train", "validation", "test")


def test_shapes_and_dtypes():
    data = warped.warped()
    assert [part.inputs.shape for part in data] == [(n, 28, 28, 1) for n in (3_596, 898, 1_796)]
    assert all((part.inputs.dtype, part.labels.dtype) == (np.uint8, np.int32) for part in data)


def test_fixed_by_the_seed():
    first, second = warped.warped(), warped.warped.__wrapped__()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.inputs, b.inputs)
        np.testing.assert_array_equal(a.labels, b.labels)
    assert [int(part.inputs.sum()) for part in first] == [115440684, 29397276, 57997572]


@pytest.mark.parametrize(("part", "copies"), [("train", 4), ("validation", 2), ("test", 4)])
def test_every_digit_of_the_part_is_warped_equally_often(part, copies):
    real, made = (load()[PARTS.index(part)].labels for load in (digits, warped.warped))
    np.testing.assert_array_equal(made, np.tile(real, copies))


@pytest.mark.parametrize("changed", PARTS)
def test_no_part_sees_another(changed, monkeypatch):
    """With one part of the digits blank, that part of the warped digits alone changes, clutter included."""
    parts = dict(zip(PARTS, digits_images(), strict=True))
    parts[changed] = parts[changed]._replace(inputs=np.zeros_like(parts[changed].inputs))
    monkeypatch.setattr(warped, "digits_images", lambda: tuple(parts.values()))
    for name, before, after in zip(PARTS, warped.warped(), warped.warped.__wrapped__(), strict=True):
        assert (before.inputs == after.inputs).all() == (name != changed)


def test_no_image_is_in_two_parts():
    seen = [{image.tobytes() for image in part.inputs} for part in warped.warped()]
    assert len(set.union(*seen)) == sum(map(len, seen)) == 3_596 + 898 + 1_796


def test_the_digit_is_in_the_middle_and_little_is_in_the_corners():
    images = warped.warped()[0].inputs.astype(float)
    assert images[:, 8:20, 8:20].mean() > 4 * images[:, :3, :3].mean()


def test_batches_of_16_and_4_are_the_same_task_with_another_recipe():
    tasks = [get_task(f"warped-resnet-layer{suffix}") for suffix in ("", "-batch16", "-batch4")]
    assert [task.batch_size for task in tasks] == [64, 16, 4]
    rates = [task.recipe.learning_rate for task in tasks]
    np.testing.assert_allclose(rates, rates[0] * np.array([1, 1 / 2, 1 / 4]))  # the square-root rule
    assert [task.steps for task in tasks] == [300, 600, 1_200]

"""Warped digits: fixed by their seed, balanced, and made of nothing but the digits of their own part."""

import numpy as np
import pytest

from actsearch.tasks import get_task, warped
from actsearch.tasks.digits import digits


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
    labels = getattr(digits(), part).labels
    np.testing.assert_array_equal(getattr(warped.warped(), part).labels, np.tile(labels, copies))


@pytest.mark.parametrize("changed", ["train", "validation", "test"])
def test_no_part_sees_another(changed, monkeypatch):
    """With one part of the digits blank, that part of the warped digits alone changes, clutter included."""
    real = digits(image=True)
    blank = getattr(real, changed)._replace(inputs=np.zeros_like(getattr(real, changed).inputs))
    monkeypatch.setattr(warped, "digits", lambda image: real._replace(**{changed: blank}))
    for name, before, after in zip(real._fields, warped.warped(), warped.warped.__wrapped__(), strict=True):
        assert (before.inputs == after.inputs).all() == (name != changed)


def test_no_image_is_in_two_parts():
    seen = [{image.tobytes() for image in part.inputs} for part in warped.warped()]
    assert len(set.union(*seen)) == sum(map(len, seen)) == 3_596 + 898 + 1_796


def test_the_digit_is_in_the_middle_and_little_is_in_the_corners():
    images = warped.warped().train.inputs.astype(float)
    assert images[:, 8:20, 8:20].mean() > 4 * images[:, :3, :3].mean()


def test_batches_of_16_and_4_are_the_same_task_with_another_recipe():
    tasks = [get_task(f"warped-resnet-layer{suffix}") for suffix in ("", "-batch16", "-batch4")]
    recipes = [task.recipe for task in tasks]
    assert [recipe.batch_size for recipe in recipes] == [64, 16, 4]
    rates = [recipe.learning_rate for recipe in recipes]
    np.testing.assert_allclose(rates, rates[0] * np.array([1, 1 / 2, 1 / 4]))  # the square-root rule
    assert [recipe.steps for recipe in recipes] == [300, 600, 1_200]

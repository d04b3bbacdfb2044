"""Augmentation under jit: every image is a window of its padded self, mirrored or not; cutout blackens a square."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.language import ActsearchError
from actsearch.tasks.augmentation import PadCropFlip

IMAGES = np.random.default_rng(0).integers(1, 256, (60, 8, 6, 3), np.uint8)


def seen(augment, seed=0):
    return np.asarray(jax.jit(augment)(jnp.asarray(IMAGES), jax.random.key(seed)))


def test_windows_of_the_padded_image_half_of_them_mirrored():
    places = []
    for image, crop in zip(IMAGES, seen(PadCropFlip(pad=2)), strict=True):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
        windows = {(i, j): padded[i : i + 8, j : j + 6] for i in range(5) for j in range(5)}
        fits = [(i, j, m) for (i, j), window in windows.items() for m in (1, -1) if (crop == window[:, ::m]).all()]
        assert len(fits) == 1
        places += fits
    assert {0, 4} <= {place[0] for place in places} & {place[1] for place in places}
    assert 15 < sum(place[2] == -1 for place in places) < 45


def test_cutout_is_one_black_square():
    for image in seen(PadCropFlip(pad=0, cutout=3)):
        rows, columns = np.nonzero((image == 0).all(axis=-1))
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert (image > 0).sum() == (48 - height * width) * 3
        assert {height, width} <= {2, 3}  # 2 where it lies partly outside


def test_evaluation_sees_the_image():
    np.testing.assert_array_equal(PadCropFlip()(jnp.asarray(IMAGES), None), IMAGES)


def test_fixed_by_the_key():
    augment = PadCropFlip(cutout=3)
    np.testing.assert_array_equal(seen(augment), seen(augment))
    assert (seen(augment) != seen(augment, 1)).any()


@pytest.mark.parametrize("fields", [{"pad": -1}, {"cutout": -1}])
def test_bounds(fields):
    with pytest.raises(ActsearchError, match="at least 0; received"):
        PadCropFlip(**fields)

"""Crops of image files: parts of the image at a size; random ones cover what they should, the centre is the centre."""

import numpy as np

from actsearch.data.crops import _random_box, centre_crop, random_crop
from tests.helpers import archived


def test_random_parts_have_the_published_areas_and_aspects():
    rng = np.random.default_rng(0)
    boxes = np.array([_random_box(300, 200, rng) for _ in range(500)])
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    assert boxes.min() >= 0
    assert (boxes[:, 2:] <= (300, 200)).all()
    share, aspect = width * height / 60_000, width / height
    assert 0.07 < share.min() < 0.12
    assert 0.8 < share.max() <= 1
    assert 0.73 < aspect.min() < 0.8
    assert 1.25 < aspect.max() < 1.37


def test_a_strip_has_no_such_part_and_gives_its_centre_square():
    assert _random_box(1000, 10, np.random.default_rng(0)) == (495, 0, 505, 10)


def test_the_centre_is_seven_eighths_of_the_shorter_side():
    image = np.zeros((16, 24, 3), np.uint8)
    image[1:15, 5:19] = 200
    example = {"image": archived.image_file(image), "label": 3}
    cut = centre_crop(example, 14)
    assert (cut["image"] == 200).all()
    assert (cut["label"], cut["label"].dtype) == (3, np.int32)


def test_half_are_mirrored():
    image = np.tile(np.arange(0, 240, 5, dtype=np.uint8)[None, :, None], (48, 1, 3))  # brighter to the right
    example = {"image": archived.image_file(image), "label": 0}
    cuts = [random_crop(example, np.random.default_rng(seed), 8)["image"].astype(int) for seed in range(60)]
    brighter = [cut[0, -1, 0] > cut[0, 0, 0] for cut in cuts]
    assert all(cut.shape == (8, 8, 3) for cut in cuts)
    assert 15 < sum(brighter) < 45

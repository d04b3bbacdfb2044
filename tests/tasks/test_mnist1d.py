"""MNIST-1D has the distribution of the published generator, and its parts share nothing."""

import numpy as np
import pytest

from actsearch.tasks import get_task

FIRST_LABELS = [3, 2, 6, 7, 1, 0, 5, 7]
FIRST_VALUES = [0.85393, 0.90744, 0.36721, 0.26433]

PUBLISHED = {
    "mean": [
        [0.99, 0.96, 1.04, 0.72],
        [0.78, 0.63, 0.62, 0.66],
        [0.74, 0.64, 0.61, 0.68],
        [0.87, 0.81, 0.78, 0.73],
        [0.74, 0.62, 0.62, 0.65],
        [0.76, 0.62, 0.59, 0.67],
        [0.98, 0.96, 0.97, 0.71],
        [0.79, 0.64, 0.62, 0.67],
        [0.83, 0.79, 0.76, 0.71],
        [0.79, 0.63, 0.62, 0.67],
    ],
    "std": [
        [0.59, 0.59, 0.6, 0.31],
        [0.32, 0.24, 0.25, 0.29],
        [0.28, 0.2, 0.22, 0.3],
        [0.42, 0.38, 0.37, 0.33],
        [0.32, 0.24, 0.25, 0.27],
        [0.29, 0.23, 0.22, 0.28],
        [0.52, 0.57, 0.57, 0.31],
        [0.34, 0.26, 0.24, 0.28],
        [0.41, 0.35, 0.36, 0.31],
        [0.33, 0.24, 0.24, 0.27],
    ],
}
"""Mean and spread of |series| by class and quarter, of the 5,000 that the published generator makes, version 0.0.2."""


def whole():
    """Returns all series [5000, 40] and their labels."""
    parts = get_task("mnist1d-mlp").data()
    return tuple(np.concatenate(fields) for fields in zip(*parts, strict=True))


def test_parts_share_no_series():
    parts = get_task("mnist1d-mlp").data()
    assert [len(part.labels) for part in parts] == [3200, 800, 1000]
    rows = [row.tobytes() for part in parts for row in part.inputs]
    assert len(set(rows)) == len(rows) == 5000


def test_ten_balanced_classes_and_unit_scale():
    inputs, labels = whole()
    assert (inputs.dtype, labels.dtype) == (np.float32, np.int32)
    np.testing.assert_array_equal(np.bincount(labels), [500] * 10)
    np.testing.assert_allclose([inputs.mean(), inputs.std()], [0, 1], atol=1e-4)


def test_the_name_fixes_the_numbers():
    """To change one of these is to make a task with a new name."""
    inputs, labels = whole()
    assert labels[:8].tolist() == FIRST_LABELS
    np.testing.assert_allclose(inputs[0, :4], FIRST_VALUES, rtol=1e-4)


@pytest.mark.parametrize("moment", ["mean", "std"])
def test_moments_of_each_class_are_those_of_the_published_generator(moment):
    """Of its own 5,000 series, by class and quarter of the series; two samples of 500 differ by their noise."""
    inputs, labels = whole()
    quarters = np.stack([np.abs(inputs[labels == digit]).reshape(500, 4, 10).mean(axis=2) for digit in range(10)])
    ours = getattr(np, moment)(quarters, axis=1)
    np.testing.assert_allclose(ours, PUBLISHED[moment], atol=0.09)


def test_the_images_are_the_series():
    series, images = get_task("mnist1d-mlp").data(), get_task("mnist1d-resnet").data()
    for a, b in zip(series, images, strict=True):
        np.testing.assert_array_equal(a.inputs, b.inputs[:, :, 0, 0])

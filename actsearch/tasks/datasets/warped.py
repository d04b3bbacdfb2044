"""The digits, warped on 28 x 28 pixels, from handwriting that every machine has; no download."""

import functools

import numpy as np

from actsearch.tasks.datasets.base import DataSet, Parts, Split
from actsearch.tasks.datasets.digits import digits_images

SIDE = 28


@functools.cache
def warped() -> Parts:
    """Returns the warped digits: 3,596 train, 898 validation, 1,796 test; inputs uint8 [n, 28, 28, 1] from 0 to 255.

    Each part is made from the same part of `digits` alone, clutter included: 4, 2 and 4 warps of every digit.
    """
    parts = zip(digits_images(), (4, 2, 4), np.random.default_rng(28).spawn(3), strict=True)
    train, validation, test = (_warp_part(part, copies, rng) for part, copies, rng in parts)
    return train, validation, test


def _warp_part(part: Split, copies: int, rng: np.random.Generator) -> Split:
    sources = np.asarray(part.inputs)[..., 0] / 16.0
    images = [_example(image, sources[rng.integers(len(sources))], rng) for _ in range(copies) for image in sources]
    return Split(np.stack(images)[..., None], np.tile(np.asarray(part.labels), copies))


def _example(image: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns one warped digit with clutter and noise, uint8 [28, 28]."""
    digit = _place(image, 2.6 * rng.uniform(0.75, 1.25), rng.uniform(-3, 3, size=2), rng)
    noise = rng.normal(0, 0.1, size=(SIDE, SIDE))
    total = np.maximum(digit, 0.8 * _fragment(other, rng)) * rng.uniform(0.6, 1.0) + noise
    pixels: np.ndarray = np.round(255 * np.clip(total, 0, 1)).astype(np.uint8)
    return pixels


def _fragment(other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns a quarter of another digit near the edge of the canvas."""
    row, column = rng.integers(0, 2, size=2)
    piece = np.zeros_like(other)
    piece[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = other[
        4 * row : 4 * row + 4, 4 * column : 4 * column + 4
    ]
    angle = rng.uniform(0, 2 * np.pi)
    return _place(piece, 2.6, 11 * np.array([np.sin(angle), np.cos(angle)]), rng)


def _place(image: np.ndarray, zoom: float, shift: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns an image [8, 8] turned by up to 25 degrees, sheared, enlarged and moved, on the canvas [28, 28]."""
    from scipy import ndimage

    angle, shear = np.deg2rad(rng.uniform(-25, 25)), rng.uniform(-0.3, 0.3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    back = turn @ np.array([[1.0, shear], [0.0, 1.0]]) / zoom  # from canvas to image
    offset = (np.array(image.shape) - 1) / 2 - back @ ((SIDE - 1) / 2 + shift)
    placed: np.ndarray = ndimage.affine_transform(image, back, offset, output_shape=(SIDE, SIDE), order=1)
    return placed


WARPED = DataSet("warped digits", shape=(SIDE, SIDE, 1), scale=255.0, load=warped)

"""Patches of nine photographs, one a class, that scikit-image and scikit-learn carry; no download.

Each photograph is cut into 8 x 8 cells; a cell belongs to one part, and a patch lies inside a cell, so that parts share
no pixel. Scikit-image's seven are in the public domain or CC0, scikit-learn's two are CC BY 2.0 (credits in the
packages); they are read where they are installed and not copied. `pip install "actsearch[data]"` installs them.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from actsearch.tasks.datasets.base import DataSet, Parts, Split, missing_extra

PHOTOGRAPHS = (
    "astronaut",
    "chelsea",
    "coffee",
    "rocket",
    "retina",
    "hubble_deep_field",
    "immunohistochemistry",
    "china",
    "flower",
)
"""Names of the classes in the order of their labels; the last two are scikit-learn's."""

GRID = 8
CELLS = (40, 12, 12)
PATCHES = (600, 192, 192)
"""Cells of a photograph in train, validation and test, and patches drawn from them."""

# Where a patch has no variance, the gradient of a deep network that divides by it explodes. So a patch varies by two
# grey levels at least, and the retina is a square within its disc, around which all is black.
_LEAST_SPREAD = 2
_RETINA = np.s_[206:1206, 206:1206]

Pixels = NDArray[np.uint8]


@functools.cache
def photograph(name: str) -> Pixels:
    """Returns one of PHOTOGRAPHS, uint8 [height, width, 3].

    Raises:
      ActsearchError: scikit-image is not installed.
    """
    if name in ("china", "flower"):
        from sklearn.datasets import load_sample_image

        return np.asarray(load_sample_image(f"{name}.jpg"))
    try:
        from skimage import data
    except ModuleNotFoundError as error:
        raise missing_extra("The photographs", "scikit-image") from error
    return np.asarray(getattr(data, name)())


def cells(label: int) -> list[NDArray[np.int64]]:
    """Returns the cells of each part of a photograph, numbered from 0 to 63 row by row, in a fixed random order."""
    order = np.random.default_rng((9, label)).permutation(GRID * GRID)
    return np.split(order, np.cumsum(CELLS)[:-1])


def cell(image: Pixels, number: int) -> Pixels:
    """Returns the pixels of one cell, [height // 8, width // 8, 3]."""
    height, width = np.array(image.shape[:2]) // GRID
    row, column = divmod(number, GRID)
    return image[row * height : (row + 1) * height, column * width : (column + 1) * width]


def _photos(side: int) -> Parts:
    """Returns 5,400 train, 1,728 validation, 1,728 test patches; inputs uint8 [n, side, side, 3] from 0 to 255."""
    classes = [_patches(label, side) for label in range(len(PHOTOGRAPHS))]
    train, validation, test = (_join([parts[number] for parts in classes]) for number in range(3))
    return train, validation, test


def _patches(label: int, side: int) -> list[Pixels]:
    """Returns the patches of one photograph, an array [n, side, side, 3] a part."""
    name = PHOTOGRAPHS[label]
    image, rng = photograph(name), np.random.default_rng((side, label))
    image = image[_RETINA] if name == "retina" else image
    return [
        np.stack([_patch(image, numbers, side, rng) for _ in range(count)])
        for numbers, count in zip(cells(label), PATCHES, strict=True)
    ]


def _patch(image: Pixels, numbers: NDArray[np.int64], side: int, rng: np.random.Generator) -> Pixels:
    """Returns a patch that is not flat, from a random place in a random one of the cells."""
    while True:
        pixels = cell(image, int(rng.choice(numbers)))
        top, left = rng.integers(np.array(pixels.shape[:2]) - side + 1)
        patch = pixels[top : top + side, left : left + side]
        if patch.std(axis=(0, 1)).max() >= _LEAST_SPREAD:
            return patch


def _join(classes: list[Pixels]) -> Split:
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), [len(patches) for patches in classes])
    return Split(np.concatenate(classes), labels)


@functools.cache
def photos() -> Parts:
    """Returns patches of 16 x 16: 5,400 train, 1,728 validation, 1,728 test; inputs uint8 [n, 16, 16, 3]."""
    return _photos(16)


@functools.cache
def photos_24() -> Parts:
    """Returns patches of 24 x 24: 5,400 train, 1,728 validation, 1,728 test; inputs uint8 [n, 24, 24, 3]."""
    return _photos(24)


@functools.cache
def photos_flat() -> Parts:
    """Returns the patches of 16 x 16 as vectors, uint8 [n, 768]."""
    return _flat(photos())


@functools.cache
def photos_flat_24() -> Parts:
    """Returns the patches of 24 x 24 as vectors, uint8 [n, 1728]."""
    return _flat(photos_24())


def _flat(parts: Parts) -> Parts:
    train, validation, test = (part._replace(inputs=part.inputs.reshape(len(part.labels), -1)) for part in parts)
    return train, validation, test


@functools.cache
def photos_grey() -> Parts:
    """Returns the patches of 16 x 16 without colour and contrast, float32 [n, 16, 16, 1].

    Each patch has mean 0 and variance 1, less where it is nearly flat, so that neither its colour nor its brightness
    names the photograph.
    """
    train, validation, test = (part._replace(inputs=_grey(np.asarray(part.inputs))) for part in photos())
    return train, validation, test


def _grey(patches: Pixels) -> NDArray[np.float32]:
    grey = patches.mean(axis=3, keepdims=True)
    centred = grey - grey.mean(axis=(1, 2), keepdims=True)
    spread = centred.std(axis=(1, 2), keepdims=True)
    # One grey level more, so that the noise of a flat patch is not made as loud as a picture.
    return np.asarray(centred / (spread + 1), np.float32)


PHOTOS = DataSet("photos", shape=(16, 16, 3), scale=255.0, load=photos)
PHOTOS_24 = DataSet("photos at 24 pixels", shape=(24, 24, 3), scale=255.0, load=photos_24)
PHOTOS_FLAT = DataSet("photos as vectors", shape=(768,), scale=255.0, load=photos_flat)
PHOTOS_FLAT_24 = DataSet("photos at 24 pixels as vectors", shape=(1728,), scale=255.0, load=photos_flat_24)
PHOTOS_GREY = DataSet("grey photos", shape=(16, 16, 1), scale=1.0, load=photos_grey, dtype="float32")

"""Crops of image files in NumPy and Pillow, for the processes that feed a device; for training, and for evaluation."""

import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_AREA, _ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)
"""Share of the image, and width over height, of a random crop (Szegedy et al. 2015)."""

_TRIES = 10

_CENTRE = 0.875
"""Side of the centre over the shorter side of the image, as in He et al. 2016 and most code since."""


def random_crop(example: dict[str, Any], rng: np.random.Generator, side: int) -> dict[str, np.ndarray]:
    """Returns a random part of an image at the given side, mirrored or not, and its label.

    Args:
      example: with the bytes of an image file.
      rng: draws the part.
      side: of the result, [side, side, 3].
    """
    picture = _open(example)
    pixels = _resized(picture, _random_box(*picture.size, rng), side)
    return _example(pixels[:, ::-1] if rng.random() < 0.5 else pixels, example)


def centre_crop(example: dict[str, Any], side: int) -> dict[str, np.ndarray]:
    """Returns the centre of an image at the given side, and its label."""
    picture = _open(example)
    return _example(_resized(picture, _centre_box(*picture.size, _CENTRE), side), example)


def _random_box(width: int, height: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Returns left, top, right and bottom of a part; the centre square where none of ten draws fits."""
    for _ in range(_TRIES):
        area = width * height * rng.uniform(*_AREA)
        aspect = math.exp(rng.uniform(*np.log(_ASPECT)))
        across, down = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < across <= width and 0 < down <= height:
            left, top = int(rng.integers(width - across + 1)), int(rng.integers(height - down + 1))
            return left, top, left + across, top + down
    return _centre_box(width, height, 1.0)


def _centre_box(width: int, height: int, share: float) -> tuple[int, int, int, int]:
    size = max(1, round(min(width, height) * share))
    left, top = (width - size) // 2, (height - size) // 2
    return left, top, left + size, top + size


def _open(example: dict[str, Any]) -> "Image.Image":
    from PIL import Image

    return Image.open(io.BytesIO(example["image"])).convert("RGB")


def _resized(picture: "Image.Image", box: tuple[int, int, int, int], side: int) -> np.ndarray:
    from PIL import Image

    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, box=box))


def _example(pixels: np.ndarray, example: dict[str, Any]) -> dict[str, np.ndarray]:
    return {"image": np.ascontiguousarray(pixels), "label": np.int32(example["label"])}  # type: ignore[dict-item]

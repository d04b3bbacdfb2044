"""MNIST's IDX files, packed or not, as torchvision keeps them too (its folder `raw`)."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping

import numpy as np

from actsearch.data.base import Collection, Example, Found
from actsearch.data.files import Files
from actsearch.language import ActsearchError


@dataclasses.dataclass(frozen=True)
class IDX:
    """Pairs of IDX files.

    Attributes:
      pairs: names of the images' and the labels' file of each split, without .gz.
      others: names of folders that hold another data set under the same names.
    """

    pairs: Mapping[str, tuple[str, str]]
    others: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is looked for, for people."""
        return f"IDX files ({next(iter(self.pairs.values()))[0]}, ...)"

    def find(self, files: Files, collection: Collection) -> Found | None:
        """Returns the pairs of every split."""
        names = files.all_named([name for pair in self.pairs.values() for name in pair], self.others)
        if names is None:
            return None
        pairs = dict(zip(self.pairs, zip(names[::2], names[1::2], strict=True), strict=True))
        splits = {split: functools.partial(_examples, files, *pair) for split, pair in pairs.items()}
        return Found(files, names, splits)


def _examples(files: Files, images: str, labels: str) -> Iterator[Example]:
    pixels, numbers = _array(files, images, axes=3), _array(files, labels, axes=1)
    if len(pixels) != len(numbers):
        raise ActsearchError(f"{files.path}: {images} has {len(pixels):,} images, {labels} {len(numbers):,} labels.")
    for image, label in zip(pixels, numbers, strict=True):
        yield {"image": image[..., None], "label": int(label)}


def _array(files: Files, name: str, axes: int) -> np.ndarray:
    """Returns the bytes of an IDX file in its shape: two zeros, type 8, number of axes, then each size in 4 bytes."""
    data, head = files.read(name), 4 + 4 * axes
    begins = data[:4] == bytes([0, 0, 8, axes]) and len(data) >= head
    shape = np.frombuffer(data[4:head], ">u4") if begins else np.zeros(0)
    if not begins or len(data) != head + shape.prod(dtype=int):
        raise ActsearchError(f"{files.path}: {name} is no IDX file of bytes, or is cut.")
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)

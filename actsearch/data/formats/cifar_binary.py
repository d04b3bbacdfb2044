"""CIFAR's binary archive: labels and 3,072 bytes an image, one colour after another."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from actsearch.data.base import Collection, Example, Found
from actsearch.data.files import Files
from actsearch.data.formats.batches import find_batches
from actsearch.language import ActsearchError

_PIXELS = 3 * 32 * 32


@dataclasses.dataclass(frozen=True)
class CIFARBinary:
    """Binary batches.

    Attributes:
      batches: names of each split's files, a part of their path.
      labels: the feature of each of the first bytes.
    """

    batches: Mapping[str, tuple[str, ...]]
    labels: tuple[str, ...]

    @property
    def words(self) -> str:
        """What is looked for, for people."""
        return f"binary batches ({next(iter(self.batches.values()))[0]}, ...)"

    def find(self, files: Files, collection: Collection) -> Found | None:
        """Returns the batches of every split."""
        return find_batches(files, self.batches, self._examples)

    def _examples(self, files: Files, names: Sequence[str]) -> Iterator[Example]:
        size = len(self.labels) + _PIXELS
        for name in names:
            data = np.frombuffer(files.read(name), np.uint8)
            if len(data) % size:
                raise ActsearchError(f"{files.path}: {name} is cut: {len(data):,} bytes are no multiple of {size:,}.")
            for record in data.reshape(-1, size):
                labels = dict(zip(self.labels, map(int, record), strict=False))
                yield {"image": record[len(self.labels) :].reshape(3, 32, 32).transpose(1, 2, 0), **labels}

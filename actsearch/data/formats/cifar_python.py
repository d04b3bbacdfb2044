"""CIFAR's archive for Python: pickled batches, as torchvision keeps them too.

A pickle can run any code. These are read by an unpickler that makes NumPy arrays, and refuses every other name.
"""

import dataclasses
import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from actsearch.data.base import Collection, Example, Found
from actsearch.data.files import Files
from actsearch.data.formats.batches import find_batches
from actsearch.language import ActsearchError


def _latin1(text: str, encoding: str) -> bytes:
    """Does what `_codecs.encode` does for the bytes of an array that Python 3 pickled for Python 2."""
    return text.encode("latin1")


_RECONSTRUCT = np.empty(0).__reduce__()[0]
_ALLOWED: Mapping[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("_codecs", "encode"): _latin1,
}


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise ActsearchError(f"asks for {module}.{name}, where only arrays are allowed: do not trust this file")
        return _ALLOWED[module, name]


def unpickle(data: bytes) -> Any:
    """Returns what was pickled, where it consists of arrays, numbers, texts, lists and dictionaries.

    Args:
      data: of Python 2 or 3; texts of Python 2 are read as Latin-1.

    Raises:
      ActsearchError: it asks for anything else, or is no pickle.
    """
    try:
        return _Arrays(io.BytesIO(data), encoding="latin1").load()
    except ActsearchError:
        raise
    except Exception as error:  # damaged bytes make the unpickler raise nearly anything
        raise ActsearchError(f"is no pickle of arrays: {error}") from error


@dataclasses.dataclass(frozen=True)
class CIFARPython:
    """Pickled batches.

    Attributes:
      batches: names of each split's files, a part of their path.
      labels: name of a label in the file, by the feature's name.
    """

    batches: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]

    @property
    def words(self) -> str:
        """What is looked for, for people."""
        return f"Python batches ({next(iter(self.batches.values()))[0]}, ...)"

    def find(self, files: Files, collection: Collection) -> Found | None:
        """Returns the batches of every split."""
        return find_batches(files, self.batches, self._examples)

    def _examples(self, files: Files, names: Sequence[str]) -> Iterator[Example]:
        for name in names:
            images, labels = self._batch(files, name)
            for index, image in enumerate(images):
                yield {"image": image, **{feature: values[index] for feature, values in labels.items()}}

    def _batch(self, files: Files, name: str) -> tuple[np.ndarray, dict[str, Any]]:
        """Returns the images, uint8 [n, 32, 32, 3], and the labels of a file."""
        try:
            batch = unpickle(files.read(name))
            labels = {feature: list(batch[field]) for feature, field in self.labels.items()}
            images = np.asarray(batch["data"]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        except ActsearchError as error:
            raise ActsearchError(f"{files.path}: {name} {error}.") from error
        except (KeyError, TypeError, ValueError) as error:
            raise ActsearchError(f"{files.path}: {name} is no batch of CIFAR's ({error}).") from error
        if any(len(values) != len(images) for values in labels.values()):
            raise ActsearchError(f"{files.path}: {name} has {len(images)} images and another number of labels.")
        return images, labels

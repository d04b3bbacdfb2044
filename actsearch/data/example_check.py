"""What an example has to be, whatever format it came in: an image file and numbers of classes."""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from actsearch.data.base import Collection, Example
from actsearch.data.collections import get_collection
from actsearch.data.images import encode
from actsearch.language import ActsearchError

_LABELS = ("label", "coarse_label")


def checked_example(collection: Collection, example: Example) -> Example:
    """Returns an example with its image as the bytes of a file, and its labels as numbers.

    Raises:
      ActsearchError: no image of the data set's shape, or a label that is no class of it.

    Example:
      >>> cifar10 = get_collection("cifar10")
      >>> ready = checked_example(cifar10, {"image": np.zeros((32, 32, 3), np.uint8), "label": "cat"})
      >>> ready["image"][1:4], ready["label"]
      (b'PNG', 3)
    """
    ready = dict(example)
    if "image" in example:
        if not isinstance(example["image"], bytes | np.ndarray):
            raise ActsearchError(
                f"An image is the bytes of a file, or pixels; received {type(example['image']).__name__}."
            )
        ready["image"] = encode(example["image"], collection.shape)
    for label in _LABELS:
        if label in example:
            ready[label] = _number(example[label], _numbers(collection.name, label), label)
    return ready


def _number(value: Any, numbers: Mapping[str, int], label: str) -> int:
    """Returns the number of a class that is given by its name or its number."""
    if isinstance(value, str) and value in numbers:
        return numbers[value]
    if isinstance(value, int | np.integer) and 0 <= value < len(numbers):
        return int(value)
    first, *_, last = numbers
    raise ActsearchError(
        f"A {label} is a number from 0 to {len(numbers) - 1}, or a class from {first} to {last}; received {value!r}."
    )


@functools.cache
def _numbers(collection: str, label: str) -> Mapping[str, int]:
    """Returns the number of each class by its name."""
    name = collection.removesuffix("/full-size-v2")
    return {one: number for number, one in enumerate(get_collection(name).names(label))}

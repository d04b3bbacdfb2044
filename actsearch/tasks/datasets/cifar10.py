"""CIFAR-10 (Krizhevsky 2009), prepared by `actsearch data cifar10` or by TFDS itself.

The last 5,000 training images, in the order of TFDS, are the validation part; in the published order, and so others,
where only an .npz can be written.
"""

import functools

import numpy as np

from actsearch.data import load
from actsearch.tasks.datasets.base import DataSet, Parts, Split


@functools.cache
def cifar10(validation: int | None = None) -> Parts:
    """Returns CIFAR-10: 45,000 train, 5,000 validation, 10,000 test; inputs uint8 [n, 32, 32, 3] from 0 to 255.

    Args:
      validation: how many of the last training images are the validation part; a tenth where left out.

    Raises:
      ActsearchError: TFDS is not installed, or the data are not on this machine; they are never downloaded from here.
    """
    return parts_of("cifar10", validation)


def parts_of(name: str, validation: int | None) -> Parts:
    """Returns a prepared data set of training and test images; arguments as cifar10's."""
    whole, test = _read(name, "train"), _read(name, "test")
    first = len(whole.labels) - (len(whole.labels) // 10 if validation is None else validation)
    train, held_out = (Split(*(field[part] for field in whole)) for part in (np.s_[:first], np.s_[first:]))
    return train, held_out, test


def _read(name: str, split: str) -> Split:
    columns = load(name, split)
    return Split(columns["image"], columns["label"])


CIFAR10 = DataSet("CIFAR-10", shape=(32, 32, 3), scale=255.0, load=cifar10)

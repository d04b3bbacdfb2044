"""CIFAR-100 (Krizhevsky 2009), prepared by `actsearch data cifar100` or by TFDS itself; split as CIFAR-10 is."""

import functools

from actsearch.tasks.datasets.base import DataSet, Parts
from actsearch.tasks.datasets.cifar10 import parts_of


@functools.cache
def cifar100(validation: int | None = None) -> Parts:
    """Returns CIFAR-100, labels of its 100 fine classes; parts, argument and errors as cifar10's."""
    return parts_of("cifar100", validation)


CIFAR100 = DataSet("CIFAR-100", shape=(32, 32, 3), scale=255.0, load=cifar100)

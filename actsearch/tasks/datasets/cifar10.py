"""CIFAR-10 (Krizhevsky 2009) through TFDS as ArrayRecord files; reading needs no TensorFlow, preparing once does.

The last 5,000 training images, in the order of TFDS, are the validation part.
"""

import functools

import numpy as np

from actsearch.language import ActsearchError
from actsearch.tasks.datasets.base import DataSet, Parts, Split

_INSTALL = "pip install tensorflow-datasets"
_PREPARE = "pip install tensorflow && tfds build cifar10 --file_format=array_record"


@functools.cache
def cifar10(validation: int = 5_000) -> Parts:
    """Returns CIFAR-10: 45,000 train, 5,000 validation, 10,000 test; inputs uint8 [n, 32, 32, 3] from 0 to 255.

    Args:
      validation: how many of the last training images are the validation part.

    Raises:
      ActsearchError: TFDS is not installed, or the data are not on this machine; they are never downloaded from here.
    """
    whole, test = _read("train"), _read("test")
    train, held_out = (Split(*(field[part] for field in whole)) for part in (np.s_[:-validation], np.s_[-validation:]))
    return train, held_out, test


def _read(split: str) -> Split:
    try:
        import tensorflow_datasets as tfds

        source = tfds.data_source("cifar10", split=split, download=False)
    except ModuleNotFoundError as error:
        raise ActsearchError(f"CIFAR-10 needs TFDS ({error.name} is missing): {_INSTALL}") from error
    except (AssertionError, KeyError, NotImplementedError, OSError, ValueError) as error:
        raise ActsearchError(
            f"CIFAR-10 is not on this machine as ArrayRecord files; prepare it once, with TensorFlow: {_PREPARE}"
        ) from error
    examples = list(source)
    inputs = np.stack([example["image"] for example in examples])
    return Split(inputs, np.array([example["label"] for example in examples], np.int32))


CIFAR10 = DataSet("CIFAR-10", shape=(32, 32, 3), scale=255.0, load=cifar10)

"""What a data set for classification is; used by its files and by the tasks."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from actsearch.language import ActsearchError

Array = np.ndarray | jax.Array


class Split(NamedTuple):
    """Examples of one part: inputs [examples, ...] of the data set's dtype and labels int32 [examples]."""

    inputs: Array
    labels: Array


Parts = tuple[Split, Split, Split]
"""Train, validation and test."""


@dataclasses.dataclass(frozen=True)
class DataSet:
    """A named data set that can be compared and pickled; nothing is read before `load` is called.

    Attributes:
      name: for people.
      shape: of one example's inputs, so that networks are made and traced without the data.
      scale: divides the inputs; a network gets the quotient, in floating point.
      load: returns the three parts, the same on every call: a function of a module, so that it can be pickled.
      dtype: of the inputs.
    """

    name: str
    shape: tuple[int, ...]
    scale: float
    load: Callable[[], Parts]
    dtype: str = "uint8"


def missing_extra(data: str, package: str) -> ActsearchError:
    """Returns the error of data that a package of the extra `data` carries, where the package is not installed."""
    return ActsearchError(f'{data} come with {package}, which is not installed: pip install "actsearch[data]"')

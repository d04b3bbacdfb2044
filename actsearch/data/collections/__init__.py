"""The published data sets, one file a family."""

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from actsearch.data.base import Collection
from actsearch.data.collections.cifar import CIFAR10, CIFAR100
from actsearch.data.collections.fashion_mnist import FASHION_MNIST
from actsearch.data.collections.imagenet import IMAGENET, IMAGENETTES
from actsearch.data.collections.shakespeare import TINY_SHAKESPEARE
from actsearch.language import ActsearchError

_ALL = (CIFAR10, CIFAR100, *IMAGENETTES, IMAGENET, FASHION_MNIST, TINY_SHAKESPEARE)

COLLECTIONS: Mapping[str, Collection] = MappingProxyType({one.name.removesuffix("/full-size-v2"): one for one in _ALL})
"""Name -> published data set. Read only."""


def get_collection(name: str) -> Collection:
    """Returns a published data set; raises ActsearchError for an unknown name, with the nearest known ones.

    Example:
      >>> get_collection("cifar10").examples
      {'train': 50000, 'test': 10000}
    """
    if name not in COLLECTIONS:
        near = difflib.get_close_matches(name, COLLECTIONS, n=3) or COLLECTIONS
        raise ActsearchError(f"There is no data set {name!r}; write {' or '.join(near)}.")
    return COLLECTIONS[name]


__all__ = ["COLLECTIONS", "get_collection"]

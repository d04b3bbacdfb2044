"""Published data sets: from what a user has of them to arrays and batches. TFDS's folders, without TensorFlow."""

from actsearch.data.base import Collection
from actsearch.data.collections import COLLECTIONS, get_collection
from actsearch.data.cores import count_cores
from actsearch.data.preparation import prepare
from actsearch.data.store import data_folder, load, prepared, signature
from actsearch.data.streaming import Batch, stream

__all__ = [
    "COLLECTIONS",
    "Batch",
    "Collection",
    "count_cores",
    "data_folder",
    "get_collection",
    "load",
    "prepare",
    "prepared",
    "signature",
    "stream",
]

"""Where prepared data sets are kept, and how they are read: TFDS's folder, or an .npz where that cannot be written."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from actsearch.data import npz_cache, tfds_folder
from actsearch.data.base import Collection, Example
from actsearch.data.collections import get_collection
from actsearch.language import ActsearchError


def data_folder() -> Path:
    """Returns TFDS's folder: $TFDS_DATA_DIR, or ~/tensorflow_datasets."""
    return Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def prepared(collection: Collection, folder: Path) -> Path | None:
    """Returns the folder or file of a prepared data set; None where there is none."""
    name = collection.name.partition("/")[0]
    cache = npz_cache.path_of(collection, folder)
    version = tfds_folder.find(collection, folder / name)
    return version or (cache if cache.is_file() else None)


def write(collection: Collection, splits: Mapping[str, Iterator[Example]], folder: Path) -> Path:
    """Writes a data set for `load`; returns its folder or file."""
    write_to = tfds_folder.write if tfds_folder.has_array_record() else npz_cache.write
    return write_to(collection, splits, folder)


def place_of(collection: Collection) -> Path:
    """Returns where a data set is; raises ActsearchError where it is not prepared on this machine."""
    place = prepared(collection, data_folder())
    if place is None:
        name = collection.name.removesuffix("/full-size-v2")
        raise ActsearchError(
            f"{collection.words} is not in {data_folder()}; prepare it once: "
            f"actsearch data {name} --from FILE_OR_FOLDER"
        )
    return place


def signature(name: str) -> str:
    """Returns what tells an edition of a prepared data set from others: name, version, and examples in each split.

    Raises:
      ActsearchError: an unknown name, a data set that is not prepared on this machine, or one kept as an .npz.
    """
    collection = get_collection(name)
    return tfds_folder.signature(place_of(collection))


def load(name: str, split: str) -> dict[str, np.ndarray]:
    """Returns a split of a prepared data set that fits into memory.

    Args:
      name: of a published data set.
      split: "train", "validation" or "test"; each data set has two or three of them.

    Returns:
      The features, an array [examples, ...] each; `image` uint8 [examples, height, width, channels] from 0 to 255,
      `label` int32.

    Raises:
      ActsearchError: an unknown name, or the data set is not prepared on this machine; nothing is downloaded from here.
    """
    collection = get_collection(name)
    if not collection.fits:
        raise ActsearchError(f"{collection.words} does not fit into memory as one array; use actsearch.data.stream.")
    place = place_of(collection)
    columns = npz_cache.read(place, split) if place.suffix == ".npz" else _stacked(tfds_folder.read(place, split))
    return {feature: _small(values) for feature, values in columns.items()}


def _stacked(examples: Iterator[Example]) -> dict[str, np.ndarray]:
    rows = list(examples)
    return {feature: np.array([row[feature] for row in rows]) for feature in rows[0]}


def _small(values: np.ndarray) -> np.ndarray:
    return values.astype(np.int32) if values.dtype == np.int64 else values

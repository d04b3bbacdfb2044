"""A data set as one .npz, where ArrayRecord files cannot be written; `actsearch data` takes it as a source, too."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from actsearch.data.base import Collection, Example
from actsearch.data.images import decode
from actsearch.language import ActsearchError


def path_of(collection: Collection, folder: Path) -> Path:
    """Returns where the cache of a data set is."""
    return folder / collection.name / "actsearch.npz"


def write(collection: Collection, splits: Mapping[str, Iterator[Example]], folder: Path) -> Path:
    """Writes a data set that fits into memory; returns the file.

    Raises:
      ActsearchError: it does not fit.
    """
    if not collection.fits:
        raise ActsearchError(f"{collection.words} is only kept as ArrayRecord files: pip install array_record")
    arrays = {
        f"{split}_{feature}": np.array(values)
        for split, examples in splits.items()
        for feature, values in _columns(collection, examples).items()
    }
    path = path_of(collection, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name("incomplete.npz")
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    os.replace(partial, path)
    return path


def _columns(collection: Collection, examples: Iterator[Example]) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {}
    for example in examples:
        if "image" in example:
            example["image"] = decode(example["image"], collection.shape)
        example.pop("file_name", None)
        for feature, value in example.items():
            columns.setdefault(feature, []).append(value)
    return columns


def read(path: Path, split: str) -> dict[str, np.ndarray]:
    """Returns the features of a split, an array [examples, ...] each."""
    with np.load(path, allow_pickle=False) as stored:
        return {name.removeprefix(f"{split}_"): stored[name] for name in stored if name.startswith(f"{split}_")}

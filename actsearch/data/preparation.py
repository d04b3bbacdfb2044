"""Prepares a published data set: finds it in what the user has, checks it, and writes it as TFDS keeps it."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from actsearch.data import checksums, tfds_folder
from actsearch.data.base import Collection, Example, Found, Split
from actsearch.data.collections import get_collection
from actsearch.data.download import download
from actsearch.data.example_check import checked_example
from actsearch.data.files import Files, places
from actsearch.data.store import data_folder, prepared, write
from actsearch.language import ActsearchError

Report = Callable[[str], None]

_SECONDS = 10.0
"""Between two reports on the examples of a split."""


def prepare(
    name: str,
    source: Path | None = None,
    folder: Path | None = None,
    *,
    checked: bool = True,
    report: Report = lambda line: None,
) -> Path:
    """Prepares a published data set as a standard TFDS folder, without TensorFlow.

    Args:
      name: of the data set.
      source: what the user has of it: a prepared TFDS folder, published archives, packed or unpacked, and other forms
        that are named where nothing is found; None to download it.
      folder: TFDS's `data_dir`; None for its own, $TFDS_DATA_DIR or ~/tensorflow_datasets.
      checked: whether published checksums and numbers of examples are compared.
      report: takes a line on what is being done.

    Returns:
      The folder of the prepared version; where ArrayRecord files cannot be written, an .npz.

    Raises:
      ActsearchError: an unknown name; nothing found, with where it was looked for; a checksum or a number of examples
        that differs; it is prepared there already.
    """
    collection = get_collection(name)
    folder = data_folder() if folder is None else folder
    there = prepared(collection, folder)
    if there is not None:
        raise ActsearchError(f"{collection.words} is prepared already, in {there}; delete that to prepare it again.")
    if source is None:
        found = _found(collection, download(collection, folder, report))
    else:
        version = tfds_folder.find(collection, source) if source.is_dir() else None
        if version is not None:
            return _adopt(collection, version, folder, checked, report)
        found = find(collection, source)
        if checked:
            checksums.check(collection, found, report)
    splits = {split: _counted(collection, split, found.splits[split], checked, report) for split in collection.examples}
    return write(collection, splits, folder)


def find(collection: Collection, source: Path) -> Found:
    """Returns a data set in a file or folder; raises ActsearchError where it is in none of its formats there."""
    return _found(collection, places(source, tuple(collection.checksums)))


def _found(collection: Collection, where: Sequence[Files]) -> Found:
    for form in collection.formats:
        for files in where:
            found = form.find(files, collection)
            if found is not None:
                return found
    forms = "; ".join(["a prepared TFDS folder", *(form.words for form in collection.formats)])
    looked = ", ".join(map(str, where))
    raise ActsearchError(f"There is no {collection.words} in {looked}. Looked for: {forms}.")


def _adopt(collection: Collection, version: Path, folder: Path, checked: bool, report: Report) -> Path:
    """Copies a version that is prepared elsewhere."""
    present = tfds_folder.counts(version)
    for split, expected in collection.examples.items():
        _compare(collection, split, present.get(split, 0), expected, checked)
    report(f"copying {version} ...")
    return tfds_folder.adopt(collection, version, folder)


def _counted(collection: Collection, split: str, examples: Split, checked: bool, report: Report) -> Iterator[Example]:
    """Yields the examples of a split, reports how far it is, and compares their number at the end."""
    count, last, expected = 0, time.monotonic(), collection.examples[split]
    for example in examples():
        try:
            ready = checked_example(collection, example)
        except ActsearchError as error:
            raise ActsearchError(f"{collection.words}, example {count:,} of {split}: {error}") from error
        yield collection.complete(ready)
        count += 1
        if time.monotonic() - last > _SECONDS:
            last = time.monotonic()
            report(f"{split}  {count:,}/{expected:,}")
    _compare(collection, split, count, expected, checked)
    report(f"{split}  {count:,} examples")


def _compare(collection: Collection, split: str, count: int, expected: int, checked: bool) -> None:
    if count == 0 or (checked and count != expected):
        raise ActsearchError(
            f"{collection.words} has {expected:,} examples in {split}; {count:,} are here. Download it again, or write "
            "--unchecked to take it as it is."
        )

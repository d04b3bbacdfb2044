"""A standard folder of TFDS with ArrayRecord files, written and read without TensorFlow.

TFDS's own builders need TensorFlow to read archives and to encode images. Here the builder gives the names, the version
and the features, and the examples come from actsearch.data.formats with their images encoded already.
"""

import contextlib
import io
import json
import logging
import shutil
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from actsearch.data.base import Collection, Example
from actsearch.data.images import decode
from actsearch.language import ActsearchError

_INFO = "dataset_info.json"
_INSTALL = "pip install tensorflow-datasets importlib-resources"


def has_array_record() -> bool:
    """Returns whether ArrayRecord files can be read and written on this machine."""
    try:
        import array_record.python.array_record_module  # noqa: F401
    except ImportError:
        return False
    return True


@contextlib.contextmanager
def _quiet() -> Iterator[Any]:
    """Gives TFDS, which neither prints nor warns inside: it would speak of a download where there is none."""
    try:
        import tensorflow_datasets as tfds
    except ModuleNotFoundError as error:
        raise ActsearchError(f"Published data sets need TFDS ({error.name} is missing): {_INSTALL}") from error
    tfds.disable_progress_bar()
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield tfds
    finally:
        logger.setLevel(level)


def find(collection: Collection, path: Path) -> Path | None:
    """Returns the folder of a data set's newest version that is there: `path`, or at most three folders below it."""
    folders = [file.parent for depth in range(4) for file in path.glob("*/" * depth + _INFO)]
    whole = [folder for folder in folders if not folder.name.startswith("incomplete")]  # where a process was killed
    versions = [folder for folder in whole if _describes(_info(folder), collection)]
    return max(versions, key=lambda folder: [int(part) for part in _info(folder)["version"].split(".")], default=None)


def _info(folder: Path) -> dict[str, Any]:
    try:
        info: dict[str, Any] = json.loads((folder / _INFO).read_text())
        [int(part) for part in info["version"].split(".")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ActsearchError(f"{folder / _INFO} is damaged ({error}): copy it again, or delete the folder.") from error
    return info


def _describes(info: Mapping[str, Any], collection: Collection) -> bool:
    name, _, config = collection.name.partition("/")
    return info.get("name") == name and info.get("configName", "") == config


def write(collection: Collection, splits: Mapping[str, Iterator[Example]], folder: Path) -> Path:
    """Writes a data set as TFDS's own builder does: same names, version, features, keys and order of the examples.

    Args:
      collection: what it is.
      splits: the examples of each split in their published order, images as files; one that raises leaves nothing
        behind.
      folder: TFDS's `data_dir`.

    Returns:
      The folder of its version.
    """
    with _quiet() as tfds:
        builder = tfds.builder(collection.name, data_dir=folder, file_format="array_record")
        for label, names in collection.classes.items():
            builder.info.features[label].names = names
        features = set(builder.info.features)
        builder._split_generators = lambda _: {
            split: _keyed(collection, features, split, examples) for split, examples in splits.items()
        }
        builder.download_and_prepare()
        return Path(builder.data_dir)


def _keyed(
    collection: Collection, features: set[str], split: str, examples: Iterator[Example]
) -> Iterator[tuple[int | str, Example]]:
    """Yields examples with the features that TFDS has, and the keys by whose hash it orders them."""
    for index, example in enumerate(examples):
        extra = {"id": f"{split}_{index:05d}", "file_name": f"{split}_{index:08d}.JPEG"}
        image = {}
        if "image" in example:
            image["image"] = io.BytesIO(example["image"])
        yield (
            _key(collection, index, example),
            {name: value for name, value in {**extra, **example, **image}.items() if name in features},
        )


def _key(collection: Collection, index: int, example: Example) -> int | str:
    """Returns TFDS's key of an example, which fixes its place: the file's name or the number in published order."""
    if "file_name" not in example:
        return index
    name = str(example["file_name"])
    return name if collection.shape is None else f"{example['label']}/{name}"


def adopt(collection: Collection, source: Path, folder: Path) -> Path:
    """Copies a prepared version of a data set, record by record as ArrayRecord files where these can be written.

    Args:
      collection: what it is.
      source: the folder of the version.
      folder: TFDS's `data_dir` to copy it to.

    Returns:
      The folder of the copy.
    """
    info, converts = _info(source), has_array_record()
    target = folder / collection.name / str(info["version"])
    partial = target.with_name(f"incomplete.{target.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for file in sorted(source.iterdir()):
        if ".tfrecord" in file.name and converts:
            _to_array_record(file, partial / file.name.replace(".tfrecord", ".array_record"))
        elif file.is_file():
            shutil.copyfile(file, partial / file.name)
    if converts:
        info["fileFormat"] = "array_record"
    (partial / _INFO).write_text(json.dumps(info, indent=2))
    partial.rename(target)
    return target


def _to_array_record(source: Path, target: Path) -> None:
    from array_record.python.array_record_module import ArrayRecordWriter

    writer = ArrayRecordWriter(str(target), "group_size:1")
    for record in _tfrecords(source):
        writer.write(record)
    writer.close()


def _tfrecords(path: Path) -> Iterator[bytes]:
    """Yields the records of a TFRecord file: each has its length in 8 bytes, 4 of a checksum, and 4 behind it."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        while head := stream.read(12):
            (length,) = struct.unpack("<Q", head[:8].ljust(8, b"\xff"))
            if stream.tell() + length + 4 > size:
                raise ActsearchError(f"{path} is cut in the middle of a record; copy it again.")
            yield stream.read(length)
            stream.read(4)


def counts(source: Path) -> dict[str, int]:
    """Returns the number of examples of each split of a prepared version."""
    return {split["name"]: sum(map(int, split["shardLengths"])) for split in _info(source)["splits"]}


def read(source: Path, split: str) -> Iterator[Example]:
    """Yields the examples of a prepared version, pixels as uint8 [height, width, channels].

    Raises:
      ActsearchError: the version has no such split, or its files cannot be read on this machine.
    """
    with _quiet() as tfds:
        builder = tfds.builder_from_directory(source)
        if split not in builder.info.splits:
            raise ActsearchError(f"{source} has no split {split}; it has {', '.join(builder.info.splits)}.")
        files = [Path(path) for path in builder.info.splits[split].filepaths]
        features = builder.info.features
        bytes_alone = {"image": tfds.decode.SkipDecoding()} if "image" in features else None
    for file in files:
        for record in _records(file):
            example = features.deserialize_example_np(record, decoders=bytes_alone)
            yield {name: _plain(value, features[name].shape) for name, value in example.items()}


def source(place: Path, split: str) -> Any:
    """Returns a sequence of the examples of a prepared version; images are the bytes of their files.

    Raises:
      ActsearchError: its files are no ArrayRecord files, or these cannot be read on this machine.
    """
    if not has_array_record():
        raise ActsearchError("Streams need ArrayRecord files, and array_record is missing: pip install array_record")
    with _quiet() as tfds:
        builder = tfds.builder_from_directory(place)
        if split not in builder.info.splits:
            raise ActsearchError(f"{place} has no split {split}; it has {', '.join(builder.info.splits)}.")
        try:
            return builder.as_data_source(split, decoders={"image": tfds.decode.SkipDecoding()})
        except NotImplementedError as error:
            raise ActsearchError(
                f"{place} has no ArrayRecord files: actsearch data {builder.name} --from {place} --to ANOTHER_FOLDER"
            ) from error


def signature(place: Path) -> str:
    """Returns name, version and numbers of examples of a prepared version, however many files it lies in.

    Two preparations of one version with equal numbers have the same: pixels are not read.
    """
    if not place.is_dir():
        raise ActsearchError(f"{place} has no ArrayRecord files: prepare the data where array_record can be installed.")
    info = _info(place)
    return f"{info['name']} {info.get('configName', '')} {info['version']} {sorted(counts(place).items())}"


def _records(file: Path) -> Iterator[bytes]:
    if ".tfrecord" in file.name:
        yield from _tfrecords(file)
        return
    if not has_array_record():
        raise ActsearchError(
            f"{file.name} is an ArrayRecord file, and array_record is missing: pip install array_record"
        )
    from array_record.python.array_record_module import ArrayRecordReader

    try:
        reader = ArrayRecordReader(str(file))
        records = reader.read_all()
        reader.close()
    except RuntimeError as error:
        raise ActsearchError(f"{file} is damaged ({error}): delete {file.parent}, and prepare it again.") from error
    yield from records


def _plain(value: Any, shape: tuple[int | None, ...]) -> Any:
    """Returns a feature's value in Python's or NumPy's terms."""
    if isinstance(value, bytes):
        return decode(value, shape) if len(shape) == 3 else value.decode()  # type: ignore[arg-type]
    return int(value) if isinstance(value, np.integer) else value

"""ImageNet's own archives: a tar of one tar a class for training, a tar of all images for validation.

The validation labels are those that come with TFDS, in the alphabetical order of the images' names.
"""

import contextlib
import dataclasses
import functools
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from actsearch.data.base import Collection, Example, Found
from actsearch.data.files import Files, Folder, Tar
from actsearch.language import ActsearchError

TRAIN, VALIDATION = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"


@dataclasses.dataclass(frozen=True)
class ImageNetArchives:
    """The two archives in one folder, as they are; 145 GB are read, and nothing is unpacked to the disk."""

    words = f"{TRAIN} and {VALIDATION}"

    def find(self, files: Files, collection: Collection) -> Found | None:
        """Returns the images of both archives."""
        names = files.all_named([TRAIN, VALIDATION]) if isinstance(files, Folder) else None
        if names is None:
            return None
        train, validation = (files.path / name for name in names)
        labels = functools.partial(_validation, validation)
        return Found(files, names, {"train": functools.partial(_train, train), "validation": labels})


def _train(path: Path) -> Iterator[Example]:
    with contextlib.closing(Tar(path)) as archive:
        for name in archive.fastest(archive.names):
            label = PurePosixPath(name).stem
            for file_name, image in _members(archive.stream(name)):
                yield {"image": image, "label": label, "file_name": file_name}


def _members(stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yields name and content of the files in an archive; raises ActsearchError where it is damaged."""
    try:
        with tarfile.open(fileobj=stream) as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None:
                    yield PurePosixPath(member.name).name, content.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise ActsearchError(f"{TRAIN} holds a damaged archive: {error}. Download it again.") from error


def _validation(path: Path) -> Iterator[Example]:
    labels = validation_labels()
    with contextlib.closing(Tar(path)) as archive:
        if len(archive.names) != len(labels):
            raise ActsearchError(f"{path} has {len(archive.names):,} images; published are {len(labels):,}.")
        label = dict(zip(archive.names, labels, strict=True))
        for name in archive.fastest(archive.names):
            yield {"image": archive.read(name), "label": label[name], "file_name": PurePosixPath(name).name}


def validation_labels() -> list[str]:
    """Returns the classes of the validation images, by the alphabetical order of the images' names."""
    import tensorflow_datasets as tfds

    text: str = tfds.core.tfds_path("datasets/imagenet2012/validation_labels.txt").read_text()
    return text.split()

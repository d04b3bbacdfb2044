"""A folder a class: train/CLASS/image.png, as torchvision's ImageFolder reads it; packed in a tar archive or not."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from actsearch.data.base import Collection, Example, Found
from actsearch.data.files import Files
from actsearch.data.formats.split_names import ALIASES
from actsearch.language import ActsearchError

_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".webp")


@dataclasses.dataclass(frozen=True)
class ClassFolders:
    """Image files in folders named by a class, or by its number, in folders named by a split.

    Attributes:
      others: names of folders that hold another form of the data set, which is not taken for this one.
    """

    others: tuple[str, ...] = ()

    words = "folders of classes (train/CLASS/image.png, ...)"

    def find(self, files: Files, collection: Collection) -> Found | None:
        """Returns the images of every split, in the order of the classes' names and then of their own."""
        images = [name for name in files.names if name.lower().endswith(_IMAGES) and name.count("/") >= 2]
        images = [name for name in images if not set(files.parts(name)).intersection(self.others)]
        chosen = {split: _of_split(images, split) for split in collection.examples}
        if not any(chosen.values()):
            return None
        missing = [split for split, names in chosen.items() if not names]
        if missing:
            raise ActsearchError(
                f"{files.path} has folders of classes, but none below {' or '.join(ALIASES[missing[0]])}."
            )
        labels = _labels({PurePosixPath(name).parts[-2] for names in chosen.values() for name in names}, collection)
        splits = {split: functools.partial(_examples, files, names, labels) for split, names in chosen.items()}
        return Found(files, (), splits)


def _of_split(images: Sequence[str], split: str) -> list[str]:
    """Returns the images two folders below which there is one of a split's names, the best of those that are there."""
    for alias in ALIASES[split]:
        names = [name for name in images if PurePosixPath(name).parts[-3] == alias]
        if names:
            return names
    return []


def _labels(folders: set[str], collection: Collection) -> dict[str, int]:
    """Returns the label of each folder, which has the name or the number of a class."""
    classes = collection.names("label")
    labels = {name: number for number, name in enumerate(classes)}
    labels |= {str(number): number for number in range(len(classes))}
    unknown = sorted(folder for folder in folders if folder not in labels)
    if unknown:
        raise ActsearchError(
            f"The folder {unknown[0]!r} is no class of {collection.words}: they are {', '.join(classes[:10])}"
            f"{', ...' if len(classes) > 10 else ''}, or the numbers from 0 to {len(classes) - 1}."
        )
    return {folder: labels[folder] for folder in folders}


def _examples(files: Files, names: Sequence[str], labels: dict[str, int]) -> Iterator[Example]:
    for name in files.fastest(names):
        path = PurePosixPath(name)
        yield {"image": files.read(name), "label": labels[path.parts[-2]], "file_name": path.name}

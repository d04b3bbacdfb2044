"""What a published data set is, and what reads one from a user's files; used by every other file of this room."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from actsearch.data.files import Files

Example = dict[str, Any]
"""One example by TFDS's names of its features.

`image` is uint8 [height, width, channels] or the bytes of an image file, `label` a number or the name of a class,
`text` a text. `file_name` is optional.
"""

Split = Callable[[], Iterator[Example]]
"""Yields the examples of a split in their published order, from the first, on every call."""


class Found(NamedTuple):
    """A data set in files.

    Attributes:
      files: the folder or archive.
      names: of the files in it that were published as they are, so that their checksums can be compared.
      splits: the examples of every split.
    """

    files: Files
    names: tuple[str, ...]
    splits: Mapping[str, Split]


class Format(Protocol):
    """A way in which data sets are kept."""

    @property
    def words(self) -> str:
        """What is looked for, for people."""

    def find(self, files: Files, collection: "Collection") -> Found | None:
        """Returns the data set where the files hold it, None where they do not.

        Raises:
          ActsearchError: the files hold a part of it.
        """


@dataclasses.dataclass(frozen=True, kw_only=True)
class Collection:
    """A published data set.

    Attributes:
      name: TFDS's, with its configuration where it is not the default one.
      words: for people.
      examples: published number of examples of each split.
      shape: of every image, [height, width, channels]; None where they differ, and are kept as they are.
      classes: names of the classes in the order of their labels, by the label's name; where TFDS does not know them.
      formats: in the order in which they are looked for.
      checksums: "sha256:..." or "md5:..." of published files, by file name; what is not here is not checked.
      urls: of the files to download; empty where there is none without an account.
      fits: whether all of it fits into memory.
      complete: fills in what a format may lack.
    """

    name: str
    words: str
    examples: Mapping[str, int]
    shape: tuple[int, int, int] | None = None
    classes: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    formats: tuple[Format, ...]
    checksums: Mapping[str, str]
    urls: tuple[str, ...] = ()
    fits: bool = True
    complete: Callable[[Example], Example] = dict

    def names(self, label: str) -> tuple[str, ...]:
        """Returns the names of the classes in the order of their labels."""
        if label in self.classes:
            return self.classes[label]
        import tensorflow_datasets as tfds

        return tuple(tfds.builder(self.name).info.features[label].names)

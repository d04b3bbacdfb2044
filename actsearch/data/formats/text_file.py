"""One text, cut into splits by their share."""

import dataclasses
import functools
from collections.abc import Iterator

from actsearch.data.base import Collection, Example, Found
from actsearch.data.files import Files
from actsearch.language import ActsearchError


@dataclasses.dataclass(frozen=True)
class TextFile:
    """A text file; the first nine tenths are for training, half of the rest for validation, as TFDS cuts it.

    Attributes:
      name: of the file.
    """

    name: str

    @property
    def words(self) -> str:
        """What is looked for, for people."""
        return self.name

    def find(self, files: Files, collection: Collection) -> Found | None:
        """Returns the text of every split, one example each."""
        name = files.named(self.name)
        if name is None:
            return None
        splits = {split: functools.partial(_example, files, name, split) for split in collection.examples}
        return Found(files, (name,), splits)


def _example(files: Files, name: str, split: str) -> Iterator[Example]:
    try:
        text = files.read(name).decode()
    except UnicodeDecodeError as error:
        raise ActsearchError(f"{files.path}: {name} is no text in UTF-8: {error}.") from error
    train = int(len(text) * 0.9)
    validation = train + int((len(text) - train) * 0.5)
    yield {"text": {"train": text[:train], "validation": text[train:validation], "test": text[validation:]}[split]}

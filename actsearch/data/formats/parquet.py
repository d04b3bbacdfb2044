"""Parquet files as Hugging Face keeps data sets: images as bytes of an image file in a column."""

import dataclasses
import functools
import io
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from actsearch.data.base import Collection, Example, Found
from actsearch.data.files import Files
from actsearch.data.formats.split_names import ALIASES
from actsearch.language import ActsearchError


@dataclasses.dataclass(frozen=True)
class Parquet:
    """Parquet files whose names begin with the split's.

    Attributes:
      columns: names that a feature's column may have.
      optional: features whose column may be missing.
    """

    columns: Mapping[str, tuple[str, ...]]
    optional: tuple[str, ...] = ()

    words = "Parquet files (train-*.parquet, ...)"

    def find(self, files: Files, collection: Collection) -> Found | None:
        """Returns the files of every split."""
        shards = {split: _shards(files, split) for split in collection.examples}
        if not any(shards.values()):
            return None
        missing = [split for split, names in shards.items() if not names]
        if missing:
            raise ActsearchError(f"{files.path} has Parquet files, but none of the split {missing[0]}.")
        splits = {split: functools.partial(self._examples, files, names) for split, names in shards.items()}
        return Found(files, (), splits)

    def _examples(self, files: Files, names: list[str]) -> Iterator[Example]:
        import pyarrow.parquet as pq

        for name in names:
            stream = io.BytesIO(files.read(name))
            try:
                table = pq.ParquetFile(stream)
            except (OSError, ValueError) as error:
                raise ActsearchError(f"{files.path}: {name} cannot be read as Parquet: {error}.") from error
            columns = self._choose(table.schema_arrow.names, f"{files.path}: {name}")
            batches = table.iter_batches(batch_size=256, columns=list(columns.values()))
            while rows := _next(batches, f"{files.path}: {name}"):
                for row in rows:
                    yield {feature: _plain(row[column]) for feature, column in columns.items()}

    def _choose(self, present: list[str], where: str) -> dict[str, str]:
        """Returns the column of each feature."""
        chosen = {}
        for feature, names in self.columns.items():
            column = next((name for name in names if name in present), None)
            if column is not None:
                chosen[feature] = column
            elif feature not in self.optional:
                raise ActsearchError(f"{where} has no column {' or '.join(names)}; it has {', '.join(present)}.")
        return chosen


def _shards(files: Files, split: str) -> list[str]:
    def belongs(name: str) -> bool:
        file = PurePosixPath(name)
        return file.suffix == ".parquet" and any(file.stem == one or file.stem.startswith(f"{one}-") for one in aliases)

    aliases = [split, *(one for one in ALIASES[split] if one not in ALIASES)]
    return [name for name in files.names if belongs(name)]


def _next(batches: Iterator[Any], where: str) -> list[dict[str, Any]]:
    """Returns the rows of the next batch; none at the end."""
    try:
        batch = next(batches, None)
    except (OSError, ValueError) as error:
        raise ActsearchError(f"{where} is damaged: {error}. Download it again.") from error
    return [] if batch is None else batch.to_pylist()


def _plain(value: object) -> object:
    """Returns a value; of an image, which is kept as {bytes, path}, the bytes."""
    if not isinstance(value, dict) or "bytes" not in value:
        return value
    if value["bytes"] is None:
        raise ActsearchError(f"An image of the Parquet files is only a path, {value['path']}: its bytes are not there.")
    return value["bytes"]

"""The files that a user names: of a folder or of a tar archive, read alike; nothing is unpacked to the disk."""

import functools
import gzip
import io
import os
import tarfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from actsearch.language import ActsearchError

_DEPTH = 6
"""Folders below the named one that are looked into; ImageNet's images are six below ILSVRC."""


class Files(ABC):
    """Files by their names relative to `path`, with / between the parts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all files, sorted."""
        return tuple(sorted(self._list()))

    @abstractmethod
    def _list(self) -> Iterable[str]: ...

    @abstractmethod
    def stream(self, name: str) -> BinaryIO:
        """Opens a file as it is."""

    def read(self, name: str) -> bytes:
        """Returns what is in a file, unpacked where its name ends with .gz.

        Raises:
          ActsearchError: it is damaged.
        """
        try:
            with self.stream(name) as stream:
                return gzip.decompress(stream.read()) if name.endswith(".gz") else stream.read()
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            raise ActsearchError(f"{self.path}: {name} cannot be read: {error}. Download it again.") from error

    def fastest(self, names: Sequence[str]) -> Sequence[str]:
        """Returns names in the order in which the files are read fastest."""
        return names

    def parts(self, name: str) -> tuple[str, ...]:
        """Returns the parts of a file's path, from the named folder or archive on."""
        return PurePosixPath(self.path.name, name).parts

    def named(self, end: str, others: Sequence[str] = ()) -> str | None:
        """Returns the name of the uppermost file whose path ends with the given parts, or with them and .gz.

        Args:
          end: parts with / between them.
          others: names of folders that are not looked into.
        """
        fits = [name for name in self.names if f"/{self.path.name}/{name}".removesuffix(".gz").endswith(f"/{end}")]
        fits = [name for name in fits if not set(self.parts(name)).intersection(others)]
        return min(fits, key=lambda name: (name.count("/"), name), default=None)

    def all_named(self, ends: Sequence[str], others: Sequence[str] = ()) -> tuple[str, ...] | None:
        """Returns the names of files of which all belong to a data set; None where there is none of them.

        Raises:
          ActsearchError: there are some of them.
        """
        names = {end: self.named(end, others) for end in ends}
        missing = [end for end, name in names.items() if name is None]
        if len(missing) == len(ends):
            return None
        if missing:
            raise ActsearchError(
                f"{self.path} lacks {', '.join(missing)}, beside {', '.join(filter(None, names.values()))}."
            )
        return tuple(filter(None, names.values()))


class Folder(Files):
    """The files of a folder and of those below it, linked ones among them."""

    def _list(self) -> Iterator[str]:
        seen = {self.path.resolve()}
        for root, folders, names in os.walk(self.path, followlinks=True):
            inside = PurePosixPath(Path(root).relative_to(self.path).as_posix())
            places = {folder: Path(root, folder).resolve() for folder in sorted(folders) if not folder.startswith(".")}
            folders[:] = [folder for folder, place in places.items() if place not in seen]
            seen.update(places.values())
            if len(inside.parts) >= _DEPTH:
                folders.clear()
            yield from (str(inside / name) for name in names)

    def stream(self, name: str) -> BinaryIO:
        """Opens a file of the folder."""
        return (self.path / name).open("rb")


class Named(Files):
    """Single files, each under a name of its own."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        super().__init__(next(iter(files.values())).parent)
        self.files = dict(files)

    def __str__(self) -> str:
        return ", ".join(map(str, self.files.values()))

    def _list(self) -> Iterable[str]:
        return self.files

    def stream(self, name: str) -> BinaryIO:
        """Opens a file by its name here."""
        return self.files[name].open("rb")


class Tar(Files):
    """The files of a tar archive, compressed or not."""

    @functools.cached_property
    def _tar(self) -> tarfile.TarFile:
        try:
            return tarfile.open(self.path)
        except (OSError, EOFError, tarfile.TarError) as error:
            raise ActsearchError(f"{self.path} cannot be read as a tar archive: {error}.") from error

    @functools.cached_property
    def _members(self) -> dict[str, tarfile.TarInfo]:
        try:
            return {PurePosixPath(member.name).as_posix(): member for member in self._tar if member.isfile()}
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            raise ActsearchError(f"{self.path} is damaged: {error}. Download it again.") from error

    def close(self) -> None:
        """Closes the archive."""
        self._tar.close()

    def _list(self) -> Iterable[str]:
        return self._members

    def fastest(self, names: Sequence[str]) -> Sequence[str]:
        """Returns names in the order in which they are stored: going back means to unpack from the start again."""
        wanted = set(names)
        return [name for name in self._members if name in wanted]

    def stream(self, name: str) -> BinaryIO:
        """Opens a member of the archive."""
        stream = self._tar.extractfile(self._members[name])
        return io.BytesIO() if stream is None else stream  # type: ignore[return-value]


def is_tar(name: str) -> bool:
    """Returns whether a file of this name is a tar archive."""
    return name.endswith((".tar", ".tar.gz", ".tgz"))


def places(path: Path, archives: Sequence[str]) -> list[Files]:
    """Returns where a data set may be: the folder or the archive itself, then the named archives in the folder.

    Raises:
      ActsearchError: nothing is there.
    """
    if path.is_file():
        return [Tar(path)] if is_tar(path.name) else [Named({path.name: path})]
    if not path.is_dir():
        raise ActsearchError(f"There is no file or folder {path}.")
    folder = Folder(path)
    return [
        folder,
        *(Tar(path / name) for name in folder.names if PurePosixPath(name).name in archives and is_tar(name)),
    ]

"""Checksums of what a user gives: a file with another one than was published is damaged, or is another file."""

import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import BinaryIO

from actsearch.data.base import Collection, Found
from actsearch.data.files import Tar
from actsearch.language import ActsearchError

Report = Callable[[str], None]


def check(collection: Collection, found: Found, report: Report) -> None:
    """Compares what was found with the published checksums, and reports what was not compared.

    Raises:
      ActsearchError: a checksum differs.
    """
    unknown = []
    for name, open_ in _published(found):
        expected = collection.checksums.get(name)
        if expected is None:
            unknown.append(name)
            continue
        algorithm, _, digest = expected.partition(":")
        report(f"{name}: comparing {algorithm} ...")
        with open_() as stream:
            actual = hashlib.file_digest(stream, algorithm).hexdigest()  # type: ignore[arg-type]
        if actual != digest:
            raise ActsearchError(
                f"{name} in {found.files.path} has the {algorithm} {actual}, published is {digest}: it is damaged or "
                "another file. Download it again, or write --unchecked to take it as it is."
            )
    if unknown or not found.names:
        what = ", ".join(unknown) or str(found.files.path)
        report(f"{what}: no published checksum is known; the number of examples alone is checked.")


def _published(found: Found) -> list[tuple[str, Callable[[], BinaryIO]]]:
    """Returns the names of the published files, and what opens each: the archive, or the files that were in it."""
    if isinstance(found.files, Tar):
        path = found.files.path
        return [(path.name, lambda: path.open("rb"))]
    return [(PurePosixPath(name).name, lambda name=name: found.files.stream(name)) for name in found.names]  # type: ignore[misc]

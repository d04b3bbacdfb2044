"""The full check of an archive, for `actsearch check`: opening a large one does not read all of it."""

import contextlib
import os
from pathlib import Path

from actsearch.archive.archive import Archive
from actsearch.archive.sqlite import FILE, check_pages, checked


def check(directory: str | os.PathLike[str]) -> int:
    """Checks an archive to the last byte: every page, every row's checksums, every program.

    Args:
      directory: the run's directory.

    Returns:
      The number of trials.

    Raises:
      ArchiveError: there is no archive, or something is damaged; the message says what.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as run:
      ...     Archive.write(run, {"seed": 0}).close()
      ...     check(run)
      0
    """
    with Archive.read(directory) as archive:
        path = Path(directory) / FILE
        with contextlib.closing(checked(path)) as connection:
            check_pages(connection, path, quick=False)
        return sum(1 for _ in archive.iterate())

"""A run on disk: the archive of its trials, the controller's state, tables for other tools."""

from actsearch.archive.archive import Archive
from actsearch.archive.sqlite import ArchiveError

__all__ = ["Archive", "ArchiveError"]

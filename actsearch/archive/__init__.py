"""A run on disk: the archive of its trials, the controller's state, tables for other tools."""

from actsearch.archive.archive import Archive
from actsearch.archive.beside import keep, kept
from actsearch.archive.integrity import check
from actsearch.archive.merging import merge
from actsearch.archive.rows import Outcome
from actsearch.archive.run import Run, open_run
from actsearch.archive.sqlite import ArchiveError

__all__ = ["Archive", "ArchiveError", "Outcome", "Run", "check", "keep", "kept", "merge", "open_run"]

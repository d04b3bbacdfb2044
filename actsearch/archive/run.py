"""A run as a record: what the command line, notebooks and scripts open to read one."""

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actsearch.archive.archive import Archive
from actsearch.archive.beside import kept
from actsearch.archive.rows import Outcome
from actsearch.trials.ranking import CandidateStats, incumbent
from actsearch.trials.trial import Trial

if TYPE_CHECKING:
    import pandas

PROCESS = "process"
"""Name of the file beside the archive in which the process that searches says what it is."""


class Run:
    """The contents of a run's archive, read when they are first asked for.

    Attributes:
      name: for people, its directory's name.
      directory: holds the archive.
      config: what identifies the run: "space", "evaluator", "controller" and "seed" among it.
      info: versions and machine at its creation.
    """

    def __init__(self, directory: str | os.PathLike[str]):
        """Opens the archive of a directory; use `open_run`."""
        self.directory = Path(directory)
        self.name = self.directory.resolve().name
        with Archive.read(self.directory) as archive:
            self.config: dict[str, Any] = archive.config
            self.info: dict[str, Any] = archive.info

    @functools.cached_property
    def trials(self) -> list[Trial]:
        """All trials, in order."""
        with Archive.read(self.directory) as archive:
            return archive.trials(stop=self._count)

    @functools.cached_property
    def outcomes(self) -> list[Outcome]:
        """All trials without their programs and metrics, several times as fast to read as `trials`."""
        with Archive.read(self.directory) as archive:
            return list(archive.known(self._count))

    @functools.cached_property
    def _count(self) -> int:
        """How many trials there were when they were first asked for, so that `trials` and `outcomes` are the same."""
        return len(self)

    @functools.cached_property
    def process(self) -> dict[str, Any]:
        """What the process that searched last said of itself: "command", "budget" and others; empty where nothing."""
        return kept(self.directory, PROCESS).get(PROCESS, {})

    @functools.cached_property
    def incumbent(self) -> CandidateStats | None:
        """The candidate with the highest lower confidence bound; see `actsearch.trials.ranking`."""
        return incumbent(self.trials)

    def best(self, n: int) -> list[Trial]:
        """Returns the best distinct trials, by `actsearch.trials.best`; few others are read."""
        with Archive.read(self.directory) as archive:
            return archive.best(n)

    def to_pandas(self) -> "pandas.DataFrame":
        """Returns the table of `actsearch.archive.frames.to_pandas`."""
        from actsearch.archive.frames import to_pandas

        return to_pandas(self.trials)

    def __len__(self) -> int:
        with Archive.read(self.directory) as archive:
            return len(archive)

    def __repr__(self) -> str:
        return f"Run({str(self.directory)!r})"


def open_run(directory: str | os.PathLike[str]) -> Run:
    """Opens the run in a directory for reading, also while it goes on.

    Args:
      directory: as given to `search(..., out=directory)`.

    Returns:
      The Run. Its trials are those that were there when they were first asked for.

    Raises:
      ArchiveError: there is no archive, or it is damaged, foreign or of a newer format.

    Example:
      >>> import tempfile
      >>> from actsearch.language import parse
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     with Archive.write(directory, {"space": "swish-1"}) as archive:
      ...         archive.append([Trial(0, parse("x * sigmoid(x)"), "f00d", "ok", 0.9)])
      ...     run = open_run(directory)
      ...     run.config["space"], run.trials[0].score, [str(trial.program) for trial in run.best(1)]
      ('swish-1', 0.9, ['x * sigmoid(x)'])
    """
    return Run(directory)

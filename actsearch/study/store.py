"""Where a search keeps its trials: in memory, or in a directory from which it can be resumed."""

import contextlib
import functools
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from actsearch.archive import Archive, ArchiveError, checkpoint, keep
from actsearch.archive.run import PROCESS
from actsearch.study.process import process_record
from actsearch.trials import Known, Trial

State = TypeVar("State")

FOLDER = "state"
"""Folder of the controller's state in the run's directory."""


class Store(Protocol):
    """What the loop asks of a place for trials."""

    def resume(self, initial: State, budget: int) -> tuple[State, int]:
        """Returns the controller's state to go on from, and the number of trials that it has learned from."""

    def known(self, stop: int) -> Iterable[Known]:
        """Returns what the evaluator has to remember of the first `stop` trials."""

    def trials(self, start: int = 0, stop: int | None = None) -> list[Trial]:
        """Returns the stored trials with indices from `start` to below `stop`."""

    def append(self, trials: Sequence[Trial]) -> None:
        """Adds the next trials."""

    def save(self, done: int, state: Any) -> None:
        """Offers the controller's state after `done` trials; a store may decline."""

    def exhausted(self, done: int) -> None:
        """Takes note that the controller has nothing left after `done` trials, whatever the budget."""


class MemoryStore:
    """Keeps trials in a list; there is nothing to resume."""

    def __init__(self) -> None:
        self._trials: list[Trial] = []

    def resume(self, initial: State, budget: int) -> tuple[State, int]:
        """Returns the initial state: every search in memory begins at the beginning."""
        return initial, 0

    def known(self, stop: int) -> list[Trial]:
        """Returns the first `stop` trials."""
        return self._trials[:stop]

    def trials(self, start: int = 0, stop: int | None = None) -> list[Trial]:
        """Returns the trials from `start` to below `stop`."""
        return self._trials[start:stop]

    def append(self, trials: Sequence[Trial]) -> None:
        """Adds the next trials."""
        self._trials += trials

    def save(self, done: int, state: Any) -> None:
        """Declines."""

    def exhausted(self, done: int) -> None:
        """Does nothing: nobody watches a search in memory."""


class DirectoryStore:
    """Keeps trials in an archive, and now and then the controller's state beside it. A context manager.

    The directory is made, or found to be another run's, when the search begins, in `resume`: a mistake in its arguments
    leaves nothing behind.

    Args:
      directory: of the run, new or of the same configuration.
      config: what identifies the run.
      save_every: least seconds between two saves of the state, which only shorten a replay.
    """

    def __init__(self, directory: str | os.PathLike[str], config: Mapping[str, Any], save_every: float = 30.0):
        self.directory, self._config, self._save_every = Path(directory), config, save_every
        self._saved = time.monotonic()
        self._process: dict[str, Any] = {}
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> "DirectoryStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def __len__(self) -> int:
        """Returns the number of stored trials."""
        return len(self._archive)

    @functools.cached_property
    def _archive(self) -> Archive:
        return self._opened.enter_context(Archive.write(self.directory, self._config))

    @property
    def _folder(self) -> Path:
        return self.directory / FOLDER

    def resume(self, initial: State, budget: int) -> tuple[State, int]:
        """Returns the saved state and how many trials it has learned from, or the initial state, to replay all of them.

        Raises:
          ArchiveError: the directory holds another run, or cannot be used.
        """
        done = len(self._archive)
        if done < budget:  # one that only reads the run leaves what the run said of itself
            self._process = process_record(budget, done)
            with contextlib.suppress(ArchiveError):  # on a full disk the archive will say so
                keep(self.directory, PROCESS, self._process)
        saved = checkpoint.load(self._folder, self._archive.config, initial)
        if saved is None or saved.delivered > min(done, budget):
            return initial, 0
        return saved.state, saved.delivered

    def known(self, stop: int) -> Iterable[Known]:
        """Returns what the evaluator has to remember of the first `stop` trials, without building them whole."""
        return self._archive.known(stop)

    def trials(self, start: int = 0, stop: int | None = None) -> list[Trial]:
        """Returns the stored trials from `start` to below `stop`."""
        return self._archive.trials(start, stop)

    def append(self, trials: Sequence[Trial]) -> None:
        """Adds trials, which survive a kill and a power cut from then on."""
        self._archive.append(trials)

    def save(self, done: int, state: Any) -> None:
        """Saves the controller's state where the last time is long enough ago."""
        if time.monotonic() - self._saved >= self._save_every:
            checkpoint.save(self._folder, self._archive.config, done, state)
            self._saved = time.monotonic()

    def exhausted(self, done: int) -> None:
        """Says to whoever watches that the run is at its end, and does not come to its budget."""
        with contextlib.suppress(ArchiveError):  # they wait on, and no trial is lost
            keep(self.directory, PROCESS, {**self._process, "budget": done})

"""Listeners of a search: what they are given, the progress line, a limit on time."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from actsearch.language import ActsearchError
from actsearch.trials import Trial


class Progress(NamedTuple):
    """State of a search after a batch.

    Attributes:
      trials: of this batch, replayed ones included.
      done: number of trials so far.
      budget: number of trials aimed at.
      fresh: how many of them this process evaluated.
      seconds: since the search began in this process.
    """

    trials: Sequence[Trial]
    done: int
    budget: int
    fresh: int
    seconds: float


Callback = Callable[[Progress], None]
"""Called after every batch; it may raise `StopSearch`."""


class StopSearch(Exception):
    """Raised by a callback to end a search after the batch at hand; all of its trials are kept."""


class TimeLimit:
    """A callback that stops a search after some minutes, at the end of a batch.

    Args:
      minutes: above 0.

    Raises:
      ActsearchError: another number.
    """

    def __init__(self, minutes: float):
        if not minutes > 0:
            raise ActsearchError(f"A time limit is a number of minutes above 0; received {minutes}.")
        self.minutes = minutes

    def __call__(self, progress: Progress) -> None:
        """Raises StopSearch once the time is over."""
        if progress.seconds >= 60 * self.minutes:
            raise StopSearch

"""Exactly-once delivery: which trials a wrapper has seen, so that each counts once, in whatever order they come."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from actsearch.controllers.base import Ints
from actsearch.trials.trial import Trial

GAPS = 4096
"""Trials seen ahead of a missing one that are remembered; when there are more, the missing ones count as lost."""


class Seen(NamedTuple):
    """The trials that were seen. Indices come without gaps in the end, so that few numbers are enough.

    Attributes:
      below: all trials with an index below this one were seen, or are lost.
      above: indices of the others, ascending, int64 [n].
    """

    below: int
    above: Ints


def empty() -> Seen:
    """Returns the record of no trials."""
    return Seen(0, np.zeros(0, np.int64))


def new_trials(seen: Seen, trials: Sequence[Trial]) -> tuple[list[Trial], Seen]:
    """Returns the trials that were not seen before, in the order given, and the record that has them.

    Example:
      >>> from actsearch.language import parse
      >>> one, two = (Trial(i, parse("x"), "", "failed") for i in (0, 1))
      >>> new, seen = new_trials(empty(), [two, two])
      >>> [trial.index for trial in new], seen
      ([1], Seen(below=0, above=array([1])))
      >>> new_trials(seen, [one, two])[1].below
      2
    """
    below, above = seen.below, set(seen.above.tolist())
    new = []
    for trial in trials:
        if trial.index >= below and trial.index not in above:
            above.add(trial.index)
            new.append(trial)
    if len(above) > GAPS:
        below = max(below, sorted(above)[-GAPS])
        above = {index for index in above if index >= below}
    while below in above:
        above.remove(below)
        below += 1
    return new, Seen(below, np.array(sorted(above), np.int64))

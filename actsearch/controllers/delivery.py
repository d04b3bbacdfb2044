"""Which trials a wrapper was told already, so that each counts once however often and in whatever order they come."""

from collections.abc import Sequence

from actsearch.controllers.base import State
from actsearch.trials.trial import Trial

GAPS = 4096
"""Trials told ahead of a missing one that are remembered; when there are more, the missing ones count as lost."""


def nothing() -> State:
    """Returns the memory of no trials."""
    return {"below": 0, "above": []}


def unheard(heard: State, trials: Sequence[Trial]) -> tuple[list[Trial], State]:
    """Returns the trials that were not told before, in the order given, and the memory that has them.

    Indices come without gaps in the end, so one number and the indices told ahead of it are the whole memory.

    Example:
      >>> from actsearch.language import parse
      >>> one, two = (Trial(i, parse("x"), "", "failed") for i in (0, 1))
      >>> new, heard = unheard(nothing(), [two, two])
      >>> [trial.index for trial in new], heard
      ([1], {'below': 0, 'above': [1]})
      >>> unheard(heard, [one, two])[1]
      {'below': 2, 'above': []}
    """
    below, above = heard["below"], set(heard["above"])
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
    return new, {"below": below, "above": sorted(above)}

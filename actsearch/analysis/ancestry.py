"""Where a candidate came from: the trials that one trial was bred from."""

from collections.abc import Iterable

from actsearch.language import ActsearchError
from actsearch.trials import Trial


def ancestors(trials: Iterable[Trial], index: int) -> list[Trial]:
    """Returns a trial and all trials that it was bred from, the first ancestor first.

    Args:
      trials: of one run, in any order, with all ancestors.
      index: of the trial.

    Raises:
      ActsearchError: the trial, or a parent, is not among the trials.

    Example:
      >>> from actsearch.language import parse
      >>> x = parse("x")
      >>> trials = [Trial(0, x, "a", "ok", 0.9), Trial(1, x, "b", "ok", 0.8), Trial(2, x, "c", "ok", 0.9, parents=(0,))]
      >>> [trial.index for trial in ancestors(trials, 2)]
      [0, 2]
    """
    by_index = {trial.index: trial for trial in trials}
    line: dict[int, Trial] = {}
    waiting = [(index, "asked for")]
    while waiting:
        number, why = waiting.pop()
        if number not in by_index:
            raise ActsearchError(f"Trial {number}, {why}, is not among the {len(by_index)} trials: pass the whole run.")
        if number not in line:
            line[number] = by_index[number]
            waiting += [(parent, f"a parent of {number}") for parent in by_index[number].parents]
    return [line[number] for number in sorted(line)]

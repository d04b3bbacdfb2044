"""What became of the candidates of a search: how many each stage stopped, and the seconds that saved."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from actsearch.trials import Status, Trial

PROPOSED = "proposed"
"""Name of the first row of a funnel, which counts all trials."""


class Stage(NamedTuple):
    """One row of a funnel.

    Attributes:
      stage: PROPOSED for all trials, else as `Trial.stage` has it: "rejected:finite", "duplicate", "ok", ...
      trials: how many.
      share: of all trials, in [0, 1]; 0 when there are none.
      seconds: wall time spent on them.
      saved: seconds by which training them too would have been longer: their number times the mean of the trained
        trials, less what was spent on them, and at least 0; 0 for trials that no gate stopped. For PROPOSED the sum.
    """

    stage: str
    trials: int
    share: float
    seconds: float
    saved: float


def funnel(trials: Iterable[Trial], gates: Sequence[str] = ()) -> list[Stage]:
    """Returns how many trials each stage of a search stopped, in the order of the stages.

    Args:
      trials: of one run, in any order.
      gates: in the order in which they are tried; "duplicate" among them says where known candidates are recognised.
        A gate that is not named comes behind those that are, in the order of the first trial that it stopped.

    Returns:
      The rows PROPOSED, a row for each gate that is named or stopped a trial, "duplicate", "failed" where there are
      any, "diverged" and "ok". The first row is the sum of the others.

    Example:
      >>> from actsearch.language import parse
      >>> x = parse("x")
      >>> trials = [Trial(0, x, "a", "ok", 0.9, seconds=2.0), Trial(1, x, "a", "duplicate", 0.9, first=0, seconds=0.5)]
      >>> for row in funnel(trials):
      ...     print(*row)
      proposed 2 1.0 2.5 1.5
      duplicate 1 0.5 0.5 1.5
      diverged 0 0.0 0.0 0.0
      ok 1 0.5 2.0 0.0
    """
    members: dict[str, list[Trial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.index):
        members.setdefault(trial.stage, []).append(trial)
    total = sum(map(len, members.values()))
    full = [trial.seconds for group in members.values() for trial in group if trial.trained]
    mean = math.fsum(full) / len(full) if full else 0.0
    rows = [_stage(stage, members.get(stage, []), total, mean) for stage in _order(members, gates)]
    spent, saved = math.fsum(row.seconds for row in rows), math.fsum(row.saved for row in rows)
    return [Stage(PROPOSED, total, float(total > 0), spent, saved), *rows]


def _stage(stage: str, trials: Sequence[Trial], total: int, mean: float) -> Stage:
    seconds = math.fsum(trial.seconds for trial in trials)
    stopped = any(trial.status in (Status.REJECTED, Status.DUPLICATE) for trial in trials)
    saved = max(0.0, len(trials) * mean - seconds) if stopped else 0.0
    return Stage(stage, len(trials), len(trials) / max(1, total), seconds, saved)


def _order(stages: Iterable[str], gates: Sequence[str]) -> list[str]:
    """Returns the named gates, other gates, then what becomes of candidates that no gate rejected."""
    duplicate, failed = str(Status.DUPLICATE), str(Status.FAILED)
    names = [gate.rpartition(" ")[0] or gate for gate in gates]  # an identity may have a digest behind the name
    named = [duplicate if gate == duplicate else f"{Status.REJECTED}:{gate}" for gate in names]
    rejected = [stage for stage in stages if stage.startswith(Status.REJECTED)]
    failures = [failed] if failed in stages else []
    return list(dict.fromkeys([*named, *rejected, duplicate, *failures, str(Status.DIVERGED), str(Status.OK)]))

"""Runs of one space and task side by side, grouped over seeds. For `actsearch compare`."""

import json
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from actsearch.analysis.configuration import Config, Digests, controller_name, settings, space_digests, task_digests
from actsearch.analysis.regret import best_so_far, regret_at, trials_until
from actsearch.analysis.statistics import Interval
from actsearch.language import ActsearchError
from actsearch.trials import Known, Status
from actsearch.trials.codec import ABSENT, differences


class Run(Protocol):
    """The contents of an archive under a name; `actsearch.archive.open_run` returns one."""

    @property
    def name(self) -> str:
        """Name for people, such as the directory."""

    @property
    def config(self) -> Config:
        """Configuration of the archive."""

    @property
    def outcomes(self) -> Sequence[Known]:
        """All trials, in order; light records, since a run may have a million."""


class Group(NamedTuple):
    """Runs that differ in the seed only.

    Attributes:
      runs: at least one.
      curves: for each run the best score so far, [trials].
      regret: for each budget the mean over the runs that came so far with its 95 % interval; None where none did.
      needed: for each run the trials until the threshold; None where it was not reached.
    """

    runs: list[Run]
    curves: list[np.ndarray]
    regret: list[Interval | None]
    needed: list[int | None]

    def rows(self) -> list["RunRow"]:
        """Returns the facts of each run."""
        return [
            RunRow(
                run.name,
                run.config.get("seed"),
                len(run.outcomes),
                sum(outcome.status in (Status.OK, Status.DIVERGED) for outcome in run.outcomes),
                float(curve[-1]),
                needed,
            )
            for run, curve, needed in zip(self.runs, self.curves, self.needed, strict=True)
        ]


class RunRow(NamedTuple):
    """Facts of one run.

    Attributes:
      run: its name.
      seed: of the search; None where the configuration has none.
      trials: number of trials.
      trained: how many of them were trained.
      best: best score.
      trials_until_threshold: None where the threshold was not reached.
    """

    run: str
    seed: int | None
    trials: int
    trained: int
    best: float
    trials_until_threshold: int | None


class Comparison(NamedTuple):
    """Regret of several runs on one space and task.

    Attributes:
      space: name of the space.
      task: name of the task, or names joined by "+".
      reference: the score that regret is measured from.
      threshold: the score that `Group.needed` counts the trials to.
      budgets: numbers of trials.
      groups: by the controller's name, and the settings in which groups of one controller differ.
    """

    space: str
    task: str
    reference: float
    threshold: float
    budgets: tuple[int, ...]
    groups: dict[str, Group]

    @property
    def where(self) -> str:
        """Space and task for people: "swish-1 on digits-mlp"."""
        return f"{self.space} on {self.task}"


def compare_runs(
    runs: Sequence[Run], budgets: Sequence[int] = (), within: float = 0.005, reference: float | None = None
) -> Comparison:
    """Returns the regret of runs on one space and task, and the trials until a good score, grouped over seeds.

    The scores are those that the searches saw, on their own training seeds: which function is best is settled by
    training again on fresh seeds.

    Args:
      runs: at least one, each with a trial.
      budgets: numbers of trials, each at least 1; by default a tenth, a quarter, half and all of the shortest run.
      within: distance of the threshold below the reference, at least 0.
      reference: a score; by default the best of all runs.

    Raises:
      ActsearchError: no runs, one without trials, runs on different spaces or tasks, the same run twice, an argument
        out of range.
    """
    _check(runs, budgets, within)
    if reference is not None and not math.isfinite(reference):
        raise ActsearchError(f"A reference is a score; received {reference}.")
    curves = [best_so_far(run.outcomes) for run in runs]
    reference = max(float(curve[-1]) for curve in curves) if reference is None else reference
    shortest = min(map(len, curves))
    chosen = tuple(sorted(set(budgets) or {-(-shortest // part) for part in (10, 4, 2, 1)}))
    groups = {}
    for label, members in _grouped([run.config for run in runs]).items():
        own = [curves[i] for i in members]
        rows = [regret_at(own, reference, budget) for budget in chosen]
        # A rounding error must not keep a run from a threshold that it reaches.
        needed = [trials_until(curve, reference - within - 1e-9) for curve in own]
        groups[label] = Group([runs[i] for i in members], own, rows, needed)
    space, task = (_names(part(runs[0].config)) for part in (space_digests, task_digests))
    return Comparison(space, task, reference, reference - within, chosen, groups)


def _check(runs: Sequence[Run], budgets: Sequence[int], within: float) -> None:
    if not runs:
        raise ActsearchError("A comparison needs at least one run; received none.")
    if any(budget < 1 for budget in budgets) or not within >= 0:
        raise ActsearchError(f"Budgets are at least 1 and within at least 0; received {list(budgets)} and {within}.")
    seen: dict[str, str] = {}
    for run in runs:
        if not run.outcomes:
            raise ActsearchError(f"{run.name} has no trials yet: wait for its first batch, or leave it out.")
        _check_same("space", space_digests, runs[0], run)
        _check_same("task", task_digests, runs[0], run)
        identity = json.dumps(run.config, sort_keys=True)
        if identity in seen:
            both = f"{seen[identity]} and {run.name}"
            raise ActsearchError(f"{both} are the same run, seed included: leave one of them out.")
        seen[identity] = run.name


def _check_same(kind: str, digests_of: Callable[[Config], Digests], first: Run, run: Run) -> None:
    """Raises where two runs differ in their spaces or tasks, or in what these are made of."""
    expected, digests = digests_of(first.config), digests_of(run.config)
    problem = ""
    if expected.keys() != digests.keys():
        problem = f"{first.name} is on {_names(expected)} and {run.name} on {_names(digests)}"
    else:
        changed = [name for name in digests if expected[name] and digests[name] and expected[name] != digests[name]]
        if changed:
            problem = f"{changed[0]} has other contents in {first.name} than in {run.name}, in spite of its name"
    if problem:
        raise ActsearchError(f"Runs on different {kind}s cannot be compared: {problem}. Compare those of one {kind}.")


def _names(digests: Digests) -> str:
    return "+".join(digests)


def _grouped(configs: Sequence[Config]) -> dict[str, list[int]]:
    """Returns the positions of the runs that differ in the seed only, by a label that says how the groups differ."""
    positions: dict[str, list[int]] = {}
    for i, label in enumerate(_labels(configs)):
        positions.setdefault(label, []).append(i)
    return positions


def _labels(configs: Sequence[Config]) -> list[str]:
    """Returns each run's controller, and its settings that differ from those of another run of that controller."""
    names, rows = [controller_name(config) for config in configs], [settings(config) for config in configs]
    labels = []
    for name, row in zip(names, rows, strict=True):
        rivals = [other for rival, other in zip(names, rows, strict=True) if rival == name]
        differing = {key: value for other in rivals for key, value, _ in differences(row, other) if value is not ABSENT}
        labels.append(", ".join([name, *(f"{key}={differing[key]}" for key in sorted(differing))]))
    return labels

"""How fast controllers find good programs: best score so far, regret, trials until a score. For `actsearch compare`.

Simple regret after n trials is r(n) = s - max_{i <= n} s_i, where s is the reference score.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from actsearch.analysis.statistics import Interval, bootstrap_mean
from actsearch.report.style import blank, line_look, styled
from actsearch.trials.ranking import first_index, length
from actsearch.trials.trial import Trial

_BAND = 100  # places at most at which a band is computed: a bootstrap each

_LINEAR = 1e-4  # below it a difference in accuracy is less than one example in 10,000


class Run(NamedTuple):
    """An archive's contents, under a name.

    Attributes:
      name: for people, such as its directory.
      config: the archive's; "space", "task", "controller" and "seed" among it.
      trials: in order.
    """

    name: str
    config: Mapping[str, Any]
    trials: Sequence[Trial]


class Group(NamedTuple):
    """Runs that differ in the seed only.

    Attributes:
      runs: at least one.
      curves: of each run, [its trials]: the best score so far.
      regret: one for each budget: the mean over the runs that came so far with its 95 % interval; None where none did.
      needed: of each run, the trials until the threshold; None where it was not reached.
    """

    runs: list[Run]
    curves: list[np.ndarray]
    regret: list[Interval | None]
    needed: list[int | None]


class Comparison(NamedTuple):
    """What `compare` returns.

    Attributes:
      reference: the score that regret is measured from.
      threshold: the score that `Group.needed` counts the trials to.
      budgets: numbers of trials.
      groups: by the controller's name, and the settings in which groups of one controller differ.
    """

    reference: float
    threshold: float
    budgets: tuple[int, ...]
    groups: dict[str, Group]


def best_so_far(trials: Sequence[Trial], *, repeats: bool = False) -> np.ndarray:
    """Returns the best score among the first 1, 2, ... trials.

    Args:
      trials: of one run, in order. Of a run with rungs its longest trainings count; one that never came to full
        trainings has scores of another quantity, and is not to be compared with one that did.
      repeats: count repeated trainings of a known function too. The best of several draws of one function is luck, so
        that only its first evaluation counts by default.

    Returns:
      [n] float64, never falling; 0, the lowest score, before the first trial that counts. These have status "ok" and,
      in a run with rungs, the longest training of the run: scores after fewer steps are other quantities.

    Example:
      >>> from actsearch.language import parse
      >>> x = parse("x")
      >>> outcomes = [("rejected:finite", None), ("ok", 0.8), ("ok", 0.7), ("ok", 0.9)]
      >>> best_so_far([Trial(i, x, str(i), status, score) for i, (status, score) in enumerate(outcomes)]).tolist()
      [0.0, 0.8, 0.8, 0.9]
    """
    longest = max((length(trial) for trial in trials if trial.status == "ok"), default=0.0)
    scores, seen = np.zeros(len(trials)), set()
    for place, trial in enumerate(trials):
        if trial.status == "ok" and length(trial) == longest and (repeats or first_index(trial) not in seen):
            seen.add(first_index(trial))
            scores[place] = trial.score
    return np.maximum.accumulate(scores)


def trials_until(curve: np.ndarray, threshold: float) -> int | None:
    """Returns the number of trials after which a curve of `best_so_far` first reaches a score; None if it never does.

    Example:
      >>> trials_until(np.array([0.1, 0.8, 0.8, 0.9]), 0.8), trials_until(np.array([0.1]), 0.8)
      (2, None)
    """
    reached = np.flatnonzero(curve >= threshold)
    return int(reached[0]) + 1 if reached.size else None


def regret_at(curves: Iterable[np.ndarray], reference: float, budget: int) -> Interval | None:
    """Returns the mean simple regret after `budget` trials, over the runs that came so far, with its 95 % interval.

    Args:
      curves: of `best_so_far`, one for each run; their lengths may differ.
      reference: the score s in s - max s_i.
      budget: number of trials, at least 1.

    Returns:
      The Interval of `bootstrap_mean` over runs, without ends where there is one run; None where no run came so far.

    Example:
      >>> found = regret_at([np.array([0.5, 0.8]), np.array([0.5, 0.8]), np.array([0.5])], 0.9, 2)
      >>> round(found.estimate, 3)
      0.1
    """
    values = [reference - curve[budget - 1] for curve in curves if len(curve) >= budget]
    return bootstrap_mean(values) if values else None


def compare(
    runs: Sequence[Run], budgets: Sequence[int] = (), within: float = 0.005, reference: float | None = None
) -> Comparison:
    """Returns the regret of runs on one space and task, and the trials until a good score, grouped over seeds.

    The scores are those that the searches saw, on their own training seeds: which function is best is settled by
    training again on fresh seeds.

    Args:
      runs: at least one, each with a trial.
      budgets: numbers of trials, each at least 1; by default a tenth, a quarter, half and all of the shortest run.
      within: the threshold lies this far below the reference, at least 0.
      reference: a score; by default the best of all runs.

    Raises:
      ValueError: no runs, one without trials, runs on different spaces or tasks, the same run twice, an argument out of
        range.
    """
    _check(runs, budgets, within)
    curves = [best_so_far(run.trials) for run in runs]
    reference = max(float(curve[-1]) for curve in curves) if reference is None else reference
    shortest = min(map(len, curves))
    chosen = tuple(sorted(set(budgets) or {-(-shortest // part) for part in (10, 4, 2, 1)}))
    groups = {}
    for name, members in _grouped(runs).items():
        mine = [curves[i] for i in members]
        rows = [regret_at(mine, reference, budget) for budget in chosen]
        # A rounding error must not keep a run from a threshold that it reaches.
        needed = [trials_until(curve, reference - within - 1e-9) for curve in mine]
        groups[name] = Group([runs[i] for i in members], mine, rows, needed)
    return Comparison(reference, reference - within, chosen, groups)


@styled
def regret_curves(comparison: Comparison, title: str = "Regret") -> Figure:
    """Draws the mean regret of each group against the number of trials, with a band of 95 % over several runs.

    Both axes are logarithmic, that of regret linear below 0.0001, so that 0 has a place. A line ends with its group's
    shortest run.

    Args:
      comparison: from `compare`.
      title: above the picture; empty for none.
    """
    figure = blank(8.0, 4.6, title)
    axes = figure.subplots()
    for place, (name, group) in enumerate(comparison.groups.items()):
        _draw(axes, place, name, group, comparison.reference)
    heights = np.concatenate([line.get_ydata() for line in axes.lines])
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=_LINEAR, linscale=0.5)
    # A little below 0, so that a line at 0 can be seen; there is more only where a run is better than the reference.
    axes.set_ylim(min(-_LINEAR / 5, 1.3 * heights.min()), max(_LINEAR, 1.3 * heights.max()))
    axes.set(xlabel="trials", ylabel=f"regret: {comparison.reference:.4f} − best score so far")  # noqa: RUF001, a minus sign
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(True)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@styled
def regret_panels(panels: Mapping[str, Mapping[str, Mapping[int, Interval]]], title: str = "Regret") -> Figure:
    """Draws the mean regret of controllers on several tasks, a panel each, three in a row, with bands.

    Args:
      panels: title of the panel -> controller -> number of evaluations -> mean regret with its interval.
      title: above the picture; empty for none.

    Raises:
      ValueError: no panel.
    """
    if not panels:
        raise ValueError("regret_panels needs at least one panel; received none.")
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = blank(3.7 * columns, 3.0 * rows + 0.7, title)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    labels = list(dict.fromkeys(label for curves in panels.values() for label in curves))
    for axes, (name, curves) in zip(grid.flat, panels.items(), strict=False):
        axes.set(title=name, xscale="log")
        axes.set_yscale("symlog", linthresh=10 * _LINEAR, linscale=0.5)
        axes.grid(True)
        for label, curve in curves.items():
            look, (mean, low, high) = line_look(labels.index(label)), np.array(list(curve.values())).T
            axes.plot(list(curve), mean, label=label, **look)
            axes.fill_between(list(curve), low, high, color=look["color"], alpha=0.15, linewidth=0)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("evaluations")
    figure.supylabel("regret of the best function evaluated", fontsize=10)
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=len(labels))
    return figure


def _draw(axes: Axes, place: int, name: str, group: Group, reference: float) -> None:
    """Draws the line of one group, and its band where it has one."""
    shortest = min(map(len, group.curves))
    mean = reference - np.mean([curve[:shortest] for curve in group.curves], axis=0)
    look, several = line_look(place), len(group.runs) > 1
    label = f"{name} ({len(group.runs)} runs)" if several else name
    axes.step(np.arange(1, shortest + 1), mean, where="post", label=label, **look)
    if several:
        budgets = np.append(1 + np.flatnonzero(np.diff(mean, prepend=np.inf)), shortest)  # where the mean falls
        budgets = budgets[np.unique(np.linspace(0, len(budgets) - 1, _BAND).astype(int))]
        band = [regret_at(group.curves, reference, int(budget)) for budget in budgets]
        low, high = ([getattr(row, end) for row in band] for end in ("low", "high"))
        axes.fill_between(budgets, low, high, step="post", color=look["color"], alpha=0.15, linewidth=0)


def _check(runs: Sequence[Run], budgets: Sequence[int], within: float) -> None:
    if not runs:
        raise ValueError("A comparison needs at least one run; received none.")
    if any(budget < 1 for budget in budgets) or not within >= 0:
        raise ValueError(f"Budgets are at least 1 and within at least 0; received {list(budgets)} and {within}.")
    seen: dict[str, str] = {}
    for run in runs:
        if not run.trials:
            raise ValueError(f"{run.name} has no trials yet: wait for its first batch, or leave it out.")
        for what in ("space", "task"):
            _same(what, runs[0], run)
        identity = json.dumps(run.config, sort_keys=True)
        if identity in seen:
            raise ValueError(f"{seen[identity]} and {run.name} are the same run, seed included: leave one of them out.")
        seen[identity] = run.name


def _same(what: str, one: Run, other: Run) -> None:
    """Raises where two runs differ in their space or task."""
    if one.config.get(what) != other.config.get(what):
        problem = f"{one.name} is on {one.config.get(what)} and {other.name} on {other.config.get(what)}"
        raise ValueError(f"Runs on different {what}s cannot be compared: {problem}. Compare those of one {what}.")


def _grouped(runs: Sequence[Run]) -> dict[str, list[int]]:
    """Returns the places of the runs that differ in the seed only, by a name that says how the groups differ."""
    settings = [_settings(run.config) for run in runs]
    places: dict[str, list[int]] = {}
    for i, run in enumerate(runs):
        controller = str(run.config.get("controller"))
        same = [other for other in settings if other["controller"] == settings[i]["controller"]]
        differs = [key for key in settings[i] if any(other.get(key) != settings[i][key] for other in same)]
        values = ", ".join(f"{key.removeprefix('options.')}={settings[i][key]}" for key in sorted(differs))
        places.setdefault(f"{controller}, {values}" if values else controller, []).append(i)
    return places


def _settings(config: Mapping[str, Any]) -> dict[str, str]:
    """Returns all of a configuration but the seed, options as "options.<name>", values as JSON."""
    flat = {f"options.{name}": value for name, value in config.get("options", {}).items()}
    flat |= {name: value for name, value in config.items() if name not in ("seed", "options")}
    return {"controller": "", **{name: json.dumps(value) for name, value in flat.items()}}

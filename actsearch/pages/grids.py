"""Tables of a page: cells with what they are sorted by."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from actsearch.analysis import Comparison, FalseReject, Interval, Stage
from actsearch.language import Program, simplify
from actsearch.pages.material import Verified
from actsearch.pages.mathml import to_mathml
from actsearch.pages.packages import package
from actsearch.trials import CandidateStats, Trial


class Cell(NamedTuple):
    """A cell.

    Attributes:
      shown: text, or markup.
      key: what its column is sorted by.
      number: whether it is aligned as one.
    """

    shown: str
    key: float | str
    number: bool = False


class Grid(NamedTuple):
    """A table.

    Attributes:
      caption: above it.
      columns: their headings.
      rows: a cell for each column.
    """

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


def text(value: object) -> Cell:
    """Returns a cell of text."""
    return Cell(str(value), str(value))


def number(value: float | None, spec: str = ".4f") -> Cell:
    """Returns a cell of a number; None, NaN and the infinities are a dash, below all others.

    Example:
      >>> number(0.5, ".2f"), number(None)
      (Cell(shown='0.50', key=0.5, number=True), Cell(shown='–', key=-1e+308, number=True))
    """
    if value is None or not math.isfinite(value):
        return Cell("–", -1e308, True)  # noqa: RUF001, a dash
    return Cell(format(value, spec), float(value), True)


def interval(value: Interval | None, spec: str = ".4f") -> Cell:
    """Returns a cell of an estimate with its interval."""
    if value is None or math.isnan(value.estimate):
        return number(None)
    ends = f" [{value.low:{spec}}, {value.high:{spec}}]" if math.isfinite(value.low) else ""
    return Cell(f"{value.estimate:{spec}}{ends}", float(value.estimate), True)


def formula(program: Program, card: str = "") -> Cell:
    """Returns a cell of a typeset formula, which leads to its card where there is one."""
    markup = package("markupsafe")
    shown = markup.Markup(to_mathml(program))
    link = markup.Markup('<a href="#{}" title="its card">{}</a>')
    return Cell(link.format(card, shown) if card else shown, str(program))


def funnel_grid(stages: Iterable[Stage], rejects: Mapping[str, FalseReject]) -> Grid:
    """Returns the funnel with the share of each gate's rejects that were good, where an audit measured it."""
    rows = [
        (
            text(stage.stage),
            number(stage.trials, ",d"),
            number(stage.share, ".1%"),
            number(stage.seconds, ",.1f"),
            number(stage.saved, ",.1f"),
            interval(rejects[gate].rate, ".1%") if (gate := stage.stage.partition(":")[2]) in rejects else number(None),
        )
        for stage in stages
    ]
    columns = ("stage", "candidates", "share", "seconds spent", "seconds saved", "false rejects")
    return Grid("What became of the candidates", columns, rows)


def leaders_grid(ranked: Sequence[CandidateStats], cards: Mapping[str, str]) -> Grid:
    """Returns the best candidates of a run by the rule of `actsearch.trials.rank`."""
    rows = [
        (
            number(place, "d"),
            formula(simplify(one.program), cards.get(one.fingerprint, "")),
            number(one.mean),
            number(one.low),
            number(one.trainings, "d"),
            number(one.loss),
            number(one.first, "d"),
        )
        for place, one in enumerate(ranked, 1)
    ]
    columns = ("rank", "formula", "mean score", "at least", "trainings", "loss", "trial")
    return Grid("The best candidates by the search's own scores", columns, rows)


def verified_grid(verified: Verified, names: Mapping[Program, str], cards: Mapping[Program, str]) -> Grid:
    """Returns a verification: means, and differences with intervals that hold for all comparisons at once."""
    result = verified.result
    columns = ["formula", "published as"]
    by_text = {str(program): name for program, name in names.items() if name}
    for task in result.tasks:
        columns += [task, *(f"minus {by_text.get(baseline, baseline)}" for baseline in result.baselines(task))]
    costs = tuple(dict.fromkeys(name for cost in verified.costs.values() for name in cost))
    rows = []
    for program in result.ranked:
        cells = [formula(program, cards.get(simplify(program), "")), text(names.get(program, ""))]
        for task in result.tasks:
            cells += _verified_cells(verified, task, program)
        own = verified.costs.get(str(program), {})
        rows.append((*cells, number(result.diverged(program), "d"), *(number(own.get(name), ".2f") for name in costs)))
    columns += ["diverged", *(f"{name.removesuffix('_ms')} / ReLU's" for name in costs)]
    return Grid(f"{verified.name}: the best on average first", tuple(columns), rows)


def _verified_cells(verified: Verified, task: str, program: Program) -> list[Cell]:
    baselines = verified.result.baselines(task)
    try:
        row = verified.result.row(task, program)
    except KeyError:
        return [number(None)] * (1 + len(baselines))
    by_baseline = {one.baseline: one.simultaneous for one in row.differences}
    return [interval(row.mean), *(interval(by_baseline.get(one), "+.4f") for one in baselines)]


def regret_grid(comparison: Comparison) -> Grid:
    """Returns the mean regret of each group of runs after numbers of trials."""
    columns = ("controller", "runs", *(f"after {budget:,}" for budget in comparison.budgets))
    rows = [
        (text(label), number(len(group.runs), "d"), *map(interval, group.regret))
        for label, group in comparison.groups.items()
    ]
    return Grid(f"Regret: {comparison.reference:.4f} less the best score so far", columns, rows)


def runs_grid(comparison: Comparison) -> Grid:
    """Returns the runs of a comparison."""
    columns = ("controller", "run", "seed", "trials", "trained", "best", f"trials to {comparison.threshold:.4f}")
    rows = [
        (
            text(label),
            text(row.run),
            number(row.seed, "d"),
            number(row.trials, ",d"),
            number(row.trained, ",d"),
            number(row.best),
            number(row.trials_until_threshold, ",d"),
        )
        for label, group in comparison.groups.items()
        for row in group.rows()
    ]
    return Grid(f"Runs of {comparison.where}", columns, rows)


def seeds_grid(trials: Sequence[Trial], verified: Sequence[Verified], program: Program) -> Grid:
    """Returns every training of a function: where, the seed, and its score."""
    rows: list[tuple[Any, ...]] = []
    for trial in trials:
        share = "" if trial.fidelity == 1 else f", {trial.fidelity:.0%} of the steps"
        for seed, metrics in zip(trial.seeds, trial.metrics, strict=False):
            rows.append((text(f"search{share}"), number(seed, "d"), number(metrics.get("score", trial.score))))
    for one in verified:
        for row in one.result.rows:
            if simplify(row.program) == program:
                scores = zip(one.result.seeds, row.trained.scores, strict=True)
                rows += [(text(f"{row.task}, {one.name}"), number(seed, "d"), number(score)) for seed, score in scores]
    return Grid("Score of each training", ("where", "seed", "score"), rows)

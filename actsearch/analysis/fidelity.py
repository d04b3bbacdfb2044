"""Fidelity: how far the order of functions on one task, a proxy, is that on another, a target.

`experiments/fidelity.py` trains a panel of functions on both; `actsearch.evaluation.fidelity_of` reads the result.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from actsearch.analysis.statistics import Interval, kendall_tau
from actsearch.language import ActsearchError

Criterion = Literal["loss", "accuracy"]
Rates = Literal["equal", "best"]
Metrics = Mapping[str, float]


class PanelRun(NamedTuple):
    """Trainings of a panel of functions on one task.

    Attributes:
      task: its name.
      network: its data and network, for people.
      trained: factor on the learning rate -> metrics [functions][seeds], the same functions and seeds for each factor.
    """

    task: str
    network: str
    trained: Mapping[float, Sequence[Sequence[Metrics]]]

    @property
    def seeds(self) -> int:
        """Trainings of each function at each rate."""
        return len(next(iter(self.trained.values()))[0])

    def part(self, first: int, step: int) -> "PanelRun":
        """Returns the run with every `step`-th seed, from the `first` on."""
        part = {rate: [rows[first::step] for rows in functions] for rate, functions in self.trained.items()}
        return self._replace(trained=part)


class Fidelity(NamedTuple):
    """How a proxy orders functions as compared with a target.

    Attributes:
      proxy: name of the task that is searched on.
      target: name of the task that counts.
      network: the target's data and network.
      criterion: what orders the functions, mean loss or mean accuracy over the seeds.
      rates: "equal", the recipes' own rate for all; or "best", for each function the rate of its lowest mean loss.
      functions: of the panel.
      seeds: of the proxy.
      tau: Kendall's tau-b with its 95 % interval over functions; NaN in [-1, 1] where one order is all ties.
      ceiling: tau of the target with itself, one half of its seeds against the other; NaN for one seed.
    """

    proxy: str
    target: str
    network: str
    criterion: Criterion
    rates: Rates
    functions: int
    seeds: int
    tau: Interval
    ceiling: float


def fidelities(proxies: Sequence[PanelRun], targets: Sequence[PanelRun]) -> list[Fidelity]:
    """Returns Kendall's tau between every proxy and every target, by each criterion and choice of rates that both have.

    A function that diverged with any seed is below all others. A task that is proxy and target has its ceiling in the
    place of its tau: with its own seeds it would agree with itself in luck too.

    Args:
      proxies: with the functions in one order.
      targets: the same functions in the same order.

    Returns:
      Rows by criterion and rates, then by target, then by proxy. "best" is there where both have several rates.

    Example:
      >>> losses = [[{"loss": 0.3}, {"loss": 0.4}], [{"loss": 0.1}, {"loss": 0.2}], [{"loss": 0.5}, {"loss": 0.6}]]
      >>> run = PanelRun("a", "an MLP", {1.0: losses})
      >>> [(row.proxy, row.target, row.tau.estimate) for row in fidelities([run._replace(task="b"), run], [run])]
      [('b', 'a', 1.0), ('a', 'a', 1.0)]
    """
    criteria: tuple[Criterion, ...] = ("loss", "accuracy")
    choices: tuple[Rates, ...] = ("equal", "best")
    return [
        _row(proxy, target, criterion, rates)
        for criterion in criteria
        for rates in choices
        for target in targets
        for proxy in proxies
        if _has(proxy, criterion, rates) and _has(target, criterion, rates)
    ]


def order(run: PanelRun, criterion: Criterion, rates: Rates) -> np.ndarray:
    """Returns a number for each function of a panel, higher for a better one; the lowest, once, for all that diverged.

    Args:
      run: with the factor 1 for equal rates.
      criterion: by -mean loss, or by mean accuracy. Loss is the metric `loss`, else `mse`, else the negative score.
      rates: as in `Fidelity`.
    """
    losses = np.stack([_means(functions, "loss") for functions in run.trained.values()])
    values = np.stack([_means(functions, criterion) for functions in run.trained.values()])
    if rates == "equal":
        chosen = values[list(run.trained).index(1.0)]
    else:
        chosen = np.take_along_axis(values, losses.argmax(axis=0)[None], axis=0)[0]
    finite = np.isfinite(chosen)
    return np.where(finite, chosen, chosen[finite].min() - 1 if finite.any() else 0.0)


def _row(proxy: PanelRun, target: PanelRun, criterion: Criterion, rates: Rates) -> Fidelity:
    ceiling = _ceiling(target, criterion, rates)
    if proxy.task == target.task:
        tau, seeds = ceiling, target.seeds // 2
    else:
        tau, seeds = _tau(order(proxy, criterion, rates), order(target, criterion, rates)), proxy.seeds
    functions = len(next(iter(target.trained.values())))
    names = proxy.task, target.task, target.network
    return Fidelity(*names, criterion, rates, functions, seeds, tau, ceiling.estimate)


def _ceiling(target: PanelRun, criterion: Criterion, rates: Rates) -> Interval:
    if target.seeds < 2:
        return Interval(math.nan, -1.0, 1.0)
    return _tau(*(order(target.part(first, 2), criterion, rates) for first in (0, 1)))


def _tau(one: np.ndarray, two: np.ndarray) -> Interval:
    if len(one) != len(two):
        raise ActsearchError(f"Fidelity needs the same panel on both tasks; received {len(one)} and {len(two)}.")
    says_nothing = min(len(np.unique(one)), len(np.unique(two))) < 2
    return Interval(math.nan, -1.0, 1.0) if says_nothing else kendall_tau(one, two)


def _has(run: PanelRun, criterion: Criterion, rates: Rates) -> bool:
    first = next(iter(run.trained.values()))[0][0]
    return (1.0 in run.trained if rates == "equal" else len(run.trained) > 1) and (
        criterion == "loss" or criterion in first
    )


def _means(functions: Sequence[Sequence[Metrics]], criterion: Criterion) -> np.ndarray:
    """Returns the mean over seeds for each function, -inf where any training diverged."""
    values = np.array([[_value(row, criterion) for row in rows] for rows in functions], np.float64)
    return np.where(np.isfinite(values).all(axis=1), values.mean(axis=1), -math.inf)


def _value(row: Metrics, criterion: Criterion) -> float:
    loss = next((-row[name] for name in ("loss", "mse") if name in row), None)
    loss = row["score"] if loss is None else loss
    return loss if criterion == "loss" or not math.isfinite(loss) else row["accuracy"]

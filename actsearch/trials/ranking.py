"""The one rule for the best candidates of a run, where a score depends on the training's seed.

Everything that chooses among noisy scores uses it: the controllers that train promising candidates again, and whoever
names the winner of a run. For the n trainings of one candidate, with mean score m,

    low, high = m -+ t s / sqrt(n),    s^2 = sum over candidates and trainings (score - m)^2 / nu

where nu sums n - 1 over the candidates, and t is the 95 % quantile of Student's distribution with nu degrees of
freedom. The incumbent is the candidate with the highest `low`; a candidate is promising while its `high` is above that.
Only the trainings of a run's highest fidelity count: scores after fewer steps are other quantities.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from actsearch.language import ActsearchError, Program
from actsearch.spaces import Genotype
from actsearch.trials.pareto import front
from actsearch.trials.scores import CONFIDENCE, Row, counts, empty, fingerprint_key, rows, update
from actsearch.trials.trial import Known, Status, Trial


class CandidateStats(NamedTuple):
    """Statistics of one candidate's trainings.

    Attributes:
      fingerprint: its functional identity.
      first: index of its first trial.
      program: the candidate.
      genotype: the choices that made it; None for a program of other origin.
      evaluations: trials that trained it.
      trainings: n, the seeds of those trials.
      mean: m, of its scores.
      loss: mean of the metric "loss", infinite where a training has none; for ties.
      low: lower bound of its expected score; -inf while no candidate has two trainings.
      high: upper bound; inf while no candidate has two trainings.
    """

    fingerprint: str
    first: int
    program: Program
    genotype: Genotype | None
    evaluations: int
    trainings: int
    mean: float
    loss: float
    low: float = -math.inf
    high: float = math.inf


class _Bounded(Protocol):
    @property
    def first(self) -> int: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def trainings(self) -> int: ...
    @property
    def mean(self) -> float: ...
    @property
    def loss(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


Stats = TypeVar("Stats", bound=_Bounded)
Record = TypeVar("Record", bound=Known)


def rank(trials: Iterable[Trial], confidence: float = CONFIDENCE) -> list[CandidateStats]:
    """Ranks the candidates of a run, best first.

    Trainings count for the same candidate when their fingerprints are equal. A candidate of which any training
    diverged, or failed a gate when it was repeated, is left out.

    Args:
      trials: of one run, each once, in any order.
      confidence: of each bound, one-sided, in (0.5, 1).

    Returns:
      Candidates by falling lower bound; then, as where no bound is known, by falling mean, rising loss and rising
      index. While no candidate has two trainings all have one, so that the order by mean is the order by bound.

    Raises:
      ActsearchError: a confidence out of range.

    Source: candidates are ranked by a quantile of what is believed of them, as in Picheny, Ginsbourger, Richet and
    Caplin 2013 (Quantile-based optimization of noisy computer experiments with tunable precision, Technometrics 55),
    and stay in the race until their upper bound is below the best lower bound, as in Even-Dar, Mannor and Mansour 2006
    (Action elimination and stopping conditions for the multi-armed bandit, JMLR 7). Different here: the noise is pooled
    over candidates, since few have more than two trainings, which takes it to be the same for all of them. A bound
    holds for a candidate named beforehand; the best of many is still flattered, and a winner wants fresh seeds.

    Example:
      >>> from actsearch.language import parse
      >>> x, relu = parse("x"), parse("max(x, 0)")
      >>> trials = [Trial(0, relu, "a", "ok", 0.90), Trial(1, relu, "a", "ok", 0.92, first=0)]
      >>> lucky = Trial(2, x, "b", "ok", 0.93)
      >>> [(str(row.program), row.trainings, round(row.mean, 2)) for row in rank([*trials, lucky])]
      [('max(x, 0)', 2, 0.91), ('x', 1, 0.93)]
    """
    ordered = sorted(trials, key=lambda trial: trial.index)
    scores = update(empty(), ordered)
    names: dict[int, Trial] = {}
    for trial in ordered:
        if trial.fidelity == scores.fidelity and counts(trial):
            names.setdefault(fingerprint_key(trial.fingerprint), trial)
    return [_named(row, names[row.key]) for row in rows(scores, confidence)]


def incumbent(trials: Iterable[Trial], confidence: float = CONFIDENCE) -> CandidateStats | None:
    """Returns the candidate with the highest lower bound, None where nothing was trained; see `rank`."""
    return next(iter(rank(trials, confidence)), None)


def promising(stats: Sequence[Stats], n: int, most: int) -> list[Stats]:
    """Returns the candidates that are worth another training, the worthiest first.

    Args:
      stats: from `rank` or `rows`, best first.
      n: how many at most.
      most: evaluations of a candidate at most, the first one included.

    Returns:
      Those whose upper bound is above the incumbent's lower bound, by falling upper bound, then rising number of
      trainings, falling mean, rising loss and index: those that may be best, and of them the ones least known.

    Example:
      >>> from actsearch.language import parse
      >>> x = parse("x")
      >>> trials = [Trial(i, x, str(i), "ok", score) for i, score in enumerate([0.8, 0.9, 0.7])]
      >>> [row.first for row in promising(rank(trials), 2, most=4)]
      [1, 0]
    """
    if not stats:
        return []
    contenders = [row for row in stats if row.high > stats[0].low and row.evaluations < most]
    return sorted(contenders, key=lambda row: (-row.high, row.trainings, -row.mean, row.loss, row.first))[:n]


def on_front(trials: Iterable[Trial]) -> list[Trial]:
    """Returns the distinct trials that no other one beats on all of its objectives, by falling score.

    Args:
      trials: of one run; only those of status "ok" and of the highest fidelity of such trials count.

    Example:
      >>> from actsearch.language import parse
      >>> rows = [(0.9, -5.0), (0.8, -1.0), (0.7, -2.0)]
      >>> named = [{"a": a, "-b": b} for a, b in rows]
      >>> trials = [Trial(i, parse("x"), str(i), "ok", row["a"], objectives=row) for i, row in enumerate(named)]
      >>> [trial.index for trial in on_front(trials)]
      [0, 1]
    """
    trials = list(trials)
    distinct = best(trials, len(trials))
    scores = np.array([list(trial.objectives.values()) for trial in distinct], float)
    return [distinct[i] for i in front(scores)] if scores.size else []


def best(trials: Iterable[Trial], n: int) -> list[Trial]:
    """Returns the best distinct trials by their own score, best first.

    Args:
      trials: of one task. Only those with status "ok" and of the highest fidelity of such trials count.
      n: how many at most, at least 0.

    Returns:
      Up to `n` trials with different fingerprints, by falling score; among equal scores by rising mean of the metric
      "loss" over the seeds (a trial without it comes last), then by rising index.

    Raises:
      ActsearchError: a negative `n`.

    Example:
      >>> from actsearch.language import parse
      >>> x = parse("x")
      >>> one = Trial(0, x, "a", "ok", 0.9, ({"loss": 0.5},), (0,))
      >>> two = Trial(1, x, "b", "ok", 0.9, ({"loss": 0.2},), (0,))
      >>> [trial.index for trial in best([one, two], 2)]
      [1, 0]
    """
    if n < 0:
        raise ActsearchError(f"n must be at least 0; received {n}.")
    distinct: dict[str, Trial] = {}
    for trial in sorted(of_highest_fidelity(trials), key=merit, reverse=True):
        distinct.setdefault(trial.fingerprint, trial)
    return list(distinct.values())[:n]


def of_highest_fidelity(trials: Iterable[Record]) -> list[Record]:
    """Returns the trials with status "ok" and a score whose fidelity is the highest of such trials, in their order."""
    scored = [trial for trial in trials if trial.status is Status.OK and trial.score is not None]
    highest = max((trial.fidelity for trial in scored), default=0.0)
    return [trial for trial in scored if trial.fidelity == highest]


def merit(trial: Trial) -> tuple[float, float, float, int]:
    """Returns what is larger for the better of two scored trials: `best` and the best so far of a live search order so.

    Scores after fewer steps are other quantities, so that the highest fidelity comes first; then, as in `best`, the
    score, less loss, and the earlier trial.
    """
    loss = mean_metric(trial, "loss")
    return trial.fidelity, trial.score or 0.0, -math.inf if math.isnan(loss) else -loss, -trial.index


def mean_metric(trial: Trial, name: str) -> float:
    """Returns the mean of a metric over a trial's seeds, NaN where the trial, or any seed of it, has none."""
    values = [metrics.get(name, math.nan) for metrics in trial.metrics]
    return math.fsum(values) / len(values) if values else math.nan


def _named(row: Row, trial: Trial) -> CandidateStats:
    return CandidateStats(
        fingerprint=trial.fingerprint,
        first=row.first,
        program=trial.program,
        genotype=trial.genotype,
        evaluations=row.evaluations,
        trainings=row.trainings,
        mean=row.mean,
        loss=row.loss,
        low=row.low,
        high=row.high,
    )

"""The one rule for the best candidates of a run, where a score depends on the training's seed.

Everything that chooses among noisy scores uses it: the controllers that train promising candidates again, and whoever
names the winner of a run. For the n trainings of one candidate, with mean score m,

    low, high = m -+ t s / sqrt(n),    s^2 = sum over candidates and trainings (score - m)^2 / nu

where nu sums n - 1 over the candidates, and t is the 95 % quantile of Student's distribution with nu degrees of
freedom. The incumbent is the candidate with the highest `low`; a candidate is promising while its `high` is above that.
Only the trainings of a run's highest fidelity count: scores after fewer steps are other quantities.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from actsearch.language import ActsearchError, Program
from actsearch.spaces import Genotype
from actsearch.trials.trial import Known, Status, Trial

CONFIDENCE = 0.95
"""Confidence of each one-sided bound. A search picks the best of hundreds, so luck needs a stricter bound than one
standard error (84 %): with it, one training has to lead the mean of four by 0.8 s, and not by 0.5 s, to replace it."""


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


class Scores(NamedTuple):
    """Running statistics of a run's candidates: numbers and arrays alone, so that a controller can keep them.

    Attributes:
      fidelity: of the trainings that count, the highest so far; 0 where there are none.
      squares: sum of squared deviations from the candidates' means.
      freedom: nu, the degrees of freedom of `squares`.
      key: `fingerprint_key` of each candidate, int64 [n].
      first: index of its first trial, int64 [n].
      alive: whether every training of it ended well, bool [n].
      evaluations: trials that trained it, int64 [n].
      trainings: seeds of those trials, int64 [n].
      mean: of its scores, float64 [n].
      loss: mean of the metric "loss", float64 [n].
    """

    fidelity: float
    squares: float
    freedom: int
    key: NDArray[np.int64]
    first: NDArray[np.int64]
    alive: NDArray[np.bool_]
    evaluations: NDArray[np.int64]
    trainings: NDArray[np.int64]
    mean: NDArray[np.float64]
    loss: NDArray[np.float64]


class Row(NamedTuple):
    """One candidate of `Scores`, with its bounds; see there and `CandidateStats`."""

    key: int
    first: int
    alive: bool
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
        if trial.fidelity == scores.fidelity and _counts(trial):
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
    for trial in sorted(of_highest_fidelity(trials), key=_order):
        distinct.setdefault(trial.fingerprint, trial)
    return list(distinct.values())[:n]


def of_highest_fidelity(trials: Iterable[Record]) -> list[Record]:
    """Returns the trials with status "ok" and a score whose fidelity is the highest of such trials, in their order."""
    scored = [trial for trial in trials if trial.status is Status.OK and trial.score is not None]
    highest = max((trial.fidelity for trial in scored), default=0.0)
    return [trial for trial in scored if trial.fidelity == highest]


def mean_metric(trial: Trial, name: str) -> float:
    """Returns the mean of a metric over a trial's seeds, NaN where the trial, or any seed of it, has none."""
    values = [metrics.get(name, math.nan) for metrics in trial.metrics]
    return math.fsum(values) / len(values) if values else math.nan


def fingerprint_key(fingerprint: str) -> int:
    """Returns a 64-bit number for a fingerprint, with which arrays stand for it."""
    return int.from_bytes(hashlib.blake2b(fingerprint.encode(), digest_size=8).digest(), "big", signed=True)


def empty() -> Scores:
    """Returns the statistics of no trainings."""
    return _to_scores(0.0, 0.0, 0, [])


def update(scores: Scores, trials: Sequence[Trial], keep: int | None = None) -> Scores:
    """Returns statistics with the trainings of further trials.

    Args:
      scores: from `empty` or `update`; they stay as they were.
      trials: of any status, each once; those that were not trained are passed over.
      keep: candidates kept at least, those with the highest means, and at most twice as many; None for all. What is
        forgotten still counts in the pooled noise.
    """
    trained = [trial for trial in trials if _counts(trial)]
    highest = max([scores.fidelity, *(trial.fidelity for trial in trained if trial.status is Status.OK)])
    if highest > scores.fidelity:
        scores = empty()
    squares, freedom = scores.squares, scores.freedom
    candidates = {row.key: row for row in _to_rows(scores)}
    for trial in trained:
        if trial.fidelity == highest:
            key = fingerprint_key(trial.fingerprint)
            row = candidates.get(key, Row(key, trial.first_index, True, 0, 0, 0.0, 0.0))
            candidates[key], added = _with(row, trial)
            squares, freedom = squares + added[0], freedom + added[1]
    kept = list(candidates.values())
    if keep is not None and len(kept) > 2 * keep:
        kept = sorted((row for row in kept if row.alive), key=lambda row: (-row.mean, row.first))[:keep]
    return _to_scores(highest, squares, freedom, kept)


def rows(scores: Scores, confidence: float = CONFIDENCE) -> list[Row]:
    """Returns the candidates of running statistics with their bounds, best first; see `rank`."""
    if not 0.5 < confidence < 1:
        raise ActsearchError(f"confidence is one-sided, above 0.5 and below 1, such as 0.95; received {confidence}.")
    error = math.inf
    if scores.freedom:
        from scipy.special import stdtrit

        error = float(stdtrit(scores.freedom, confidence)) * math.sqrt(scores.squares / scores.freedom)
    alive = [_bounded(row, error / math.sqrt(row.trainings)) for row in _to_rows(scores) if row.alive]
    return sorted(alive, key=lambda row: (-row.low, -row.mean, row.loss, row.first))


def _bounded(row: Row, by: float) -> Row:
    return row._replace(low=row.mean - by, high=row.mean + by)


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


def _counts(trial: Trial) -> bool:
    """Returns whether a trial says anything: it was trained, or was stopped by a gate when it was trained again."""
    if trial.trained:
        return trial.score is not None
    return trial.retrained and trial.status is Status.REJECTED


def _with(row: Row, trial: Trial) -> tuple[Row, tuple[float, int]]:
    """Returns a candidate with one more trial, and what that adds to squares and freedom.

    Scores are added one by one (Welford's update of mean and squares).
    """
    if trial.status is not Status.OK or not row.alive:
        return row._replace(alive=False), (0.0, 0)
    squares, freedom, n, mean, loss = 0.0, 0, row.trainings, row.mean, row.loss
    for metrics in trial.metrics or ({},):
        score = float(metrics.get("score", trial.score or 0.0))
        squares += (score - mean) ** 2 * n / (n + 1)
        freedom += n > 0
        mean += (score - mean) / (n + 1)
        loss = (loss * n + float(metrics.get("loss", math.inf))) / (n + 1)
        n += 1
    loss = math.inf if math.isnan(loss) else loss
    return row._replace(evaluations=row.evaluations + 1, trainings=n, mean=mean, loss=loss), (squares, freedom)


def _to_rows(scores: Scores) -> list[Row]:
    columns = (scores.key, scores.first, scores.alive, scores.evaluations, scores.trainings, scores.mean, scores.loss)
    return [Row(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _to_scores(fidelity: float, squares: float, freedom: int, kept: Sequence[Row]) -> Scores:
    return Scores(
        fidelity,
        squares,
        freedom,
        key=np.array([row.key for row in kept], np.int64),
        first=np.array([row.first for row in kept], np.int64),
        alive=np.array([row.alive for row in kept], np.bool_),
        evaluations=np.array([row.evaluations for row in kept], np.int64),
        trainings=np.array([row.trainings for row in kept], np.int64),
        mean=np.array([row.mean for row in kept], np.float64),
        loss=np.array([row.loss for row in kept], np.float64),
    )


def _order(trial: Trial) -> tuple[float, float, int]:
    loss = mean_metric(trial, "loss")
    return -(trial.score or 0.0), math.inf if math.isnan(loss) else loss, trial.index

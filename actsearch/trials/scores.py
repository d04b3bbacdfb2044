"""Running statistics of a run's candidates, which trials are added to: numbers and arrays alone.

`actsearch.trials.ranking` ranks by them, and says which formula they are for; a controller can keep them in its state.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actsearch.language import ActsearchError
from actsearch.trials.trial import Status, Trial

CONFIDENCE = 0.95
"""Confidence of each one-sided bound. A search picks the best of hundreds, so luck needs a stricter bound than one
standard error (84 %): with it, one training has to lead the mean of four by 0.8 s, and not by 0.5 s, to replace it."""


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
    """One candidate of `Scores`, with its bounds; see there and `actsearch.trials.CandidateStats`."""

    key: int
    first: int
    alive: bool
    evaluations: int
    trainings: int
    mean: float
    loss: float
    low: float = -math.inf
    high: float = math.inf


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
    trained = [trial for trial in trials if counts(trial)]
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
    """Returns the candidates with their bounds, best first; see `actsearch.trials.rank`."""
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


def counts(trial: Trial) -> bool:
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

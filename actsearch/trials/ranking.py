"""The rule for noise: which candidate is best, and which deserve another training, when a score depends on the seed.

Everything that chooses among noisy scores uses it: the controllers that train promising candidates again, and whoever
names the winner of a run. Over the trainings of one candidate, with mean score m and number n,

    low, high = m -+ t s / sqrt(n),    s^2 = sum over candidates and trainings (score - m)^2 / nu

where nu sums n - 1 over the candidates, and t is the 95 % quantile of Student's distribution with nu degrees of
freedom. The incumbent is the candidate with the highest `low`; a candidate is promising while its `high` is above that.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from scipy.special import stdtrit

from actsearch.language import Program, parse
from actsearch.trials.trial import Trial

CONFIDENCE = 0.95
"""Of each bound, one-sided. A search picks the best of hundreds, so luck needs a stricter bound than one standard error
(84 %): with it, one training has to lead the mean of four by 0.8 s, and not by 0.5 s, to take their place."""

Ledger = Mapping[str, Any]
"""The trainings so far, as plain data that a controller can keep: `length` of those that count, the pooled `squares`
and degrees of `freedom`, and `candidates` by fingerprint, None for one that diverged."""


class Evidence(NamedTuple):
    """What the trainings of one candidate say about its score.

    Attributes:
      fingerprint: its functional identity.
      first: index of its first trial.
      text: its program, as `parse` reads it.
      choices: the decisions that made the program, or None.
      evaluations: trials that trained it.
      trainings: n, the seeds of those trials.
      mean: m, of its scores.
      loss: mean of the metric "loss", infinite where a training has none; for ties.
      low: lower bound of its expected score; -inf while no candidate has two trainings.
      high: upper bound; inf while no candidate has two trainings.
    """

    fingerprint: str
    first: int
    text: str
    choices: Sequence[int] | None
    evaluations: int
    trainings: int
    mean: float
    loss: float
    low: float = -math.inf
    high: float = math.inf

    @property
    def program(self) -> Program:
        """The candidate, with the choices that made it."""
        return recalled(self.text, self.choices)


def evidence(trials: Iterable[Trial], confidence: float = CONFIDENCE) -> list[Evidence]:
    """Returns what a run's trials say about each candidate, best first.

    Trainings count for the same candidate when their fingerprints are equal, and only those of the longest rung count:
    scores after fewer steps are other quantities. A candidate of which any training diverged, or failed a gate when it
    was repeated, is left out.

    Args:
      trials: of one run, each once, in any order.
      confidence: of each bound, one-sided, in (0.5, 1).

    Returns:
      By falling lower bound; then, as where no bound is known, by falling mean, rising loss and rising index. While no
      candidate has two trainings all have one, so that the order by mean is the order by bound.

    Raises:
      ValueError: a confidence out of range.

    Source: candidates are judged by a quantile of what is believed of them, as in Picheny, Ginsbourger, Richet and
    Caplin 2013 (Quantile-based optimization of noisy computer experiments with tunable precision, Technometrics 55),
    and stay in the race until their upper bound is below the best lower bound, as in Even-Dar, Mannor and Mansour 2006
    (Action elimination and stopping conditions for the multi-armed bandit, JMLR 7). Different here: the noise is pooled
    over candidates, since few have more than two trainings, which takes it to be the same for all of them. A bound
    holds for a candidate named beforehand; the best of many is still flattered, and a winner wants fresh seeds.

    Example:
      >>> x, relu = parse("x"), parse("max(x, 0)")
      >>> trials = [Trial(0, relu, "a", "ok", 0.90), Trial(1, relu, "a", "ok", 0.92, duplicate_of=0)]
      >>> lucky = Trial(2, x, "b", "ok", 0.93)
      >>> [(found.text, found.trainings, round(found.mean, 2)) for found in evidence([*trials, lucky])]
      [('max(x, 0)', 2, 0.91), ('x', 1, 0.93)]
    """
    return ranked(added(blank(), sorted(trials, key=lambda trial: trial.index)), confidence)


def incumbent(trials: Iterable[Trial], confidence: float = CONFIDENCE) -> Evidence | None:
    """Returns the candidate with the highest lower bound, None where nothing was trained; see `evidence`."""
    return next(iter(evidence(trials, confidence)), None)


def promising(found: Sequence[Evidence], n: int, most: int) -> list[Evidence]:
    """Returns the candidates that are worth another training, the worthiest first.

    Args:
      found: by `evidence` or `ranked`, best first.
      n: how many at most.
      most: evaluations of a candidate at most, the first one included.

    Returns:
      Those whose upper bound is above the incumbent's lower bound, by falling upper bound, then rising number of
      trainings, falling mean, rising loss and index: those that may be best, and of them the ones least known.

    Example:
      >>> x = parse("x")
      >>> trials = [Trial(i, x, str(i), "ok", score) for i, score in enumerate([0.8, 0.9, 0.7])]
      >>> [found.first for found in promising(evidence(trials), 2, most=4)]
      [1, 0]
    """
    if not found:
        return []
    contenders = [one for one in found if one.high > found[0].low and one.evaluations < most]
    return sorted(contenders, key=lambda one: (-one.high, one.trainings, -one.mean, one.loss, one.first))[:n]


def retrained(trial: Trial) -> bool:
    """Returns whether a trial trained a known candidate again: with further seeds, or longer; and however it ended."""
    return trial.duplicate_of is not None and trial.status != "duplicate"


def first_index(trial: Trial) -> int:
    """Returns the index of the first trial of a trial's candidate."""
    return trial.index if trial.duplicate_of is None else trial.duplicate_of


def length(trial: Trial) -> float:
    """Returns the steps of a training at a rung; infinity for a full training outside of rungs."""
    return min((row.get("steps", math.inf) for row in trial.metrics), default=math.inf)


def noted(program: Program) -> list[Any]:
    """Returns a program as plain data, its text and its choices, from which `recalled` makes it again."""
    return [str(program), None if program.choices is None else list(program.choices)]


def recalled(text: str, choices: Sequence[int] | None) -> Program:
    """Returns the program of a text, with the choices that made it."""
    return dataclasses.replace(parse(text), choices=None if choices is None else tuple(choices))


def blank() -> Ledger:
    """Returns the ledger of no trainings."""
    return {"length": 0.0, "squares": 0.0, "freedom": 0, "candidates": {}}


def added(ledger: Ledger, trials: Sequence[Trial], keep: int | None = None) -> Ledger:
    """Returns a ledger with the trainings of further trials, each told once.

    Args:
      ledger: from `blank` or `added`; it stays as it was.
      trials: of any status; those that were not trained are passed over.
      keep: candidates kept at least, those with the highest means, and at most twice as many; None for all. What is
        forgotten still counts in the pooled noise.
    """
    trained = [trial for trial in trials if _counts(trial)]
    longest = max([ledger["length"], *(length(trial) for trial in trained if trial.status == "ok")])
    ledger = {**(ledger if longest == ledger["length"] else blank()), "length": longest}
    ledger["candidates"] = dict(ledger["candidates"])
    for trial in trained:
        if length(trial) == longest:
            _add(ledger, trial)
    if keep is not None and len(ledger["candidates"]) > 2 * keep:
        ledger["candidates"] = _best_by_mean(ledger["candidates"], keep)
    return ledger


def ranked(ledger: Ledger, confidence: float = CONFIDENCE) -> list[Evidence]:
    """Returns what a ledger says about each candidate, best first; see `evidence`."""
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence is one-sided, above 0.5 and below 1, such as 0.95; received {confidence}.")
    freedom, error = ledger["freedom"], math.inf
    if freedom:
        error = float(stdtrit(freedom, confidence)) * math.sqrt(ledger["squares"] / freedom)
    found = [Evidence(name, *row) for name, row in ledger["candidates"].items() if row is not None]
    bounds = [error / math.sqrt(one.trainings) for one in found]
    found = [one._replace(low=one.mean - by, high=one.mean + by) for one, by in zip(found, bounds, strict=True)]
    return sorted(found, key=lambda one: (-one.low, -one.mean, one.loss, one.first))


def _counts(trial: Trial) -> bool:
    """Returns whether a trial says anything: it was trained, or was stopped by a gate when it was trained again."""
    if trial.status in ("ok", "diverged"):
        return trial.score is not None
    return retrained(trial) and trial.status.startswith("rejected:")


def _add(ledger: dict[str, Any], trial: Trial) -> None:
    """Adds one trial to a ledger in place, score by score (Welford's update of mean and squares)."""
    candidates, name = ledger["candidates"], trial.fingerprint
    row = candidates.get(name, [first_index(trial), *noted(trial.program), 0, 0, 0.0, 0.0])
    if trial.status != "ok" or row is None:
        candidates[name] = None
        return
    first, text, choices, evaluations, n, mean, loss = row
    for metrics in trial.metrics or ({},):
        score = float(metrics.get("score", trial.score or 0.0))
        ledger["squares"] += (score - mean) ** 2 * n / (n + 1)
        ledger["freedom"] += n > 0
        mean += (score - mean) / (n + 1)
        loss = (loss * n + float(metrics.get("loss", math.inf))) / (n + 1)
        n += 1
    candidates[name] = [first, text, choices, evaluations + 1, n, mean, math.inf if math.isnan(loss) else loss]


def _best_by_mean(candidates: Mapping[str, Any], keep: int) -> dict[str, Any]:
    alive = sorted((row for row in candidates.items() if row[1] is not None), key=lambda row: (-row[1][5], row[1][0]))
    return dict(alive[:keep])

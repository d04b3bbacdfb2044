"""Surrogate search: a model predicts scores from what functions do, after Bingham and Miikkulainen (2023)."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from actsearch.controllers.acquisition import Acquisition, choose_batch, shortlist, standardise
from actsearch.controllers.base import (
    Choices,
    Controller,
    Floats,
    Ints,
    check_integer,
    check_option,
    choice_table,
    lowest_score,
    propose,
    require_decisions,
    with_choices,
)
from actsearch.controllers.pool import KNOWN, PARENTS, Candidates, open_candidates, space_map
from actsearch.controllers.regressors import MODELS
from actsearch.language import ActsearchError
from actsearch.spaces import Genotype, Space
from actsearch.trials.scores import fingerprint_key
from actsearch.trials.trial import Proposal, Status, Trial

Model = Literal["gp", "knn", "forest"]
Spectrum: TypeAlias = Callable[[Choices], NDArray[Any]]

SHORTLIST = 256
"""Candidates that get a spectrum, and among which a batch is chosen."""

REMEMBERED = 20_000
"""Functions proposed that are remembered; older ones may be proposed again."""


class Evidence(NamedTuple):
    """Scores of functions, in the order of their latest trial.

    Attributes:
      key: `fingerprint_key` of the fingerprint, int64 [n].
      choices: of one program of the function, int32 [n, decisions].
      total: sum of the scores, float64 [n].
      number: of the trials, int64 [n].
      rejected: those of the trials that a gate rejected, int64 [n].
    """

    key: Ints
    choices: Choices
    total: Floats
    number: Ints
    rejected: Ints

    def means(self, lowest: float) -> Floats:
        """Returns the mean score of each function, where a rejected trial counts as the lowest score."""
        mean: Floats = (self.total + self.rejected * lowest) / self.number
        return mean


class State(NamedTuple):
    """State of the surrogate.

    Attributes:
      seed: of the run.
      asked: calls of `ask` so far.
      started: starting points that were proposed.
      lowest: score of a rejected trial, see `lowest_score`.
      evidence: what the model is fitted to.
      proposed: keys of the functions proposed, int64 [n].
    """

    seed: int
    asked: int
    started: int
    lowest: float
    evidence: Evidence
    proposed: Ints


@dataclasses.dataclass(frozen=True)
class Surrogate(Controller[State]):
    """A search that proposes what a model of the scores expects most of.

    It starts from the members of the space that are nearest to eight well-known functions; of a space that is too large
    to enumerate, from those of a sample. Then, for each batch, the model is fitted to the mean score of each function
    so far (0 or the lowest score of the run where a gate rejected it), as log(s / (1 - s)) where all are in [0, 1],
    brought to zero mean and unit variance, and proposes from a pool of functions that were not tried before: with the
    acquisition "ucb" those of the largest mean + deviation; with "ei", of the largest expected improvement E[max(f -
    f*, 0)] on the best prediction f* at a known program; with "thompson", the best of one draw of the posterior each.
    Within a batch, each choice lowers the uncertainty around it as if it had been scored at its mean.

    The pool of a space of at most 10,000 programs is a random half of the distinct finite functions that are left, so
    that seeds differ; else it is drawn anew, half of it at random and half mutations of the ten best.

    Args:
      model: "gp", a Gaussian process; "knn", nearest neighbours; "forest", a random forest.
      acquisition: "ei", "ucb" or "thompson".
      pool: functions drawn for a batch where the space cannot be enumerated, at least 16.
      memory: functions that the model is fitted to, at least 16: the latest half, and the best of the others.
      spectrum: further features of the 256 candidates that the model likes best without them: a callable object, int32
        choices [n, decisions] -> [n, numbers], such as `actsearch.evaluation.FisherSpectrum`. On the tables it
        does not help, and it costs a network's compilation.

    Raises:
      ActsearchError: a hyperparameter out of range.

    Source: Bingham and Miikkulainen 2023 (arXiv 2301.05785), who embed activations by their outputs and the spectrum of
    the Fisher information and search the embedding with nearest neighbours from eight known functions. Different here:
    the sign-free embedding of `actsearch.engine.embedding`, its 48 principal components; a Gaussian process by default;
    batches. Chosen on the tables of swish-1, with scores exp(-loss) of one seed, evaluated on the other two, over 45
    runs on three tasks in batches of 8: the top 0.1 % takes 0.061 of random search's median evaluations (features that
    know signs took 0.2 to 0.4), and "ei" does about as well. The spectrum brought nothing: 0.093 with it and 0.063
    without, over 30 runs on the two tasks without convolutions.

    Example:
      >>> from actsearch.spaces import custom
      >>> controller, space = Surrogate(), custom(["x", "relu", "tanh", "sigmoid"], ["*", "max"])
      >>> proposals, state = controller.ask(space, controller.init(space, seed=0), 1)
      >>> str(proposals[0].program)
      'max(x, relu(x))'
    """

    name = "surrogate"

    model: Model = "gp"
    acquisition: Acquisition = "ucb"
    pool: int = 1000
    memory: int = 500
    spectrum: Spectrum | None = None

    def __post_init__(self) -> None:
        check_option("model", self.model, get_args(Model))
        check_option("acquisition", self.acquisition, get_args(Acquisition))
        check_integer("pool", self.pool, 16)
        check_integer("memory", self.memory, 16)
        if self.spectrum is not None and (not callable(self.spectrum) or " at 0x" in repr(self.spectrum)):
            raise ActsearchError(
                "spectrum must be a callable object whose repr says what it computes, because that identifies a run, "
                f"such as a frozen dataclass with __call__; received {self.spectrum!r}."
            )

    def min_budget(self) -> int:
        """Returns the starting points and one proposal of the model."""
        return len(KNOWN) + 1

    def init(self, space: Space, seed: int) -> State:
        """Returns the state before the first starting point."""
        require_decisions(self.name, space)
        return State(seed, 0, 0, 0.0, _evidence(space, {}), np.zeros(0, np.int64))

    def ask(self, space: Space, state: State, n: int) -> tuple[list[Proposal], State]:
        """Returns starting points, and then what the model expects most of."""
        chart = space_map(space)
        starts = chart.candidates.take(np.array(chart.starts[state.started :][:n], np.int64))
        wanted = n - len(starts.keys)
        taken = set(state.proposed.tolist()) | set(starts.keys.tolist())
        chosen = self._choose(space, state, taken, wanted) if wanted else starts.take(np.zeros(0, np.int64))
        rows = [*starts.choices.tolist(), *chosen.choices.tolist()]
        return [propose(space, space.genotype(row)) for row in rows], state._replace(
            asked=state.asked + 1,
            started=state.started + len(starts.keys),
            proposed=np.concatenate([state.proposed, starts.keys, chosen.keys])[-REMEMBERED:],
        )

    def tell(self, space: Space, state: State, trials: Sequence[Trial]) -> State:
        """Adds the scores of trials; duplicates and failed ones teach nothing."""
        evidence = dict(zip(state.evidence.key.tolist(), zip(*_columns(state.evidence), strict=True), strict=True))
        for trial, choices in with_choices(space, trials):
            if trial.status is Status.REJECTED or (trial.trained and trial.score is not None):
                key = fingerprint_key(trial.fingerprint or repr(choices))
                old, total, count, rejected = evidence.pop(key, (choices, 0.0, 0, 0))  # the latest stand last
                evidence[key] = old, total + (trial.score or 0.0), count + 1, rejected + (trial.score is None)
        lowest = lowest_score(state.lowest, trials)
        return state._replace(evidence=_bounded(_evidence(space, evidence), self.memory, lowest), lowest=lowest)

    def _choose(self, space: Space, state: State, taken: set[int], n: int) -> Candidates:
        """Returns at most n candidates that were not tried; at random while there is no evidence."""
        rng, evidence = np.random.default_rng((state.seed, state.asked)), state.evidence
        known, _ = space_map(space).describe(space, evidence.choices)
        taken = taken | set(known.keys.tolist()) | set(evidence.key.tolist())
        candidates = open_candidates(space, taken, _best(space, evidence, state.lowest), max(self.pool, 8 * n), n, rng)
        n = min(n, len(candidates.keys))
        if not len(evidence.key) or not n:
            return candidates.take(rng.permutation(len(candidates.keys))[:n])
        return candidates.take(self._by_model(known, evidence.means(state.lowest), candidates, n, rng))

    def _by_model(
        self, known: Candidates, scores: Floats, candidates: Candidates, n: int, rng: np.random.Generator
    ) -> Ints:
        """Returns the rows of n candidates that the model expects most of."""
        fit, values = MODELS[self.model], standardise(scores)
        posterior = fit(known.points, values, candidates.points, rng)
        listed = shortlist(self.acquisition, posterior, max(SHORTLIST, 2 * n))
        if self.spectrum is None:
            return listed[choose_batch(self.acquisition, posterior.at(listed), n, rng)]
        # The spectrum is expensive, so only shortlisted candidates get it.
        spectra = np.concatenate([self.spectrum(known.choices), self.spectrum(candidates.choices[listed])])
        spectra = (spectra - spectra.mean(axis=0)) / (spectra.std() + 1e-9) / spectra.shape[1] ** 0.5
        points = np.concatenate([np.concatenate([known.points, candidates.points[listed]]), 0.3 * spectra], axis=1)
        posterior = fit(points[: len(values)], values, points[len(values) :], rng)
        return listed[choose_batch(self.acquisition, posterior.at(np.arange(len(listed))), n, rng)]


def _columns(evidence: Evidence) -> tuple[list[Any], ...]:
    return tuple(column.tolist() for column in evidence[1:])


def _evidence(space: Space, rows: dict[int, tuple[Sequence[int], float, int, int]]) -> Evidence:
    return Evidence(
        key=np.array(list(rows), np.int64),
        choices=choice_table(space, [row[0] for row in rows.values()]),
        total=np.array([row[1] for row in rows.values()], np.float64),
        number=np.array([row[2] for row in rows.values()], np.int64),
        rejected=np.array([row[3] for row in rows.values()], np.int64),
    )


def _best(space: Space, evidence: Evidence, lowest: float) -> list[Genotype]:
    """Returns the best programs so far, the best first."""
    order = np.argsort(-evidence.means(lowest), kind="stable")[:PARENTS]
    return [space.genotype(choices) for choices in evidence.choices[order].tolist()]


def _bounded(evidence: Evidence, memory: int, lowest: float) -> Evidence:
    """Returns the latest half of the memory and the best of the others, in the order of their trials."""
    count = len(evidence.key)
    if count <= memory:
        return evidence
    older = count - memory // 2
    best = np.argsort(-evidence.means(lowest)[:older], kind="stable")[: memory - memory // 2]
    rows = np.concatenate([np.sort(best), np.arange(older, count)])
    return Evidence(*(column[rows] for column in evidence))

"""TabularEvaluator: looks trials up in a table that `actsearch.evaluation.training` would train; regret on a table."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actsearch.evaluation.base import Memory, base_trial, genotype_of
from actsearch.evaluation.gates import Gate, Screened
from actsearch.evaluation.objectives import identity_with, objectives_of, with_properties
from actsearch.evaluation.table import TRAINED, Table, get_table
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.trials import Known, Proposal, Status, Trial

COMPARED = 8
"""Rows whose programs are compared with the space's at the start; the others are when they are looked up."""


class TabularEvaluator:
    """Evaluates candidates by looking them up.

    A first evaluation sees the first `seeds_per_trial` of the run's seeds, a repeat the next ones; at least one is held
    out, to evaluate the run by.

    Args:
      space: where candidates come from; the table's own.
      table: a Table, or the name of one.
      seed: of the run; decides which of the table's seeds it selects by.
      seeds_per_trial: trainings of each evaluation.
      gates: before training, beside those that the table was made with.
      objectives: properties that stand beside the score in `Trial.objectives`, as for a `TrainingEvaluator`.

    Raises:
      ActsearchError: an unknown table, another space, or as many seeds per trial as the table has.

    Example:
      >>> from actsearch.spaces import swish
      >>> evaluator = TabularEvaluator(swish(), "tabular-swish1-digits-resnet")
      >>> genotype = swish().genotype((0, 20, 1))
      >>> (trial,) = evaluator.evaluate([Proposal(swish().decode(genotype), genotype)], 0)
      >>> str(trial.program), str(trial.status), round(trial.score, 3)
      ('x * sigmoid(x)', 'ok', 0.955)
    """

    def __init__(
        self,
        space: Space,
        table: Table | str,
        *,
        seed: int = 0,
        seeds_per_trial: int = 1,
        gates: Iterable[Gate] = (),
        objectives: Iterable[str] = (),
    ):
        self.table = get_table(table) if isinstance(table, str) else table
        if space.name != self.table.space:
            raise ActsearchError(
                f"{self.table.name} is a table of the space {self.table.space}; received the space {space.name}."
            )
        self.space, self._order, self._per_trial = space, self.table.seeds(seed), seeds_per_trial
        self._seeds(repeat=0)
        for index in np.linspace(0, space.count() - 1, COMPARED).astype(int).tolist():
            self.table.row_of(genotype := space.at(index), space.decode(genotype))
        self.gates, self._memory = tuple(gates), Memory()
        self.objectives = objectives_of(objectives, space.kind)

    @property
    def identity(self) -> dict[str, Any]:
        """All that the trials depend on: the table's content, and the seeds of a first evaluation."""
        return {
            "kind": "tabular",
            "table": self.table.name,
            "digest": self.table.digest,
            "seeds": list(self._seeds(repeat=0)),
            **({"gates": [gate.identity for gate in self.gates]} if self.gates else {}),
            **identity_with(self.objectives),
        }

    @property
    def summary(self) -> str:
        """One line for people."""
        return f"engine: none, scores are looked up in the table of {self.table.space} on {self.table.task}"

    def begin(self, known: Iterable[Known]) -> None:
        """Forgets every trial, then remembers these."""
        self._memory.clear()
        self.remember(known)

    def remember(self, known: Iterable[Known]) -> None:
        """Adds trials that were evaluated elsewhere, in the order of their indices."""
        for trial in known:
            self._memory.add(trial)

    def evaluate(self, proposals: Sequence[Proposal], start: int) -> list[Trial]:
        """Returns a trial for each proposal, the first with the index `start`.

        Raises:
          ActsearchError: a fidelity below 1, more repeats than the table has seeds for, or a program that the table
            does not have at that genotype: it is of another space of that name.
        """
        trials: list[Trial] = []
        for index, proposal in enumerate(proposals, start):
            trials.append(self._trial(index, proposal))
            self._memory.add(trials[-1])
        return trials

    @property
    def _usable(self) -> int:
        """How many of the table's seeds a run may select by: those that trained every function, but one is held out."""
        return min(self.table.complete, len(self._order) - 1)

    def _seeds(self, repeat: int) -> tuple[int, ...]:
        """Returns the seeds of an evaluation."""
        end = (repeat + 1) * self._per_trial
        if self._per_trial < 1 or end > self._usable:
            usable = self._usable
            most = usable // max(self._per_trial, 1)
            repeats = f"Repeated(controller, most={most})"
            remedy = repeats if repeat and most > 1 else f"seeds_per_trial from 1 to {usable}, without repeats"
            raise ActsearchError(
                f"{self.table.name} has {usable} training{'s' * (usable > 1)} of each function to select by; received "
                f"seeds_per_trial {self._per_trial} and repeat {repeat}: write {remedy}."
            )
        return self._order[end - self._per_trial : end]

    def _trial(self, index: int, proposal: Proposal) -> Trial:
        if proposal.fidelity != 1.0:
            raise ActsearchError("A table has no shorter trainings: search it without successive halving.")
        genotype = genotype_of(self.space, proposal)
        if genotype is None:
            note = f"{self.space.name} does not have this program, and the table holds members of the space alone"
            return dataclasses.replace(base_trial(index, proposal, None, ""), note=note)
        rows, row = self.table.rows, self.table.row_of(genotype, proposal.program)
        fingerprint, stage = str(rows.fingerprints[row]), str(rows.gates[row])
        trial = base_trial(index, proposal, genotype, fingerprint)
        if stage != TRAINED:
            return dataclasses.replace(trial, status=Status.REJECTED, gate=stage.partition(":")[2])
        screened = Screened(proposal.program, self.space.kind)
        for gate in self.gates:
            if note := gate.test(screened):
                return dataclasses.replace(trial, status=Status.REJECTED, gate=gate.name, note=note)
        claim = fingerprint, proposal.repeat, proposal.fidelity
        trial = dataclasses.replace(trial, first=self._memory.first(fingerprint))
        if self._memory.has(*claim):
            return dataclasses.replace(trial, status=Status.DUPLICATE, score=self._memory.score(*claim))
        return self._looked_up(trial, row, self._seeds(proposal.repeat))

    def _looked_up(self, trial: Trial, row: int, seeds: tuple[int, ...]) -> Trial:
        scores = [float(self.table.rows.scores[row, seed]) for seed in seeds]
        finite = bool(self.table.rows.finite[row, list(seeds)].all())
        score = sum(scores) / len(scores) if finite else 0.0
        return dataclasses.replace(
            trial,
            status=Status.OK if finite else Status.DIVERGED,
            score=score,
            metrics=tuple({"score": value} for value in scores),
            objectives=with_properties({self.table.name: score}, trial.program, self.objectives),
            seeds=seeds,
        )


class TableRegret(NamedTuple):
    """Course of a run on a table, by the seeds that it did not select by.

    Attributes:
      reference: held-out score of the best function of the table.
      evaluated: held-out score of the best function evaluated so far, [trials]: what verification would find.
      incumbent: held-out score of the function whose own score is the highest so far, [trials]: what the run believes.
    """

    reference: float
    evaluated: NDArray[np.float64]
    incumbent: NDArray[np.float64]

    @property
    def regret(self) -> NDArray[np.float64]:
        """Simple regret of the best function evaluated, [trials]."""
        return self.reference - self.evaluated

    @property
    def incumbent_regret(self) -> NDArray[np.float64]:
        """Simple regret of the incumbent, [trials]; it holds the noise of the seeds that the run selected by."""
        return self.reference - self.incumbent


def regret_on_table(table: Table, trials: Sequence[Trial], seed: int, used: int = 1) -> TableRegret:
    """Returns the regret of a run on a table, measured by the seeds that were held out of it.

    Args:
      table: that the run searched.
      trials: of the run, in order; what no gate let pass scores 0.
      seed: of the run.
      used: how many of the table's seeds it selected by: seeds per trial times evaluations of a function.

    Example:
      >>> from actsearch.spaces import swish
      >>> table, space = get_table("tabular-swish1-digits-resnet"), swish()
      >>> genotypes = [space.at(index) for index in (2, 0, 1)]
      >>> proposals = [Proposal(space.decode(genotype), genotype) for genotype in genotypes]
      >>> course = regret_on_table(table, TabularEvaluator(space, table).evaluate(proposals, 0), seed=0)
      >>> course.regret.round(3).tolist(), course.incumbent_regret.round(3).tolist()
      ([0.87, 0.041, 0.041], [0.87, 0.041, 0.041])
    """
    scores = table.held_out(seed, used)
    evaluated = np.array([scores[table.row(trial.genotype)] if trial.genotype else 0.0 for trial in trials])
    evaluated = np.nan_to_num(evaluated)
    own = np.array([trial.score if trial.trained and trial.score is not None else -1.0 for trial in trials])
    leading = np.maximum.accumulate(own)
    changes = np.flatnonzero(own > np.concatenate([[-1.0], leading[:-1]]))  # where the incumbent changes
    since = np.searchsorted(changes, np.arange(len(trials)), side="right")
    incumbent = np.concatenate([[0.0], evaluated[changes]])[since]
    return TableRegret(float(np.nanmax(scores)), np.maximum.accumulate(evaluated), incumbent)

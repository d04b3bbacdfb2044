"""Tables with short trainings for `multi_fidelity.py`: what it trains, and an evaluator that looks it up."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actsearch.controllers import Random, Seeded
from actsearch.evaluation import Table, TrainingEvaluator
from actsearch.evaluation.base import Memory, base_trial
from actsearch.evaluation.table import TRAINED
from actsearch.spaces import get_space
from actsearch.tasks import get_task
from actsearch.trials import Known, Proposal, Status, Trial
from experiments._card import searched

FRESH = tuple(range(10, 18))
"""Seeds that no table has; they say which functions are the best."""

JUDGED = 120
"""Functions that are trained with the fresh seeds, the best by the table: three times the best 1 %."""


def likelihood(trial: Trial) -> float:
    """Returns the mean of exp(-loss) over a trial's seeds, 0 where training diverged."""
    if trial.status is not Status.OK:
        return 0.0
    return float(np.mean([np.exp(-metrics["loss"]) for metrics in trial.metrics]))


def short_scores(table: Table, fidelity: float, folder: Path, seed: int = 0) -> np.ndarray:
    """Returns scores [expressions] of every function trained for a share of the steps; NaN where it was not."""
    space, task = get_space(table.space), get_task(table.task).at_fidelity(fidelity)
    evaluator = TrainingEvaluator(space, task, seeds=(seed,), budget=space.count())
    out = folder / f"{task.steps}_steps_seed{seed}"
    trials = searched(table.space, evaluator, "exhaustive", space.count(), out, batch=512)
    scores = np.full(space.count(), np.nan)
    for trial in trials:
        if trial.trained:
            scores[table.row(trial.genotype)] = likelihood(trial)
    by_function = {table.rows.functions[row]: scores[row] for row in np.flatnonzero(np.isfinite(scores))}
    return np.array([by_function.get(function, np.nan) for function in table.rows.functions])


def judged(table: Table, folder: Path) -> list[int]:
    """Returns the rows of the best functions of a table, trained in full with the fresh seeds, best first by these."""
    space, rows = get_space(table.space), table.rows
    distinct = (rows.functions == np.arange(len(rows.functions))) & (rows.gates == TRAINED)
    means = np.where(distinct, np.nan_to_num(rows.scores.mean(axis=1)), -1.0)
    best = np.argsort(-means, kind="stable")[:JUDGED]
    formulas = tuple(str(space.decode(space.at(int(row)))) for row in best)
    evaluator = TrainingEvaluator(space, table.task, seeds=FRESH)
    controller = Seeded(Random(), formulas)
    trials = searched(table.space, evaluator, controller, len(formulas) + 1, folder / "fresh", batch=10)[: len(best)]
    fresh = {int(row): likelihood(trial) for row, trial in zip(best, trials, strict=True)}
    return sorted(fresh, key=lambda row: -fresh[row])


class ShortTable:
    """An Evaluator that looks up full trainings in a table, repeats in its other seeds, and short ones beside it.

    Args:
      table: of full trainings.
      short: fidelity -> scores [expressions], 0 where training diverged.
    """

    summary = "engine: none, scores are looked up"

    def __init__(self, table: Table, short: Mapping[float, np.ndarray]):
        self.space, self.table, self.short = get_space(table.space), table, dict(short)
        self._memory = Memory()

    @property
    def identity(self) -> dict[str, Any]:
        """The table and the fidelities."""
        return {"kind": "short_table", "table": self.table.name, "fidelities": sorted(self.short)}

    def begin(self, known: Iterable[Known]) -> None:
        """Forgets every trial, then remembers these."""
        self._memory.clear()
        self.remember(known)

    def remember(self, known: Iterable[Known]) -> None:
        """Adds trials that were evaluated elsewhere."""
        for trial in known:
            self._memory.add(trial)

    def evaluate(self, proposals: Sequence[Proposal], start: int) -> list[Trial]:
        """Returns a trial for each proposal."""
        trials = []
        for index, proposal in enumerate(proposals, start):
            trials.append(self._trial(index, proposal))
            self._memory.add(trials[-1])
        return trials

    def _trial(self, index: int, proposal: Proposal) -> Trial:
        rows, row = self.table.rows, self.table.row(proposal.genotype)
        fingerprint, stage = str(rows.fingerprints[row]), str(rows.gates[row])
        trial = base_trial(index, proposal, proposal.genotype, fingerprint)
        if stage != TRAINED:
            return dataclasses.replace(trial, status=Status.REJECTED, gate=stage.partition(":")[2])
        claim = fingerprint, proposal.repeat, proposal.fidelity
        trial = dataclasses.replace(trial, first=self._memory.first(fingerprint))
        if self._memory.has(*claim):
            return dataclasses.replace(trial, status=Status.DUPLICATE, score=self._memory.score(*claim))
        scores = rows.scores[:, proposal.repeat] if proposal.fidelity == 1 else self.short[proposal.fidelity]
        score = float(scores[row])
        status = Status.OK if score > 0 else Status.DIVERGED
        return dataclasses.replace(
            trial, status=status, score=score, metrics=({"score": score},), seeds=(proposal.repeat,)
        )

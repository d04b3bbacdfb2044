"""The judge of a tabular task: looks trials up that `actsearch.evaluation.training` would train."""

import dataclasses
from collections.abc import Sequence

from actsearch.controllers import Proposal
from actsearch.evaluation.tabular import Tabular
from actsearch.spaces import Space
from actsearch.trials.trial import Trial


class TableJudge:
    """Judges proposals as `Judge` does, from a table.

    A first evaluation sees the first `seeds_per_trial` of the run's seeds, a repeat the next ones; at least one is left
    to judge the run by.

    Args:
      space: where the candidates come from; the table's own.
      task: the table.
      seed: of the run; fixes which seeds it chooses by.
      seeds_per_trial: trainings of each evaluation.
      repeats: the most repeats that a proposal may name.

    Raises:
      ValueError: another space, or more trainings of a candidate than the table has for choosing.
    """

    compilations = 0

    def __init__(self, space: Space, task: Tabular, seed: int, seeds_per_trial: int = 1, repeats: int = 0):
        if space.name != task.space:
            raise ValueError(f"{task.name} is a table of the space {task.space}; received the space {space.name}.")
        self._table, order = task.table, task.seeds(seed)
        if seeds_per_trial * (1 + repeats) >= len(order):
            raise ValueError(
                f"{task.name} has {len(order) - 1} trainings of each function to choose by; "
                f"received seeds_per_trial {seeds_per_trial} and up to {repeats} repeats: write less."
            )
        self._seeds = [order[r * seeds_per_trial : (r + 1) * seeds_per_trial] for r in range(repeats + 1)]
        self._first: dict[int, Trial] = {}
        self.why = f"engine: none, scores are looked up in the table of {task.space} on {task.network}"

    def remember(self, trials: Sequence[Trial]) -> None:
        """Adds trials to the memory of functions."""
        for trial in trials:
            if trial.status not in ("duplicate", "failed"):
                self._first.setdefault(int(trial.fingerprint), trial)

    def __call__(self, proposals: Sequence[Proposal], start: int) -> list[Trial]:
        """Returns a trial for each proposal, the first with the index `start`."""
        trials = []
        for index, proposal in enumerate(proposals, start):
            trials.append(self._trial(index, proposal))
            self.remember(trials[-1:])
        return trials

    def _trial(self, index: int, proposal: Proposal) -> Trial:
        if proposal.rung is not None:
            raise ValueError("A table has no shorter trainings: search it without halving.")
        row = self._table.place(proposal.program.choices or ())
        function = int(self._table.functions[row])
        first = self._first.get(function)
        found = Trial(index, proposal.program, str(function), str(self._table.gates[row]), parents=proposal.parents)
        if found.status != "trained":
            return found
        if first is not None and not proposal.repeat:
            return dataclasses.replace(found, status="duplicate", score=first.score, duplicate_of=first.index)
        return self._evaluated(found, row, self._seeds[proposal.repeat], first)

    def _evaluated(self, found: Trial, row: int, seeds: tuple[int, ...], first: Trial | None) -> Trial:
        scores = [float(self._table.scores[row, seed]) for seed in seeds]
        diverged = not self._table.finite[row, list(seeds)].all()
        return dataclasses.replace(
            found,
            status="diverged" if diverged else "ok",
            score=0.0 if diverged else sum(scores) / len(scores),
            metrics=tuple({"score": score} for score in scores),
            seeds=seeds,
            duplicate_of=None if first is None else first.index,
        )

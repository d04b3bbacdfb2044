"""Runner: trains or measures a search's candidates with one of the engines, and keeps what serves the next ones."""

from collections.abc import Sequence
from typing import Any

from actsearch.evaluation.candidate import Screening
from actsearch.evaluation.compiled_jobs import Measure
from actsearch.evaluation.devices import Devices
from actsearch.evaluation.engines import BANK, Engine
from actsearch.evaluation.trainer import Trainer, fitting_lanes
from actsearch.spaces import Space
from actsearch.tasks import Task


class Runner:
    """Runs candidates of a space, each with every seed; a copy for another process has nothing compiled.

    Args:
      engine: "interpret", "bank" or "specialize".
      space: where the candidates come from; the interpreter is compiled for it.
      devices: as a Trainer's.
    """

    def __init__(self, engine: Engine, space: Space, devices: Devices):
        self.engine, self.space, self.devices = engine, space, devices
        self._trainers: dict[tuple[str, int, Measure], Trainer] = {}
        self._lanes: dict[tuple[str, Measure], int] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Returns what another process needs."""
        return self.__dict__ | {"_trainers": {}, "_lanes": {}}

    def __call__(
        self, task: Task, candidates: Sequence[Screening], seeds: Sequence[int], measure: Measure
    ) -> list[list[Any]]:
        """Returns what `measure` gives for each candidate and seed, [candidates][seeds]."""
        if self.engine == "interpret":
            return self._interpret(task, candidates, seeds, measure)
        if self.engine == "bank":
            return self._bank(task, candidates, seeds, measure)
        return [self._specialize(task, candidate, seeds, measure) for candidate in candidates]

    def _interpret(
        self, task: Task, candidates: Sequence[Screening], seeds: Sequence[int], measure: Measure
    ) -> list[list[Any]]:
        """Runs all candidates in one compiled program, which is kept: it serves the whole space."""
        key = task.name, task.steps, measure
        if key not in self._trainers:
            self._trainers[key] = Trainer.interpreted(task, self.space.template, devices=self.devices, measure=measure)
        genotypes = [candidate.genotype for candidate in candidates]
        jobs = self._trainers[key].jobs([genotype.choices for genotype in genotypes if genotype], seeds)
        results, n = self._trainers[key](jobs), len(seeds)
        return [results[i * n : (i + 1) * n] for i in range(len(candidates))]

    def _bank(
        self, task: Task, candidates: Sequence[Screening], seeds: Sequence[int], measure: Measure
    ) -> list[list[Any]]:
        """Compiles and runs candidates bank by bank; nothing of them is kept but the lanes that memory allows."""
        key, rows = (task.name, measure), list[list[Any]]()
        for first in range(0, len(candidates), BANK):
            programs = [candidate.proposal.program for candidate in candidates[first : first + BANK]]
            lanes = self._lanes.get(key)
            trainer = Trainer.bank(task, programs, lanes=lanes, devices=self.devices, measure=measure)
            results, n = trainer(trainer.jobs([(i,) for i in range(len(programs))], seeds)), len(seeds)
            rows += [results[i * n : (i + 1) * n] for i in range(len(programs))]
            if trainer.halved:
                self._lanes[key] = trainer.lanes
        return rows

    def _specialize(self, task: Task, candidate: Screening, seeds: Sequence[int], measure: Measure) -> list[Any]:
        """Compiles one candidate and runs it; nothing of it is kept."""
        program = candidate.proposal.program
        lanes = fitting_lanes(self.devices, len(seeds))
        trainer = Trainer.specialized(task, program, devices=self.devices, lanes=lanes, measure=measure)
        return trainer(trainer.jobs([()], seeds))

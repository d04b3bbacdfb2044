"""TrainingEvaluator: gates, training on each task, and a memory of the candidates seen."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import jax

from actsearch.evaluation.base import Memory, base_trial, genotype_of
from actsearch.evaluation.gates import Gate, Verdict, gates_of, get_gates, screen
from actsearch.evaluation.train import train
from actsearch.evaluation.trainer import Engine, Job, Result, Scorer, choose_engine, combine, result
from actsearch.language import ActsearchError
from actsearch.spaces import Genotype, Space
from actsearch.tasks import Task, get_tasks
from actsearch.trials import Known, Proposal, Status, Trial

REPEAT_STRIDE = 1_000_000
"""Between the seeds of a candidate's first training and those of its next repeat."""


class _Screened(NamedTuple):
    """A proposal after the gates before training."""

    index: int
    proposal: Proposal
    genotype: Genotype | None
    verdict: Verdict
    seconds: float

    @property
    def claim(self) -> tuple[str, int, float]:
        """What makes a second such proposal a duplicate."""
        return self.verdict.fingerprint, self.proposal.repeat, self.proposal.fidelity


@dataclasses.dataclass
class _Training:
    """What is known of a candidate while it is trained on one task after another."""

    candidate: _Screened
    seeds: tuple[int, ...]
    results: dict[str, Result] = dataclasses.field(default_factory=dict)
    status: Status = Status.OK
    gate: str = ""
    note: str = ""
    seconds: float = 0.0

    def end(self, status: Status, note: str, gate: str = "") -> None:
        """Ends the training: the later tasks are spared."""
        self.status, self.note, self.gate = status, note, gate


class TrainingEvaluator:
    """Evaluates candidates by training them.

    A candidate that fails a gate, or diverges, is spared the later tasks; a known one is a duplicate, unless it comes
    with further seeds (`Proposal.repeat`) or at another fidelity. What is trained is the program that the proposal
    names: the interpreter runs it by a genotype that decodes to it, and a program that the space does not have fails.

    Args:
      space: where candidates come from; the interpreter is compiled for it.
      tasks: what they are trained on: a Task, several, or names joined by "+".
      seeds: each candidate is trained once with each of them.
      engine: "auto", "interpret" or "specialize".
      budget: expected number of candidates, for the choice of engine.
      devices: JAX devices, all by default.
      gates: names or Gates that are tried in the place of all those registered for the space's kind; "shape" always is.

    Attributes:
      engine: the one that is used, never "auto".
      compilations: training functions and measurements compiled so far.

    Raises:
      ActsearchError: tasks of another kind than the space, none at all or two of one name; no seeds; an unknown name.

    Example:
      >>> from actsearch.spaces import swish
      >>> evaluator = TrainingEvaluator(swish(), "digits-mlp", seeds=(0, 1))
      >>> evaluator.engine, evaluator.identity["seeds"], evaluator.identity["gates"]
      ('interpret', [0, 1], ['shape', 'finite'])
    """

    def __init__(
        self,
        space: Space,
        tasks: Task | str | Sequence[Task],
        *,
        seeds: Sequence[int] = (0,),
        engine: Engine = "auto",
        budget: int = 1000,
        devices: Sequence[jax.Device] | None = None,
        gates: Iterable[Gate | str] | None = None,
    ):
        self.space, self.tasks, self.seeds, self.devices = space, as_tasks(tasks), tuple(seeds), devices
        _check(space, self.tasks, self.seeds)
        self.gates = gates_of(space.kind) if gates is None else get_gates(gates)
        steps = max(task.recipe.steps for task in self.tasks)
        self.engine, self.summary = choose_engine(engine, budget, steps, space.kind == "layer")
        self.compilations = 0
        self._memory = Memory()
        self._interpreters: dict[Any, Scorer] = {}

    @property
    def identity(self) -> dict[str, Any]:
        """What the trials depend on: tasks by digest, the engine, seeds, gates and the version of fingerprints."""
        return {
            "kind": "training",
            "tasks": {task.name: task.digest for task in self.tasks},
            "engine": self.engine,
            "seeds": list(self.seeds),
            "gates": [gate.name for gate in self.gates],
            "fingerprint": FINGERPRINT_VERSION,
        }

    def begin(self, known: Iterable[Known]) -> None:
        """Forgets every trial, then remembers these."""
        self._memory.clear()
        self.remember(known)

    def remember(self, known: Iterable[Known]) -> None:
        """Adds trials that were evaluated elsewhere, in the order of their indices."""
        for trial in known:
            self._memory.add(trial)

    def evaluate(self, proposals: Sequence[Proposal], start: int) -> list[Trial]:
        """Returns a trial for each proposal, the first with the index `start`."""
        candidates = [self._screen(index, proposal) for index, proposal in enumerate(proposals, start)]
        trained = self._train_all(self._claim(candidates))
        trials = []
        for candidate in candidates:
            trials.append(self._trial(candidate, trained.get(candidate.index)))
            self._memory.add(trials[-1])
        return trials

    def _screen(self, index: int, proposal: Proposal) -> _Screened:
        began = time.perf_counter()
        verdict = screen(proposal.program, self.gates)
        genotype = genotype_of(self.space, proposal)
        return _Screened(index, proposal, genotype, verdict, time.perf_counter() - began)

    def _claim(self, candidates: Sequence[_Screened]) -> list[_Screened]:
        """Returns those to train: of equal ones the first."""
        fresh: dict[tuple[str, int, float], _Screened] = {}
        for candidate in candidates:
            passed = not candidate.verdict.gate and self._runs(candidate)
            if passed and not self._memory.has(*candidate.claim):
                fresh.setdefault(candidate.claim, candidate)
        return list(fresh.values())

    def _runs(self, candidate: _Screened) -> bool:
        """Returns whether the engine can run a candidate: the interpreter runs members of the space alone."""
        return self.engine == "specialize" or candidate.genotype is not None

    def _train_all(self, candidates: Sequence[_Screened]) -> dict[int, _Training]:
        """Trains candidates, those with the same seeds and fidelity together; returns them by index."""
        groups: dict[tuple[int, float], list[_Training]] = {}
        for candidate in candidates:
            repeat, fidelity = candidate.proposal.repeat, candidate.proposal.fidelity
            training = _Training(candidate, repeat_seeds(self.seeds, repeat))
            groups.setdefault((repeat, fidelity), []).append(training)
        for (_, fidelity), group in groups.items():
            for task in self.tasks:
                if going := [training for training in group if training.status is Status.OK]:
                    self._train_on(task, fidelity, going)
        return {training.candidate.index: training for group in groups.values() for training in group}

    def _train_on(self, task: Task, fidelity: float, trainings: Sequence[_Training]) -> None:
        """Trains candidates on one task, then tries the gates that look at the outcomes."""
        name, first, task = task.name, task is self.tasks[0], task.at_fidelity(fidelity)
        floor = task.quality.accuracy if task.quality and any(gate.name == "quality" for gate in self.gates) else 0.0
        seeds = trainings[0].seeds
        with _charged(trainings):
            rows = self._measure(task, trainings, seeds, train, floor)
        for training, outcomes in zip(trainings, rows, strict=True):
            training.results[name] = result(task, outcomes)
            self._judge_outcomes(training, task, outcomes)
        for gate in self.gates:
            going = [training for training in trainings if training.status is Status.OK]
            if first and going and gate.measure not in (None, train):
                with _charged(going):
                    measured = self._measure(task, going, seeds[:1], gate.measure, 0.0)
                for training, results in zip(going, measured, strict=True):
                    _try(gate, training, task, results)

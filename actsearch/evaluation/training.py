"""TrainingEvaluator: gates, training on each task, and a memory of the candidates seen."""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from actsearch.engine import FINGERPRINT_VERSION
from actsearch.evaluation.base import Memory, base_trial, genotype_of
from actsearch.evaluation.candidate import Attempt, Screening
from actsearch.evaluation.compiled_jobs import Measure
from actsearch.evaluation.data_check import check_resident
from actsearch.evaluation.devices import Devices, as_layout, platform_of
from actsearch.evaluation.engines import Engine, choose_engine
from actsearch.evaluation.gates import Gate, gates_of, get_gates, screen
from actsearch.evaluation.objectives import Objective, identity_with, objectives_of, with_properties
from actsearch.evaluation.one_training import train
from actsearch.evaluation.runner import Runner
from actsearch.evaluation.score import combine, summarize
from actsearch.evaluation.task_check import check_own
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.tasks import Task, get_tasks
from actsearch.trials import Known, Proposal, Status, Trial

gated_train = functools.partial(train, gated=True)
"""Training that ends at the task's quality gate where the candidate fails it."""

REPEAT_STRIDE = 1_000_000
"""Between the seeds of a candidate's first training and those of its next repeat."""


class TrainingEvaluator:
    """Evaluates candidates by training them.

    A candidate that fails a gate, or diverges, is spared the later tasks. A known one is a duplicate, unless it comes
    with further seeds (`Proposal.repeat`) or at another fidelity. What is trained is the program that the proposal
    names: the interpreter runs it by a genotype that decodes to it, and a program that the space does not have fails.

    Args:
      space: where candidates come from; the interpreter is compiled for it.
      tasks: what they are trained on: a Task, several, or names joined by "+".
      seeds: each candidate is trained once with each of them.
      engine: "auto", "interpret", "specialize" or "bank".
      budget: expected number of candidates, for the choice of engine.
      devices: JAX devices, all by default; `DataParallel` lets several share each training.
      gates: names or Gates to try instead of all those registered for the space's kind. "shape" is always tried.
      objectives: properties that stand beside the scores in `Trial.objectives`, "-" before one to be made small, such
        as "-operations"; see `actsearch.evaluation.objectives_of`.
      platform: "cpu", "gpu" or "tpu", for the choice of engine: where others train, as on a cluster; None for that of
        `devices`.

    Attributes:
      engine: the one that is used, never "auto".

    Raises:
      ActsearchError: tasks of another kind than the space, none at all, or two of one name; no seeds; an unknown name.

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
        devices: Devices = None,
        gates: Iterable[Gate | str] | None = None,
        objectives: Iterable[str] = (),
        platform: str | None = None,
    ):
        self.space, self.tasks, self.seeds, self.devices = space, as_tasks(tasks), tuple(seeds), devices
        _check(space, self.tasks, self.seeds)
        self.gates = gates_of(space.kind) if gates is None else get_gates(gates)
        self.objectives = objectives_of(objectives, space.kind)
        steps = max(task.steps for task in self.tasks)
        self.engine, self._summary = choose_engine(
            engine, budget, steps, space.kind, platform=platform or platform_of(devices)
        )
        self._memory = self._empty_memory()
        self._runner = Runner(self.engine, space, devices)

    def __getstate__(self) -> dict[str, Any]:
        """Returns what another process needs, without what this one remembers."""
        return self.__dict__ | {"_memory": self._empty_memory()}

    def _empty_memory(self) -> Memory:
        return Memory([gate.name for gate in self.gates if gate.stage == "after"])

    @property
    def identity(self) -> dict[str, Any]:
        """All that the trials depend on: tasks by digest, the engine, seeds, gates and the version of fingerprints."""
        return {
            "kind": "training",
            "tasks": {task.name: task.digest for task in self.tasks},
            "engine": self.engine,
            "seeds": list(self.seeds),
            "gates": [gate.identity for gate in self.gates],
            "fingerprint": FINGERPRINT_VERSION,
            **identity_with(self.objectives),
            **as_layout(self.devices).identity,
        }

    @property
    def summary(self) -> str:
        """One line on the choice of engine."""
        return self._summary

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
        screenings = [self.screen(index, proposal) for index, proposal in enumerate(proposals, start)]
        return self.conclude(screenings, self.train(self.fresh(screenings)))

    def screen(self, index: int, proposal: Proposal) -> Screening:
        """Returns a proposal after the gates before training."""
        began = time.perf_counter()
        verdict = screen(proposal.program, self.gates, self.space.kind)
        genotype = genotype_of(self.space, proposal)
        return Screening(index, proposal, genotype, verdict, time.perf_counter() - began)

    def fresh(self, screenings: Sequence[Screening]) -> list[Screening]:
        """Returns the candidates to train: those that pass, can be run and are not known; the first of equal ones."""
        fresh: dict[tuple[str, int, float], Screening] = {}
        for candidate in screenings:
            if not candidate.verdict.gate and self._runs(candidate) and not self._memory.has(*candidate.claim):
                fresh.setdefault(candidate.claim, candidate)
        return list(fresh.values())

    def _runs(self, candidate: Screening) -> bool:
        """Returns whether the engine can run a candidate: the interpreter runs members of the space alone."""
        return self.engine != "interpret" or candidate.genotype is not None

    def train(self, screenings: Sequence[Screening]) -> dict[int, Attempt]:
        """Trains candidates, those with the same seeds and fidelity together; returns them by index."""
        groups: dict[tuple[int, float], list[Attempt]] = {}
        for candidate in screenings:
            repeat, fidelity = candidate.proposal.repeat, candidate.proposal.fidelity
            attempt = Attempt(candidate, repeat_seeds(self.seeds, repeat))
            groups.setdefault((repeat, fidelity), []).append(attempt)
        for (_, fidelity), group in groups.items():
            for task in self.tasks:
                self._train_on(task, fidelity, group)
        return {attempt.screening.index: attempt for group in groups.values() for attempt in group}

    def conclude(self, screenings: Sequence[Screening], attempts: Mapping[int, Attempt]) -> list[Trial]:
        """Returns the trials of candidates, of which some were trained, and remembers them."""
        failed = {one.screening.claim: one.note for one in attempts.values() if one.status is Status.FAILED}
        trials: list[Trial] = []
        for candidate in screenings:
            attempt = attempts.get(candidate.index)
            if attempt is None and candidate.verdict.fingerprint and candidate.claim in failed:
                attempt = Attempt.failed(candidate, failed[candidate.claim])  # the same function, in this round
            trials.append(self._trial(candidate, attempt))
            self._memory.add(trials[-1])
        return trials

    def _train_on(self, task: Task, fidelity: float, group: Sequence[Attempt]) -> None:
        """Trains on one task those candidates that are still going, and tries the gates after training on them."""
        going = [training for training in group if training.status is Status.OK]
        shortened = task.at_fidelity(fidelity)
        for training, outcomes in self._measured(shortened, going, train):
            training.results[task.name] = summarize(shortened, outcomes)
            self._try(train, training, shortened, outcomes)
            if training.status is Status.OK and training.results[task.name].diverged:
                training.end(Status.DIVERGED, f"on {task.name}")
        if task is self.tasks[0]:
            for measure in dict.fromkeys(gate.measure for gate in self.gates if gate.measure not in (None, train)):
                going = [training for training in going if training.status is Status.OK]
                for training, results in self._measured(shortened, going, measure):
                    self._try(measure, training, shortened, results)

    def _try(self, measure: Measure | None, training: Attempt, task: Task, results: Sequence[Any]) -> None:
        """Tries the gates that look at a measurement; the first that rejects ends the training."""
        for gate in self.gates:
            if gate.measure is measure and training.status is Status.OK and (note := gate.test(task, results)):
                training.end(Status.REJECTED, note, gate.name)

    def _measured(self, task: Task, trainings: Sequence[Attempt], measure: Measure) -> list[tuple[Attempt, list[Any]]]:
        """Measures candidates on a task; returns each with its results, and charges the time to them in equal parts.

        `train` is run with every seed, any other measurement with the first one.
        """
        if not trainings:
            return []
        seeds = trainings[0].seeds if measure is train else trainings[0].seeds[:1]
        if measure is train and any(gate.name == "quality" for gate in self.gates):
            measure = gated_train
        with _charged(trainings):
            rows = self._runner(task, [training.screening for training in trainings], seeds, measure)
        return list(zip(trainings, rows, strict=True))

    def _trial(self, candidate: Screening, training: Attempt | None) -> Trial:
        """Returns the trial of a candidate, which was trained unless `training` is None."""
        fingerprint, gate, note = candidate.verdict
        fields: dict[str, Any] = {"seconds": candidate.seconds, "first": self._memory.first(fingerprint)}
        if training is not None:
            status, fields = training.status, fields | _trained_fields(training, self.objectives)
        elif gate:
            status, fields = Status.REJECTED, fields | {"gate": gate, "note": note, "first": None}
        elif self._memory.has(*candidate.claim):
            status, fields = Status.DUPLICATE, fields | {"score": self._memory.score(*candidate.claim)}
        else:
            note = f"{self.space.name} does not have this program, and the interpreter runs members of the space alone"
            status, fields = Status.FAILED, fields | {"note": f'{note}: write engine="specialize"'}
        failed = base_trial(candidate.index, candidate.proposal, candidate.genotype, fingerprint)
        return dataclasses.replace(failed, status=status, **fields)


def _trained_fields(training: Attempt, objectives: Sequence[Objective]) -> dict[str, Any]:
    """Returns the fields of a trial that was trained, or failed in it."""
    if training.status is Status.FAILED:
        return {"note": training.note}
    combined = combine(training.results)
    fields = {
        "gate": training.gate,
        "note": training.note,
        "seeds": training.seeds,
        "metrics": combined.metrics,
        "seconds": training.screening.seconds + training.seconds,
    }
    if training.status is not Status.REJECTED:
        fields["score"] = combined.score
        scores = {name: row.score for name, row in training.results.items()}
        fields["objectives"] = with_properties(scores, training.screening.proposal.program, objectives)
    return fields


def repeat_seeds(seeds: Sequence[int], repeat: int) -> tuple[int, ...]:
    """Returns the seeds of a repeat; repeat 0 is the first evaluation.

    Example:
      >>> repeat_seeds((0, 1), 0), repeat_seeds((0, 1), 2)
      ((0, 1), (2000000, 2000001))
    """
    return tuple(seed + repeat * REPEAT_STRIDE for seed in seeds)


def as_tasks(tasks: Task | str | Sequence[Task | str]) -> tuple[Task, ...]:
    """Returns tasks as a tuple: of one Task, of several, or of names joined by "+"; a user's own is checked.

    Example:
      >>> [task.name for task in as_tasks("digits-mlp+digits-resnet")]
      ['digits-mlp', 'digits-resnet']
    """
    if isinstance(tasks, str):
        tasks = get_tasks(tasks)
    if not isinstance(tasks, Sequence):
        return (check_own(tasks),)
    return tuple(task for item in tasks for task in as_tasks(item))


@contextlib.contextmanager
def _charged(trainings: Sequence[Attempt]) -> Iterator[None]:
    """Charges the time spent inside to candidates, in equal parts."""
    began = time.perf_counter()
    yield
    for training in trainings:
        training.seconds += (time.perf_counter() - began) / len(trainings)


def _check(space: Space, tasks: Sequence[Task], seeds: Sequence[int]) -> None:
    names = [task.name for task in tasks]
    if not names or len(set(names)) < len(names):
        raise ActsearchError(f"An evaluation needs at least one task, each of another name; received {names}.")
    if not seeds or len(set(seeds)) < len(seeds):
        raise ActsearchError(f"An evaluation needs at least one seed, and none twice; received {list(seeds)}.")
    check_resident(*tasks)
    for task in tasks:
        if task.kind != space.kind:
            raise ActsearchError(
                f"{space.name} proposes {_NOUNS[space.kind]}; the task {task.name} has sites for "
                f"{_NOUNS[task.kind]}: choose another task or space."
            )


_NOUNS = {"activation": "activations", "layer": "whole layers", "gate": "gates of two inputs"}

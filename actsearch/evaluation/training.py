"""The judge turns proposals into trials: cheap gates, training on each task, and a memory of the fingerprints seen."""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax

from actsearch.controllers import Proposal
from actsearch.evaluation import (
    GATES,
    LAYER_GATES,
    Job,
    Outcome,
    Result,
    Scorer,
    Verdict,
    ascend,
    choose_engine,
    combine,
    pass_gates,
    result,
    train,
)
from actsearch.evaluation.stability import LIMIT
from actsearch.evaluation.trainer import Engine
from actsearch.language import Program
from actsearch.spaces import Space
from actsearch.tasks import Task
from actsearch.trials.trial import Trial


class _Training(NamedTuple):
    """What became of a candidate that passed the cheap gates."""

    status: str
    note: str
    result: Result
    seeds: tuple[int, ...]
    seconds: float


class Judge:
    """Judges the candidates of one run.

    A space of layers is judged by the gates of layers: each task that has a quality gate ends the trainings that fail
    it; what passes on the first task is tested for stability there, and then trained on the others.

    A proposal that repeats a known candidate, or goes on from a lower rung, is no duplicate: it is trained again, and
    its trial names the candidate's first one in `duplicate_of`.

    Args:
      space: where the candidates come from.
      tasks: what they are trained on, at least one.
      seeds: of the trainings on each task.
      engine: "auto", "interpret" or "specialize".
      budget: expected number of candidates, for the choice of engine.
      devices: JAX devices, all by default.
      gates: which gates are tried; by default those of activations or of layers, as the space has it.
      repeats: the most repeats that a proposal may name.

    Attributes:
      why: one line on the choice of engine.
    """

    def __init__(
        self,
        space: Space,
        tasks: Sequence[Task],
        seeds: tuple[int, ...],
        engine: Engine,
        budget: int,
        devices: Sequence[jax.Device] | None = None,
        gates: tuple[str, ...] | None = None,
        repeats: int = 0,
    ):
        self.space, self.tasks, self.seeds, self.devices = space, tasks, seeds, devices
        self.repeats = repeats
        self.engine, self.why = choose_engine(engine, budget, max(task.recipe.steps for task in tasks), space.layers)
        self.gates = gates or (LAYER_GATES if space.layers else GATES)
        self._first: dict[str, Trial] = {}
        self._scorers: dict[Any, Scorer] = {}

    @property
    def compilations(self) -> int:
        """Of training functions and the stability test, so far."""
        return sum(scorer.compilations for scorer in self._scorers.values())

    def remember(self, trials: Sequence[Trial]) -> None:
        """Adds trials to the memory of fingerprints."""
        for trial in trials:
            if trial.fingerprint and trial.status not in ("duplicate", "failed"):
                self._first.setdefault(trial.fingerprint, trial)

    def __call__(self, proposals: Sequence[Proposal], start: int) -> list[Trial]:
        """Returns a trial for each proposal, the first with the index `start`."""
        seen = {identity: trial.index for identity, trial in self._first.items()}
        verdicts = []
        for index, proposal in enumerate(proposals, start=start):
            gates = _without_duplicate(self.gates) if _again(proposal) else self.gates
            verdict = pass_gates(proposal.program, seen, gates)
            if verdict.status == "pass":
                seen.setdefault(verdict.fingerprint, index)
            verdicts.append(verdict)
        trained = self._train_all({i: proposals[i] for i, verdict in enumerate(verdicts) if verdict.status == "pass"})
        trials: list[Trial] = []
        for i, (proposal, verdict) in enumerate(zip(proposals, verdicts, strict=True)):
            trials.append(self._trial(start + i, proposal, verdict, trained.get(i)))
            self.remember(trials[-1:])
        return trials

    def _train_all(self, proposals: Mapping[int, Proposal]) -> dict[int, _Training]:
        """Trains proposals, those with the same seeds and length together."""
        groups: dict[tuple[int, int | None], list[int]] = {}
        for i, proposal in proposals.items():
            groups.setdefault((proposal.repeat, proposal.rung), []).append(i)
        trained: dict[int, _Training] = {}
        for (repeat, rung), members in groups.items():
            tasks = [task if rung is None else task.at_rung(rung) for task in self.tasks]
            found = self._train([proposals[i].program for i in members], tasks, repeat_seeds(self.seeds, repeat))
            trained |= dict(zip(members, found, strict=True))
        return trained

    def _train(self, programs: Sequence[Program], tasks: Sequence[Task], seeds: tuple[int, ...]) -> list[_Training]:
        """Trains programs on one task after another; those that fail a gate or diverge are spared the later tasks."""
        rows: list[dict[str, Result]] = [{} for _ in programs]
        spent = [0.0] * len(programs)
        ends: dict[int, tuple[str, str]] = {}
        for task in tasks:
            with self._charged(spent, going := [i for i in range(len(programs)) if i not in ends]):
                outcomes = self._outcomes(task, [programs[i] for i in going], seeds)
            for i, found in zip(going, outcomes, strict=True):
                rows[i][task.name] = result(task, found)
                ends |= self._end(i, task, found, rows[i][task.name])
            if task is tasks[0] and "stability" in self.gates:
                with self._charged(spent, going := [i for i in going if i not in ends]):
                    ends |= self._unstable({i: programs[i] for i in going})
        return [_Training(*ends.get(i, ("ok", "")), combine(row), seeds, spent[i]) for i, row in enumerate(rows)]

    @contextlib.contextmanager
    def _charged(self, seconds: list[float], going: Sequence[int]):
        """Charges the time spent inside to the programs that were at work, in equal parts."""
        began = time.perf_counter()
        yield
        for i in going:
            seconds[i] += (time.perf_counter() - began) / len(going)

    def _end(self, i: int, task: Task, outcomes: Sequence[Outcome], found: Result) -> dict[int, tuple[str, str]]:
        """Returns {i: (status, note)} where a candidate's training on a task was its last one, else nothing."""
        if task.quality and self._floor(task) and any(not outcome.early >= self._floor(task) for outcome in outcomes):
            early = min(outcome.early for outcome in outcomes)
            return {i: ("rejected:quality", f"accuracy {early:.3f} on {task.name} after {task.quality.steps} steps")}
        return {i: ("diverged", f"on {task.name}")} if found.diverged else {}

    def _floor(self, task: Task) -> float:
        """Returns the least accuracy at a task's quality gate, 0 where there is none."""
        return task.quality.accuracy if "quality" in self.gates and task.quality else 0.0

    def _unstable(self, programs: Mapping[int, Program]) -> dict[int, tuple[str, str]]:
        """Returns {i: (status, note)} for the programs that fail the stability gate."""
        rows = self._run(self.tasks[0], list(programs.values()), self.seeds[:1], 0.0, measure=ascend)
        norms = {i: row[0].gradient for i, row in zip(programs, rows, strict=True)}
        return {
            i: ("rejected:stability", f"gradient norm {norm:.1e} while ascending")
            for i, norm in norms.items()
            if not norm <= LIMIT
        }

    def _outcomes(self, task: Task, programs: Sequence[Program], seeds: tuple[int, ...]) -> list[list[Outcome]]:
        """Trains programs on one task; returns the outcomes of each, one a seed."""
        return self._run(task, programs, seeds, self._floor(task), measure=train)

    def _run(self, task: Task, programs: Sequence[Program], seeds, floor: float, measure) -> list[list[Any]]:
        """Measures every program at every seed, with either engine."""
        known = tuple(seed for repeat in range(self.repeats + 1) for seed in repeat_seeds(self.seeds, repeat))
        options = {"seeds": known, "devices": self.devices, "measure": measure}
        if self.engine == "interpret" and programs:
            make = functools.partial(Scorer.interpreted, task, self.space.template, **options)
            scorer = self._made((task.name, measure), make)
            found = scorer([Job(program.choices or (), seed, 1.0, floor) for program in programs for seed in seeds])
            return [found[i * len(seeds) : (i + 1) * len(seeds)] for i in range(len(programs))]
        rows = []
        for program in programs:
            make = functools.partial(Scorer.specialized, task, program, **options)
            rows.append(self._made((task.name, measure, program), make)([Job((), seed, 1.0, floor) for seed in seeds]))
        return rows

    def _made(self, key: Any, make) -> Any:
        if key not in self._scorers:
            self._scorers[key] = make()
        return self._scorers[key]

    def _trial(self, index: int, proposal: Proposal, verdict: Verdict, trained: _Training | None) -> Trial:
        blank = Trial(index, proposal.program, verdict.fingerprint, verdict.status, parents=proposal.parents)
        original = self._first.get(verdict.fingerprint)
        if trained is not None:
            return dataclasses.replace(
                blank,
                status=trained.status,
                score={"ok": trained.result.score, "diverged": 0.0}.get(trained.status),
                metrics=_with_steps(trained.result.metrics, proposal, self.tasks),
                seeds=trained.seeds,
                duplicate_of=original.index if original is not None and _again(proposal) else None,
                seconds=verdict.seconds + trained.seconds,
                note=trained.note,
            )
        return dataclasses.replace(
            blank,
            score=original.score if original is not None and verdict.status == "duplicate" else None,
            duplicate_of=verdict.duplicate_of,
            seconds=verdict.seconds,
            note=verdict.note,
        )


REPEAT_STRIDE = 1_000_000
"""Between the seeds of a candidate's first training and those of its next repeat."""


def repeat_seeds(seeds: Sequence[int], repeat: int) -> tuple[int, ...]:
    """Returns the seeds of a repeat; repeat 0 is the first evaluation.

    Example:
      >>> repeat_seeds((0, 1), 0), repeat_seeds((0, 1), 2)
      ((0, 1), (2000000, 2000001))
    """
    return tuple(seed + repeat * REPEAT_STRIDE for seed in seeds)


def _again(proposal: Proposal) -> bool:
    return proposal.repeat > 0 or (proposal.rung or 0) > 0


def _without_duplicate(gates: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(gate for gate in gates if gate != "duplicate")


def _with_steps(metrics: tuple[dict[str, float], ...], proposal: Proposal, tasks: Sequence[Task]):
    """Adds the steps trained to the metrics of a training at a rung, summed over the tasks."""
    if proposal.rung is None:
        return metrics
    steps = float(sum(task.at_rung(proposal.rung).recipe.steps for task in tasks))
    return tuple({**row, "steps": steps} for row in metrics)

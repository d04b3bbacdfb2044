"""The loop: a controller proposes, gates and training judge, the archive remembers, the controller learns.

A run is replayed, not restored: everything is a function of the configuration and the trials so far, so a search that
was killed starts again from the first proposal, finds its trials in the archive instead of training them, and goes
on.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

from actsearch.archive import Archive, ArchiveError
from actsearch.controllers import Controller, Proposal, get_controller
from actsearch.scoring import Job, Scorer, Verdict, choose_engine, pass_gates, result
from actsearch.scoring.scorer import Engine
from actsearch.spaces import Space, get_space
from actsearch.tasks import Task, get_task
from actsearch.trial import Trial


class Progress(NamedTuple):
    """What a search reports after each batch.

    Attributes:
      trials: every trial so far, stored ones included.
      budget: the number of trials aimed at.
      fresh: how many of the trials this process made.
      seconds: since the search began.
      compilations: of the training function, so far.
    """

    trials: Sequence[Trial]
    budget: int
    fresh: int
    seconds: float
    compilations: int


class SearchResult(NamedTuple):
    """What a search returns.

    Attributes:
      trials: in the order told to the controller.
      compilations: of the training function, in this process.
      seconds: wall time in this process.
      engine: the line that explains the choice of engine.
    """

    trials: list[Trial]
    compilations: int
    seconds: float
    engine: str


def search(
    space: Space | str = "swish-1",
    task: Task | str = "digits-mlp",
    controller: str = "random",
    budget: int = 1000,
    *,
    seed: int = 0,
    out: str | Path | None = None,
    seeds_per_trial: int = 1,
    batch: int = 64,
    engine: Engine = "auto",
    options: Mapping[str, Any] | None = None,
    devices: Sequence[jax.Device] | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
    explain: Callable[[str], None] = lambda line: None,
) -> SearchResult:
    """Searches a space for programs that score well on a task.

    Args:
      space: a Space, or the name of one.
      task: a Task, or the name of one.
      controller: "random", "exhaustive" or "evolution".
      budget: number of trials, rejected and duplicate ones included, at least 1.
      seed: fixes the proposals and the training seeds; the same seed gives the same trials.
      out: directory of the run's archive. When it holds the same run, the search goes on where that stopped, and a
      larger
        budget extends it. None keeps the trials in memory.
      seeds_per_trial: trainings of each candidate, at least 1; the score is their mean.
      batch: proposals between two lessons of the controller, at least 1.
      engine: "auto", "interpret" or "specialize".
      options: hyperparameters of the controller.
      devices: JAX devices, all by default.
      report: called after each batch.
      explain: receives the one line on the choice of engine.

    Returns:
      The trials, and what they cost.

    Raises:
      ValueError: an argument out of range or an unknown name.
      ArchiveError: the directory holds another run, or cannot be used.

    Example:
      >>> result = search("swish-1", "digits-mlp", "exhaustive", budget=1, options={"shuffle": False})
      >>> str(result.trials[0].program), result.trials[0].status
      ('x + x', 'ok')
    """
    for name, value in {"budget": budget, "seeds_per_trial": seeds_per_trial, "batch": batch}.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be an integer of at least 1; received {value!r}.")
    if not isinstance(seed, int) or not 0 <= seed < 2**31 // seeds_per_trial - seeds_per_trial:
        raise ValueError(f"seed must be an integer from 0 to about 2e9 / seeds_per_trial; received {seed!r}.")
    space = get_space(space) if isinstance(space, str) else space
    task = get_task(task) if isinstance(task, str) else task
    strategy = get_controller(controller, space, **(options or {}))
    train_seeds = tuple(seed * seeds_per_trial + i for i in range(seeds_per_trial))
    judge = _Judge(space, task, train_seeds, engine, budget, devices)
    explain(judge.why)
    began = time.perf_counter()

    def tick(trials, fresh):
        report(Progress(tuple(trials), budget, fresh, time.perf_counter() - began, judge.compilations))

    if out is None:
        trials = _run(strategy, judge, None, seed, budget, batch, tick)
    else:
        config = {
            **{"space": space.name, "task": task.name, "controller": strategy.name, "options": dict(strategy.options)},
            **{"seed": seed, "seeds_per_trial": seeds_per_trial, "batch": batch},
        }
        with Archive.write(out, config) as archive:
            trials = _run(strategy, judge, archive, seed, budget, batch, tick)
    return SearchResult(trials, judge.compilations, time.perf_counter() - began, judge.why)


def _run(strategy: Controller, judge: "_Judge", archive: Archive | None, seed, budget, batch, tick) -> list[Trial]:
    """Asks, judges, appends and tells until the budget is spent or the controller has nothing left."""
    stored = archive.trials() if archive is not None else []
    trials: list[Trial] = []
    fresh = 0
    state = strategy.init(seed)
    while len(trials) < budget:
        proposals, state = strategy.ask(state, batch)
        if not proposals:
            break
        wanted = proposals[: budget - len(trials)]
        known = _replay(stored[len(trials) : len(trials) + len(wanted)], wanted)
        judge.remember(known)
        made = judge(wanted[len(known) :], len(trials) + len(known))
        if archive is not None and made:
            archive.append(made)
        trials += known + made
        fresh += len(made)
        if len(wanted) < len(proposals):
            break
        # The whole batch is told at once, also when a smaller budget once stopped in the middle of it.
        state = strategy.tell(state, trials[-len(wanted) :])
        if made:
            tick(trials, fresh)
    tick(trials, fresh)
    return trials


def _replay(stored: list[Trial], proposals: Sequence[Proposal]) -> list[Trial]:
    """Returns the stored trials after checking that the controller proposes them again."""
    for trial, proposal in zip(stored, proposals, strict=False):
        if trial.program != proposal.program or trial.parents != proposal.parents:
            raise ArchiveError(
                f"The archive holds {trial.program} as trial {trial.index}, and this version proposes "
                f"{proposal.program} there: it was made by other code. Use another directory, "
                "or the version that made it."
            )
    return stored


class _Judge:
    """Turns proposals into trials: gates first, then training, with a memory of the fingerprints seen."""

    def __init__(self, space: Space, task: Task, seeds: tuple[int, ...], engine: Engine, budget: int, devices):
        self.space, self.task, self.seeds, self.devices = space, task, seeds, devices
        self.engine, self.why = choose_engine(engine, budget)
        self.first: dict[str, Trial] = {}
        self._scorers: list[Scorer] = []

    @property
    def compilations(self) -> int:
        return sum(scorer.compilations for scorer in self._scorers)

    def remember(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if trial.status in ("ok", "diverged"):
                self.first.setdefault(trial.fingerprint, trial)

    def __call__(self, proposals: Sequence[Proposal], start: int) -> list[Trial]:
        seen = {identity: trial.index for identity, trial in self.first.items()}
        verdicts = []
        for index, proposal in enumerate(proposals, start=start):
            verdict = pass_gates(proposal.program, seen)
            if verdict.status == "pass":
                seen[verdict.fingerprint] = index
            verdicts.append(verdict)
        passed = [i for i, verdict in enumerate(verdicts) if verdict.status == "pass"]
        began = time.perf_counter()
        results = dict(zip(passed, self._train([proposals[i] for i in passed]), strict=True))
        share = (time.perf_counter() - began) / max(1, len(passed))
        trials: list[Trial] = []
        for i, (proposal, verdict) in enumerate(zip(proposals, verdicts, strict=True)):
            trials.append(self._trial(start + i, proposal, verdict, results.get(i), share))
            self.remember(trials[-1:])
        return trials

    def _train(self, proposals: Sequence[Proposal]):
        if not proposals:
            return []
        programs = [proposal.program for proposal in proposals]
        where = {"seeds": self.seeds, "devices": self.devices}
        if self.engine == "interpret":
            if not self._scorers:
                self._scorers.append(Scorer.interpreted(self.task, self.space.template, **where))
            jobs = [Job(program.choices or (), seed) for program in programs for seed in self.seeds]
            outcomes = self._scorers[0](jobs)
        else:
            outcomes = []
            for program in programs:
                self._scorers.append(Scorer.specialized(self.task, program, **where))
                outcomes += self._scorers[-1]([Job((), seed) for seed in self.seeds])
        n = len(self.seeds)
        return [result(self.task, outcomes[i * n : (i + 1) * n]) for i in range(len(programs))]

    def _trial(self, index: int, proposal: Proposal, verdict: Verdict, trained, share: float) -> Trial:
        common: dict[str, Any] = {"index": index, "program": proposal.program, "fingerprint": verdict.fingerprint}
        common |= {"parents": proposal.parents, "note": verdict.note}
        if trained is not None:
            status = "diverged" if trained.diverged else "ok"
            cost = verdict.seconds + share
            return Trial(
                **common, status=status, score=trained.score, metrics=trained.metrics, seeds=self.seeds, seconds=cost
            )
        original = self.first.get(verdict.fingerprint) if verdict.status == "duplicate" else None
        score = None if original is None else original.score
        return Trial(
            **common, status=verdict.status, score=score, duplicate_of=verdict.duplicate_of, seconds=verdict.seconds
        )

"""The loop: a controller proposes, gates and training judge, the archive remembers, the controller learns.

A run is replayed: everything is a function of the configuration and the trials so far, so a search that was killed
starts again from the first proposal, finds its trials in the archive instead of training them, and goes on. The
controller's state, saved now and then beside the archive, only shortens the replay.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

from actsearch.archive import checkpoint
from actsearch.archive.archive import Archive, ArchiveError
from actsearch.controllers import Controller, Proposal, get_controller, repeated, successive_halving
from actsearch.evaluation.fisher import FisherSpectrum
from actsearch.evaluation.table_judge import TableJudge
from actsearch.evaluation.tabular import Tabular, get_tabular
from actsearch.evaluation.trainer import Engine
from actsearch.evaluation.training import Judge
from actsearch.spaces import Space, get_space
from actsearch.tasks import TASK_SETS, TASKS, Task, get_task, get_tasks
from actsearch.trials.ranking import Evidence, incumbent
from actsearch.trials.trial import Trial

SAVE_EVERY = 30.0
"""Least seconds between two saves of the controller's state."""

STATE = "state"
"""Folder of the controller's state in the run's directory."""


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

    @property
    def incumbent(self) -> Evidence | None:
        """The candidate with the highest lower bound; see `actsearch.trials.ranking`."""
        return incumbent(self.trials)


def search(
    space: Space | str = "swish-1",
    task: Task | Tabular | str | Sequence[Task] = "digits-mlp",
    controller: str = "random",
    budget: int = 1000,
    *,
    seed: int = 0,
    out: str | Path | None = None,
    seeds_per_trial: int = 1,
    batch: int = 64,
    engine: Engine = "auto",
    options: Mapping[str, Any] | None = None,
    repeats: float = 0.0,
    halving: bool = False,
    devices: Sequence[jax.Device] | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
    explain: Callable[[str], None] = lambda line: None,
) -> SearchResult:
    """Searches a space for programs that score well on a task.

    Args:
      space: a Space, or the name of one.
      task: a Task, several, or names joined by "+"; the score is the mean over tasks. Whole layers are tested for
        quality on each and for stability on the first one; what fails is not trained on the others. Or a table of the
        space, such as "tabular-swish1-digits-resnet", which trains nothing.
      controller: a name of `actsearch.controllers.CONTROLLERS`.
      budget: number of trials, rejected and duplicate ones included, at least the controller's `least`.
      seed: fixes the proposals and the training seeds; the same seed gives the same trials.
      out: directory of the run's archive. When it holds the same run, the search goes on where that stopped, and a
      larger
        budget extends it. None keeps the trials in memory.
      seeds_per_trial: trainings of each candidate, at least 1; the score is their mean.
      batch: proposals between two lessons of the controller, at least 1.
      engine: "auto", "interpret" or "specialize".
      options: hyperparameters of the controller.
      repeats: share of the trials that train promising candidates again, from 0 to below 1; see
        `actsearch.controllers.repeated`.
      halving: whether all are trained for a ninth of the steps, and a third of them each time for three times as long;
        see `actsearch.controllers.successive_halving`.
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
    if not isinstance(seed, int) or not 0 <= seed < 2_000_000_000 // seeds_per_trial:
        raise ValueError(f"seed must be an integer from 0 to about 2e9 / seeds_per_trial; received {seed!r}.")
    space = get_space(space) if isinstance(space, str) else space
    tasks = _tasks(task)
    strategy = _strategy(controller, space, tasks, dict(options or {}), repeats, halving)
    if budget < strategy.least:
        raise ValueError(
            f"The controller {controller} only starts within its first {strategy.least - 1} trials; received the "
            f"budget {budget}: give a larger one, or other options of the controller."
        )
    judge: Judge | TableJudge
    most = strategy.options.get("repeated", {}).get("most", 1) - 1
    if isinstance(tasks, Tabular):
        judge = TableJudge(space, tasks, seed, seeds_per_trial, most)
    else:
        train_seeds = tuple(seed * seeds_per_trial + i for i in range(seeds_per_trial))
        judge = Judge(space, tasks, train_seeds, engine, budget, devices, repeats=most)
    explain(judge.why)
    began = time.perf_counter()

    def tick(trials, fresh):
        report(Progress(tuple(trials), budget, fresh, time.perf_counter() - began, judge.compilations))

    run = _Run(strategy, judge, seed, budget, batch, tick)
    if out is None:
        trials = run()
    else:
        names = tasks.name if isinstance(tasks, Tabular) else "+".join(task.name for task in tasks)
        config: dict[str, Any] = {"space": space.name, "task": names, "controller": strategy.name}
        config |= {"options": dict(strategy.options), "seed": seed, "seeds_per_trial": seeds_per_trial, "batch": batch}
        with Archive.write(out, config) as archive:
            trials = run(archive, Path(out) / STATE)
    return SearchResult(trials, judge.compilations, time.perf_counter() - began, judge.why)


def _tasks(task: Task | Tabular | str | Sequence[Task]) -> Tabular | tuple[Task, ...]:
    """Returns the table, or the tasks, that an argument names."""
    if isinstance(task, str):
        return get_tabular(task) if task.startswith("tabular-") else get_tasks(task)
    return task if isinstance(task, Tabular) else (task,) if isinstance(task, Task) else tuple(task)


def _strategy(name: str, space: Space, tasks, options: dict[str, Any], repeats: float, halving: bool) -> Controller:
    """Returns the controller with its wrappers, after checking that it fits the tasks."""
    if not 0 <= repeats < 1:
        raise ValueError(f"repeats is a share of the trials, from 0 to below 1; received {repeats}.")
    if not isinstance(tasks, Tabular):
        check_fit(space, tasks)
    if name == "surrogate" and options.get("fisher") is True:
        network = get_task(tasks.network) if isinstance(tasks, Tabular) else tasks[0]
        options["spectrum"] = FisherSpectrum(network, space.template)
    controller = get_controller(name, space, **options)
    if halving:
        controller = successive_halving(controller, rungs=_rungs(tasks))
    if repeats:
        # A table has three seeds, of which one is left to judge.
        controller = repeated(controller, share=repeats, most=2 if isinstance(tasks, Tabular) else 4)
    return controller


def _rungs(tasks: Tabular | tuple[Task, ...]) -> int:
    """Returns how many rungs the tasks have, all of them the same number."""
    if isinstance(tasks, Tabular):
        raise ValueError(f"{tasks.name} has no shorter trainings: search it without halving.")
    counts = {len(task.rungs) for task in tasks}
    if len(counts) > 1 or counts == {1}:
        steps = ", ".join(f"{task.name} {task.recipe.steps}" for task in tasks)
        raise ValueError(f"halving needs tasks long enough for as many rungs each, 9 steps or more; received {steps}.")
    return counts.pop()


def check_fit(space: Space, tasks: Sequence[Task]) -> None:
    """Raises a ValueError where a space of whole layers meets a task whose sites are for activations."""
    if not tasks:
        raise ValueError("A search needs at least one task; received none.")
    wrong = [task.name for task in tasks if space.layers and not task.layers]
    if wrong:
        known = ", ".join([*TASK_SETS, *(name for name in TASKS if get_task(name).layers)])
        raise ValueError(
            f"The space {space.name} proposes whole layers; the task {wrong[0]} has sites for activations: "
            f"write one of {known}, or several of them joined by '+'."
        )


class _Run(NamedTuple):
    """One run: asks, judges, appends and tells until the budget is spent or the controller has nothing left."""

    strategy: Controller
    judge: Judge | TableJudge
    seed: int
    budget: int
    batch: int
    tick: Callable[[list[Trial], int], None]

    def __call__(self, archive: Archive | None = None, folder: Path | None = None) -> list[Trial]:
        stored = archive.trials() if archive is not None else []
        state, trials = self._begin(archive, folder, stored)
        fresh, saved = 0, time.monotonic()
        while len(trials) < self.budget:
            proposals, state = self.strategy.ask(state, self.batch)
            if not proposals:
                break
            wanted = proposals[: self.budget - len(trials)]
            known = _replay(stored[len(trials) : len(trials) + len(wanted)], wanted)
            self.judge.remember(known)
            made = self.judge(wanted[len(known) :], len(trials) + len(known))
            if archive is not None and made:
                archive.append(made)
            trials += known + made
            fresh += len(made)
            if len(wanted) < len(proposals):
                break
            # The whole batch is told at once, also when a smaller budget once stopped in the middle of it.
            state = self.strategy.tell(state, trials[-len(wanted) :])
            if archive is not None and folder is not None and time.monotonic() - saved >= SAVE_EVERY:
                checkpoint.save(folder, archive.config, len(trials), state)
                saved = time.monotonic()
            if made and len(trials) < self.budget:
                self.tick(trials, fresh)
        self.tick(trials, fresh)
        return trials

    def _begin(self, archive: Archive | None, folder: Path | None, stored: list[Trial]) -> tuple[Any, list[Trial]]:
        """Returns the state and the trials to go on from: the saved ones, or those of a new run, to be replayed."""
        saved = checkpoint.load(folder, archive.config) if archive is not None and folder is not None else None
        if saved is None or saved.told > min(len(stored), self.budget):
            return self.strategy.init(self.seed), []
        self.judge.remember(stored[: saved.told])
        return saved.state, stored[: saved.told]


def _replay(stored: list[Trial], proposals: Sequence[Proposal]) -> list[Trial]:
    """Returns the stored trials after checking that the controller proposes them again."""
    for trial, proposal in zip(stored, proposals, strict=False):
        if trial.program != proposal.program or trial.parents != proposal.parents:
            raise ArchiveError(
                f"The archive holds {trial.program} as trial {trial.index}, and this version proposes "
                f"{proposal.program} there: it was made by other code, or where rounding differs. Use another "
                "directory, or the version and machine that made it."
            )
    return stored

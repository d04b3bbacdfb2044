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
from actsearch.judge import Judge
from actsearch.scoring.scorer import Engine
from actsearch.spaces import Space, get_space
from actsearch.tasks import TASK_SETS, TASKS, Task, get_task, get_tasks
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
    task: Task | str | Sequence[Task] = "digits-mlp",
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
      task: a Task, several, or names joined by "+"; the score is the mean over tasks. Whole layers are tested for
        quality on each and for stability on the first one; what fails is not trained on the others.
      controller: "random", "exhaustive", "evolution" or "pareto".
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
    tasks = get_tasks(task) if isinstance(task, str) else (task,) if isinstance(task, Task) else tuple(task)
    check_fit(space, tasks)
    strategy = get_controller(controller, space, **(options or {}))
    train_seeds = tuple(seed * seeds_per_trial + i for i in range(seeds_per_trial))
    judge = Judge(space, tasks, train_seeds, engine, budget, devices)
    explain(judge.why)
    began = time.perf_counter()

    def tick(trials, fresh):
        report(Progress(tuple(trials), budget, fresh, time.perf_counter() - began, judge.compilations))

    if out is None:
        trials = _run(strategy, judge, None, seed, budget, batch, tick)
    else:
        config = {
            **{
                "space": space.name,
                "task": "+".join(t.name for t in tasks),
                "controller": strategy.name,
                "options": dict(strategy.options),
            },
            **{"seed": seed, "seeds_per_trial": seeds_per_trial, "batch": batch},
        }
        with Archive.write(out, config) as archive:
            trials = _run(strategy, judge, archive, seed, budget, batch, tick)
    return SearchResult(trials, judge.compilations, time.perf_counter() - began, judge.why)


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


def _run(strategy: Controller, judge: "Judge", archive: Archive | None, seed, budget, batch, tick) -> list[Trial]:
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
        if made and len(trials) < budget:
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

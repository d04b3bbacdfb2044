"""The front door of a search: names or objects in, trials out."""

import dataclasses
import functools
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from actsearch.archive import Archive
from actsearch.controllers import Controller, Random, RegularizedEvolution, get_controller
from actsearch.controllers.base import nested
from actsearch.evaluation import (
    TABLES,
    Engine,
    Evaluator,
    RayEvaluator,
    Table,
    TabularEvaluator,
    TrainingEvaluator,
    constraints_of,
    gates_of,
    use_compilation_cache,
)
from actsearch.language import ActsearchError
from actsearch.spaces import Space, get_space
from actsearch.study.callbacks import Callback
from actsearch.study.default import as_begun, multi_fidelity
from actsearch.study.loop import run
from actsearch.study.store import DirectoryStore, MemoryStore
from actsearch.tasks import Task
from actsearch.trials import Trial
from actsearch.trials.ranking import CandidateStats, incumbent

MAX_SEED = 2_000_000_000
"""Seeds are int32 where they are used; the rest is for the seeds of repeats, a million further each."""


@dataclasses.dataclass(frozen=True)
class SearchResult:
    """What a search returns.

    Attributes:
      evaluator: made the trials; says which engine it used.
      seconds: wall time in this process.
      out: the run's directory; None for a run in memory.
    """

    evaluator: Evaluator
    seconds: float
    out: Path | None
    _store: MemoryStore | None = dataclasses.field(default=None, repr=False)
    _count: int | None = dataclasses.field(default=None, repr=False)

    @functools.cached_property
    def trials(self) -> list[Trial]:
        """All trials that the run had when this search ended, stored ones included, in their order."""
        if self._store is not None:
            return self._store.trials()
        with Archive.read(self.out or "") as archive:
            return archive.trials(stop=self._count)

    @property
    def incumbent(self) -> CandidateStats | None:
        """The candidate with the highest lower confidence bound; see `actsearch.trials.ranking`."""
        return incumbent(self.trials)


def search(
    space: Space | str = "swish-1",
    task: Task | Evaluator | Table | str | Sequence[Task] = "mnist1d-mlp",
    controller: Controller[Any] | str | None = None,
    budget: int = 1000,
    *,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    batch: int = 64,
    callbacks: Iterable[Callback] = (),
) -> SearchResult:
    """Searches a space for programs that score well on a task.

    What JAX compiles stays in the user's cache folder, so that a second search compiles nothing:
    `actsearch.evaluation.use_compilation_cache` says where, and how to turn it off.

    Args:
      space: a Space, or the name of one.
      task: what candidates are scored on: a Task, several, or names joined by "+", which a `TrainingEvaluator` trains
        with one seed and the engine that is fastest for the budget; a Table, or the name of one, such as
        "tabular-swish1-digits-resnet", which is looked up; or an Evaluator, for more seeds, another engine, or an
        evaluation of your own.
      controller: a Controller, or a name of `actsearch.controllers.CONTROLLERS` for its defaults. None: random search
        and, where candidates are trained, short trainings for all and full ones for the best, as `multi_fidelity` says.
      budget: number of trials, short, rejected and duplicate ones included, at least the controller's `min_budget()`.
      seed: fixes the proposals, and the training seeds where `task` is no Evaluator; the same seed gives the same
        trials. From 0 to 2,000,000,000.
      out: directory of the run's archive. When it holds the same run, the search goes on where that stopped, and a
        larger budget extends it. None keeps the trials in memory.
      batch: proposals per round of ask, evaluate and tell, at least 1.
      callbacks: called after each batch with a `Progress`, such as `TimeLimit(minutes=5)`.

    Returns:
      The trials, and what they cost.

    Raises:
      ActsearchError: an argument out of range or of another kind, an unknown name, an evaluator of another space, or a
        task of the user's that `actsearch.evaluation.check_task` refuses.
      ArchiveError: the directory holds another run, or cannot be used.

    Example:
      >>> from actsearch.controllers import Exhaustive
      >>> result = search("swish-1", "tabular-swish1-digits-mlp", Exhaustive(shuffle=False), budget=1)
      >>> str(result.trials[0].program), str(result.trials[0].status)
      ('x + x', 'ok')
    """
    began = time.perf_counter()
    _check(budget=budget, batch=batch, seed=seed)
    space = get_space(space) if isinstance(space, str) else space
    controller = get_controller(controller) if isinstance(controller, str) else controller
    _check_controller(controller, budget)
    _check_task(task)
    evaluator = task if isinstance(task, Evaluator) else make_evaluator(space, task, budget, seed=seed, out=out)
    _check_space(space, evaluator)
    controller = controller or _default(evaluator, budget, batch, out)
    _check_reach(controller, evaluator)
    use_compilation_cache()
    go = functools.partial(
        run, space, evaluator, controller, budget, seed=seed, batch=batch, callbacks=tuple(callbacks)
    )
    if out is None:
        memory = MemoryStore()
        go(store=memory)
        return SearchResult(evaluator, time.perf_counter() - began, None, memory)
    with DirectoryStore(out, run_config(space, evaluator, controller, seed, batch)) as store:
        go(store=store)
        count = len(store)
    return SearchResult(evaluator, time.perf_counter() - began, Path(out), _count=count)


def run_config(
    space: Space, evaluator: Evaluator, controller: Controller[Any], seed: int, batch: int
) -> dict[str, Any]:
    """Returns what identifies a run: whatever a trial depends on, but the budget."""
    return {
        "space": space.name,
        "space_digest": space.digest,
        "evaluator": dict(evaluator.identity),
        "controller": controller.config(),
        "seed": seed,
        "batch": batch,
    }


def make_evaluator(
    space: Space,
    task: Task | Table | str | Sequence[Task],
    budget: int,
    *,
    seed: int = 0,
    seeds_per_trial: int = 1,
    engine: Engine = "auto",
    out: str | os.PathLike[str] | None = None,
    constraints: Iterable[str] = (),
    objectives: Iterable[str] = (),
    platform: str | None = None,
) -> Evaluator:
    """Returns the evaluator of a task: a table looked up, or trainings.

    Args:
      space: where candidates come from.
      task: a Task, several, names joined by "+", a Table, or the name of one.
      budget: number of trials, for the choice of engine.
      seed: of the run; its training seeds are `seed * seeds_per_trial + i`.
      seeds_per_trial: trainings of each candidate.
      engine: "auto" takes the one of the run in `out`, where there is one, else the one that is fastest for the budget.
      out: directory of the run; it may be absent or empty.
      constraints: conditions on properties that a candidate meets before it is trained or looked up, such as
        "lipschitz<=1"; see `actsearch.evaluation.constraint`.
      objectives: properties that stand beside the scores in `Trial.objectives`, which a Pareto search selects by,
        such as "-operations"; see `actsearch.evaluation.objectives_of`.
      platform: "cpu" or "gpu", where others train than this process, as on a cluster; None for its own.

    Raises:
      ActsearchError: an unknown name, no task, one that cannot hold the space's programs, a number out of range, or a
        constraint or objective that is none.
    """
    gates = constraints_of(constraints, space.kind)
    if isinstance(task, Table) or (isinstance(task, str) and task in TABLES):
        return TabularEvaluator(
            space, task, seed=seed, seeds_per_trial=seeds_per_trial, gates=gates, objectives=objectives
        )
    if engine == "auto":  # engines differ by rounding, which training amplifies: a run keeps the one it began with
        engine = _stored_identity(out).get("engine", "auto")
    seeds = tuple(seed * seeds_per_trial + i for i in range(seeds_per_trial))
    every = (*gates_of(space.kind), *gates) if gates else None
    return TrainingEvaluator(
        space,
        task,
        seeds=seeds,
        engine=engine,
        budget=budget,
        gates=every,
        objectives=objectives,
        platform=platform,
    )


def _stored_identity(out: str | os.PathLike[str] | None) -> Mapping[str, Any]:
    """Returns the identity of the evaluator of the run in a directory; empty where there is none."""
    if out is None or not Archive.exists(out):
        return {}
    with Archive.read(out) as archive:
        identity = archive.config.get("evaluator", {})
        return identity if isinstance(identity, Mapping) else {}


def _check(**values: int) -> None:
    """Raises where an argument is no whole number in its range."""
    for name, value in values.items():
        least, most = (0, MAX_SEED) if name == "seed" else (1, math.inf)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            allowed = f"from 0 to {MAX_SEED}" if name == "seed" else "of at least 1"
            raise ActsearchError(f"{name} must be an integer {allowed}; received {value!r}.")


def _default(evaluator: Evaluator, budget: int, batch: int, out: str | os.PathLike[str] | None) -> Controller[Any]:
    """Returns random search: as the run in the directory began, or multi-fidelity where candidates are trained."""
    if not isinstance(evaluator, TrainingEvaluator | RayEvaluator):
        return Random()
    return as_begun(Random(), out) or multi_fidelity(Random(), budget, batch)


def _check_controller(controller: object, budget: int) -> None:
    """Raises for what is no controller, and for one that would not get beyond its start."""
    if controller is None:
        return
    if not isinstance(controller, Controller):
        raise ActsearchError(f"controller is a Controller or the name of one; received {controller!r}.")
    if budget < controller.min_budget():
        raise ActsearchError(
            f"The controller {controller} only starts within its first {controller.min_budget() - 1} trials; received "
            f"the budget {budget}: give a larger one, or other hyperparameters."
        )


def _check_reach(controller: Controller[Any], evaluator: Evaluator) -> None:
    """Raises where a controller proposes what is no member of the space, and the evaluator knows members alone."""
    leads_out = any(isinstance(one, RegularizedEvolution) and one.transforms for one in nested(controller))
    if leads_out and (isinstance(evaluator, TabularEvaluator) or evaluator.identity.get("engine") == "interpret"):
        raise ActsearchError(
            "Transforms lead out of the space, and tables and the interpreter hold its members alone: search a task "
            'with engine "bank" or "specialize".'
        )


def _check_task(task: object) -> None:
    """Raises for what is neither task, table nor evaluator; an unfinished evaluator is told what it lacks."""
    if isinstance(task, Task | Table | Sequence | Evaluator) and not isinstance(task, type):
        return
    members = ("identity", "summary", "begin", "evaluate", "remember")
    lacking = [name for name in members if name not in dir(task)]
    hint = f": as an Evaluator it lacks {', '.join(lacking)}" if len(lacking) < len(members) else ""
    raise ActsearchError(f"task is a Task, several, names, a Table or an Evaluator; received {task!r}{hint}.")


def _check_space(space: Space, evaluator: Evaluator) -> None:
    """Raises where an evaluator says which space it serves, and that is another one."""
    own = getattr(evaluator, "space", None)
    if isinstance(own, Space) and (own.name, own.digest) != (space.name, space.digest):
        raise ActsearchError(
            f"The evaluator was made for the space {own.name}, {own.digest}; received the space {space.name}, "
            f"{space.digest}: make it with the space that is searched."
        )

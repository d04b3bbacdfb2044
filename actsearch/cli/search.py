"""`actsearch search`."""

import functools
import math
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Self, Union

import tyro

from actsearch.analysis import fidelity_agreement, funnel
from actsearch.archive import Archive, open_run
from actsearch.cli.app import Interrupted
from actsearch.cli.common import Json, at_least, check_named, explain, file_name, print_json, read_formulas
from actsearch.cli.executors import Executor, place
from actsearch.cli.runs import candidate
from actsearch.controllers import CONTROLLERS, Controller, Random, Repeated, Seeded, SuccessiveHalving
from actsearch.controllers.base import nested
from actsearch.evaluation import TABLES, Engine, Evaluator, TabularEvaluator, TrainingEvaluator, fidelity_of
from actsearch.language import ActsearchError, simplify
from actsearch.report import ProgressLog, agreement_table, fidelity_text, front_table, funnel_table, show, winners_table
from actsearch.spaces import get_space
from actsearch.study import Callback, Progress, SearchResult, Sink, TimeLimit, as_begun, make_evaluator, multi_fidelity
from actsearch.study import search as run_search
from actsearch.study.default import SHARE
from actsearch.tasks import Task, get_task
from actsearch.trials.ranking import CandidateStats, best, on_front


def _deferred(kind: type[Controller[Any]]) -> Callable[..., Callable[[], Controller[Any]]]:
    """Returns a function of a controller's hyperparameters -> a function that makes it.

    A mistake in them is then noticed in `search`, and is one line; tyro would frame it as its own.
    """

    def options_of(**options: Any) -> Callable[[], Controller[Any]]:
        return functools.partial(kind, **options)

    return functools.update_wrapper(options_of, kind, updated=())


ControllerChoice: Any = Union[  # noqa: UP007, made at run time from the registry
    tuple(
        Annotated[kind, tyro.conf.subcommand(name, default=kind(), constructor=_deferred(kind))]
        for name, kind in CONTROLLERS.items()
    )
]
Formulas = Annotated[Path | None, tyro.conf.arg(name="from")]
_RANDOM = Random()


def search(
    controller: ControllerChoice = _RANDOM,
    space: str = "swish-1",
    task: str = "mnist1d-mlp",
    budget: int = 1000,
    seed: int = 0,
    out: Path | None = None,
    seeds_per_trial: int = 1,
    batch: int = 64,
    engine: Engine = "auto",
    repeats: float | None = None,
    halving: bool = True,
    formulas: Formulas = None,
    constraint: tuple[str, ...] = (),
    objectives: str = "score",
    minutes: float | None = None,
    sinks: tuple[str, ...] = (),
    executor: Executor = "process",
    address: str | None = None,
    workers: int | None = None,
    piece_minutes: float | None = None,
    json: Json = False,
) -> None:
    """Search a space; resumes when the directory holds its own run.

    Example: actsearch search --space swish-1 --budget 500 controller:evolution --controller.population 50

    Layers: actsearch search --space evonorm-s --task digits-anchors --budget 500 controller:pareto

    In seconds, from a table: actsearch search --task tabular-swish1-digits-resnet --budget 500 controller:ppo

    Args:
        controller: what proposes candidates.
        space: where candidates come from; see `actsearch spaces`.
        task: what candidates are scored on, names joined by +; see `actsearch tasks`. Your own: my_task.py:make, the
            function of a Python file that returns the task; `actsearch new-task` writes one.
        budget: number of trials, a short training counting as one; a larger one extends a finished run.
        seed: fixes proposals and training.
        out: directory of the archive; made from the other arguments when left out.
        seeds_per_trial: trainings of each candidate.
        batch: proposals per round of ask, evaluate and tell.
        engine: how programs are run; auto chooses by the budget, and a run keeps the engine that it began with.
        repeats: share of the trials that train promising candidates again, so that a lucky score does not win; left
            out, 0.1 with halving and 0 without.
        halving: train all for a ninth of the steps, and the best ninth of them in full. Not on tables, which have no
            short trainings, nor in fewer than four batches; a run keeps what it began with.
        formulas: a file of formulas, one a line, that are evaluated first; they must be members of the space.
        constraint: conditions on properties that a candidate meets before it is trained, such as "lipschitz<=1"
            "smoothness>=1"; `actsearch card` prints the properties.
        objectives: what to make large, joined by commas: score, the score on each task, and properties, a minus sign
            before one that shall be small, such as score,-operations. The controller pareto selects by all of them;
            the others by the score.
        minutes: stop after this time; the same command goes on.
        sinks: pass the numbers of each batch on: json (OUT/progress.jsonl), tensorboard (OUT/tensorboard), wandb or
            mlflow; a sink that fails costs the search nothing.
        executor: where candidates are trained; ray: on the machines of a Ray cluster, which gives the same trials.
        address: of the Ray cluster: auto for the one that this machine belongs to, or HOST:PORT; left out, one is
            started on this machine.
        workers: how many of the cluster at most; left out, one on each GPU, or on each core where there is none.
        piece_minutes: replace a worker of the cluster that takes longer for its piece of a batch.
    """
    at_least("--budget", budget, 1)
    at_least("--seeds-per-trial", seeds_per_trial, 1)
    controller = controller if isinstance(controller, Controller) else controller()
    chosen = get_space(space)
    check_named(task)
    if formulas is not None:  # innermost: formulas are halved and repeated as any other candidate
        controller = Seeded(controller, tuple(str(program) for program in read_formulas(formulas)))
    ladder = strategies(controller, task, budget, batch, repeats, halving)
    folders = [Path("runs") / f"{space}-{file_name(task)}-{_label(one)}-seed{seed}" for one in ladder]
    out = out or next(filter(Archive.exists, folders), folders[0])
    strategy = (_as_begun(controller, out, repeats) if halving else None) or ladder[0]
    with place(executor, address, workers, piece_minutes, out) as where:
        evaluator = where.spread(
            make_evaluator(
                chosen,
                task,
                budget,
                seed=seed,
                seeds_per_trial=seeds_per_trial,
                engine=engine,
                out=out,
                constraints=constraint,
                objectives=_properties(objectives),
                platform=where.platform,
            )
        )
        explain(evaluator.summary)
        explain(_fidelities(strategy))
        try:
            with ProgressLog(f"{space} on {task}") as log, _ControlC() as control_c:
                callbacks: list[Callback] = [lambda progress: _show(log, progress), control_c.check]
                callbacks += [] if minutes is None else [TimeLimit(minutes)]
                callbacks += _sinks(sinks, out)
                result = run_search(
                    chosen, evaluator, strategy, budget, seed=seed, out=out, batch=batch, callbacks=callbacks
                )
        except KeyboardInterrupt:
            raise Interrupted(_kept(out)) from None
    _print(result, json)


def _sinks(names: tuple[str, ...], out: Path) -> list[Callback]:
    """Returns sinks that go on from the best score that a run has."""
    before = open_run(out).best(1) if names and Archive.exists(out) else []
    return [Sink(name, out, before) for name in names]


def _properties(objectives: str) -> list[str]:
    """Returns the properties among objectives, which have to begin with the score."""
    first, *names = [name.strip() for name in objectives.split(",")]
    if first != "score" or "" in names:
        raise ActsearchError(f"--objectives begins with score, as in score,-operations; received {objectives!r}.")
    return names


class _ControlC:
    """Ctrl-C stops at once, or after the batch where its exception is lost in a callback of the garbage collector."""

    def __enter__(self) -> Self:
        self._noted = False
        self._before, self._hook = signal.signal(signal.SIGINT, self._note), sys.unraisablehook
        sys.unraisablehook = self._lost
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)
        sys.unraisablehook = self._hook

    def _lost(self, lost: "sys.UnraisableHookArgs") -> None:
        """Says nothing of a Ctrl-C that was lost, since `check` ends the search for it."""
        if lost.exc_type is not KeyboardInterrupt:
            self._hook(lost)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._noted = True
        signal.default_int_handler(number, frame)

    def check(self, _: Progress) -> None:
        """Raises where an interruption came and the search goes on."""
        if self._noted:
            raise KeyboardInterrupt


def _show(log: ProgressLog, progress: Progress) -> None:
    log.update(progress.trials, progress.done, progress.budget, progress.fresh, progress.seconds)


def strategies(
    controller: Controller[Any], task: str, budget: int, batch: int, repeats: float | None, halving: bool
) -> list[Controller[Any]]:
    """Returns what a new run searches with, and then others whose folders may hold the run: those of older defaults."""
    plain = controller
    if repeats:
        # A table has three seeds, of which one is held out.
        plain = Repeated(controller, share=repeats, most=2 if task in TABLES else 4)
    if not halving or task in TABLES:
        return [plain]
    chosen = multi_fidelity(controller, budget, batch, SHARE if repeats is None else repeats)
    return [plain if chosen is controller else chosen, plain, SuccessiveHalving(controller)]


def _as_begun(controller: Controller[Any], out: Path, repeats: float | None) -> Controller[Any] | None:
    """Returns a controller in the wrappers of the run in a directory, unless another share of repeats is asked for."""
    begun = as_begun(controller, out)
    return begun if begun is not None and repeats in (None, getattr(begun, "share", 0.0)) else None


def _fidelities(controller: Controller[Any]) -> str:
    """Returns one line on how long candidates are trained."""
    for wrapper in nested(controller):
        if isinstance(wrapper, SuccessiveHalving):
            shares = " and ".join(f"{share:.0%}" for share in wrapper.fidelities)
            return (
                f"steps: {shares} of the task's, the best of every {wrapper.eta} go on; --no-halving trains all in full"
            )
    return "steps: all of the task's for every candidate"


def _label(controller: Controller[Any]) -> str:
    """Returns the names of a controller and of those that it wraps, for the name of a directory."""
    names, config = [], controller.config()
    while config:
        names.append(config["name"])
        config = config.get("inner", {})
    return "-".join(reversed(names))


def _kept(out: Path) -> str:
    """Returns what an interrupted search leaves behind."""
    if not Archive.exists(out):
        return "interrupted before the first trials; nothing is kept."
    with Archive.read(out) as archive:
        return f"interrupted; {len(archive):,} trials are kept in {out}, and the same command goes on from there."


def _print(result: SearchResult, json: bool) -> None:
    rows = funnel(result.trials, result.evaluator.identity.get("gates", ()))
    if json:
        winners = [candidate(trial) for trial in best(result.trials, 10)]
        facts = {"out": str(result.out), "funnel": [row._asdict() for row in rows], "best": winners}
        if "objectives" in result.evaluator.identity:
            facts["front"] = [
                candidate(trial) | {"objectives": dict(trial.objectives)} for trial in on_front(result.trials)
            ]
        trust = _fidelity(result.evaluator) or None
        print_json(facts | {"incumbent": _incumbent(result.incumbent), "fidelity": trust})
        return
    show(funnel_table(rows))
    show(winners_table(result.trials))
    if "objectives" in result.evaluator.identity:
        show(front_table(result.trials))
    if any(trial.fidelity < 1 for trial in result.trials):
        show(agreement_table(fidelity_agreement(result.trials)))
    if result.incumbent and math.isfinite(result.incumbent.low):
        print(_incumbent_line(result.incumbent))
    if trust := _fidelity(result.evaluator):
        print(trust)
    print(f"{result.seconds:.0f} s; archive: {result.out}")


def _fidelity(evaluator: Evaluator) -> str:
    """Returns how far the order on the search's tasks can be trusted elsewhere, where that was measured."""
    tasks: tuple[Task, ...] = ()
    evaluator = getattr(evaluator, "inner", evaluator)  # of a cluster
    if isinstance(evaluator, TrainingEvaluator):
        tasks = evaluator.tasks
    elif isinstance(evaluator, TabularEvaluator):
        tasks = (get_task(evaluator.table.task),)
    return " ".join(filter(None, (fidelity_text(fidelity_of(task)) for task in tasks)))


def _incumbent(stats: CandidateStats | None) -> dict[str, Any] | None:
    """Returns the incumbent as plain data; its lower bound is infinite while no candidate was trained twice."""
    if stats is None:
        return None
    return {"program": str(stats.program), "trainings": stats.trainings, "mean": stats.mean, "low": stats.low}


def _incumbent_line(stats: CandidateStats) -> str:
    return (
        f"Incumbent: {simplify(stats.program)}, mean {stats.mean:.4f} of {stats.trainings} training(s); at least "
        f"{stats.low:.4f} with 95 % confidence had it been named beforehand, and not chosen as the best of many."
    )

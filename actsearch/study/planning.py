"""What a search and its verification will take on this device, by a measurement of at most a minute."""

import time
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from actsearch.analysis import Plan, Work
from actsearch.controllers import Controller, Random, Repeated, SuccessiveHalving
from actsearch.controllers.base import nested
from actsearch.evaluation import COSTS, Engine, StepTime, check_resident, choose_engine, gates_of, screen, step_times
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.tasks import Task

SAMPLED = 2000
"""Random candidates at most by which the share of those that will be trained is judged."""


def plan(
    space: Space,
    tasks: Sequence[Task],
    controller: Controller[Any] | None = None,
    budget: int = 1000,
    *,
    seeds_per_trial: int = 1,
    engine: Engine = "auto",
    verify: Sequence[Task] = (),
    programs: int = 6,
    seeds: int = 8,
    verify_engine: Engine = "auto",
    saved: bool = False,
    limit: float = 60.0,
) -> Plan:
    """Returns how long a search, and the verification of what it finds, will take on the devices of this process.

    Steps are timed by `actsearch.evaluation.step_times` on each task's baseline; what the engines cost beside it is
    their published ratio, measured on a CPU (`actsearch.evaluation.COSTS`). Data need not be there. A search makes at
    most as many trainings as its budget, each for its share of the steps; at least the share of random candidates that
    are neither rejected before training nor duplicates, each up to its quality gate where there is one: a controller
    that learns gets more of its proposals trained. That share is drawn for a search of at most 2,000 trials; of a
    longer one, whose duplicates are more, it is too high unless the space is large. Not counted: evaluation, and what a
    stability gate trains.

    Args:
      space: what is searched.
      tasks: what candidates are scored on.
      controller: as of the search; None for random search without short trainings.
      budget: trials of the search.
      seeds_per_trial: trainings of each candidate.
      engine: of the search.
      verify: tasks of the verification.
      programs: how many functions it compares, baselines among them.
      seeds: its trainings of each.
      verify_engine: of the verification.
      saved: whether it saves its trainings, `verify(..., out=)`, which then come one after another.
      limit: seconds for the measurement of steps; the first task is measured however long it takes.

    Raises:
      ActsearchError: no task, a number below 1, or a task whose data come in batches where no training is saved.
    """
    numbers = {"budget": budget, "programs": programs, "seeds": seeds, "seeds_per_trial": seeds_per_trial}
    for name, number in numbers.items():
        if number < 1:
            raise ActsearchError(f"{name} must be at least 1; received {number}.")
    if not tasks:
        raise ActsearchError("A plan needs at least one task to search on.")
    began = time.perf_counter()
    check_resident(*tasks, *(() if saved else verify))
    at_once = 1 if saved else seeds
    times = step_times([*((task, None) for task in tasks), *((task, at_once) for task in verify)], limit=limit)
    most = budget * seeds_per_trial * mean_fidelity(controller or Random())
    # The longer a search, the more of its proposals are duplicates: no more can be fresh than the space has.
    fresh = min(fresh_share(space, min(budget, SAMPLED)), space.count() / budget)
    least, verified = most * fresh, float(programs * seeds)
    searching, verifying = times[: len(tasks)], times[len(tasks) :]
    work = [
        _work("search", task, one, engine, budget, (least * _before_gate(task), most))
        for task, one in zip(tasks, searching, strict=True)
    ]
    work += [
        _work(
            "verification",
            task,
            one,
            "specialize" if saved else verify_engine,
            programs,
            (verified, verified),
            listed=True,
        )
        for task, one in zip(verify, verifying, strict=True)
    ]
    devices = jax.devices()
    return Plan(tuple(work), f"{len(devices)} x {devices[0].device_kind}", time.perf_counter() - began)


def _work(
    purpose: str,
    task: Task,
    measured: StepTime,
    engine: Engine,
    programs: int,
    trainings: tuple[float, float],
    *,
    listed: bool = False,
) -> Work:
    """Returns the work on a task with the engine that it will have."""
    platform = jax.devices()[0].platform
    chosen, _ = choose_engine(engine, programs, task.steps, task.kind, platform=platform, listed=listed)
    compiled, step = COSTS[task.kind].parts(programs)[chosen]
    return Work(
        purpose,
        task.name,
        *trainings,
        task.steps,
        step * measured.step,
        programs * compiled * measured.compilation,
        measured.measured,
    )


def _before_gate(task: Task) -> float:
    """Returns the share of the steps up to the quality gate, which every training makes; 1 where there is none."""
    return 1.0 if task.quality is None else task.quality.steps / task.steps


def mean_fidelity(controller: Controller[Any]) -> float:
    """Returns the share of a full training that a trial has on average.

    Example:
      >>> mean_fidelity(Random()), round(mean_fidelity(SuccessiveHalving(Random(), rungs=2, eta=9)), 3)
      (1.0, 0.2)
    """
    share = 1.0
    for wrapper in reversed(list(nested(controller))):
        if isinstance(wrapper, SuccessiveHalving):
            trials = [float(wrapper.eta) ** -rung for rung in range(wrapper.rungs)]
            share = sum(n * steps for n, steps in zip(trials, wrapper.fidelities, strict=True)) / sum(trials)
        elif isinstance(wrapper, Repeated):
            share = (1 - wrapper.share) * share + wrapper.share
    return share


def fresh_share(space: Space, sampled: int = 200) -> float:
    """Returns the share of random candidates that pass the gates before training and equal none before them.

    Example:
      >>> from actsearch.spaces import swish
      >>> 0.5 < fresh_share(swish()) < 1
      True
    """
    rng, gates = np.random.default_rng(0), gates_of(space.kind)
    verdicts = [screen(space.decode(space.sample(rng).choices), gates, space.kind) for _ in range(sampled)]
    return len({verdict.fingerprint for verdict in verdicts if not verdict.gate}) / sampled

"""`actsearch plan`."""

import math

from actsearch.cli.common import Json, at_least, check_named, explain, print_json
from actsearch.cli.search import strategies
from actsearch.controllers import Random
from actsearch.evaluation import TABLES, Engine
from actsearch.language import ActsearchError
from actsearch.report import plan_table, show
from actsearch.spaces import get_space
from actsearch.study import plan as make_plan
from actsearch.tasks import get_tasks


def plan(
    space: str = "swish-1",
    task: str = "mnist1d-mlp",
    budget: int = 1000,
    verify: str = "",
    count: int = 5,
    seeds: int = 8,
    seeds_per_trial: int = 1,
    batch: int = 64,
    engine: Engine = "auto",
    repeats: float | None = None,
    halving: bool = True,
    saved: bool = False,
    limit: float = 60.0,
    price: float | None = None,
    json: Json = False,
) -> None:
    """Estimate time and money of a search and its verification on this machine, in about a minute; nothing is kept.

    Example: actsearch plan --space swish-2 --task cifar10-resnet20 --budget 10000 --verify cifar10-deep --price 2.50

    Arguments up to `halving` are those of `actsearch search` and `actsearch verify`. The data need not be prepared.
    Trainings are bounds: a random candidate may be rejected or a duplicate before it is trained, and those of a
    controller that learns are so more rarely.

    Args:
        space: what is searched.
        task: what candidates are scored on, names joined by +.
        budget: number of trials.
        verify: tasks of the verification, names joined by +; none when left out.
        count: candidates that are verified, beside one baseline.
        seeds: trainings of each of these on each task.
        seeds_per_trial: trainings of each candidate of the search.
        batch: proposals per round.
        engine: how programs are run.
        repeats: share of the trials that train promising candidates again.
        halving: short trainings for all, full ones for the best.
        saved: whether `actsearch verify` saves its trainings in a folder, so that they come one after another.
        limit: seconds that the measurement may take; what does not fit follows from the operations of its network.
        price: dollars an hour of this machine.
    """
    at_least("--count", count, 1)
    at_least("--batch", batch, 1)
    if price is not None and not 0 <= price < math.inf:
        raise ActsearchError(f"--price is dollars an hour, at least 0; received {price}.")
    for name in filter(None, (*task.split("+"), *verify.split("+"))):
        if name in TABLES:
            raise ActsearchError(f"{name} is a table, which trains nothing: a search of it takes seconds.")
        check_named(name)
    explain("measuring ...")
    estimate = make_plan(
        get_space(space),
        get_tasks(task),
        strategies(Random(), task, budget, batch, repeats, halving)[0],
        budget,
        seeds_per_trial=seeds_per_trial,
        engine=engine,
        verify=get_tasks(verify) if verify else (),
        programs=count + 1,
        seeds=seeds,
        saved=saved,
        limit=limit,
    )
    if json:
        facts = {"device": estimate.device, "measuring": estimate.measuring, "hours": estimate.hours}
        facts |= {"dollars": None if price is None else estimate.dollars(price)}
        print_json(facts | {"work": [row._asdict() | {"seconds": row.seconds} for row in estimate.work]})
        return
    show(plan_table(estimate, price))

"""Which controller finds good functions with the fewest evaluations? Every controller on every table, with intervals.

    python -m experiments.benchmarks.controllers [--runs 100] [--tables NAME ...] [--controllers NAME ...]

A run sees the scores of one seed of the table, and is evaluated by the mean of the other seeds. Its regret is the
held-out score of the best function of the table less that of the best function that it has evaluated: what it would
have kept had it verified everything on fresh seeds. Beside it stands the incumbent's regret, that of the function with
the best score seen: it measures the noise of one seed, since not even an exhaustive search brings it down. An
evaluation is a trial: one that a gate rejects, or that repeats a known function, counts too, as it does in the budget
of a search. "Reached the top 0.1 %" means that a function whose held-out score is among the best 0.1 % of the distinct
functions that train was evaluated. Tables named -likelihood score by exp(-loss), the others by accuracy.

The runs of a table share its three seeds: the intervals say how much a controller's own luck matters, and not how much
another set of trainings would change. Hyperparameters of PPO, GFlowNet and surrogate were chosen on the tables of
swish-1; those of act-bench had no part in it.

Interrupted, the same command goes on. Hardware and wall time: 2 CPU cores, 10 minutes. Expected numbers: see
docs/studies/controllers_tables.md.
"""

import concurrent.futures
import dataclasses
import itertools
import json
import math
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import threadpoolctl  # comes with scikit-learn
import tyro

from actsearch.analysis import bootstrap_mean
from actsearch.controllers import (
    PPO,
    Controller,
    Exhaustive,
    GFlowNet,
    ParetoEvolution,
    Random,
    RegularizedEvolution,
    Surrogate,
)
from actsearch.evaluation import TABLES, Table, TabularEvaluator, get_table, regret_on_table, use_all_cores
from actsearch.language import ActsearchError
from actsearch.report import save, show
from actsearch.spaces import get_space
from actsearch.study import run, search
from actsearch.trials import Proposal, Trial
from experiments._card import machine, say, write_json
from experiments.benchmarks.clock import timed
from experiments.benchmarks.controllers_tables import draw, targets_of, targets_table

BUDGET, BATCH, RUNS = 500, 8, 100
SHORT = {"surrogate": 120}
"""Budgets of controllers that cost more for each evaluation and need fewer."""

CONTROLLERS: Mapping[str, Controller[Any]] = MappingProxyType(
    {
        "random": Random(),
        "exhaustive": Exhaustive(),
        "evolution": RegularizedEvolution(),
        "evolution, small": RegularizedEvolution(population=20, sample=5),
        "pareto": ParetoEvolution(),
        "ppo": PPO(),
        "ppo, plain": PPO(draws=1),
        "reinforce": PPO(algorithm="reinforce"),
        "gflownet": GFlowNet(),
        "surrogate": Surrogate(),
    }
)
REAL = ("evolution, small", "ppo", "gflownet", "surrogate")
"""Controllers whose own time is measured in searches that train."""

TOPS = {"top 1 %": 0.01, "top 0.1 %": 0.001, "best": 0.0}
"""Shares of the distinct functions of a table; 0 stands for the best one."""

GRID = sorted({round(1.25**i) for i in range(28)} | {100, 250, BUDGET, *SHORT.values()})
"""Numbers of evaluations at which the regret is kept."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Runs every controller on every table; prints the targets, writes JSON and figures."""

    runs: int = RUNS
    """Seeds of each controller on each table; 0 measures the searches that train alone."""
    tables: tuple[str, ...] = tuple(
        name for name, table in TABLES.items() if table.metric == "likelihood" and table.task.startswith("digits-")
    )
    """Tables to run on; those by accuracy have the same names without the ending."""
    controllers: tuple[str, ...] = tuple(CONTROLLERS)
    """Controllers to run."""
    real: int = 256
    """Trials of each search that trains; 0 for none."""
    rows: Path = Path("runs/benchmark_controllers/rows.jsonl")
    """File of finished rows; delete it to begin anew."""
    out: Path = Path(__file__).parent / "results" / "controllers.json"
    """Where the JSON goes."""
    figures: Path = Path(__file__).parents[2] / "docs" / "figures"
    """Where the figures go."""

    def __post_init__(self) -> None:
        for name in self.tables:
            get_table(name)
        if unknown := [name for name in self.controllers if name not in CONTROLLERS]:
            raise ActsearchError(f"Unknown controllers {unknown}; write some of {', '.join(CONTROLLERS)}.")


class TimedEvaluator(TabularEvaluator):
    """A TabularEvaluator that adds up its own seconds, so that what is left of a run is the controller's."""

    seconds = 0.0

    def evaluate(self, proposals: Sequence[Proposal], start: int) -> list[Trial]:
        """Returns the trials of proposals."""
        seconds, trials = timed(super().evaluate, proposals, start)
        self.seconds += seconds
        return trials


class Run(NamedTuple):
    """One run.

    Attributes:
      regret: of the best function evaluated, after each evaluation, [budget].
      incumbent: regret of the function with the best score seen, [budget].
      reached: evaluations until each of TOPS was evaluated, infinite where it was not.
      seconds: spent in the controller and the loop.
    """

    regret: np.ndarray
    incumbent: np.ndarray
    reached: dict[str, float]
    seconds: float


def play(controller: Controller[Any], table: Table, seed: int, budget: int, batch: int = BATCH) -> Run:
    """Runs a controller on a table."""
    space = get_space(table.space)
    evaluator = TimedEvaluator(space, table, seed=seed)
    began = time.perf_counter()
    trials = run(space, evaluator, controller, budget, seed=seed, batch=batch).trials()
    seconds = time.perf_counter() - began - evaluator.seconds
    course = regret_on_table(table, trials, seed)
    reached = {}
    for name, share in TOPS.items():
        places = np.flatnonzero(course.evaluated >= table.threshold(seed, share))
        reached[name] = float(places[0] + 1) if len(places) else math.inf
    return Run(course.regret, course.incumbent_regret, reached, seconds)


def one_thread() -> None:
    """Limits the linear algebra of a worker to one thread: there is a worker for each core."""
    threadpoolctl.threadpool_limits(1)


def measure(label: str, name: str, runs: int) -> dict[str, Any]:
    """Returns what a controller does on a table, over runs with the seeds 0 to runs - 1."""
    table, controller = get_table(name), CONTROLLERS[label]
    budget, began = SHORT.get(controller.name, BUDGET), time.process_time()
    play(controller, table, 0, budget)  # compiles
    rows = [play(controller, table, seed, budget) for seed in range(runs)]
    grid = [n for n in GRID if n <= budget]
    return {
        "controller": label,
        "table": name,
        "budget": budget,
        "runs": runs,
        "regret": curve(np.stack([row.regret for row in rows]), grid),
        "incumbent": curve(np.stack([row.incumbent for row in rows]), grid),
        "reached": {top: median_reached([row.reached[top] for row in rows]) for top in TOPS},
        "cpu_seconds": time.process_time() - began,
        "seconds_per_evaluation": statistics.median(row.seconds for row in rows) / budget,
    }


def curve(regret: np.ndarray, grid: list[int]) -> dict[int, list[float]]:
    """Returns the mean regret with its 95 % interval after the evaluations of a grid; `regret` is [runs, budget]."""
    return {n: [round(float(value), 6) for value in bootstrap_mean(regret[:, n - 1])] for n in grid}


def median_reached(evaluations: list[float]) -> dict[str, Any]:
    """Returns the median with its 95 % interval, None where it is beyond the budget, and the share that got there."""
    ordered, n = sorted(evaluations), len(evaluations)
    half = 1.96 * math.sqrt(n) / 2
    low, high = max(0, math.floor(n / 2 - half) - 1), min(n - 1, math.ceil(n / 2 + half))
    values = (statistics.median(ordered), ordered[low], ordered[high])
    return {
        "median": [None if math.isinf(value) else value for value in values],
        "share": sum(map(math.isfinite, evaluations)) / n,
    }


def random_medians(name: str, runs: int) -> dict[str, float]:
    """Returns the exact median of evaluations that random search needs, the mean over the runs' seeds."""
    table, seeds = get_table(name), range(min(runs, 3))
    return {
        top: statistics.mean(math.ceil(math.log(0.5) / math.log1p(-table.chance(seed, share))) for seed in seeds)
        for top, share in TOPS.items()
    }


def real_searches(budget: int) -> list[dict[str, Any]]:
    """Returns, for each controller in searches that train, its own seconds beside those of gates and training.

    A controller searches twice, each time in a process of its own: first nothing is compiled, then all is in the
    persistent cache.
    """
    rows, context = [], multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for label, cache in itertools.product(REAL, ("empty", "full")):
            with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
                row = pool.submit(real_search, label, budget, str(Path(folder) / label)).result()
            rows.append({"controller": label, "cache": cache} | row)
            say(f"digits-mlp, {budget} trials, {cache} cache: {label} took {row['share']:.1%} of the time of scoring")
    return rows


def real_search(label: str, budget: int, cache: str) -> dict[str, float]:
    """Returns the seconds of a controller and of scoring in a search whose persistent cache is in a folder."""
    os.environ["ACTSEARCH_CACHE"] = cache
    use_all_cores()
    result = search("swish-1", "digits-mlp", CONTROLLERS[label], budget)
    scoring = sum(trial.seconds for trial in result.trials)
    own = result.seconds - scoring  # ask and tell, their compilation, and the loop
    return {"own_seconds": own, "scoring_seconds": scoring, "share": own / scoring}


def measure_all(jobs: list[tuple[str, str, int]], path: Path) -> list[dict[str, Any]]:
    """Returns a row for each job, from a file of rows where it holds them; a worker for each core makes the others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text().splitlines() if path.exists() else []
    done = {(row["controller"], row["table"], row["runs"]): row for row in map(json.loads, lines)}
    missing = [job for job in jobs if job not in done]
    context = multiprocessing.get_context("spawn")
    with (
        concurrent.futures.ProcessPoolExecutor(len(os.sched_getaffinity(0)), context, one_thread) as pool,
        path.open("a") as file,
    ):
        for future in concurrent.futures.as_completed([pool.submit(measure, *job) for job in missing]):
            row = json.loads(json.dumps(future.result()))  # as it is when read
            print(json.dumps(row), file=file, flush=True)
            done[row["controller"], row["table"], row["runs"]] = row
            mean, low, high = row["regret"][str(row["budget"])]
            print(f"{row['table']:45} {row['controller']:18} regret {mean:.4f} [{low:.4f}, {high:.4f}]", flush=True)
    return [done[job] for job in jobs]


def main(settings: Settings) -> None:
    """Measures, prints the table and writes the JSON and the figures."""
    use_all_cores()
    if not settings.runs:
        write_json(settings.out, json.loads(settings.out.read_text()) | {"real_searches": real_searches(settings.real)})
        return
    jobs = [(label, table, settings.runs) for table in settings.tables for label in settings.controllers]
    rows = measure_all(jobs, settings.rows)
    medians = {table: random_medians(table, settings.runs) for table in settings.tables}
    targets = targets_of(rows, medians, BUDGET)
    show(targets_table(targets, settings.runs))
    for metric in dict.fromkeys(get_table(row["table"]).metric for row in rows):
        figure = draw(rows, metric, f"Regret by {metric}, {settings.runs} runs")
        save(figure, settings.figures / f"controllers_{metric}")
    document = {
        **machine(),
        "cpu_seconds": round(sum(row["cpu_seconds"] for row in rows)),
        "batch": BATCH,
        "random_medians": medians,
        "targets": targets,
        "rows": rows,
        "real_searches": real_searches(settings.real) if settings.real else [],
    }
    write_json(settings.out, document)


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))

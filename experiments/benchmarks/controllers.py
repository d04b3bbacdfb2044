"""Which controller finds good functions with the fewest evaluations? Every controller on every table, with intervals.

    python experiments/benchmarks/controllers.py [--runs 100] [--tables NAME ...] [--controllers NAME ...]

A run sees the scores of one seed of the table, and is evaluated by the mean of the other seeds. Its regret is that
score of the best function of the table less that of the best function that it has evaluated: what it would have kept
had it verified everything on fresh seeds. Beside it stands the incumbent's regret, that of the function with the best
score seen: it measures the noise of one seed, since not even an exhaustive search brings it down. An evaluation is a
trial: one that a gate rejects, or that repeats a known function, counts too, as it does in the budget of a search.
"Reached the top 0.1 %" means that a function was evaluated whose held-out score is among the best 0.1 % of the distinct
functions that train. Tables named -likelihood score by exp(-loss), the others by accuracy.

The runs of a table share its three seeds: the intervals say how much a controller's own luck matters, and not how much
another set of trainings would change. Hyperparameters of PPO, GFlowNet and surrogate were chosen on the tables of
swish-1; those of act-bench had no part in it.

Interrupted, the same command goes on. Hardware and wall time: 2 CPU cores, 10 minutes. Expected numbers: see
experiments/README.md.
"""

import argparse
import concurrent.futures
import datetime
import json
import math
import multiprocessing
import os
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import threadpoolctl  # comes with scikit-learn
from matplotlib.figure import Figure

from actsearch.analysis import Interval, bootstrap_mean, trials_until
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
from actsearch.report import regret_panels, render, save, show
from actsearch.spaces import get_space
from actsearch.study import run, search

OUT = Path(__file__).parent / "results" / "controllers.json"
FIGURES = Path(__file__).parents[1] / "figures"
BUDGET, BATCH, RUNS = 500, 8, 100
SHORT = {"surrogate": 120}
"""Budgets of controllers that cost more for each evaluation and need fewer."""

CONTROLLERS: dict[str, Controller] = {
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

LIKELIHOOD = [name for name, table in TABLES.items() if table.metric == "likelihood"]
"""The tables when none is named; those by accuracy have the same names without the ending."""

TOPS = {"top 1 %": 0.01, "top 0.1 %": 0.001, "best": 0.0}


class Run(NamedTuple):
    """One run.

    Attributes:
      regret: of the best function evaluated, after each evaluation, [budget].
      incumbent: regret of the function with the best score seen, [budget].
      reached: evaluations until each of TOPS was evaluated, infinite where it was not.
      seconds: spent in the loop: the controller, and looking scores up.
    """

    regret: np.ndarray
    incumbent: np.ndarray
    reached: dict[str, float]
    seconds: float


def play(controller: Controller, table: Table, seed: int, budget: int, batch: int = BATCH) -> Run:
    """Runs a controller on a table."""
    space, began = get_space(table.space), time.perf_counter()
    store = run(space, TabularEvaluator(space, table, seed=seed), controller, budget, seed=seed, batch=batch)
    seconds = time.perf_counter() - began
    course = regret_on_table(table, store.trials(), seed)
    reached = {name: trials_until(course.evaluated, table.threshold(seed, share)) for name, share in TOPS.items()}
    evaluations = {name: math.inf if count is None else float(count) for name, count in reached.items()}
    return Run(course.regret, course.incumbent_regret, evaluations, seconds)


def one_thread() -> None:
    """Limits the linear algebra of a worker to one thread: there is a worker for each core."""
    threadpoolctl.threadpool_limits(1)


def measure(label: str, name: str, runs: int) -> dict[str, Any]:
    """Returns what a controller does on a table, over runs with the seeds 0 to runs - 1."""
    table, controller = get_table(name), CONTROLLERS[label]
    budget, began = SHORT.get(label, BUDGET), time.process_time()
    play(controller, table, 0, budget)  # compiles
    found = [play(controller, table, seed, budget) for seed in range(runs)]
    grid = [n for n in GRID if n <= budget]
    return {
        "controller": label,
        "table": name,
        "budget": budget,
        "runs": runs,
        "regret": curve(np.stack([run.regret for run in found]), grid),
        "incumbent": curve(np.stack([run.incumbent for run in found]), grid),
        "reached": {top: reached([run.reached[top] for run in found]) for top in TOPS},
        "cpu_seconds": time.process_time() - began,
        "seconds_per_evaluation": statistics.median(run.seconds for run in found) / budget,
    }


def curve(regret: np.ndarray, grid: list[int]) -> dict[int, list[float]]:
    """Returns the mean regret with its 95 % interval after the evaluations of a grid; `regret` is [runs, budget]."""
    return {n: [round(float(value), 6) for value in bootstrap_mean(regret[:, n - 1])] for n in grid}


GRID = sorted({round(1.25**i) for i in range(28)} | {100, 250, BUDGET, *SHORT.values()})
"""Numbers of evaluations at which the regret is kept."""


def reached(evaluations: list[float]) -> dict[str, Any]:
    """Returns the median with its 95 % interval, None where it is beyond the budget, and the share that got there."""
    ordered, n = sorted(evaluations), len(evaluations)
    half = 1.96 * math.sqrt(n) / 2
    low, high = max(0, math.floor(n / 2 - half) - 1), min(n - 1, math.ceil(n / 2 + half))
    finite = [
        None if math.isinf(value) else value for value in (statistics.median(ordered), ordered[low], ordered[high])
    ]
    return {"median": finite, "share": sum(map(math.isfinite, evaluations)) / n}


def random_medians(name: str, runs: int) -> dict[str, float]:
    """Returns the exact median of evaluations that random search needs, the mean over the runs' seeds."""
    table = get_table(name)
    return {
        top: statistics.mean(
            math.ceil(math.log(0.5) / math.log1p(-table.chance(seed, share))) for seed in range(min(runs, 3))
        )
        for top, share in TOPS.items()
    }


def real_searches(budget: int) -> list[dict[str, Any]]:
    """Returns, for each controller in a search that trains, its own seconds beside those of gates and training."""
    found = []
    for label in ("evolution, small", "ppo", "gflownet", "surrogate"):
        result = search("swish-1", "digits-mlp", CONTROLLERS[label], budget)
        scoring = sum(trial.seconds for trial in result.trials)
        # What is not scoring: ask and tell, their compilation, and the loop.
        share = (result.seconds - scoring) / scoring
        found.append({"controller": label, "own_seconds": result.seconds - scoring, "scoring_seconds": scoring})
        found[-1]["share"] = share
        print(f"digits-mlp, {budget} trials: {label} took {share:.1%} of the time of scoring", flush=True)
    return found


def compare_with_random(rows: list[dict[str, Any]], medians: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """Returns, table by table, whether the comparisons with random search hold."""
    by = {(row["controller"], row["table"]): row for row in rows}
    found = []
    for table in dict.fromkeys(row["table"] for row in rows):
        if ("random", table) not in by:
            continue
        chance_ = by["random", table]["regret"][str(BUDGET)]
        for label in ("evolution", "evolution, small", "ppo", "ppo, plain", "reinforce", "gflownet", "pareto"):
            if row := by.get((label, table)):
                regret = row["regret"][str(BUDGET)]
                found.append(
                    {
                        "table": table,
                        "controller": label,
                        "figure": f"regret at {BUDGET} evaluations",
                        "value": regret,
                        "random": chance_,
                        "met": regret[2] < chance_[1],
                    }
                )
        if row := by.get(("surrogate", table)):
            needed, theirs = row["reached"]["top 0.1 %"]["median"][0], medians[table]["top 0.1 %"]
            found.append(
                {
                    "table": table,
                    "controller": "surrogate",
                    "figure": "evaluations to the top 0.1 %",
                    "value": needed,
                    "random": theirs,
                    "met": needed is not None and needed <= theirs / 10,
                }
            )
    return found


DRAWN = ("random", "evolution, small", "ppo", "gflownet", "surrogate")
"""Controllers in the figures; the JSON has them all."""


def draw(rows: list[dict[str, Any]], metric: str, title: str) -> Figure:
    """Returns the regret of the tables of a metric, one panel each."""
    panels: dict[str, dict[str, dict[int, Interval]]] = {}
    for row in rows:
        table = get_table(row["table"])
        if table.metric == metric and row["controller"] in DRAWN:
            curves = panels.setdefault(f"{table.space}, {table.task}", {})
            curves[row["controller"]] = {int(n): Interval(*values) for n, values in row["regret"].items()}
    return regret_panels(panels, title)


def main():
    """Measures, prints the tables and writes the JSON and the figures."""
    args = _arguments()
    use_all_cores()
    if not args.runs:
        _write(args.out, json.loads(args.out.read_text()) | {"real_searches": real_searches(args.real)})
        return
    began = time.perf_counter()
    rows = measure_all([(label, table, args.runs) for table in args.tables for label in args.controllers], args.rows)
    medians = {table: random_medians(table, args.runs) for table in args.tables}
    targets = compare_with_random(rows, medians)
    heads = ("table", "controller", "figure", "value", "random", "met")
    show(render([[_text(t[key]) for key in heads] for t in targets], heads, f"Against random search, {args.runs} runs"))
    for metric in ("accuracy", "likelihood"):
        if any(get_table(row["table"]).metric == metric for row in rows):
            save(draw(rows, metric, f"Regret by {metric}, {args.runs} runs"), FIGURES / f"controllers_{metric}")
    document = {**_machine(), "cpu_seconds": round(sum(row["cpu_seconds"] for row in rows)), "batch": BATCH}
    document |= {"random_medians": medians, "targets": targets, "rows": rows}
    document["real_searches"] = real_searches(args.real) if args.real else []
    _write(args.out, document)
    print(f"{time.perf_counter() - began:.0f} s; {args.out}")


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


def _write(path: Path, document: dict[str, Any]) -> None:
    temporary = path.with_suffix(".json.new")
    temporary.write_text(json.dumps(document) + "\n")
    temporary.replace(path)


def _text(value: Any) -> str:
    if isinstance(value, str | bool):
        return {True: "yes", False: "no"}.get(value, str(value))
    if isinstance(value, list):
        return f"{value[0]:.4f} [{value[1]:.4f}, {value[2]:.4f}]"
    return "not reached" if value is None else f"{value:.0f}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--runs",
        type=int,
        default=RUNS,
        help="seeds of each controller on each table; 0: the searches that train alone",
    )
    parser.add_argument("--tables", nargs="+", default=LIKELIHOOD, choices=list(TABLES), metavar="NAME")
    parser.add_argument(
        "--controllers", nargs="+", default=list(CONTROLLERS), choices=list(CONTROLLERS), metavar="NAME"
    )
    parser.add_argument("--real", type=int, default=320, help="trials of each search that trains; 0 for none")
    rows = Path("runs/benchmark_controllers/rows.jsonl")
    parser.add_argument("--rows", type=Path, default=rows, help="file of finished rows; delete it to begin anew")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON; figures go beside the others")
    return parser.parse_args()


def _machine() -> dict[str, Any]:
    packages = ("jax", "flax", "numpy", "scikit-learn")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {"cores": len(os.sched_getaffinity(0)), "platform": f"{platform.system()} {platform.machine()}"},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }


if __name__ == "__main__":
    main()

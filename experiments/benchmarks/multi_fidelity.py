"""What multi-fidelity saves: the cost until a search names one of the best functions, against full trainings.

    python -m experiments.benchmarks.multi_fidelity [--runs 100] [--tasks mnist1d-mlp digits-mlp] [--searches 3]

Every function of the one-unit space is trained once for a ninth of its task's steps, and the best 120 of the table with
eight seeds that the table does not have. Then searches are played: full trainings come from the table, short ones from
the short trainings. A search has *named* a function when its own rule does (the highest lower confidence bound, at full
length; `actsearch.trials.ranking`) after three trainings of it. It has found one of the best when the named function is
in the top 0.1 % or 1 % of the distinct functions that train, by the eight fresh seeds. The cost is the sum of the
fidelities of all trainings: full trainings count 1. All controllers repeat promising candidates with a tenth of their
proposals; without that none could tell neighbours apart.

`--searches` are made in earnest, and say where the named function stands. Interrupted, the same command goes on.
Hardware, wall time and what came of it: docs/studies/multi_fidelity.md.
"""

import dataclasses
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import tyro

from actsearch import fingerprint, parse, report, search
from actsearch.controllers import Controller, GFlowNet, Random, RegularizedEvolution, Repeated, Surrogate
from actsearch.evaluation import Table, TrainingEvaluator, get_table, use_all_cores
from actsearch.spaces import get_space
from actsearch.study import multi_fidelity
from actsearch.study.default import ETA, SHARE
from actsearch.trials.ranking import rank
from actsearch.trials.scores import empty, fingerprint_key, rows, update
from experiments._card import machine, say, write_json
from experiments.benchmarks.short_table import FRESH, ShortTable, judged, short_scores

SEEDS = 3
"""Full trainings of a function in the tables, and so evaluations of a candidate at most."""

COST, BATCH = 3_000, 64
"""Full trainings after which a run ends; proposals a round, as in `actsearch search`."""

TOPS = MappingProxyType({"top 0.1 %": 0.001, "top 1 %": 0.01})
BASE = "random, full"
DEFAULT = "random, default"

_SMALL = RegularizedEvolution(population=20, sample=5)


def full(controller: Controller[Any]) -> Controller[Any]:
    """Returns a controller that trains in full and repeats."""
    return Repeated(controller, SHARE, SEEDS)


def short(controller: Controller[Any]) -> Controller[Any]:
    """Returns a controller with the default of `actsearch search`, with as many repeats as the tables have."""
    return dataclasses.replace(multi_fidelity(controller, 1_000), most=SEEDS)


CONTROLLERS: Mapping[str, tuple[Controller[Any], int]] = MappingProxyType(
    {
        BASE: (full(Random()), BATCH),
        "random, full, batch 16": (full(Random()), 16),
        DEFAULT: (short(Random()), BATCH),
        "random, default, batch 16": (short(Random()), 16),
        "evolution, full": (full(_SMALL), BATCH),
        "evolution, default": (short(_SMALL), BATCH),
        "evolution, default, batch 16": (short(_SMALL), 16),
        "gflownet, default": (short(GFlowNet()), BATCH),
        "surrogate, full, batch 16": (full(Surrogate()), 16),
        "surrogate, default, batch 16": (short(Surrogate()), 16),
    }
)
"""Label -> controller and proposals a round."""

SLOW = {"surrogate": (30, 100), "gflownet": (30, 600)}
"""Of controllers that compute much: runs at most, and the cost after which a run ends."""


class Run(NamedTuple):
    """What a run cost until one of each of TOPS was evaluated in full, and until one was named; infinite if never."""

    evaluated: dict[str, float]
    named: dict[str, float]


def play(
    controller: Controller[Any], evaluator: Any, best: Mapping[str, set[int]], seed: int, batch: int, most: float
) -> Run:
    """Runs a controller until it named a function of each top, or has spent `most`."""
    space, scores, cost, done = evaluator.space, empty(), 0.0, 0
    run = Run({}, {})
    evaluator.begin(())
    state = controller.init(space, seed)
    while cost < most and len(run.named) < len(best):
        proposals, state = controller.ask(space, state, batch)
        if not proposals:
            break
        trials = evaluator.evaluate(proposals, done)
        state, done = controller.tell(space, state, trials), done + len(trials)
        trained = [trial for trial in trials if trial.trained]
        cost, scores = cost + sum(trial.fidelity for trial in trained), update(scores, trials)
        at_full = {fingerprint_key(trial.fingerprint) for trial in trained if trial.fidelity == 1}
        named = {row.key for row in rows(scores)[:1] if scores.fidelity == 1 and row.evaluations >= SEEDS}
        for top, keys in best.items():
            if keys & at_full:
                run.evaluated.setdefault(top, cost)
            if keys & named:
                run.named.setdefault(top, cost)
    return run


def tops(table: Table, order: Sequence[int]) -> dict[str, set[int]]:
    """Returns the keys of the best functions, of the rows of all that were judged, best first."""
    trained = len(set(table.rows.functions[np.isfinite(table.rows.scores[:, 0])]))
    keys = [fingerprint_key(str(table.rows.fingerprints[row])) for row in order]
    return {top: set(keys[: max(1, round(share * trained))]) for top, share in TOPS.items()}


def bootstrap(costs: np.ndarray, base: np.ndarray, draws: int = 2_000) -> dict[str, Any]:
    """Returns the median cost and its ratio to the base's, with 95 % intervals over runs; None is beyond the end."""
    rng = np.random.default_rng(0)
    own = np.median(rng.choice(costs, (draws, len(costs))), axis=1)
    with np.errstate(invalid="ignore"):
        ratio = own / np.median(rng.choice(base, (draws, len(base))), axis=1)
    point = float(np.median(costs))
    return {
        "median": _numbers([point, *_interval(own)]),
        "ratio": _numbers([point / float(np.median(base)), *_interval(ratio)]),
        "share": float(np.isfinite(costs).mean()),
    }


def _interval(draws: np.ndarray) -> list[float]:
    ordered = np.sort(np.nan_to_num(draws, nan=np.inf, posinf=np.inf))
    return [float(ordered[int(place * (len(ordered) - 1))]) for place in (0.025, 0.975)]


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [round(value, 4) if math.isfinite(value) else None for value in values]


def measure(task: str, runs: int, folder: Path) -> list[dict[str, Any]]:
    """Returns a row for each controller on a task: what its runs cost, from the folder's file where it holds them."""
    table = get_table(f"tabular-swish1-{task}-likelihood")
    best = tops(table, judged(table, folder / task))
    evaluator = ShortTable(table, {1 / ETA: short_scores(table, 1 / ETA, folder / task)})
    path = folder / task / "rows.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    done = {(row["controller"], row["most"], row["runs"]): row for row in map(json.loads, lines)}
    measured = []
    for label, (controller, batch) in CONTROLLERS.items():
        count, most = next((limits for name, limits in SLOW.items() if label.startswith(name)), (runs, COST))
        key = label, most, min(runs, count)
        if key not in done:
            played = [play(controller, evaluator, best, seed, batch, most) for seed in range(key[2])]
            row = {"task": task, "controller": label, "batch": batch, "most": most, "runs": key[2]}
            done[key] = row | {kind: _costs(played, kind) for kind in ("evaluated", "named")}
            with path.open("a") as file:
                print(json.dumps(done[key]), file=file)
            say(f"{task}: {label}, {len(played)} runs")
        measured.append(done[key])
    return measured


def _costs(played: Sequence[Run], kind: str) -> dict[str, list[float | None]]:
    """Returns the costs of runs by top, None where a run did not come so far."""
    return {top: [getattr(run, kind).get(top) for run in played] for top in TOPS}


def summarised(measured: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns the rows of a task with medians and ratios to the first one in the place of costs."""
    summary = []
    for row in measured:
        figures = {
            kind: {top: bootstrap(_array(row[kind][top]), _array(measured[0][kind][top])) for top in TOPS}
            for kind in ("evaluated", "named")
        }
        summary.append({**row, **figures})
    return summary


def _array(costs: Sequence[float | None]) -> np.ndarray:
    return np.array([math.inf if cost is None else cost for cost in costs])


def seconds_per_training(task: str, rounds: int = 2) -> dict[str, float]:
    """Returns the CPU seconds of a short and of a full training, gates included, the least of alternating rounds."""
    space = get_space("swish-1")
    evaluator = TrainingEvaluator(space, task)
    proposals, _ = Random().ask(space, Random().init(space, 0), 24)
    best: dict[str, float] = {}
    for number in range(rounds + 1):
        for name, fidelity in (("short", 1 / ETA), ("full", 1.0)):
            evaluator.begin(())
            began = time.process_time()
            trials = evaluator.evaluate([row._replace(fidelity=fidelity) for row in proposals], 0)
            seconds = (time.process_time() - began) / sum(trial.trained for trial in trials)
            if number:  # the first compiles
                best[name] = min(best.get(name, math.inf), seconds)
    return best


def real(task: str, seeds: int, folder: Path, budget: int = 640) -> list[dict[str, Any]]:
    """Searches in earnest with the default; returns cost, seconds and the place of the incumbent by fresh seeds."""
    table = get_table(f"tabular-swish1-{task}-likelihood")
    # Tables keep the fingerprints of their time.
    order = [fingerprint(parse(table.rows.programs[row])) for row in judged(table, folder / task)]
    found = []
    for seed in range(100, 100 + seeds):  # their training seeds are neither the table's nor the fresh ones
        trials = search("swish-1", task, budget=budget, seed=seed, out=folder / task / f"search{seed}").trials
        row = rank(trials)[0]
        place = order.index(row.fingerprint) + 1 if row.fingerprint in order else None
        facts = {
            "seed": seed,
            "cost": round(sum(trial.fidelity for trial in trials if trial.trained), 1),
            "seconds": round(sum(trial.seconds for trial in trials), 1),
            "incumbent": str(row.program),
            "trainings": row.trainings,
            "place": place,
        }
        say(f"{task}: {json.dumps(facts)}")
        found.append(facts)
    return found


def show(measured: Sequence[Mapping[str, Any]]) -> None:
    """Prints the costs until a function was named."""
    lines = [[row["task"], row["controller"], *(_text(row["named"][top]) for top in TOPS)] for row in measured]
    report.show(
        report.render(lines, ("task", "controller", *TOPS), "Full trainings until named; ratio to random, full")
    )


def _text(figure: Mapping[str, Any]) -> str:
    cost, ratio = figure["median"], figure["ratio"]
    if cost[0] is None:
        return f"not reached by half ({figure['share']:.0%})"
    beyond = ["beyond" if value is None else f"{value:.0f}" for value in cost]
    shares = ["beyond" if value is None else f"{value:.2f}" for value in ratio]
    return f"{beyond[0]} [{beyond[1]}, {beyond[2]}]; {shares[0]} [{shares[1]}, {shares[2]}]"


def main(
    runs: int = 100,
    tasks: tuple[str, ...] = ("mnist1d-mlp", "digits-mlp"),
    searches: int = 1,
    timed_trainings: bool = True,
    folder: Path = Path("runs/multi_fidelity"),
    out: Path = Path(__file__).parent / "results" / "multi_fidelity.json",
) -> None:
    """Train what is missing, play, search, print and write the JSON.

    Args:
        runs: of each controller on each task.
        tasks: that have a table of swish-1 by likelihood.
        searches: in earnest, with the default, on the first task.
        timed_trainings: measure the CPU seconds of a short and of a full training too.
        folder: of what is trained.
        out: where the JSON goes.
    """
    use_all_cores()
    measured = [row for task in tasks for row in summarised(measure(task, runs, folder))]
    show(measured)
    document = machine() | {
        "fidelity": 1 / ETA,
        "fresh_seeds": list(FRESH),
        "seconds": {task: seconds_per_training(task) for task in tasks if timed_trainings},
        "rows": measured,
        "searches": {task: real(task, searches, folder) for task in tasks[:1]},
    }
    write_json(out, document)


if __name__ == "__main__":
    tyro.cli(main)

"""Every function of a space on some tasks: the tables behind the tabular tasks (`make table`).

    python experiments/exhaustive_tables.py [--files swish-1 swish-1-mnist1d] [--out runs/exhaustive] [--tables FOLDER]

swish-1 has 6,250 expressions, act-bench 5,103. Trains each distinct finite function with three seeds on each task of a
file and scores it on validation data. Resumable: a killed run goes on where it stopped, and each task has an archive of
its own. Then it writes the table (`FILE.parquet`, see `actsearch.evaluation.make_table`) and `results/FILE.json` with
the findings: percentiles of the published functions and rank correlations between tasks, with intervals.

Hardware and wall time of the committed tables: see docs/studies/swish_table.md. On two CPU cores the digits take two
hours, MNIST-1D less; an accelerator trains 64 candidates side by side.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tyro
from _card import BATCH, machine, say, searched, seconds, write_json

from actsearch import parse, report, simplify
from actsearch.analysis import funnel, kendall_tau, percentile_rank
from actsearch.catalog import BASELINES, CATALOG, SWISH_PAPER
from actsearch.evaluation import TrainingEvaluator, make_table, score_programs, use_all_cores
from actsearch.evaluation.table import DIRECTORY, FILES, metric_column
from actsearch.spaces import get_space
from actsearch.tasks import get_task

SEEDS = (0, 1, 2)


def main(files: tuple[str, ...] = tuple(FILES), out: Path = Path("runs/exhaustive"), tables: Path = DIRECTORY) -> None:
    """Fill the archives, write the tables and print the findings."""
    use_all_cores()
    for file in files:
        (name, tasks), runs = FILES[file], {}
        space = get_space(name)
        for task in tasks:
            evaluator = TrainingEvaluator(space, task, seeds=SEEDS, budget=space.count())
            runs[task] = searched(name, evaluator, "exhaustive", space.count(), out / name / task, batch=BATCH)
            report.show(report.funnel_table(funnel(runs[task]), f"{name} on {task}, {len(SEEDS)} seeds"))
        table = make_table(space, runs)
        tables.mkdir(parents=True, exist_ok=True)
        table.to_parquet(tables / f"{file}.parquet", compression="zstd", index=False)
        trained = table[table["gate"] == "trained"]
        findings = {
            "expressions": len(table),
            "trained": len(trained),
            "seconds": {task: round(seconds(trials)) for task, trials in runs.items()},
            "diverged": {task: int((table[f"{task}/status"] == "diverged").sum()) for task in tasks},
            "best": {task: best_rows(trained, task) for task in tasks},
            "known": known_functions(trained, tasks),
            "tau_between_tasks": tau_between(trained, tasks),
            "tau_between_seeds": {task: tau_of_seeds(trained, task) for task in tasks},
        }
        write_json(Path(__file__).parent / "results" / f"{file}.json", machine() | findings)


def best_rows(trained: pd.DataFrame, task: str) -> list[dict[str, Any]]:
    """Returns the best ten functions on a task: by mean score, then by mean loss."""
    losses = trained[[metric_column(task, "loss", seed) for seed in SEEDS]].mean(axis=1)
    rows = trained[trained[f"{task}/status"] == "ok"].assign(loss=losses, score=trained[f"{task}/score"])
    rows = rows.sort_values(["score", "loss"], ascending=[False, True]).head(10)[["program", "score", "loss"]]
    rows["program"] = [str(simplify(parse(text))) for text in rows["program"]]
    columns = ("function", report.Column("score", ".4f"), report.Column("loss", ".4f"))
    report.show(report.render(rows.itertuples(index=False), columns, f"Best on {task}, validation"))
    return rows.to_dict("records")


def known_functions(trained: pd.DataFrame, tasks: Sequence[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Scores the baselines and the published functions with the table's seeds, and ranks them among its functions."""
    programs = [CATALOG[name].program for name in (*BASELINES, *SWISH_PAPER)]
    known: dict[str, dict[str, dict[str, float]]] = {str(program): {} for program in programs}
    for task in tasks:
        results = score_programs(get_task(task), programs, SEEDS, report=say, bank_size=64)
        for formula, result in zip(known, results, strict=True):
            rank = 100 * percentile_rank(trained[f"{task}/score"].to_numpy(), result.score)
            known[formula][task] = {"score": result.score, "percentile": round(rank, 1)}
    rows = [[formula, *(row[task][key] for task in tasks for key in row[task])] for formula, row in known.items()]
    heads = [report.Column(head, ".4f" if head == task else ".1f") for task in tasks for head in (task, "percentile")]
    report.show(report.render(rows, ("function", *heads), f"Known functions among the {len(trained):,} of the space"))
    return known


def tau_between(trained: pd.DataFrame, tasks: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """Kendall's tau-b between tasks over all trained functions, and over those that reach half accuracy on both."""
    taus: dict[str, tuple[float, float, float]] = {}
    for a, b in itertools.combinations(tasks, 2):
        sides = trained[[f"{a}/score", f"{b}/score"]]
        taus[f"{a} ~ {b}"] = kendall_tau(*sides.to_numpy().T)
        taus[f"{a} ~ {b}, both above 0.5"] = kendall_tau(*sides[(sides > 0.5).all(axis=1)].to_numpy().T)
    if taus:
        report.show(report.render(taus.items(), ("tasks", report.Column("tau", ".3f")), "Do the tasks rank alike?"))
    return taus


def tau_of_seeds(trained: pd.DataFrame, task: str) -> tuple[float, float, float]:
    """Kendall's tau-b between two seeds of one task: how much of a rank is noise."""
    columns = [metric_column(task, "loss", seed) for seed in (0, 1)]
    tau = kendall_tau(*np.exp(-trained[columns].fillna(np.inf)).to_numpy().T)
    say(f"{task}: tau between seed 0 and seed 1 {tau.estimate:.3f} [{tau.low:.3f}, {tau.high:.3f}]")
    return tau


if __name__ == "__main__":
    tyro.cli(main)

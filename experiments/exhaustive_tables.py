"""Every function of a space on some tasks: the tables behind the tabular tasks (`make table`).

    python experiments/exhaustive_tables.py [--files swish-1 swish-1-mnist1d] [--out runs/exhaustive] [--tables FOLDER]

swish-1 has 6,250 expressions, act-bench 5,103. Trains each distinct finite function with three seeds on each task of a
file and scores it on validation data; on text with one seed, and the best tenth with two more. Resumable: a killed run
goes on where it stopped, and each task has an archive of its own. Then it writes the table (`FILE.parquet`, see
`actsearch.evaluation.make_table`) and `results/FILE.json` with the findings: percentiles of the published functions and
rank correlations between tasks, with intervals.

Hardware and wall time of the committed tables: see docs/studies/swish_table.md. On two CPU cores the digits take two
hours, MNIST-1D less; an accelerator trains 64 candidates side by side.
"""

import dataclasses
import itertools
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tyro
from _card import BATCH, machine, promoted, say, searched, seconds, write_json

from actsearch import parse, report, simplify
from actsearch.analysis import funnel, kendall_tau, percentile_rank
from actsearch.catalog import BASELINES, CATALOG, SWISH_PAPER
from actsearch.evaluation import TrainingEvaluator, make_table, score_programs, use_all_cores
from actsearch.evaluation.table import DIRECTORY, FILES, metric_column
from actsearch.spaces import get_space
from actsearch.tasks import get_task
from actsearch.trials import Status, Trial
from actsearch.trials.ranking import best

SEEDS = (0, 1, 2)
BEST = {"text-ffn-short": 0.1}
"""Tasks that train every function with the first seed alone, and this share of them, the best, with the others too."""


def main(files: tuple[str, ...] = tuple(FILES), out: Path = Path("runs/exhaustive"), tables: Path = DIRECTORY) -> None:
    """Fill the archives, write the tables and print the findings."""
    use_all_cores()
    for file in files:
        (name, tasks), runs = FILES[file], {}
        space = get_space(name)
        for task in tasks:
            seeds = SEEDS[:1] if task in BEST else SEEDS
            evaluator = TrainingEvaluator(space, task, seeds=seeds, budget=space.count())
            runs[task] = searched(name, evaluator, "exhaustive", space.count(), out / name / task, batch=BATCH)
            report.show(report.funnel_table(funnel(runs[task]), f"{name} on {task}, seeds {seeds}"))
            if task in BEST:
                runs[task] = with_more_seeds(name, task, runs[task], out / name / f"{task}-best")
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


def with_more_seeds(space: str, task: str, trials: list[Trial], out: Path) -> list[Trial]:
    """Trains the best share of a search's functions with the other seeds too; returns all of its trials."""
    count = round(BEST[task] * len({trial.fingerprint for trial in trials if trial.trained}))
    chosen = {trial.index for trial in best(trials, count)}
    more = {trial.fingerprint: trial for trial in promoted(space, task, trials, count, out, SEEDS[1:]) if trial.trained}
    return [_joined(trial, more[trial.fingerprint]) if trial.index in chosen else trial for trial in trials]


def _joined(trial: Trial, more: Trial) -> Trial:
    """Returns a trial with the seeds of both, diverged where one of them is."""
    status = max((trial, more), key=lambda one: one.status is Status.DIVERGED).status
    scores = [*[trial.score] * len(trial.seeds), *[more.score] * len(more.seeds)]
    score = more.score if status is Status.DIVERGED else statistics.mean(scores)
    seeds, metrics = trial.seeds + more.seeds, trial.metrics + more.metrics
    return dataclasses.replace(trial, status=status, score=score, seeds=seeds, metrics=metrics)


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
    if task in BEST:
        trained = trained[trained[f"{task}/seeds"] > 1]
    tau = kendall_tau(*np.exp(-trained[columns].fillna(np.inf)).to_numpy().T)
    interval = f"{tau.estimate:.3f} [{tau.low:.3f}, {tau.high:.3f}]"
    say(f"{task}: of {len(trained):,} functions, tau between seed 0 and seed 1 {interval}")
    return tau


if __name__ == "__main__":
    tyro.cli(main)

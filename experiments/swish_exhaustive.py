"""Every function of the one-unit Swish space on the three digits tasks: a table for later studies (`make table`).

    python experiments/swish_exhaustive.py [--out runs/swish_exhaustive] [--results experiments/results]

Trains each distinct finite function of the 6,250 expressions with three seeds on each task and scores it on validation
data. Resumable: a killed run goes on where it stopped, and each task has an archive of its own. Then it writes the
table (`swish1_digits.parquet`, one row an expression, per-seed accuracies and losses, diverged ones too) and
`swish1_digits.json` with the findings: percentiles of the published functions and rank correlations between tasks,
with intervals.

Hardware and wall time of the committed table: see experiments/README.md. Two hours on two CPU cores is the bound.
"""

import argparse
import functools
import itertools
import json
from pathlib import Path

import pandas as pd

import actsearch
from actsearch.analysis.funnel import funnel
from actsearch.analysis.statistics import kendall_tau, percentile_rank
from actsearch.analysis.tables import Column, funnel_table, render, show
from actsearch.catalog import BASELINES, CATALOG, PUBLISHED
from actsearch.progress import ProgressLog
from actsearch.scoring import score_programs, use_all_cores
from actsearch.tasks import get_task
from actsearch.trial import Trial

TASKS = ("digits-mlp", "digits-deep-mlp", "digits-resnet")
SEEDS = 3
say = functools.partial(print, flush=True)


def main():
    """Fills the archives, writes the table and prints the findings."""
    args = _arguments()
    use_all_cores()
    runs = {task: _search(task, args.budget, args.out / task) for task in TASKS}
    table = make_table(runs)
    args.results.mkdir(parents=True, exist_ok=True)
    table.to_parquet(args.results / "swish1_digits.parquet", compression="zstd", index=False)
    findings = {
        "expressions": len(table),
        "trained": int((table["gate"] == "trained").sum()),
        "seconds": {task: round(sum(trial.seconds for trial in trials)) for task, trials in runs.items()},
        "diverged": {task: int((table[f"{task}/status"] == "diverged").sum()) for task in TASKS},
        "best": {task: _best(table, task) for task in TASKS},
        "known": _known(table),
        "tau_between_tasks": _tau_between(table),
        "tau_between_seeds": {task: _tau_of_seeds(table, task) for task in TASKS},
    }
    (args.results / "swish1_digits.json").write_text(json.dumps(findings, indent=1) + "\n")
    say(f"Table and findings: {args.results}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/swish_exhaustive"), help="directory of the archives")
    parser.add_argument("--results", type=Path, default=Path("experiments/results"), help="where the table goes")
    parser.add_argument("--budget", type=int, default=6250, help="expressions of the space; fewer for a trial run")
    return parser.parse_args()


def _search(task: str, budget: int, out: Path) -> list[Trial]:
    with ProgressLog(f"swish-1 on {task}", seconds_between=60) as log:
        result = actsearch.search(
            "swish-1", task, "exhaustive", budget, seeds_per_trial=SEEDS, out=out, report=log, explain=say
        )
    show(funnel_table(funnel(result.trials), f"swish-1 on {task}, {SEEDS} seeds"))
    return result.trials


def make_table(runs: dict[str, list[Trial]]) -> pd.DataFrame:
    """Returns one row for each expression: what it is, what the gates said, and per task what training gave."""
    first = next(iter(runs.values()))
    table = pd.DataFrame(
        {
            "program": [str(trial.program) for trial in first],
            "choices": [list(trial.program.choices or ()) for trial in first],
            "fingerprint": [trial.fingerprint for trial in first],
            "gate": ["trained" if trial.metrics else trial.status for trial in first],
            "duplicate_of": pd.array([trial.duplicate_of for trial in first], dtype="Int32"),
        }
    )
    for task, trials in runs.items():
        table[f"{task}/status"] = pd.Categorical([trial.status for trial in trials])
        table[f"{task}/score"] = pd.array([trial.score for trial in trials], dtype="float32")
        for metric, seed in itertools.product(("accuracy", "loss"), range(SEEDS)):
            values = [trial.metrics[seed][metric] if trial.metrics else float("nan") for trial in trials]
            table[f"{task}/{metric}_{seed}"] = pd.array(values, dtype="float32")
    return table


def _best(table: pd.DataFrame, task: str) -> list[dict]:
    losses = table[[f"{task}/loss_{seed}" for seed in range(SEEDS)]].mean(axis=1)
    rows = table[table[f"{task}/status"] == "ok"].assign(loss=losses)
    rows = rows.sort_values([f"{task}/score", "loss"], ascending=[False, True]).head(10)
    found = [
        {
            "program": str(actsearch.simplify(actsearch.parse(row["program"]))),
            "score": row[f"{task}/score"],
            "loss": row["loss"],
        }
        for row in rows.to_dict("records")
    ]
    columns = ("function", Column("accuracy", ".4f"), Column("loss", ".4f"))
    show(render([list(row.values()) for row in found], columns, f"Best on {task}, validation, {SEEDS} seeds"))
    return found


def _known(table: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Scores the baselines and the published functions on the table's seeds, and ranks them among its functions."""
    names = (*BASELINES, *PUBLISHED)
    trained = table[table["gate"] == "trained"]
    known: dict[str, dict[str, dict[str, float]]] = {str(CATALOG[name].program): {} for name in names}
    for task in TASKS:
        results = score_programs(
            get_task(task), [CATALOG[name].program for name in names], range(SEEDS), report=say, bank_size=64
        )
        for formula, result in zip(known, results, strict=True):
            rank = percentile_rank(trained[f"{task}/score"].to_numpy(), result.score)
            known[formula][task] = {"score": result.score, "percentile": round(100 * rank, 1)}
    rows = [
        [formula, *(row[task][key] for task in TASKS for key in ("score", "percentile"))]
        for formula, row in known.items()
    ]
    heads = [Column(head, spec) for task in TASKS for head, spec in ((task, ".4f"), ("percentile", ".1f"))]
    show(render(rows, ("function", *heads), f"Known functions among the {len(trained):,} of the space"))
    return known


def _tau_between(table: pd.DataFrame) -> dict[str, list[float]]:
    """Kendall's tau-b between tasks over all trained functions, and over those that reach half accuracy on both."""
    trained = table[table["gate"] == "trained"]
    found = {}
    for a, b in itertools.combinations(TASKS, 2):
        sides = trained[f"{a}/score"], trained[f"{b}/score"]
        able = (sides[0] > 0.5) & (sides[1] > 0.5)
        found[f"{a} ~ {b}"] = list(kendall_tau(*sides))
        found[f"{a} ~ {b}, both above 0.5"] = list(kendall_tau(*(side[able] for side in sides)))
    columns = ("tasks", Column("tau", ".3f"), Column("low", ".3f"), Column("high", ".3f"))
    show(
        render([[name, *values] for name, values in found.items()], columns, "Do the tasks rank alike? 95 % intervals")
    )
    return found


def _tau_of_seeds(table: pd.DataFrame, task: str) -> list[float]:
    """Kendall's tau-b between two seeds of one task: how much of a rank is noise."""
    trained = table[table["gate"] == "trained"].fillna({f"{task}/accuracy_{seed}": 0.0 for seed in (0, 1)})
    tau = list(kendall_tau(trained[f"{task}/accuracy_0"], trained[f"{task}/accuracy_1"]))
    say(f"{task}: tau between seed 0 and seed 1 {tau[0]:.3f} [{tau[1]:.3f}, {tau[2]:.3f}]")
    return tau


if __name__ == "__main__":
    main()

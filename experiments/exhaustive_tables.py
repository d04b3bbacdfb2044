"""Every function of a space on the three digits tasks: the tables behind the tabular tasks (`make table`).

    python experiments/exhaustive_tables.py [SPACE ...] [--out runs/exhaustive] [--tables actsearch/tasks/tables]

SPACE is swish-1 (6,250 expressions) or act-bench (5,103); both when left out. Trains each distinct finite function with
three seeds on each task and scores it on validation data. Resumable: a killed run goes on where it stopped, and each
task has an archive of its own. Then it writes the table (`SPACE.parquet`, one row an expression in the order of the
space, per-seed accuracies and losses, diverged ones too) and `results/SPACE_digits.json` with the findings: percentiles
of the published functions and rank correlations between tasks, with intervals.

Hardware and wall time of the committed tables: see experiments/README.md. Two hours on two CPU cores is the bound.
"""

import argparse
import functools
import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
from actsearch.analysis.funnel import funnel

import actsearch
from actsearch.analysis.statistics import kendall_tau, percentile_rank
from actsearch.catalog import BASELINES, CATALOG, SWISH_PAPER
from actsearch.evaluation import score_programs, tabular, use_all_cores
from actsearch.report.progress import ProgressLog
from actsearch.report.tables import Column, funnel_table, render, show
from actsearch.spaces import get_space
from actsearch.tasks import get_task
from actsearch.trials.trial import Trial

TASKS = tabular.NETWORKS
SEEDS = tabular.SEEDS
SPACES = tuple(tabular.SPACES.values())
RESULTS = Path(__file__).parent / "results"
say = functools.partial(print, flush=True)


def main():
    """Fills the archives, writes the tables and prints the findings."""
    args = _arguments()
    use_all_cores()
    for space in args.spaces or SPACES:
        runs = {task: _search(space, task, args.out / space / task) for task in TASKS}
        table = make_table(space, runs)
        args.tables.mkdir(parents=True, exist_ok=True)
        table.to_parquet(args.tables / f"{space}.parquet", compression="zstd", index=False)
        _write_findings(space, table, {task: sum(trial.seconds for trial in trials) for task, trials in runs.items()})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spaces", nargs="*", choices=[[], *SPACES], help="both when left out")
    parser.add_argument("--out", type=Path, default=Path("runs/exhaustive"), help="directory of the archives")
    parser.add_argument("--tables", type=Path, default=tabular.DIRECTORY, help="where the tables go")
    return parser.parse_args()


def _search(space: str, task: str, out: Path) -> list[Trial]:
    budget = get_space(space).count()
    with ProgressLog(f"{space} on {task}", seconds_between=60) as log:
        result = actsearch.search(
            space, task, "exhaustive", budget, seeds_per_trial=SEEDS, out=out, report=log, explain=say
        )
    show(funnel_table(funnel(result.trials), f"{space} on {task}, {SEEDS} seeds"))
    return result.trials


def make_table(space: str, runs: dict[str, list[Trial]]) -> pd.DataFrame:
    """Returns one row for each expression: what it is, what the gates said, and per task what training gave.

    The first expression of each function in the space's order holds its results; the others are its duplicates.
    """
    sizes = [len(decision.options) for decision in get_space(space).decisions]
    places = np.array([np.ravel_multi_index(trial.program.choices, sizes) for trial in next(iter(runs.values()))])
    first = next(iter(runs.values()))
    ordered = [first[i] for i in np.argsort(places)]
    owner: dict[str, int] = {}
    functions = [owner.setdefault(trial.fingerprint, place) for place, trial in enumerate(ordered)]
    table = pd.DataFrame(
        {
            "program": [str(trial.program) for trial in ordered],
            "choices": [list(trial.program.choices or ()) for trial in ordered],
            "fingerprint": [trial.fingerprint for trial in ordered],
            "function": np.array(functions, np.int32),
        }
    )
    results = {task: {trial.fingerprint: trial for trial in runs[task] if trial.duplicate_of is None} for task in runs}
    own = table["function"] == table.index
    gates = {identity: _gate(trial) for identity, trial in results[TASKS[0]].items()}
    table["gate"] = table["fingerprint"].map(gates).where(own, "duplicate")
    for task, found in results.items():
        trials = [found[identity] if mine else None for identity, mine in zip(table["fingerprint"], own, strict=True)]
        table[f"{task}/status"] = pd.Categorical([trial and trial.status for trial in trials])
        table[f"{task}/score"] = pd.array([trial and trial.score for trial in trials], dtype="float32")
        for metric, seed in itertools.product(("accuracy", "loss"), range(SEEDS)):
            values = [trial.metrics[seed][metric] if trial and trial.metrics else float("nan") for trial in trials]
            table[f"{task}/{metric}_{seed}"] = pd.array(values, dtype="float32")
    return table


def _gate(trial: Trial) -> str:
    return "trained" if trial.metrics else trial.status


def _write_findings(space: str, table: pd.DataFrame, seconds: dict[str, float]) -> None:
    findings = {
        "expressions": len(table),
        "trained": int((table["gate"] == "trained").sum()),
        "seconds": {task: round(spent) for task, spent in seconds.items()},
        "diverged": {task: int((table[f"{task}/status"] == "diverged").sum()) for task in TASKS},
        "best": {task: _best(table, task) for task in TASKS},
        "known": _known(table),
        "tau_between_tasks": _tau_between(table),
        "tau_between_seeds": {task: _tau_of_seeds(table, task) for task in TASKS},
    }
    path = RESULTS / f"{space}_digits.json"
    path.write_text(json.dumps(findings, indent=1) + "\n")
    say(f"Findings: {path}")


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
    names = (*BASELINES, *SWISH_PAPER)
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

"""The commands that read one run: `actsearch top | audit | export`."""

from pathlib import Path
from typing import Any

from actsearch.analysis.funnel import best
from actsearch.archive.archive import Archive
from actsearch.archive.frames import to_jsonl, to_parquet
from actsearch.cli.common import Directory, Json, print_json
from actsearch.evaluation.audit import audit as run_audit
from actsearch.evaluation.tabular import TABULAR
from actsearch.language import simplify
from actsearch.report.tables import audit_table, winners_table
from actsearch.report.tables import show as print_table
from actsearch.spaces import get_space
from actsearch.tasks import get_tasks
from actsearch.trials.trial import Trial


def top(directory: Directory, count: int = 10, json: Json = False) -> None:
    """Show the best candidates of a run, also while it runs.

    Example: actsearch top runs/swish-1-digits-mlp-random-seed0 --count 20

    Args:
        directory: holds the archive.
        count: how many.
    """
    if count < 1:
        raise ValueError(f"--count must be at least 1; received {count}.")
    with Archive.read(directory) as archive:
        trials = archive.trials()
    if json:
        print_json([winner(trial) for trial in best(trials, count)])
    else:
        print_table(winners_table(trials, count))


def audit(directory: Directory, sample: int = 20, seed: int = 0, json: Json = False) -> None:
    """Measure how often the gates of a run were wrong: train a random sample of what each one rejected in full.

    Example: actsearch audit runs/evonorm-s-digits-anchors-pareto-seed0 --sample 30

    Args:
        directory: holds the archive of a run over a named space and named tasks.
        sample: rejects to train for each gate.
        seed: of the sample.
    """
    if sample < 1:
        raise ValueError(f"--sample must be at least 1; received {sample}.")
    with Archive.read(directory) as archive:
        config, trials = archive.config, archive.trials()
    if config["task"] in TABULAR:
        raise ValueError(f"An audit trains rejects; {config['task']} is a table: audit a run on a task that trains.")
    rates = run_audit(trials, get_space(config["space"]), get_tasks(config["task"]), sample=sample, seed=seed)
    if json:
        print_json({gate: {**row._asdict(), "rate": row.rate._asdict()} for gate, row in rates.items()})
    else:
        print_table(audit_table(rates))


def export(directory: Directory, out: Path | None = None, json: Json = False) -> None:
    """Export a run as Parquet, or with --json as one line per trial in the order told to the controller.

    Example: actsearch export runs/swish-1-digits-mlp-random-seed0 --out trials.parquet

    Args:
        directory: holds the archive.
        out: the Parquet file; trials.parquet in the directory when left out.
    """
    with Archive.read(directory) as archive:
        trials = archive.trials()
    if json:
        for line in to_jsonl(trials):
            print(line)
        return
    out = out or directory / "trials.parquet"
    to_parquet(trials, out)
    print(f"{len(trials):,} trials: {out}")


def winner(trial: Trial) -> dict[str, Any]:
    """Returns one of the best trials as JSON has it."""
    simple = str(simplify(trial.program))
    return {"index": trial.index, "score": trial.score, "program": str(trial.program), "simplified": simple}

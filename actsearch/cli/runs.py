"""The commands that read runs: `actsearch top | audit | check | merge | export`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tyro

from actsearch.archive import check as check_archive
from actsearch.archive import merge as merge_archives
from actsearch.archive import open_run
from actsearch.archive.frames import to_jsonl, to_parquet
from actsearch.cli.common import Directory, Json, at_least, keep_beside, novelty_of, print_json, show_novelty, writing
from actsearch.evaluation import audit as run_audit
from actsearch.language import ActsearchError, simplify
from actsearch.report import audit_table, show, winners_table
from actsearch.spaces import get_space
from actsearch.tasks import TASKS, Task, get_tasks
from actsearch.trials import Trial


def top(directory: Directory, count: int = 10, novelty: bool = False, json: Json = False) -> None:
    """Show the best candidates of a run, also while it runs.

    Example: actsearch top runs/swish-1-digits-mlp-random-seed0 --count 20

    Args:
        directory: holds the archive.
        count: how many.
        novelty: tell for each which published unit it is nearest to, up to scale and shift; about a second each.
    """
    at_least("--count", count, 1)
    winners = open_run(directory).best(count)
    known = novelty_of([trial.program for trial in winners]) if novelty else {}
    if json:
        told = ({"novelty": known[trial.program]} if novelty else {} for trial in winners)
        print_json([candidate(trial) | one for trial, one in zip(winners, told, strict=True)])
        return
    show(winners_table(winners, count))
    if novelty:
        show_novelty(known)


def audit(directory: Directory, tasks: str | None = None, sample: int = 20, seed: int = 0, json: Json = False) -> None:
    """Measure how often the gates of a run were wrong: train a random sample of what each one rejected in full.

    Example: actsearch audit runs/evonorm-s-digits-anchors-pareto-seed0 --sample 30

    Of a run on a task of your own: actsearch audit runs/mine --tasks my_task.py:make

    The result is kept in the run's directory, where `actsearch report` finds it.

    Args:
        directory: holds the archive of a run over a named space.
        tasks: the run's tasks, names joined by +; the package's are found by their names when left out.
        sample: rejects to train for each gate.
        seed: of the sample.
    """
    at_least("--sample", sample, 1)
    run = open_run(directory)
    identity = run.config.get("evaluator", {})
    if "tasks" not in identity:
        raise ActsearchError(f"An audit trains rejects; {directory} is no run of named tasks that train.")
    found, space = _tasks_of(directory, identity["tasks"], tasks), get_space(run.config["space"])
    _check_same(directory, f"the space {space.name}", run.config.get("space_digest"), space.digest)
    for task in found:
        _check_same(directory, f"the task {task.name}", identity["tasks"][task.name], task.digest)
    engine = identity.get("engine", "auto")
    rates = run_audit(run.trials, space, found, sample=sample, seed=seed, engine=engine)
    facts = {gate: {**row._asdict(), "rate": row.rate._asdict()} for gate, row in rates.items()}
    keep_beside(directory, "audit", facts)
    if json:
        print_json(facts)
    else:
        show(audit_table(rates))


def _tasks_of(directory: Path, stored: Iterable[str], names: str | None) -> tuple[Task, ...]:
    """Returns the tasks of a run, by the names that it stored or by those that the user gives."""
    own = ", ".join(name for name in stored if name not in TASKS)
    if own and names is None:
        raise ActsearchError(
            f"{directory} was scored on {own}, which is no task of the package: write --tasks my_task.py:make, the "
            "file and function that make it, and any other task joined by +."
        )
    tasks = get_tasks("+".join(stored) if names is None else names)
    if {task.name for task in tasks} != set(stored):
        raise ActsearchError(
            f"{directory} was scored on {', '.join(stored)}; received {', '.join(task.name for task in tasks)}: give "
            "the tasks of the run."
        )
    return tasks


def _check_same(directory: Path, what: str, stored: str | None, digest: str) -> None:
    """Raises where a name means something else than it did in the run; runs of format 1 kept no digests."""
    if stored not in (None, digest):
        raise ActsearchError(
            f"{directory} was made when {what} was another (digest {stored}, now {digest}): audit it with the version "
            "and definitions that made it."
        )


def check(directory: Directory) -> None:
    """Check a run's archive to the last byte: every page, every row's checksum, every program.

    Example: actsearch check runs/swish-1-digits-mlp-random-seed0

    Args:
        directory: holds the archive.
    """
    print(f"{check_archive(directory):,} trials, all whole.")


def merge(directories: tyro.conf.Positional[tuple[Path, ...]], out: Path) -> None:
    """Merge runs of one space and task into one archive, for top, audit and export: the members of a job array.

    What two runs trained with the same seeds counts once. Runs that go on are read as they are.

    Example: actsearch merge runs/member-0 runs/member-1 --out runs/all

    Args:
        directories: hold the archives.
        out: directory of the new archive.
    """
    print(f"{merge_archives(directories, out):,} trials of {len(directories)} runs: {out}")


def export(directory: Directory, out: Path | None = None, json: Json = False) -> None:
    """Export a run as Parquet, or with --json as one line per trial in the order of the run.

    Example: actsearch export runs/swish-1-digits-mlp-random-seed0 --out trials.parquet

    Args:
        directory: holds the archive.
        out: the Parquet file, whose folder is made when missing; trials.parquet in the directory when left out.
    """
    trials = open_run(directory).trials
    if json:
        for line in to_jsonl(trials):
            print(line)
        return
    out = out or directory / "trials.parquet"
    with writing(out):
        to_parquet(trials, out)
    print(f"{len(trials):,} trials: {out}")


def candidate(trial: Trial) -> dict[str, Any]:
    """Returns one of the best trials as JSON has it."""
    simple = str(simplify(trial.program))
    return {"index": trial.index, "score": trial.score, "program": str(trial.program), "simplified": simple}

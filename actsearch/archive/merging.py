"""Merging: one archive of several runs, such as those of a job array whose members know nothing of each other."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from actsearch.archive.archive import Archive
from actsearch.archive.sqlite import ArchiveError
from actsearch.trials.codec import describe, differences
from actsearch.trials.trial import Status, Trial

CHUNK = 10_000
"""Trials that are appended at a time."""

Seen = dict[tuple[str, float, tuple[int, ...]], float | None]
"""Fingerprint, fidelity and seeds of what was trained -> its score."""


def merge(directories: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]) -> int:
    """Writes the trials of several runs into a new archive, one run after the other.

    Trials get new indices, and those that name others follow. A candidate that several runs trained with the same
    seeds has been trained once, as far as statistics go: the later trials become duplicates. Trained with other seeds
    it has more trainings.

    Args:
      directories: of the runs, at least two, of one space and one evaluation but for its seeds; of other controllers
        and seeds as you like.
      out: a directory that holds no archive. Where this stops in the middle, it holds the first trials.

    Returns:
      The number of trials.

    Raises:
      ArchiveError: fewer than two directories, one of them twice, no archive in one, runs of other spaces or
        evaluations, or an archive in `out`.

    Example:
      >>> import tempfile
      >>> from actsearch.language import parse
      >>> root = Path(tempfile.mkdtemp())
      >>> for seed in (0, 1):
      ...     with Archive.write(root / str(seed), {"space": "swish-1", "seed": seed}) as archive:
      ...         archive.append([Trial(0, parse("relu(x)"), "f00d", "ok", 0.9 + seed / 100, seeds=(seed,))])
      >>> merge([root / "0", root / "1"], root / "both")
      2
      >>> with Archive.read(root / "both") as archive:
      ...     [(trial.index, trial.seeds, trial.first) for trial in archive.iterate()]
      [(0, (0,), None), (1, (1,), 0)]
    """
    folders = [Path(directory) for directory in directories]
    if len({folder.resolve() for folder in folders}) < max(2, len(folders)):
        raise ArchiveError(
            "merge takes the directories of at least two runs, none of them twice; received "
            f"{', '.join(map(str, folders)) or 'none'}."
        )
    if Archive.exists(out):
        raise ArchiveError(f"{out} holds an archive already, and merge adds to none: choose another directory.")
    config = _config(folders)
    with Archive.write(out, config) as merged:
        first, seen = dict[str, int](), Seen()
        for folder in folders:
            with Archive.read(folder) as archive:
                shift = len(merged)
                for start in range(0, len(archive), CHUNK):
                    rows = archive.iterate(start, start + CHUNK)
                    merged.append([_moved(trial, shift, first, seen) for trial in rows])
        return len(merged)


def _moved(trial: Trial, shift: int, first: dict[str, int], seen: Seen) -> Trial:
    """Returns a trial as it is in the merged archive: a duplicate where an earlier run trained the same."""
    index, parents = trial.index + shift, tuple(parent + shift for parent in trial.parents)
    before = None if trial.first is None else trial.first + shift
    moved = dataclasses.replace(trial, index=index, parents=parents, first=before)
    if not trial.fingerprint or trial.status is Status.FAILED or _stopped_before_training(trial):
        return moved
    earliest = first.setdefault(trial.fingerprint, index)
    if earliest < index:
        moved = dataclasses.replace(moved, first=earliest)
    key = trial.fingerprint, trial.fidelity, trial.seeds
    if trial.seeds and key in seen:
        copy = dataclasses.replace(moved, score=seen[key], metrics=(), seeds=(), objectives={})
        return dataclasses.replace(copy, status=Status.DUPLICATE, gate="", note="")
    if trial.seeds:
        seen[key] = trial.score
    return moved


def _stopped_before_training(trial: Trial) -> bool:
    """Returns whether a gate before training rejected a candidate, as it does each time: it repeats nothing."""
    return trial.status is Status.REJECTED and not trial.seeds


def _config(folders: Sequence[Path]) -> dict[str, Any]:
    """Returns the configuration of the merged archive: what the runs share, and what each of them is."""
    configs, runs = [], []
    for folder in folders:
        with Archive.read(folder) as archive:
            configs.append(archive.config)
            runs.append({"run": folder.name, "trials": len(archive), "config": archive.config})
    shared = _shared(configs[0])
    for folder, config in zip(folders, configs, strict=True):
        if rows := differences(shared, _shared(config)):
            raise ArchiveError(
                f"{folders[0]} (there) and {folder} (here) are runs of different searches: {describe(rows)}. Merge "
                "those of one space and one evaluation; they may differ in seeds and controllers."
            )
    return shared | {"controller": {"name": "merged"}, "merged": runs}


def _shared(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what runs that are merged have in common: space and evaluation, but for its seeds."""
    evaluator = {name: value for name, value in config.get("evaluator", {}).items() if name != "seeds"}
    return {"space": config.get("space"), "space_digest": config.get("space_digest"), "evaluator": evaluator}

"""The folder of one long training: what is trained there, what came of it, and that one process trains in it."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from actsearch.engine import fingerprint
from actsearch.evaluation.jobs import Job
from actsearch.language import ActsearchError, Program
from actsearch.tasks import Task
from actsearch.trials.codec import describe, differences, read_program

ABOUT, OUTCOME, STATES = "training.json", "outcome.json", "states"
"""In a training's folder: what is trained, what came of it, and the states by step."""


def claim(folder: Path, task: Task, program: Program, job: Job) -> Program:
    """Writes what a folder's training is, or raises an error where it is another one.

    Returns:
      The program that is trained there, for the same function may have been written otherwise.
    """
    about = {
        "program": str(program),
        "task": task.name,
        "digest": task.digest,
        "steps": task.steps,
        "seed": int(job.seed),
        "rate_scale": float(job.rate_scale),
    }
    there = read(folder / ABOUT)
    if there is None:
        write(folder / ABOUT, about)
        return program
    begun = read_program(there["program"])
    if fingerprint(begun) == fingerprint(program):
        about["program"] = there["program"]
    if rows := differences(there, about):
        raise ActsearchError(
            f"{folder} holds another training: {describe(rows)}. Choose another folder, or give the old values."
        )
    return begun


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds a training's folder, made when missing; raises where another process trains in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("w")
    except OSError as error:
        raise ActsearchError(f"{folder} cannot be used for a training: {error}. Choose another folder.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ActsearchError(
                f"Another process trains in {folder}: wait for it, or choose another folder."
            ) from error
        yield


def read(path: Path) -> Any:
    """Returns what a file of JSON holds, None where there is none; raises where it is damaged."""
    try:
        return json.loads(path.read_text()) if path.exists() else None
    except ValueError as error:
        raise ActsearchError(f"{path} is damaged ({error}): delete it, or choose another folder.") from error


def write(path: Path, facts: Mapping[str, Any]) -> None:
    """Writes JSON in the place of what was there; a kill at any moment leaves one of the two whole."""
    new = path.with_suffix(".new")
    with new.open("w") as file:
        file.write(json.dumps(facts, indent=1))
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)

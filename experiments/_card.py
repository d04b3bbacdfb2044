"""What the experiments share: a search and a verification with what they print, the machine, JSON files."""

import dataclasses
import datetime
import functools
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

import actsearch
from actsearch.analysis import Verification
from actsearch.controllers import Controller, Random, Seeded
from actsearch.evaluation import Evaluator, TrainingEvaluator, verify
from actsearch.language import Builder, Program
from actsearch.report import ProgressLog, show, verification_table
from actsearch.spaces import Space, get_space
from actsearch.tasks import Task
from actsearch.trials import Trial
from actsearch.trials.ranking import best, rank

BATCH = 1_024
"""Proposals a round in studies of whole spaces: an accelerator stays busy, and a CPU loses nothing."""

say = functools.partial(print, flush=True)

Scores = dict[str, dict[str, list[float]]]
"""Task -> name of a function -> test score for each fresh seed."""


def searched(
    space: str | Space,
    task: str | Task | Sequence[Task] | Evaluator,
    controller: Controller | str,
    budget: int,
    out: Path,
    **options: Any,
) -> list[Trial]:
    """Searches, or goes on, with a progress line; returns the trials."""
    with ProgressLog(f"{space if isinstance(space, str) else space.name}, {out.name}") as log:
        update = [lambda progress: log.update(*progress)]
        result = actsearch.search(space, task, controller, budget, out=out, callbacks=update, **options)
    say(f"{result.evaluator.summary}; {result.seconds:.0f} s")
    return result.trials


def promoted(
    space: str, task: str, trials: Sequence[Trial], count: int, out: Path, seeds: Sequence[int]
) -> list[Trial]:
    """Trains the best `count` functions of a search again, on a longer or another task and with other seeds."""
    formulas = tuple(str(trial.program) for trial in best(trials, count))
    evaluator = TrainingEvaluator(get_space(space), task, seeds=seeds)
    return searched(space, evaluator, Seeded(Random(), formulas), len(formulas) + 1, out, batch=BATCH)


def places(trials: Iterable[Trial]) -> dict[str, int]:
    """Returns the place of each candidate of a run, 1 for the best, by the fingerprint of today; tables keep theirs."""
    return {actsearch.fingerprint(row.program): place for place, row in enumerate(rank(trials), 1)}


def different(programs: Iterable[Program], count: int, known: Iterable[Program] = ()) -> list[Program]:
    """Returns the first `count` programs, simplified, none of which equals another or a known one, up to its sign.

    A network with -f in the place of f is the same network but for the sign of the weights behind it.
    """
    taken = {actsearch.fingerprint(program) for program in known}
    found: list[Program] = []
    for program in programs:
        if (
            len(found) < count
            and not {actsearch.fingerprint(program), actsearch.fingerprint(_negative(program))} & taken
        ):
            found.append(actsearch.simplify(program))
            taken.add(actsearch.fingerprint(program))
    return found


def _negative(program: Program) -> Program:
    builder = Builder()
    return builder.program(builder.apply("neg", builder.substitute(program, builder.input)))


WIDE = 3
"""Most tasks of a verification that stand side by side in one table."""


def verified(
    programs: Mapping[str, Program], tasks: str | Sequence[Task], seeds: int, **options: Any
) -> tuple[Verification, Scores]:
    """Verifies named programs and prints the table; returns the scores of each name on each task too.

    Functions that are equal are trained once, and have all their names.
    """
    verification = verify(list(programs.values()), tasks, seeds, report=say, **options)
    identities = {name: actsearch.fingerprint(program) for name, program in programs.items()}
    names, scores = {}, {task: {} for task in verification.tasks}
    for row in verification.rows:
        own = [name for name, identity in identities.items() if identity == actsearch.fingerprint(row.program)]
        names[row.program] = ", ".join(own)
        scores[row.task] |= {name: list(row.trained.scores) for name in own}
    alone = [tuple(row for row in verification.rows if row.task == task) for task in verification.tasks]
    for rows in [verification.rows] if len(alone) <= WIDE else alone:
        show(verification_table(dataclasses.replace(verification, rows=rows), names))
    return verification, scores


def seconds(trials: Sequence[Trial]) -> float:
    """Returns the seconds that trials took."""
    return sum(trial.seconds for trial in trials)


def machine() -> dict[str, Any]:
    """Returns when and where a result was made."""
    packages = ("actsearch", "jax", "flax", "numpy")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {
            "cpu": _cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "platform": f"{platform.system()} {platform.machine()}",
        },
        "devices": sorted({device.device_kind for device in jax.devices()}),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }


def _cpu_model() -> str:
    """Returns the processor's name where the system tells it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Writes a JSON file at once: a reader never sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".json.new")
    temporary.write_text(json.dumps(record, indent=1) + "\n")
    temporary.replace(path)
    say(path)


def fill_page(path: Path, name: str, lines: Sequence[str]) -> None:
    """Puts lines into a page between the marks `<!-- NAME -->` and `<!-- end of NAME -->`, in the place of others."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = path.read_text().split(start)
    after = rest.split(end)[1]
    path.write_text("\n".join([f"{before}{start}", "", *lines, "", f"{end}{after}"]))
    say(path)

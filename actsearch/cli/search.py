"""`actsearch search`."""

import json as jsonlib
import math
from pathlib import Path
from typing import Annotated, Any

import tyro

from actsearch.analysis.agreement import rung_agreement, rung_table
from actsearch.analysis.funnel import best, funnel
from actsearch.cli.common import Json, explain, print_json
from actsearch.cli.runs import winner
from actsearch.controllers import CONTROLLERS
from actsearch.evaluation.trainer import Engine
from actsearch.language import simplify
from actsearch.report.progress import ProgressLog
from actsearch.report.tables import funnel_table, winners_table
from actsearch.report.tables import show as print_table
from actsearch.study.search import search as run_search
from actsearch.trials.ranking import Evidence

Controller = Annotated[str, tyro.conf.arg(help=f"one of {', '.join(CONTROLLERS)}.")]


def search(
    space: str = "swish-1",
    task: str = "digits-mlp",
    controller: Controller = "random",
    budget: int = 1000,
    seed: int = 0,
    out: Path | None = None,
    seeds_per_trial: int = 1,
    batch: int = 64,
    engine: Engine = "auto",
    option: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    repeats: float = 0.0,
    halving: bool = False,
    json: Json = False,
) -> None:
    """Search a space; resumes when the directory holds its own run.

    Example: actsearch search --space swish-1 --controller evolution --budget 500 --option population=50

    Layers: actsearch search --space evonorm-s --task digits-anchors --controller pareto --budget 500

    In seconds, from a table: actsearch search --task tabular-swish1-digits-resnet --controller ppo --budget 500

    Args:
        space: swish-1, swish-2, swish-3 or act-bench for activations; evonorm-b or evonorm-s for whole layers.
        task: what candidates are scored on, names joined by +; see `actsearch tasks`.
        budget: number of trials; a larger one extends a finished run.
        seed: fixes proposals and training.
        out: directory of the archive; made from the other arguments when left out.
        seeds_per_trial: trainings of each candidate.
        batch: proposals between two lessons of the controller.
        engine: auto, interpret or specialize.
        option: a hyperparameter of the controller, NAME=VALUE; may be repeated.
        repeats: share of the trials that train promising candidates again, so that a lucky score does not win.
        halving: train all shortly, and the best of them longer.
    """
    marks = ("-repeats" if repeats else "") + ("-halving" if halving else "")
    out = out or Path("runs") / f"{space}-{task}-{controller}{marks}-seed{seed}"
    label = f"{space} on {task}"
    with ProgressLog(label) as log:
        result = run_search(
            space,
            task,
            controller,
            budget,
            seed=seed,
            out=out,
            seeds_per_trial=seeds_per_trial,
            batch=batch,
            engine=engine,
            options=_options(option),
            repeats=repeats,
            halving=halving,
            report=log,
            explain=explain,
        )
    rows = funnel(result.trials)
    if json:
        winners = [winner(trial) for trial in best(result.trials, 10)]
        found = {"out": str(out), "funnel": [row._asdict() for row in rows], "best": winners}
        print_json(found | {"incumbent": _incumbent(result.incumbent)})
        return
    print_table(funnel_table(rows))
    print_table(winners_table(result.trials))
    if halving:
        print_table(rung_table(rung_agreement(result.trials)))
    if result.incumbent and math.isfinite(result.incumbent.low):
        print(_incumbent_line(result.incumbent))
    print(f"{result.seconds:.0f} s, {result.compilations} compilation(s) of the training function; archive: {out}")


def _incumbent(found: Evidence | None) -> dict[str, Any] | None:
    """Returns the incumbent as JSON has it; its lower bound is null while no candidate was trained twice."""
    if found is None:
        return None
    low = found.low if math.isfinite(found.low) else None
    return {"program": found.text, "trainings": found.trainings, "mean": found.mean, "low": low}


def _incumbent_line(found: Evidence) -> str:
    return (
        f"Incumbent: {simplify(found.program)}, mean {found.mean:.4f} of {found.trainings} training(s), "
        f"{found.low:.4f} at least with 95 % confidence."
    )


def _options(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Returns NAME=VALUE pairs as a dict; values are JSON where they can be, else text."""
    options = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise ValueError(f"--option takes NAME=VALUE; received {pair!r}: write --option population=50.")
        try:
            options[name] = jsonlib.loads(value)
        except jsonlib.JSONDecodeError:
            options[name] = value
    return options

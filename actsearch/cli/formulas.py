"""The commands about one formula: `actsearch score | show`."""

import math
from pathlib import Path
from typing import Any, Literal

import jax

from actsearch.analysis.statistics import Interval, bootstrap_mean, paired_difference
from actsearch.catalog import CATALOG
from actsearch.cli.common import Formula, Json, explain, print_json, read_formula, reference
from actsearch.engine import fingerprint, probe
from actsearch.evaluation import score_programs
from actsearch.evaluation.trainer import Engine
from actsearch.export.latex import to_latex
from actsearch.language import Program, simplify
from actsearch.nn import sites
from actsearch.report import plots
from actsearch.report.graph import MAX_NODES, graph
from actsearch.report.style import save
from actsearch.report.tables import Column, render
from actsearch.report.tables import show as print_table
from actsearch.tasks import Task, get_tasks


def score(
    formula: Formula,
    task: str = "digits-mlp",
    seeds: int = 8,
    part: Literal["validation", "test"] = "validation",
    engine: Engine = "auto",
    json: Json = False,
) -> None:
    """Train a formula on one or several tasks and compare it, seed by seed, with ReLU, or with BatchNorm and ReLU.

    Example: actsearch score "x * sigmoid(beta * x)" --task digits-resnet --seeds 8

    Args:
        formula: the activation, or the whole layer for tasks of layers.
        task: what to train on, names joined by +; see `actsearch tasks`. digits-anchors stands for three networks.
        seeds: number of trainings, at least 2 for an interval.
        part: where accuracy is measured.
        engine: auto, interpret or specialize.
    """
    if seeds < 2:
        raise ValueError(f"--seeds must be at least 2, for an interval; received {seeds}.")
    program = read_formula(formula)
    rows = [_score(program, chosen, seeds, part, engine) for chosen in get_tasks(task)]
    if json:
        print_json(rows[0] if len(rows) == 1 else rows)
        return
    for row in rows:
        body = [(row["formula"], Interval(**row["score"])), (row["reference_formula"], Interval(**row["reference"]))]
        body.append(("difference, paired by seed", Interval(**row["difference"])))
        title = f"{part.capitalize()} accuracy on {row['task']}, {seeds} seeds: mean and 95 % interval"
        print_table(render(body, ("function", Column("accuracy", ".4f")), title))
        if row["diverged"]:
            print(f"{row['diverged']} of {seeds} trainings diverged.")
        if row["sites"]:
            print(f"Sites: {', '.join(row['sites'])}.\n")


def _score(program: Program, task: Task, seeds: int, part, engine: Engine) -> dict[str, Any]:
    """Returns a program's scores on a task beside those of the task's reference."""
    baseline = reference(task)
    results = score_programs(task, [program, baseline], range(seeds), part=part, engine=engine, report=explain)
    mine, theirs = ([row["score"] for row in result.metrics] for result in results)
    found = {"score": bootstrap_mean(mine), "reference": bootstrap_mean(theirs)}
    found["difference"] = paired_difference(mine, theirs)
    names = [site.name for site in sites(lambda layer: task.init(layer, jax.random.key(0)))] if task.layers else []
    return {
        **{"formula": str(program), "task": task.name, "part": part, "seeds": seeds, "sites": names},
        **{name: row._asdict() for name, row in found.items()},
        **{"scores": mine, "reference_formula": str(baseline), "reference_scores": theirs},
        "diverged": sum(not math.isfinite(row["loss"]) for row in results[0].metrics),
    }


def show(formula: Formula, out: Path | None = None, json: Json = False) -> None:
    """Show a formula: canonical text, LaTeX, fingerprint, known names, and pictures of its graph and its curve.

    A formula with statistics, such as batch_std(x), is a whole layer and has no curve.

    Example: actsearch show "sigmul(x, x)" --out silu

    Args:
        formula: the activation or layer.
        out: pictures are OUT.png and OUT.svg, the graph, and OUT-curve.png and OUT-curve.svg, the function and its
            derivative; "activation" or "layer" when left out.
    """
    program = read_formula(formula)
    canonical = simplify(program)
    kind = "layer" if canonical.reductions else "activation"
    out = out or Path(kind)
    out = out.with_suffix("") if out.suffix in (".png", ".svg") else out
    pictures = list(save(graph(canonical), out)) if len(canonical.nodes) <= MAX_NODES else []
    if kind == "activation":
        pictures += save(plots.curves({str(canonical): canonical}), f"{out}-curve")
    identity, finite = probe(program)
    names = [entry.name for entry in CATALOG.values() if fingerprint(entry.program) == identity]
    facts: dict[str, Any] = {"formula": str(program), "kind": kind, "canonical": str(canonical)}
    facts |= {"latex": to_latex(canonical), "fingerprint": identity, "finite": finite, "known_as": names}
    facts["parameters"] = dict(program.parameters)
    if kind == "layer":
        facts["statistics"] = {name: _in_evaluation(name) for name in canonical.reductions}
    facts["pictures"] = [str(path) for path in pictures]
    if json:
        print_json(facts)
        return
    facts["known_as"] = ", ".join(names) or "-"
    facts["parameters"] = ", ".join(f"{name} = {value:g}" for name, value in program.parameters) or "-"
    if kind == "layer":
        facts["statistics"] = "; ".join(f"{name}: {value}" for name, value in facts["statistics"].items())
    facts["pictures"] = ", ".join(facts["pictures"]) or f"none: more than {MAX_NODES} nodes"
    for name, value in facts.items():
        print(f"{name.replace('_', ' '):12} {value}")


def _in_evaluation(reduction: str) -> str:
    across = reduction.startswith("batch_")
    return "moving average at evaluation" if across else "of each example, also at evaluation"

"""The commands about one formula: `actsearch score | show`."""

from pathlib import Path
from typing import Any, Literal

import jax

from actsearch.analysis import Interval, paired_difference
from actsearch.catalog import identify
from actsearch.cli.common import Formula, Json, at_least, explain, picture_stem, print_json, read_unit, writing
from actsearch.engine import identity as identity_of
from actsearch.evaluation import Engine, Verification, verify
from actsearch.export import to_latex
from actsearch.language import Program, simplify
from actsearch.language.reductions import Reduction
from actsearch.nn import sites
from actsearch.report import MAX_NODES, Column, draw_curves, draw_graph, render, save
from actsearch.report import show as print_table
from actsearch.tasks import Task, get_tasks


def score(
    formula: Formula,
    task: str = "mnist1d-mlp",
    seeds: int = 8,
    part: Literal["validation", "test"] = "validation",
    engine: Engine = "auto",
    json: Json = False,
) -> None:
    """Train a formula on one or several tasks and compare it, seed by seed, with the task's baseline, such as ReLU.

    Example: actsearch score "x * sigmoid(beta * x)" --task digits-resnet --seeds 8

    Args:
        formula: the activation, the whole layer for tasks of layers, or the gate of x and y for tasks of gates.
        task: what to train on, names joined by +; see `actsearch tasks`. digits-anchors stands for three networks.
        seeds: number of trainings, at least 2 for an interval.
        part: where the score is measured.
        engine: how programs are run.
    """
    at_least("--seeds", seeds, 2)
    program = read_unit(formula)
    chosen = get_tasks(task)
    verification = verify(program, chosen, range(seeds), part=part, engine=engine, report=explain)
    rows = [_score(program, known, verification) for known in chosen]
    if json:
        print_json(rows[0] if len(rows) == 1 else rows)
        return
    for row in rows:
        _print_score(row)


def _score(program: Program, task: Task, verification: Verification) -> dict[str, Any]:
    """Returns a program's scores on a task beside those of the task's baseline, which may be the same function."""
    rows = [row for row in verification.rows if row.task == task.name]
    reference, trained = rows[0], rows[-1]
    layers = task.kind == "layer"
    return {
        "formula": str(program),
        "task": task.name,
        "part": verification.part,
        "seeds": len(verification.seeds),
        "sites": [site.name for site in sites(lambda layer: task.init(layer, jax.random.key(0)))] if layers else [],
        "score": trained.mean._asdict(),
        "reference": reference.mean._asdict(),
        "difference": paired_difference(trained.trained.scores, reference.trained.scores)._asdict(),
        "scores": list(trained.trained.scores),
        "reference_formula": str(task.baseline),
        "reference_scores": list(reference.trained.scores),
        "diverged": trained.trained.diverged,
    }


def _print_score(row: dict[str, Any]) -> None:
    body = [
        (row["formula"], Interval(**row["score"])),
        (row["reference_formula"], Interval(**row["reference"])),
        ("difference, paired by seed", Interval(**row["difference"])),
    ]
    title = f"{row['part'].capitalize()} score on {row['task']}, {row['seeds']} seeds: mean and 95 % interval"
    print_table(render(body, ("function", Column("score", ".4f")), title))
    if row["diverged"]:
        print(f"{row['diverged']} of {row['seeds']} trainings diverged.")
    if row["sites"]:
        print(f"Sites: {', '.join(row['sites'])}.\n")


def show(formula: Formula, out: Path | None = None, json: Json = False) -> None:
    """Show a formula: canonical text, LaTeX, fingerprint, known names; with --out its graph and its curve.

    A formula with statistics, such as batch_std(x), is a whole layer, one of x and y a gate; neither has a curve.

    Example: actsearch show "sigmul(x, x)" --out silu

    Args:
        formula: the activation, layer or gate.
        out: pictures are OUT.png and OUT.svg, the graph, and OUT-curve.png and OUT-curve.svg, the function and its
            derivative; none when left out.
    """
    program = read_unit(formula)
    facts = _facts(program)
    facts["pictures"] = []
    if out is not None:
        with writing(out):
            facts["pictures"] = _draw(simplify(program), picture_stem(out))
    if json:
        print_json(facts)
        return
    for name, value in facts.items():
        if value or name not in ("pictures", "statistics"):
            print(f"{name.replace('_', ' '):12} {_text(value)}")


def _facts(program: Program) -> dict[str, Any]:
    """Returns what is known of a program without training it."""
    canonical = simplify(program)
    identity = identity_of(program)
    entries = identify(program)
    facts: dict[str, Any] = {
        "formula": str(program),
        "kind": canonical.kind,
        "canonical": str(canonical),
        "latex": to_latex(canonical),
        "fingerprint": identity.fingerprint,
        "finite": identity.finite,
        "known_as": [entry.name for entry in entries],
        "unverified": [entry.name for entry in entries if not entry.verified],
        "parameters": dict(program.parameters),
    }
    if canonical.reductions:
        facts["statistics"] = {reduction.name: _in_evaluation(reduction) for reduction in canonical.reductions}
    return facts


def _in_evaluation(reduction: Reduction) -> str:
    """Returns which statistic a reduction uses in evaluation."""
    return "moving average at evaluation" if reduction.over_batch else "of each example, also at evaluation"


def _draw(program: Program, stem: Path) -> list[str]:
    """Draws a program's graph, where it is small enough, and its curve, where it has one; returns the files."""
    pictures = list(save(draw_graph(program), stem)) if len(program.nodes) <= MAX_NODES else []
    if program.kind == "activation":
        pictures += save(draw_curves({str(program): program}), f"{stem}-curve")
    return [str(path) for path in pictures]


def _text(value: Any) -> str:
    """Returns a fact for people."""
    if isinstance(value, dict):
        return "; ".join(f"{name} = {item}" for name, item in value.items()) or "-"
    return ", ".join(value) or "-" if isinstance(value, list) else str(value)

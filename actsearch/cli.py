"""The command line: `actsearch search | top | audit | score | show | tasks | space | export`.

Results go to standard output, progress to standard error. Exit codes: 0 done, 2 the user's mistake, 130 interrupted.
"""

import json as jsonlib
import math
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import jax
import tyro
from flax import nnx

from actsearch.analysis import plots
from actsearch.analysis.drawing import save
from actsearch.analysis.export import to_jsonl, to_parquet
from actsearch.analysis.funnel import best, funnel
from actsearch.analysis.graph import MAX_NODES, graph
from actsearch.analysis.statistics import Interval, bootstrap_mean, paired_difference
from actsearch.analysis.tables import Column, audit_table, funnel_table, render, winners_table
from actsearch.analysis.tables import show as print_table
from actsearch.archive import Archive, ArchiveError
from actsearch.audit import audit as run_audit
from actsearch.catalog import CATALOG
from actsearch.engine import fingerprint, probe
from actsearch.language import Program, parse, simplify
from actsearch.language.latex import to_latex
from actsearch.nn import Layer, sites
from actsearch.progress import ProgressLog
from actsearch.scoring import Job, Scorer, score_programs, use_all_cores
from actsearch.scoring.scorer import Engine
from actsearch.search import search as run_search
from actsearch.spaces import get_space
from actsearch.tasks import TASKS, Task, get_task, get_tasks

Json = Annotated[bool, tyro.conf.arg(name="json", help="Print JSON for machines.")]
Directory = tyro.conf.Positional[Path]
Formula = tyro.conf.Positional[str]


def search(
    space: str = "swish-1",
    task: str = "digits-mlp",
    controller: str = "random",
    budget: int = 1000,
    seed: int = 0,
    out: Path | None = None,
    seeds_per_trial: int = 1,
    batch: int = 64,
    engine: Engine = "auto",
    option: tyro.conf.UseAppendAction[tuple[str, ...]] = (),
    json: Json = False,
) -> None:
    """Search a space; resumes when the directory holds its own run.

    Example: actsearch search --space swish-1 --controller evolution --budget 500 --option population=50

    Layers: actsearch search --space evonorm-s --task digits-anchors --controller pareto --budget 500

    Args:
        space: swish-1, swish-2 or swish-3 for activations; evonorm-b or evonorm-s for whole layers.
        task: what candidates are scored on, names joined by +; see `actsearch tasks`.
        controller: random, exhaustive, evolution or pareto.
        budget: number of trials; a larger one extends a finished run.
        seed: fixes proposals and training.
        out: directory of the archive; made from the other arguments when left out.
        seeds_per_trial: trainings of each candidate.
        batch: proposals between two lessons of the controller.
        engine: auto, interpret or specialize.
        option: a hyperparameter of the controller, NAME=VALUE; may be repeated.
    """
    out = out or Path("runs") / f"{space}-{task}-{controller}-seed{seed}"
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
            report=log,
            explain=_explain,
        )
    rows = funnel(result.trials)
    if json:
        winners = [_winner(trial) for trial in best(result.trials, 10)]
        _print_json({"out": str(out), "funnel": [row._asdict() for row in rows], "best": winners})
        return
    print_table(funnel_table(rows))
    print_table(winners_table(result.trials))
    print(f"{result.seconds:.0f} s, {result.compilations} compilation(s) of the training function; archive: {out}")


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
        _print_json([_winner(trial) for trial in best(trials, count)])
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
    rates = run_audit(trials, get_space(config["space"]), get_tasks(config["task"]), sample=sample, seed=seed)
    if json:
        _print_json({gate: {**row._asdict(), "rate": row.rate._asdict()} for gate, row in rates.items()})
    else:
        print_table(audit_table(rates))


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
    program = _read_formula(formula)
    rows = [_score(program, chosen, seeds, part, engine) for chosen in get_tasks(task)]
    if json:
        _print_json(rows[0] if len(rows) == 1 else rows)
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
    reference = _reference(task)
    results = score_programs(task, [program, reference], range(seeds), part=part, engine=engine, report=_explain)
    mine, theirs = ([row["score"] for row in result.metrics] for result in results)
    found = {"score": bootstrap_mean(mine), "reference": bootstrap_mean(theirs)}
    found["difference"] = paired_difference(mine, theirs)
    names = [site.name for site in sites(lambda layer: task.init(layer, jax.random.key(0)))] if task.layers else []
    return {
        **{"formula": str(program), "task": task.name, "part": part, "seeds": seeds, "sites": names},
        **{name: row._asdict() for name, row in found.items()},
        **{"scores": mine, "reference_formula": str(reference), "reference_scores": theirs},
        "diverged": sum(not math.isfinite(row["loss"]) for row in results[0].metrics),
    }


def _read_formula(formula: str) -> Program:
    """Parses a formula; says so where a layer's offset starts at 1, which is Swish's beta."""
    program = parse(formula)
    if program.reductions and ("beta", 1.0) in program.parameters:
        _explain("beta starts at 1 here, as in Swish; for an offset that starts at 0 write: param beta = 0; ...")
    return program


def _reference(task: Task) -> Program:
    return CATALOG["batch_norm_relu" if task.layers else "relu"].program


def _explain(line: str) -> None:
    print(line, file=sys.stderr)


def show(formula: Formula, out: Path | None = None, json: Json = False) -> None:
    """Show a formula: canonical text, LaTeX, fingerprint, known names, and pictures of its graph and its curve.

    A formula with statistics, such as batch_std(x), is a whole layer and has no curve.

    Example: actsearch show "sigmul(x, x)" --out silu

    Args:
        formula: the activation or layer.
        out: pictures are OUT.png and OUT.svg, the graph, and OUT-curve.png and OUT-curve.svg, the function and its
            derivative; "activation" or "layer" when left out.
    """
    program = _read_formula(formula)
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
        _print_json(facts)
        return
    facts["known_as"] = ", ".join(names) or "-"
    facts["parameters"] = ", ".join(f"{name} = {value:g}" for name, value in program.parameters) or "-"
    if kind == "layer":
        facts["statistics"] = "; ".join(f"{name}: {value}" for name, value in facts["statistics"].items())
    facts["pictures"] = ", ".join(facts["pictures"]) or f"none: more than {MAX_NODES} nodes"
    for name, value in facts.items():
        print(f"{name.replace('_', ' '):12} {value}")


def tasks(measure: bool = True, json: Json = False) -> None:
    """List the tasks: data, network, parameters, steps, rate, and seconds per candidate measured here.

    Example: actsearch tasks

    Args:
        measure: train ReLU, or BatchNorm and ReLU, to measure seconds per candidate, all devices together; about half a
            minute for all. Empty for a task whose data is not on this machine.
    """
    rows = [_task_row(name, measure) for name in TASKS]
    if json:
        _print_json(rows)
        return
    columns = (
        *("task", "data and network", Column("parameters", ",d"), Column("steps", ",d"), Column("batch", "d")),
        *(Column("rate", "g"), Column("s/candidate", ".3f")),
    )
    shown = ("task", "summary", "parameters", "steps", "batch_size", "learning_rate", "seconds_per_candidate")
    print_table(render([[row[key] for key in shown] for row in rows], columns, "Tasks"))
    for rule in dict.fromkeys(row["rate_rule"] for row in rows):
        print(f"{', '.join(row['task'] for row in rows if row['rate_rule'] == rule)}: {rule}.")


def space(name: tyro.conf.Positional[str] = "swish-1", json: Json = False) -> None:
    """Count a space: expressions, functionally distinct ones, and those finite on the probe.

    Example: actsearch space swish-1

    Args:
        name: as for `actsearch search`; larger spaces are only counted as expressions.
    """
    chosen = get_space(name)
    facts: dict[str, Any] = {"space": name, "decisions": len(chosen.decisions), "expressions": chosen.count()}
    if chosen.count() <= 100_000:
        probes = {p.fingerprint: p.finite for p in map(probe, chosen.enumerate())}
        facts |= {"distinct": len(probes), "finite": sum(probes.values())}
    if json:
        _print_json(facts)
        return
    for key, value in facts.items():
        print(f"{key:12} {value:,}" if isinstance(value, int) else f"{key:12} {value}")


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


def main(args: list[str] | None = None) -> int:
    """Runs a command; returns its exit code."""
    use_all_cores()
    commands = {command.__name__: command for command in (search, top, audit, score, show, tasks, space, export)}
    try:
        tyro.extras.subcommand_cli_from_dict(commands, prog="actsearch", description=__doc__, args=args)
    except (ValueError, TypeError, ArchiveError, OSError, ImportError) as error:
        print(f"actsearch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("actsearch: interrupted; the same command goes on where this one stopped.", file=sys.stderr)
        return 130
    return 0


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


def _in_evaluation(reduction: str) -> str:
    across = reduction.startswith("batch_")
    return "moving average at evaluation" if across else "of each example, also at evaluation"


def _winner(trial) -> dict[str, Any]:
    simple = str(simplify(trial.program))
    return {"index": trial.index, "score": trial.score, "program": str(trial.program), "simplified": simple}


def _task_row(name: str, measure: bool) -> dict[str, Any]:
    task = get_task(name)
    network = nnx.eval_shape(lambda: task.init(lambda features: Layer(_reference(task), features), jax.random.key(0)))
    parameters = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))
    recipe = task.recipe
    row = {"task": name, "summary": task.summary, "parameters": parameters, "steps": recipe.steps}
    row |= {"batch_size": recipe.batch_size, "learning_rate": recipe.learning_rate, "rate_rule": recipe.rate_rule}
    return {**row, "seconds_per_candidate": _seconds(task) if measure else None}


def _seconds(task: Task) -> float | None:
    """Returns wall seconds a training, warm, with every device busy; None where the task's data is not here."""
    try:
        scorer = Scorer.specialized(task, _reference(task), seeds=[0])
    except (OSError, ImportError, ValueError):
        return None
    jobs = [Job((), 0)] * len(jax.devices())
    scorer(jobs)
    began = time.perf_counter()
    scorer(jobs)
    return (time.perf_counter() - began) / len(jobs)


def _print_json(value: Any) -> None:
    print(jsonlib.dumps(value, indent=2, allow_nan=False))


if __name__ == "__main__":
    sys.exit(main())

"""The EvoNorm search in miniature: evolve normalisation-activation layers on three small networks, re-rank on a larger.

    python experiments/evonorm_digits.py [--budget 8000] [--out runs/evonorm_digits]

The protocol of Liu et al. (2020) on real digits: graphs of up to ten nodes over a tensor and its statistics (series B),
cheap gates, quality and stability gates, and Pareto tournaments over the validation accuracies on a ResNet, a MobileNet
and an EfficientNet; beside it a random search, with as many trials and then longer, for as many seconds, or up to
30,000 trials. A sample of what each gate rejected is trained in full. The ten best are trained anew with fresh seeds on
the held-out task, 28x28 warped digits and a larger network, at three batch sizes, against published layers, and scored
on test data. Interrupted, the same command goes on.

Hardware: 2 CPU cores. Wall time: 33 minutes, other work beside it; at most 45. Expected: one random graph in a thousand
is accepted, evolution's best (0.931) lies above random search's (0.916 with four times the trials), and none of either
holds up on the held-out task, where BatchNorm layers are best at every batch size; experiments/README.md records what a
run found.

Different from the paper: window 200 for 2,500, tournaments of 10 % for 5 %, digits for CIFAR-10 and ImageNet, 4 groups,
150 steps with a cosine schedule and no weight decay, and the quality gate after 40 steps.
"""

import argparse
import functools
import json
import time
from collections.abc import Sequence
from pathlib import Path

import jax

import actsearch
from actsearch.analysis.funnel import best, funnel
from actsearch.analysis.statistics import Interval, bootstrap_mean, paired_difference
from actsearch.archive.frames import to_parquet
from actsearch.catalog import CATALOG, LAYER_BASELINES
from actsearch.evaluation import score_programs, use_all_cores
from actsearch.evaluation.audit import audit
from actsearch.language import Program
from actsearch.nn import sites
from actsearch.report import fronts as pictures
from actsearch.report import plots
from actsearch.report.genealogy import genealogy
from actsearch.report.graph import graph
from actsearch.report.progress import ProgressLog
from actsearch.report.style import save
from actsearch.report.tables import Column, audit_table, funnel_table, render, show
from actsearch.spaces import get_space
from actsearch.tasks import ANCHORS, get_task, get_tasks
from actsearch.trials.trial import Trial

SPACE, ANCHOR_SET = "evonorm-b", "digits-anchors"
EVOLUTION = {"window": 200, "tournament": 0.1}
HELD_OUT = {64: "warped-resnet-layer", 16: "warped-resnet-layer-batch16", 4: "warped-resnet-layer-batch4"}
FRESH_SEEDS = tuple(range(100, 105))
WINNERS = 10
BATCH = 128  # proposals between two lessons
REFERENCE = "batch_norm_relu"
say = functools.partial(print, flush=True)

Scores = dict[int, dict[str, list[float]]]
"""Batch size -> layer -> test accuracy for each fresh seed."""


def main():
    """Searches, audits, re-ranks, prints and draws."""
    args = _arguments()
    began = time.perf_counter()
    use_all_cores()
    args.out.mkdir(parents=True, exist_ok=True)
    # The two searches and the audit share their compiled trainings through this cache.
    jax.config.update("jax_compilation_cache_dir", str(args.out / "compiled"))
    _print_sites()

    evolved = _search("pareto", args.budget, args.out, EVOLUTION)
    drawn = _search("random", args.budget, args.out)
    longer = _equal_time(drawn, evolved, args.out, most=args.most_random)
    _print_searches(evolved, drawn, longer)
    if not best(evolved, 1):
        say("The evolution accepted no layer: give it a larger --budget.")
        return
    rejects = audit(evolved + longer, get_space(SPACE), get_tasks(ANCHOR_SET), sample=args.audit)
    show(audit_table(rejects))
    say(f"Searched and audited in {time.perf_counter() - began:.0f} s.\n")

    contenders, origins = _contenders(evolved, longer)
    scores = {size: _verify(task, contenders, args.out) for size, task in HELD_OUT.items()}
    _print_ranking(scores, origins)
    record = {"origins": origins, "seeds": FRESH_SEEDS, "scores": scores}
    record["searches"] = {"evolution": len(evolved), "random": len(drawn), "random, longer": len(longer)}
    record["audit"] = {gate: row._asdict() for gate, row in rejects.items()}
    record["wall_seconds"] = round(time.perf_counter() - began)
    _write(args.out / "verification.json", record)
    to_parquet(evolved, args.out / "evolution.parquet")
    to_parquet(longer, args.out / "random.parquet")
    _draw(args.out / "figures", evolved, scores)
    say(f"\n{record['wall_seconds']} s in all; archives, tables, verification.json and figures: {args.out}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=int, default=8000, help="graphs that evolution proposes")
    parser.add_argument("--most-random", type=int, default=30_000, help="most graphs of the random search")
    parser.add_argument("--audit", type=int, default=15, help="rejects of each gate to train in full")
    parser.add_argument("--out", type=Path, default=Path("runs/evonorm_digits"), help="directory of the run")
    return parser.parse_args()


def _print_sites() -> None:
    """Prints where each network puts a candidate."""
    for name in (*ANCHORS, HELD_OUT[64]):
        task = get_task(name)
        found = sites(lambda layer, task=task: task.init(layer, jax.random.key(0)))
        say(f"{name}: {', '.join(f'{site.name} ({site.features})' for site in found)}")


def _search(controller: str, budget: int, out: Path, options=None) -> list[Trial]:
    with ProgressLog(f"{controller} on {ANCHOR_SET}") as log:
        where = out / controller
        found = actsearch.search(
            SPACE, ANCHOR_SET, controller, budget, out=where, batch=BATCH, options=options, report=log
        )
    return found.trials


def _equal_time(drawn: list[Trial], evolved: list[Trial], out: Path, most: int) -> list[Trial]:
    """Extends the random search until its trials have cost what evolution's cost, or it has `most` trials."""
    cost = _seconds(evolved)
    while _seconds(drawn) < cost and len(drawn) < most:
        wanted = len(drawn) * cost / max(_seconds(drawn), 1.0)
        drawn = _search("random", min(most, max(len(drawn) + 64, round(wanted))), out)
    return drawn


def _seconds(trials: Sequence[Trial]) -> float:
    return sum(trial.seconds for trial in trials)


def _print_searches(evolved: list[Trial], drawn: list[Trial], longer: list[Trial]) -> None:
    """Prints the funnel of each search, and what its best layers scored."""
    rows = []
    searches = {"evolution": evolved, "random, equal trials": drawn, "random, longer": longer}
    for name, trials in searches.items():
        show(funnel_table(funnel(trials), f"What became of the candidates: {name}"))
        top = [trial.score for trial in best(trials, WINNERS)]
        mean = sum(top) / len(top) if top else None
        rows.append((name, len(trials), _seconds(trials), len(best(trials, 10**6)), max(top, default=None), mean))
    heads = ("search", Column("trials", ",d"), Column("seconds", ",.0f"), Column("accepted", ",d"))
    title = "Mean validation accuracy over the three networks, one seed: the best of many are flattered by luck"
    show(render(rows, (*heads, Column("best", ".4f"), Column(f"mean of best {WINNERS}", ".4f")), title))


def _contenders(evolved: list[Trial], drawn: list[Trial]) -> tuple[dict[str, Program], dict[str, str]]:
    """Returns the layers to re-rank and the origin of each, by name: published ones and the best of the searches."""
    programs = {name: CATALOG[name].program for name in LAYER_BASELINES}
    origins = dict.fromkeys(programs, "published")
    for origin, trials, count in (("evolution", evolved, WINNERS), ("random", drawn, 3)):
        for rank, trial in enumerate(best(trials, count), start=1):
            program = actsearch.simplify(trial.program)
            programs[f"{origin} #{rank}"], origins[f"{origin} #{rank}"] = program, str(program)
    return programs, origins


def _verify(task: str, programs: dict[str, Program], out: Path) -> dict[str, list[float]]:
    """Trains every layer with fresh seeds, or reads what an interrupted run kept; returns test accuracies by name."""
    kept = out / f"{task}.json"
    found: dict[str, list[float]] = json.loads(kept.read_text()) if kept.exists() else {}
    texts = {name: str(program) for name, program in programs.items()}
    missing = {name: programs[name] for name, text in texts.items() if text not in found}
    if missing:
        results = score_programs(
            get_task(task), list(missing.values()), FRESH_SEEDS, part="test", engine="interpret", report=say
        )
        scores = [[row["score"] for row in result.metrics] for result in results]
        found |= {texts[name]: row for name, row in zip(missing, scores, strict=True)}
        _write(kept, found)
    return {name: found[text] for name, text in texts.items()}


def _print_ranking(scores: Scores, origins: dict[str, str]) -> None:
    """Prints test accuracy at each batch size and the paired difference to the reference, the best first."""
    first = scores[next(iter(scores))]
    rows = []
    for name in sorted(first, key=lambda name: -sum(first[name])):
        row: list = [name]
        for by_layer in scores.values():
            gain = paired_difference(by_layer[name], by_layer[REFERENCE])
            row += [_percent(bootstrap_mean(by_layer[name])), _percent(gain)]
        rows.append([*row, origins[name]])
    heads = [
        Column(head, spec) for size in scores for head, spec in ((f"batch {size}", ".1f"), ("minus BN-ReLU", "+.1f"))
    ]
    title = f"{HELD_OUT[64]}, test accuracy in %, {len(FRESH_SEEDS)} fresh seeds: mean and 95 % bootstrap interval"
    show(render(rows, ("layer", *heads, "formula"), title))


def _percent(row: Interval) -> Interval:
    return Interval(*(100 * value for value in row))


def _write(path: Path, record) -> None:
    temporary = path.with_suffix(".json.new")
    temporary.write_text(json.dumps(record, indent=1) + "\n")
    temporary.replace(path)


def _draw(folder: Path, evolved: list[Trial], scores: Scores) -> None:
    """Writes the figures as PNG and SVG."""
    winner = best(evolved, 1)[0]
    save(pictures.funnel_bars(funnel(evolved)), folder / "funnel")
    save(pictures.pareto_fronts(evolved, ANCHORS), folder / "fronts")
    save(genealogy(evolved, winner.index), folder / "genealogy")
    save(graph(actsearch.simplify(winner.program), title="The best of the search"), folder / "winner")
    by_layer = {name: {size: scores[size][name] for size in sorted(scores)} for name in scores[next(iter(scores))]}
    shown = [*LAYER_BASELINES, *[f"evolution #{rank}" for rank in range(1, 4)]]
    save(pictures.score_by_batch({name: by_layer[name] for name in shown if name in by_layer}), folder / "batch_sizes")
    save(plots.search_progress(evolved, f"Evolution of layers on {ANCHOR_SET}"), folder / "progress")


if __name__ == "__main__":
    main()

"""Which controller for which space? The same budget for each, five times over, and the winners verified.

    python experiments/compare_controllers.py [--spaces swish-2] [--repeats 5] [--out runs/compare]

Two studies: `swish-2`, two core units (1.6e8 expressions) on digits-resnet, and `evonorm-b`, the EvoNorm miniature:
graphs of ten nodes (about 6.8e31 genotypes) on one of its anchors, digits-resnet-layer. Every controller gets the same
number of trials, of which a share may train promising candidates again; each run ends with its incumbent, the candidate
with the highest lower confidence bound. Incumbents and published functions are then trained with fresh seeds and scored
on test data. Interrupted, the same command goes on.

Hardware: 2 CPU cores. Wall time: see docs/studies/controllers_large_spaces.md, with what a run found.
"""

import itertools
from pathlib import Path

import tyro
from _card import machine, searched, verified, write_json

from actsearch import controllers as c
from actsearch import report, simplify
from actsearch.analysis import best_so_far, bootstrap_mean, compare_runs
from actsearch.archive import open_run
from actsearch.catalog import BASELINES, CATALOG, LAYER_BASELINES, SWISH_PAPER
from actsearch.evaluation import use_all_cores

HERE, BUDGET = Path(__file__).parent, 320
FIGURES = HERE.parent / "docs" / "figures"
LEARNED = {"random": c.Random(), "ppo": c.PPO(), "surrogate": c.Surrogate()}
SWISH = {"evolution": c.RegularizedEvolution(population=50, sample=10), "gflownet": c.GFlowNet(), **LEARNED}
# Few graphs are accepted, about 15 of 1,000: a population of 50 would never be full, and two repeats in 100 are many.
LAYERS = {"evolution": c.RegularizedEvolution(population=8, sample=4, mutation=0.5), **LEARNED}
LAYERS |= {"pareto": c.ParetoEvolution(window=200, tournament=0.1)}
STUDIES = {  # task, batch, share of the trials that may train promising candidates again, published, controllers
    "swish-2": ("digits-resnet", 32, 0.1, (*BASELINES, *SWISH_PAPER), SWISH),
    "evonorm-b": ("digits-resnet-layer", 64, 0.02, LAYER_BASELINES, LAYERS),
}


def main(spaces: tuple[str, ...] = tuple(STUDIES), repeats: int = 5, out: Path = Path("runs/compare")) -> None:
    """Search, verify, print and draw studies; `repeats` is the number of runs of each controller."""
    use_all_cores()
    for space in spaces:
        compare(space, *STUDIES[space], repeats, out)


def compare(space, task, batch, share, published, controllers, repeats, out) -> None:
    """Compares the controllers of one study."""
    runs = {}
    for label, seed in itertools.product(controllers, range(repeats)):
        controller, folder = c.Repeated(controllers[label], share=share), out / space / f"{label}-{seed}"
        searched(space, task, controller, BUDGET, folder, seed=seed, batch=batch)
        runs[f"{label} #{seed}"] = open_run(folder)
    comparison = compare_runs(list(runs.values()))
    report.show(report.regret_table(comparison))
    report.save(report.regret_curves(comparison, comparison.where), FIGURES / f"compare_{space}")

    programs = {name: CATALOG[name].program for name in published}
    incumbents = {name: run.incumbent for name, run in runs.items() if run.incumbent is not None}
    programs |= {name: simplify(stats.program) for name, stats in incumbents.items()}
    verification, by_task = verified(programs, task, 8)
    means = {}
    for label in controllers:
        rows = [row for name, row in by_task[task].items() if name.startswith(f"{label} #")]
        means[label] = bootstrap_mean([sum(row) / len(row) for row in rows]) if rows else None
    report.show(report.render(means.items(), ("controller", report.Column("incumbents, test", ".4f"))))
    curves = [(name.partition(" #")[0], best_so_far(run.outcomes)) for name, run in runs.items()]
    record = {"space": space, "task": task, "budget": BUDGET, "reference": comparison.reference}
    record |= {"runs": [{"controller": label, "best_so_far": list(curve)} for label, curve in curves]}
    record |= {"seeds": verification.seeds, "scores": by_task[task], "verified": means}
    record |= {"incumbents": {name: stats.mean for name, stats in incumbents.items()}}
    record |= {"programs": {name: str(program) for name, program in programs.items()}}
    write_json(HERE / "results" / f"compare_{space}.json", machine() | record)


if __name__ == "__main__":
    tyro.cli(main)

"""Which controller for which space? The same budget for each, five times over, and the winners verified.

    python experiments/compare_controllers.py [--studies swish-2] [--repeats 5] [--out runs/compare]

Two studies: `swish-2`, two core units (1.6e8 expressions) on digits-resnet, and `evonorm-b`, the EvoNorm miniature:
graphs of ten nodes (about 1e34 genotypes) on one of its anchors, digits-resnet-layer. Every controller gets the same
number of trials, of which a share may train promising candidates again; each run ends with its incumbent, the candidate
with the highest lower confidence bound. Incumbents and published functions are then trained with fresh seeds and scored
on test data. Interrupted, the same command goes on.

Hardware: 2 CPU cores. Wall time: see experiments/README.md, which also records what a run found.
"""

import itertools
from pathlib import Path
from typing import Any, NamedTuple

import jax
import tyro
from _card import machine, searched, verified, write_json

from actsearch import report, simplify
from actsearch.analysis import best_so_far, bootstrap_mean, compare_runs
from actsearch.archive import Run, open_run
from actsearch.catalog import BASELINES, CATALOG, LAYER_BASELINES, SWISH_PAPER
from actsearch.controllers import (
    PPO,
    Controller,
    GFlowNet,
    ParetoEvolution,
    Random,
    RegularizedEvolution,
    Repeated,
    Surrogate,
)
from actsearch.evaluation import use_all_cores

HERE = Path(__file__).parent


class Study(NamedTuple):
    """One comparison: `again` is the share of the trials that may train promising candidates again."""

    task: str
    batch: int
    again: float
    controllers: dict[str, Controller]
    published: tuple[str, ...]


SWISH = {"random": Random(), "evolution": RegularizedEvolution(population=50, sample=10)}
SWISH |= {"ppo": PPO(), "gflownet": GFlowNet(), "surrogate": Surrogate()}
# A random search accepts about 15 of 1,000 graphs: a population of 50 would never be full.
LAYERS = {"random": Random(), "evolution": RegularizedEvolution(population=8, sample=4, mutation=0.5)}
LAYERS |= {"pareto": ParetoEvolution(window=200, tournament=0.1), "ppo": PPO(), "surrogate": Surrogate()}
STUDIES = {
    "swish-2": Study("digits-resnet", 32, 0.1, SWISH, (*BASELINES, *SWISH_PAPER)),
    # Few graphs are accepted, so that two trainings again in a hundred trials are many.
    "evonorm-b": Study("digits-resnet-layer", 64, 0.02, LAYERS, LAYER_BASELINES),
}


def main(
    studies: tuple[str, ...] = tuple(STUDIES), repeats: int = 5, budget: int = 320, out: Path = Path("runs/compare")
) -> None:
    """Search, verify, print and draw each study; `repeats` is the number of runs of each controller."""
    use_all_cores()
    for space in studies:
        study, folder = STUDIES[space], out / space
        jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))  # all runs share a compiled training
        runs = {}
        for label, seed in itertools.product(study.controllers, range(repeats)):
            controller, directory = Repeated(study.controllers[label], share=study.again), folder / f"{label}-{seed}"
            searched(space, study.task, controller, budget, directory, seed=seed, batch=study.batch)
            runs[f"{label} #{seed}"] = open_run(directory)
        comparison = compare_runs(list(runs.values()))
        report.show(report.regret_table(comparison))
        report.save(report.regret_curves(comparison, comparison.where), HERE / "figures" / f"compare_{space}")
        curves = [(name.partition(" #")[0], best_so_far(run.outcomes)) for name, run in runs.items()]
        record = {"space": space, "task": study.task, "budget": budget, "reference": comparison.reference}
        record["runs"] = [{"controller": label, "best_so_far": curve.round(5).tolist()} for label, curve in curves]
        record |= verify(study, runs)
        write_json(HERE / "results" / f"compare_{space}.json", machine() | record)


def verify(study: Study, runs: dict[str, Run]) -> dict[str, Any]:
    """Trains incumbents and published functions with fresh seeds; prints and returns their test scores."""
    programs = {name: CATALOG[name].program for name in study.published}
    incumbents = {name: run.incumbent for name, run in runs.items() if run.incumbent is not None}
    programs |= {name: simplify(stats.program) for name, stats in incumbents.items()}
    verification, by_task = verified(programs, study.task, 8)
    scores, means = by_task[study.task], dict.fromkeys(study.controllers)
    for label in study.controllers:
        own = [sum(row) / len(row) for name, row in scores.items() if name.startswith(f"{label} #")]
        means[label] = bootstrap_mean(own) if own else None
    columns = ("controller", report.Column("incumbents, test", ".4f"))
    report.show(report.render(means.items(), columns, "Mean over the runs of each controller"))
    texts = {name: str(program) for name, program in programs.items()}
    promised = {name: stats.mean for name, stats in incumbents.items()}
    record = {"seeds": verification.seeds, "scores": scores, "programs": texts, "verified": means}
    return record | {"incumbents": promised}


if __name__ == "__main__":
    tyro.cli(main)

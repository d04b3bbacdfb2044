"""Which controller for which space? The same budget for each, five times over, and the winners verified.

    python experiments/compare_controllers.py [STUDY ...] [--repeats 5] [--out runs/compare_controllers]

Two studies: `swish-2`, two core units (1.6e8 expressions) on digits-resnet, and `evonorm-b`, the EvoNorm miniature:
graphs of ten nodes (about 1e34 genotypes) on one of its anchors, digits-resnet-layer. Every controller gets the same
number of trials, of which a share may train promising candidates again; each run ends with its incumbent, the candidate
with the highest lower confidence bound. Incumbents and published functions are then trained with fresh seeds and scored
on test data. Interrupted, the same command goes on.

Hardware: 2 CPU cores. Wall time: see experiments/README.md, which also records what a run found.
"""

import argparse
import functools
import itertools
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax

import actsearch
from actsearch.analysis.regret import Run, best_so_far, compare, regret_curves
from actsearch.analysis.statistics import bootstrap_mean, paired_difference
from actsearch.archive.archive import Archive
from actsearch.catalog import BASELINES, CATALOG, LAYER_BASELINES, SWISH_PAPER
from actsearch.evaluation import score_programs, use_all_cores
from actsearch.language import Program
from actsearch.report.progress import ProgressLog
from actsearch.report.style import save
from actsearch.report.tables import Column, render, show
from actsearch.tasks import get_task
from actsearch.trials.ranking import incumbent

HERE = Path(__file__).parent
FRESH_SEEDS = tuple(range(100, 108))
say = functools.partial(print, flush=True)


class Study(NamedTuple):
    """One comparison.

    Attributes:
      space: its name.
      task: what candidates are trained on.
      budget: trials of each run.
      batch: proposals between two lessons.
      again: share of the trials that may train promising candidates again.
      controllers: label -> controller and options.
      baselines: names in the catalogue, verified beside the incumbents; the first is the reference.
    """

    space: str
    task: str
    budget: int
    batch: int
    again: float
    controllers: dict[str, tuple[str, dict[str, Any]]]
    baselines: tuple[str, ...]


STUDIES = {
    "swish-2": Study(
        "swish-2",
        "digits-resnet",
        320,
        32,
        0.1,
        {
            "random": ("random", {}),
            "evolution": ("evolution", {"population": 50, "sample": 10}),
            "ppo": ("ppo", {}),
            "gflownet": ("gflownet", {}),
            "surrogate": ("surrogate", {}),
        },
        ("relu", *(name for name in (*BASELINES, *SWISH_PAPER) if name != "relu")),
    ),
    "evonorm-b": Study(
        "evonorm-b",
        "digits-resnet-layer",
        320,
        64,
        0.02,  # few graphs are accepted, so that two trainings again in a hundred trials are many
        {
            "random": ("random", {}),
            # A random search accepts about 15 of 1,000 graphs: a population of 50 would never be full.
            "evolution": ("evolution", {"population": 8, "sample": 4, "mutation": 0.5}),
            "pareto": ("pareto", {"window": 200, "tournament": 0.1}),
            "ppo": ("ppo", {}),
            "surrogate": ("surrogate", {}),
        },
        ("batch_norm_relu", *(name for name in LAYER_BASELINES if name != "batch_norm_relu")),
    ),
}


def main():
    """Searches, verifies, prints and draws each study."""
    args = _arguments()
    use_all_cores()
    for name in args.studies or STUDIES:
        began = time.perf_counter()
        folder = args.out / name
        folder.mkdir(parents=True, exist_ok=True)
        # All runs of a study share one compiled training through this cache.
        jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)
        runs = {
            (label, repeat): _search(STUDIES[name], label, repeat, folder / f"{label}-{repeat}")
            for label, repeat in itertools.product(STUDIES[name].controllers, range(args.repeats))
        }
        found = compare([run for run, _ in runs.values()])
        _print_regret(name, found)
        save(regret_curves(found, f"{name} on {STUDIES[name].task}"), HERE / "figures" / f"compare_{name}")
        record = _verify(STUDIES[name], {key: run for key, (run, _) in runs.items()})
        record |= _searches(STUDIES[name], runs, found)
        record["wall_seconds"] = round(time.perf_counter() - began)
        path = HERE / "results" / f"compare_{name}.json"
        path.write_text(json.dumps(record) + "\n")
        say(f"{record['wall_seconds']} s; {path}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="*", choices=[[], *STUDIES], help="both when left out")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each controller, with seeds from 0")
    parser.add_argument("--out", type=Path, default=Path("runs/compare_controllers"), help="directory of the archives")
    return parser.parse_args()


def _search(study: Study, label: str, seed: int, out: Path) -> tuple[Run, float | None]:
    """Returns a run and the seconds of it that were neither gates nor training, None where it was resumed."""
    controller, options = study.controllers[label]
    with ProgressLog(f"{label} #{seed} on {study.task}") as log:
        result = actsearch.search(
            *(study.space, study.task, controller, study.budget),
            **{"seed": seed, "batch": study.batch, "options": options, "repeats": study.again},
            out=out,
            report=log,
        )
    with Archive.read(out) as archive:
        config = {**archive.config, "controller": label}
    own = result.seconds - sum(trial.seconds for trial in result.trials)
    return Run(str(out), config, result.trials), own if own > 0 else None


def _print_regret(name: str, found) -> None:
    rows = [
        [label, len(group.runs), bootstrap_mean([curve[-1] for curve in group.curves]), *group.regret]
        for label, group in found.groups.items()
    ]
    heads = [Column(f"regret after {budget:,}", ".4f") for budget in found.budgets]
    show(render(rows, ("controller", "runs", Column("best score", ".4f"), *heads), f"{name}: mean and 95 % interval"))


def _searches(study: Study, runs, found) -> dict[str, Any]:
    """Returns what the searches did, as JSON has it."""
    rows = []
    for (label, seed), (run, seconds) in runs.items():
        statuses = [trial.status for trial in run.trials]
        rows.append(
            {
                **{"controller": label, "seed": seed, "controller_seconds": seconds},
                "scoring_seconds": sum(trial.seconds for trial in run.trials),
                "statuses": {status: statuses.count(status) for status in sorted(set(statuses))},
                "best_so_far": [round(float(score), 5) for score in best_so_far(run.trials)],
            }
        )
    facts = {"space": study.space, "task": study.task, "budget": study.budget, "reference": found.reference}
    return {**facts, "batch": study.batch, "again": study.again, "runs": rows}


def _verify(study: Study, runs: dict[tuple[str, int], Run]) -> dict[str, Any]:
    """Trains incumbents and baselines with fresh seeds; returns and prints test scores with intervals."""
    programs: dict[str, Program] = {name: CATALOG[name].program for name in study.baselines}
    chosen = {key: found for key, run in runs.items() if (found := incumbent(run.trials))}
    programs |= {f"{label} #{seed}": actsearch.simplify(found.program) for (label, seed), found in chosen.items()}
    results = score_programs(get_task(study.task), list(programs.values()), FRESH_SEEDS, part="test", report=say)
    scores = {name: [row["score"] for row in result.metrics] for name, result in zip(programs, results, strict=True)}
    reference = scores[study.baselines[0]]
    rows = [
        (name, str(programs[name])[:70], bootstrap_mean(row), paired_difference(row, reference))
        for name, row in sorted(scores.items(), key=lambda item: -sum(item[1]))
    ]
    columns = ("name", "program", Column("test accuracy", ".4f"), Column(f"minus {study.baselines[0]}", "+.4f"))
    show(render(rows, columns, f"{study.space} on {study.task}: {len(FRESH_SEEDS)} fresh seeds, test data"))
    by_controller = {}
    for label in study.controllers:
        means = [sum(row) / len(row) for name, row in scores.items() if name.startswith(f"{label} #")]
        by_controller[label] = bootstrap_mean(means) if means else None
    rows = [(label, interval) for label, interval in by_controller.items()]
    show(render(rows, ("controller", Column("incumbents, test", ".4f")), "Mean over the runs of each controller"))
    return {
        **{"seeds": FRESH_SEEDS, "scores": scores, "programs": {name: str(p) for name, p in programs.items()}},
        "incumbents": {f"{label} #{seed}": found.mean for (label, seed), found in chosen.items()},
        "verified": {label: list(row) if row else None for label, row in by_controller.items()},
    }


if __name__ == "__main__":
    main()

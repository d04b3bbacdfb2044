"""Layers evolved where normalisation is needed: six residual blocks on photographs, at a rate that fails without it.

    python experiments/evonorm_photos.py [--budget 6000] [--out runs/evonorm_photos]

The search of Liu et al. (2020) on one network, graphs of up to ten nodes with batch statistics (series B), every gate,
regularised evolution. The digits of `evonorm_digits.py` train without normalisation, and its winners had none. The best
eight are trained anew with fresh seeds against published layers, each at its best of three rates: on that network, on
larger patches, and on warped digits.

Resumable. What a run found: docs/studies/evonorm_photos.md.
"""

from pathlib import Path

import tyro
from _card import machine, searched, verified, write_json

from actsearch import report, simplify
from actsearch.analysis import funnel
from actsearch.catalog import CATALOG, LAYER_BASELINES
from actsearch.controllers import ParetoEvolution
from actsearch.evaluation import use_all_cores
from actsearch.trials.ranking import best

SPACE, TASK = "evonorm-b", "photos-resnet-layer"
HELD_OUT = ("photos-resnet-layer-24", "warped-resnet-layer")


def main(budget: int = 6_000, finalists: int = 8, seeds: int = 6, out: Path = Path("runs/evonorm_photos")) -> None:
    """Search and verify; `seeds` are the fresh ones."""
    use_all_cores()
    controller = ParetoEvolution(window=200, tournament=0.1)
    trials = searched(SPACE, TASK, controller, budget, out / "run", batch=256)
    report.show(report.funnel_table(funnel(trials), f"Evolution on {TASK}"))
    programs = {name: CATALOG[name].program for name in LAYER_BASELINES}
    programs |= {f"evolution #{i}": simplify(trial.program) for i, trial in enumerate(best(trials, finalists), 1)}
    for task in (TASK, *HELD_OUT):
        verification, scores = verified(programs, task, seeds, rate_scales=(1.0, 0.5, 2.0))
        write_json(out / f"{task}.json", machine() | verification.to_json() | {"scores": scores})


if __name__ == "__main__":
    tyro.cli(main)

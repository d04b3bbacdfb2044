"""Activations for a photograph as a function of coordinates: does the search find periodic units, and do they hold?

    python experiments/sine_inr.py [--out runs/sine_inr]

Every function of the one-unit space is trained on one photograph with three seeds and scored on pixels that it never
saw. The best eight and published units are trained anew with fresh seeds, each at its best of three rates, on that
photograph and on another one.

Resumable. It has not been run to its end yet.
"""

from pathlib import Path

import tyro
from _card import BATCH, machine, searched, verified, write_json

from actsearch import simplify
from actsearch.catalog import CATALOG
from actsearch.evaluation import TrainingEvaluator, use_all_cores
from actsearch.spaces import get_space
from actsearch.trials.ranking import best

SPACE, TASK, OTHER = "swish-1", "inr-photo", "inr-photo-2"
KNOWN = ("relu", "gelu", "silu", "tanh", "sine", "gaussian", "snake", "identity")


def main(out: Path = Path("runs/sine_inr"), finalists: int = 8, seeds: int = 8) -> None:
    """Search and verify; `seeds` are the fresh ones."""
    use_all_cores()
    space = get_space(SPACE)
    evaluator = TrainingEvaluator(space, TASK, seeds=(0, 1, 2), budget=space.count())
    trials = searched(SPACE, evaluator, "exhaustive", space.count(), out / "run", batch=BATCH)
    programs = {name: CATALOG[name].program for name in KNOWN}
    programs |= {f"search #{i}": simplify(trial.program) for i, trial in enumerate(best(trials, finalists), 1)}
    verification, scores = verified(programs, f"{TASK}+{OTHER}", seeds, rate_scales=(1.0, 0.5, 2.0))
    write_json(out / "verification.json", machine() | verification.to_json() | {"scores": scores})


if __name__ == "__main__":
    tyro.cli(main)

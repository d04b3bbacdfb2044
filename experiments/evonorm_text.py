"""Normalisers for a language model: statistics of the features, or pointwise maps in their place.

    python experiments/evonorm_text.py [--out runs/evonorm_text]

Every member of the space `norm` is trained as the five normalisers of a small Transformer with three seeds. The best
eight and the published normalisers are trained anew with fresh seeds, each at its best of four rates, since a rate at
which a network needs no normaliser tells nothing about normalisers.

Resumable. It has not been run to its end yet.
"""

from pathlib import Path

import tyro
from _card import BATCH, machine, searched, verified, write_json

from actsearch import parse, simplify
from actsearch.catalog import CATALOG
from actsearch.evaluation import TrainingEvaluator, use_all_cores
from actsearch.spaces import get_space
from actsearch.trials.ranking import best

SPACE, TASK = "norm", "text-norm"
KNOWN = ("layer_norm", "rms_norm", "dyt", "derf")
NONE = parse("x * gamma + shift")
"""No normaliser: the affine map alone."""


def main(
    out: Path = Path("runs/evonorm_text"),
    finalists: int = 8,
    seeds: int = 8,
    rates: tuple[float, ...] = (1.0, 0.5, 2.0, 3.0),
) -> None:
    """Search and verify; `seeds` are the fresh ones."""
    use_all_cores()
    space = get_space(SPACE)
    evaluator = TrainingEvaluator(space, TASK, seeds=(0, 1, 2), budget=space.count())
    trials = searched(SPACE, evaluator, "exhaustive", space.count(), out / "run", batch=BATCH)
    programs = {name: CATALOG[name].program for name in KNOWN} | {"none": NONE}
    programs |= {f"search #{i}": simplify(trial.program) for i, trial in enumerate(best(trials, finalists), 1)}
    for name, factors in {"best rate": rates, "three times the rate": (3.0,)}.items():
        verification, scores = verified(programs, TASK, seeds, rate_scales=factors)
        path = out / f"{name.replace(' ', '_')}.json"
        write_json(path, machine() | verification.to_json() | {"scores": scores})


if __name__ == "__main__":
    tyro.cli(main)

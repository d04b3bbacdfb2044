"""Activations for a photograph as a function of coordinates: does the search find periodic units, and do they hold?

    python experiments/sine_inr.py [--out runs/sine_inr]

Every function of the one-unit space is trained on one photograph with three seeds and scored on pixels that it never
saw. The best eight and published units are trained anew with fresh seeds, each at its best of four rates, on that
photograph and on another one.

Resumable. Hardware and wall time: docs/studies/sine_inr.md.
"""

from pathlib import Path

import tyro
from _card import BATCH, different, machine, places, searched, verified, write_json

from actsearch import fingerprint, parse, report
from actsearch.catalog import CATALOG
from actsearch.evaluation import TrainingEvaluator, use_all_cores
from actsearch.spaces import get_space
from actsearch.trials.ranking import rank

SPACE, TASK, OTHER = "swish-1", "inr-photo", "inr-photo-2"
RATES = (1.0, 2.0, 4.0, 8.0)
KNOWN = ("relu", "gelu", "silu", "tanh", "sine", "gaussian", "snake", "identity")
TUNED = {"SIREN's sine": parse("sin(30 * x)"), "sine, 5": parse("sin(5 * x)"), "gaussian, 5": parse("gauss(5 * x)")}
"""Units with the frequency or width that this literature tunes by hand (Sitzmann et al. 2020, section 3.2: 30)."""


def main(out: Path = Path("runs/sine_inr"), finalists: int = 8, seeds: int = 8) -> None:
    """Search and verify; `seeds` are the fresh ones."""
    use_all_cores()
    space = get_space(SPACE)
    evaluator = TrainingEvaluator(space, TASK, seeds=(0, 1, 2), budget=space.count())
    trials = searched(SPACE, evaluator, "exhaustive", space.count(), out / "run", batch=BATCH)
    programs = {name: CATALOG[name].program for name in KNOWN} | TUNED
    found = different([row.program for row in rank(trials)], finalists, known=programs.values())
    programs |= {f"search #{i}": program for i, program in enumerate(found, 1)}
    report.save(
        report.draw_curves({str(program): program for program in found}, title=f"The best of {TASK}"), out / "winners"
    )
    verification, scores = verified(programs, f"{TASK}+{OTHER}", seeds, rate_scales=RATES)
    ranks = {name: places(trials).get(fingerprint(program)) for name, program in programs.items()}
    write_json(out / "verification.json", machine() | verification.to_json() | {"scores": scores, "ranks": ranks})


if __name__ == "__main__":
    tyro.cli(main)

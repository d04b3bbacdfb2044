"""Activations for a language model: the one-unit space on the feed-forward of a small Transformer.

    python experiments/swish_text.py [--out runs/swish_text] [--short runs/exhaustive/swish-1/text-ffn-short]

Every function of the space is trained for 200 steps with three seeds (the table `swish-1-text` reads the same run), the
best tenth for 800 steps with three other seeds, and the best eight of these beside published units with fresh seeds: on
the same task, each function at its best of three rates; then four times as long, at twice the width, and under Muon.

Resumable. It has not been run to its end yet.
"""

from pathlib import Path

import tyro
from _card import BATCH, machine, promoted, searched, verified, write_json

from actsearch import simplify
from actsearch.catalog import CATALOG
from actsearch.evaluation import TrainingEvaluator, use_all_cores
from actsearch.spaces import get_space
from actsearch.trials.ranking import best

SPACE = "swish-1"
KNOWN = ("relu", "gelu", "silu", "swish", "squared_relu", "tanh", "identity")


def main(
    out: Path = Path("runs/swish_text"),
    short: Path = Path("runs/exhaustive/swish-1/text-ffn-short"),
    promote: int = 400,
    finalists: int = 8,
    seeds: int = 8,
) -> None:
    """Search, promote, verify; `seeds` are the fresh ones."""
    use_all_cores()
    space = get_space(SPACE)
    screen = TrainingEvaluator(space, "text-ffn-short", seeds=(0, 1, 2), budget=space.count())
    trials = searched(SPACE, screen, "exhaustive", space.count(), short, batch=BATCH)
    longer = promoted(SPACE, "text-ffn", trials, promote, out / "promoted", seeds=(10, 11, 12))
    programs = {name: CATALOG[name].program for name in KNOWN}
    programs |= {f"search #{i}": simplify(trial.program) for i, trial in enumerate(best(longer, finalists), 1)}
    parts = {"text-ffn": (1.0, 0.5, 2.0), "text-ffn-long": (1.0,), "text-ffn-wide": (1.0,), "text-ffn-muon": (1.0,)}
    for task, rates in parts.items():
        verification, scores = verified(programs, task, seeds, rate_scales=rates)
        write_json(out / f"{task}.json", machine() | verification.to_json() | {"scores": scores})


if __name__ == "__main__":
    tyro.cli(main)

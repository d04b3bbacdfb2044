"""Activations for a language model: the one-unit space on the feed-forward of a small Transformer.

    python experiments/swish_text.py [--out runs/swish_text]

A ladder whose first rung costs nothing: the table of the space on `digits-mlp`, the cheapest proxy that predicts a
Transformer (studies/fidelity.md), names the best 240 functions. These are trained for 200 steps, the best 24 of them
for 800 with two other seeds, and the best four of these beside published units with fresh seeds: on the same task, each
function at its best of three rates; then under Muon, at twice the width, and four times as long.

Resumable. Hardware and wall time: docs/studies/swish_text.md.
"""

from pathlib import Path

import tyro
from _card import different, machine, places, promoted, verified, write_json

import actsearch
from actsearch import fingerprint
from actsearch.catalog import CATALOG
from actsearch.controllers import Exhaustive
from actsearch.evaluation import use_all_cores
from actsearch.spaces import get_space
from actsearch.trials.ranking import rank

SPACE, TASK, SHORT = "swish-1", "text-ffn", "text-ffn-short"
TABLE = "tabular-swish1-digits-mlp-likelihood"
RATES = (1.0, 0.5, 2.0)
KNOWN = ("relu", "gelu", "silu", "swish", "squared_relu", "tanh", "identity")


def main(
    out: Path = Path("runs/swish_text"), screened: int = 240, promote: int = 24, finalists: int = 4, seeds: int = 6
) -> None:
    """Search, promote, verify; `seeds` are the fresh ones, fewer where a training is long."""
    use_all_cores()
    table = actsearch.search(SPACE, TABLE, Exhaustive(), get_space(SPACE).count()).trials
    trials = promoted(SPACE, SHORT, table, screened, out / "short", seeds=(0,))
    longer = promoted(SPACE, TASK, trials, promote, out / "promoted", seeds=(10, 11))
    programs = {name: CATALOG[name].program for name in KNOWN}
    found = different([row.program for row in rank(longer)], finalists, known=programs.values())
    programs |= {f"search #{place}": program for place, program in enumerate(found, 1)}
    parts = {TASK: (seeds, RATES), f"{TASK}-muon": (seeds, (1.0,)), f"{TASK}-wide": (seeds // 2, (1.0,))}
    parts[f"{TASK}-long"] = (2, (1.0,))
    for task, (count, rates) in parts.items():
        verification, scores = verified(programs, task, count, rate_scales=rates, rate_seeds=2)
        write_json(out / f"{task}.json", machine() | verification.to_json() | {"scores": scores})
    ladder = {"table": places(table), "200 steps": places(trials), "800 steps": places(longer)}
    ranks = {
        name: {rung: place.get(fingerprint(program)) for rung, place in ladder.items()}
        for name, program in programs.items()
    }
    write_json(out / "ranks.json", machine() | {rung: len(place) for rung, place in ladder.items()} | {"ranks": ranks})


if __name__ == "__main__":
    tyro.cli(main)

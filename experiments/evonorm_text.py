"""Normalisers for a language model: statistics of the features, or pointwise maps in their place.

    python experiments/evonorm_text.py [--out runs/evonorm_text]

Members of the space `norm`, drawn at random, are trained as the five normalisers of a small Transformer for a sixteenth
of its steps, and the best sixteenth to the end. The best four, of which none equals a published one, and the published
normalisers are trained anew with fresh seeds, each at its best of three rates (of half, one and two times the recipe's
all would take the largest). Beside them stands LayerNorm with smaller outputs, which tells what a normaliser computes
from the scale that it begins with. The network's initial weights are four times GPT-2's, since from GPT-2's it trains
without normalisers too.

Resumable, and `--budget 1500` goes on to all 1,320 members; a trial takes 3 s of one CPU core on average.
"""

from pathlib import Path

import tyro
from _card import BATCH, different, machine, places, searched, verified, write_json

from actsearch import fingerprint, parse, report
from actsearch.analysis import funnel
from actsearch.catalog import CATALOG
from actsearch.controllers import Exhaustive, SuccessiveHalving
from actsearch.evaluation import use_all_cores
from actsearch.trials.ranking import rank

SPACE, TASK = "norm", "text-norm"
KNOWN = ("layer_norm", "rms_norm", "dyt", "derf")
CONTROLS = {"none": parse("x * gamma + shift")} | {
    f"layer_norm / {share}": parse(f"(x - feature_mean(x)) / feature_std(x) * gamma * {1 / share} + shift")
    for share in (2, 4, 8)
}
"""No normaliser, the affine map alone; and LayerNorm with outputs of a smaller scale."""


def main(
    out: Path = Path("runs/evonorm_text"),
    budget: int = 512,
    finalists: int = 4,
    seeds: int = 6,
    rates: tuple[float, ...] = (2.0, 4.0, 8.0),
) -> None:
    """Search and verify; `budget` counts trials, promotions among them, and `seeds` are the fresh ones."""
    use_all_cores()
    controller = SuccessiveHalving(Exhaustive(), rungs=2, eta=16)
    trials = searched(SPACE, TASK, controller, budget, out / "run", batch=BATCH // 8)
    report.show(report.funnel_table(funnel(trials), f"{SPACE} on {TASK}"))
    programs = {name: CATALOG[name].program for name in KNOWN} | CONTROLS
    found = different([row.program for row in rank(trials)], finalists, known=programs.values())
    programs |= {f"search #{place}": program for place, program in enumerate(found, 1)}
    verification, scores = verified(programs, TASK, seeds, rate_scales=rates, rate_seeds=2)
    ranks = {name: places(trials).get(fingerprint(program)) for name, program in programs.items()}
    write_json(out / "verification.json", machine() | verification.to_json() | {"scores": scores, "ranks": ranks})


if __name__ == "__main__":
    tyro.cli(main)

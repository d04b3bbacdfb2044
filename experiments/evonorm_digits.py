"""The EvoNorm search in miniature: evolve normalisation-activation layers on three small networks, re-rank on a larger.

    python experiments/evonorm_digits.py [--budget 8000] [--out runs/evonorm_digits]

The protocol of Liu et al. (2020) on real digits: graphs of up to ten nodes over a tensor and its statistics (series B),
cheap gates, quality and stability gates, and Pareto tournaments over the validation accuracies on a ResNet, a MobileNet
and an EfficientNet; beside it a random search, with as many trials and then longer, for as many seconds, or up to
30,000 trials. A sample of what each gate rejected is trained in full. The ten best are trained anew with fresh seeds on
the held-out task, 28x28 warped digits and a larger network, at three batch sizes, against published layers, and scored
on test data. Interrupted, the same command goes on.

Hardware: 2 CPU cores. Wall time: 33 minutes, other work beside it; at most 45. Expected: one random graph in a thousand
is accepted, evolution's best (0.931) lies above random search's (0.916 with four times the trials), and none of either
holds up on the held-out task, where BatchNorm layers are best at every batch size; docs/studies/evonorm.md records
what a run found.

Different from the paper: window 200 for 2,500, tournaments of 10 % for 5 %, digits for CIFAR-10 and ImageNet, 4 groups,
150 steps with a cosine schedule and no weight decay, and the quality gate after 40 steps.
"""

import functools
from pathlib import Path

import tyro
from _card import machine, searched, seconds, verified, write_json

from actsearch import report, simplify
from actsearch.analysis import funnel
from actsearch.archive.frames import to_parquet
from actsearch.catalog import CATALOG, LAYER_BASELINES
from actsearch.controllers import ParetoEvolution
from actsearch.evaluation import audit, use_all_cores
from actsearch.spaces import get_space
from actsearch.tasks import ANCHORS
from actsearch.trials.ranking import best

HELD_OUT = {64: "warped-resnet-layer", 16: "warped-resnet-layer-batch16", 4: "warped-resnet-layer-batch4"}
search = functools.partial(searched, "evonorm-b", "digits-anchors", batch=128)


def main(budget: int = 8000, most_random: int = 30_000, sample: int = 15, out: Path = Path("runs/evonorm_digits")):
    """Search, audit, re-rank, print and draw; `sample` rejects of each gate are trained in full."""
    use_all_cores()
    evolved = search(ParetoEvolution(window=200, tournament=0.1), budget, out / "pareto")
    drawn = search("random", budget, out / "random")
    while (share := seconds(drawn) / seconds(evolved)) < 1 and len(drawn) < most_random:
        drawn = search("random", min(most_random, max(len(drawn) + 64, round(len(drawn) / share))), out / "random")
    searches = {"evolution": evolved, "random": drawn[:budget], "random, longer": drawn}
    for name, trials in searches.items():
        top = ", ".join(f"{trial.score:.4f}" for trial in best(trials, 10))
        report.show(report.funnel_table(funnel(trials), f"{name}; best on the anchors: {top or 'none'}"))
    rejects = audit(evolved + drawn, get_space("evonorm-b"), "digits-anchors", sample=sample)
    report.show(report.audit_table(rejects))

    programs = {name: CATALOG[name].program for name in LAYER_BASELINES}
    for origin, trials, count in (("evolution", evolved, 10), ("random", drawn, 3)):
        to_parquet(trials, out / f"{origin}.parquet")
        programs |= {f"{origin} #{i}": simplify(trial.program) for i, trial in enumerate(best(trials, count), 1)}
    verification, by_task = verified(programs, "+".join(HELD_OUT.values()), 5, engine="interpret")
    scores = {size: by_task[task] for size, task in HELD_OUT.items()}
    record = {"seeds": verification.seeds, "scores": scores}
    record |= {"origins": {name: str(program) for name, program in programs.items()}}
    record |= {"audit": {gate: row._asdict() for gate, row in rejects.items()}}
    write_json(out / "verification.json", machine() | record)
    names = [name for name in (*LAYER_BASELINES, *(f"evolution #{i}" for i in (1, 2, 3))) if name in programs]
    by_batch = {name: {size: scores[size][name] for size in sorted(scores)} for name in names}
    report.save(report.score_by_batch(by_batch), out / "figures/batch_sizes")
    report.save(report.funnel_bars(funnel(evolved)), out / "figures/funnel")
    report.save(report.search_progress(evolved, "Evolution of layers"), out / "figures/progress")
    for winner in best(evolved, 1):
        report.save(report.pareto_fronts(evolved, ANCHORS), out / "figures/fronts")
        report.save(report.draw_genealogy(evolved, winner.index), out / "figures/genealogy")
        report.save(report.draw_graph(simplify(winner.program), "The best of the search"), out / "figures/winner")


if __name__ == "__main__":
    tyro.cli(main)

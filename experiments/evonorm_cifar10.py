"""The EvoNorm search as published: evolution of whole layers on three networks at once, the best ten re-ranked.

    python experiments/evonorm_cifar10.py [--size smoke|night|paper] [--price 2.50] [--out runs/evonorm_cifar10]

The protocol of Liu et al. (2020): graphs of up to ten nodes (series B) are evolved with Pareto tournaments over the
validation accuracies on a pre-activation ResNet-50, a MobileNetV2 and an EfficientNet-B0 on CIFAR-10. A candidate ends
where it is below 20 % after 100 steps on any of them, or where the gradient can be made to explode. The best ten are
trained anew with fresh seeds on the three networks at full width, on CIFAR-100 in the place of the paper's ImageNet,
beside published layers; the best three are named. `actsearch.tasks.cifar10` says which of the paper's numbers are
unverified; the paper's number of candidates is not known.

First the time, and with a price the money, is estimated from a measurement of a minute on this machine; `actsearch
plan` does that alone. Interrupted, the same command goes on: the search where it stopped, the re-ranking with the
training at hand. The data are prepared once: `actsearch data cifar10` and `cifar100`.

Sizes, all numbers ours:

- smoke: miniatures, graphs of three nodes, made-up data, minutes on one core; shows that every part runs, no more.
- night: meant for one GPU and one night; not measured there yet. 20,000 proposals, a quarter of the steps, half width.
- paper: 500,000 proposals, of which about one random one in a thousand is accepted; full size.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import tyro
from _card import machine, searched, write_json
from _cifar import print_plan, resized, use_made_up_data, verified_medians

from actsearch import Program, fingerprint, report, simplify
from actsearch.analysis import Verification, funnel
from actsearch.catalog import CATALOG, LAYER_BASELINES
from actsearch.controllers import ParetoEvolution
from actsearch.evaluation import use_all_cores
from actsearch.nn import MobileNetConfig, ResNetConfig, Stage, efficientnet_b0, mobilenet_v2, resnet_50
from actsearch.spaces import Space, evonorm
from actsearch.tasks import TASK_SETS, Quality, Task, get_task
from actsearch.trials.ranking import best

KEPT = 3
"""Of the re-ranked layers, as published."""

Networks = dict[str, Callable[[int], Any]]

MINIATURES: Networks = {
    "resnet": lambda classes: ResNetConfig(3, 8, ((8, 2), (16, 2)), classes, normalize=False, stem_stride=2),
    "mobilenet": lambda classes: MobileNetConfig(3, 8, (Stage(2, 8, stride=2),), 16, classes, stem_stride=2),
    "efficientnet": lambda classes: MobileNetConfig(
        3, 8, (Stage(2, 8, stride=2),), 16, classes, stem_stride=2, squeeze_excite=True
    ),
}


def _networks(width: float) -> Networks:
    makers = {"resnet": resnet_50, "mobilenet": mobilenet_v2, "efficientnet": efficientnet_b0}
    return {name: lambda classes, make=make: make(classes, width=width) for name, make in makers.items()}


class Size(NamedTuple):
    """How large the experiment is.

    Attributes:
      space: what is searched.
      controller: the evolution.
      budget: trials of the search, those that gates reject included.
      batch: proposals a round.
      anchors: fields of the anchors that are replaced, by the name of the network.
      share: of the anchors' steps.
      wide: name -> classes -> network of the re-ranking.
      wide_share: of its steps.
      fields: of all tasks that are replaced.
      quality: the early gate of every anchor.
      reranked: layers of the search that are trained again.
      baselines: published layers that are trained beside the found ones, the first to compare with.
      seeds: trainings of each on each network of the re-ranking.
      limit: seconds for the measurement of the estimate.
    """

    space: Space
    controller: ParetoEvolution
    budget: int
    batch: int
    anchors: dict[str, dict[str, Any]]
    share: float
    wide: Networks
    wide_share: float
    fields: dict[str, Any]
    quality: Quality
    reranked: int
    baselines: tuple[str, ...]
    seeds: int
    limit: float = 60.0


SIZES = {
    "smoke": Size(
        space=evonorm(nodes=3),
        controller=ParetoEvolution(window=8, tournament=0.5),
        budget=48,
        batch=24,
        anchors={name: {"network": network(10)} for name, network in MINIATURES.items()},
        share=0.006,
        wide=MINIATURES,
        wide_share=0.004,
        fields={"batch_size": 16, "groups": 4},
        quality=Quality(4, "accuracy", 0.01),
        reranked=2,
        baselines=("batch_norm_relu",),
        seeds=2,
        limit=0.0,
    ),
    "night": Size(
        space=evonorm(),
        controller=ParetoEvolution(window=500),
        budget=20_000,
        batch=256,
        anchors={},
        share=0.25,
        wide=_networks(0.5),
        wide_share=1.0,
        fields={},
        quality=Quality(100, "accuracy", 0.2),
        reranked=10,
        baselines=("batch_norm_relu", "group_norm_relu", "evonorm_b0", "evonorm_s0"),
        seeds=2,
    ),
    "paper": Size(
        space=evonorm(),
        controller=ParetoEvolution(),
        budget=500_000,
        batch=1_024,
        anchors={},
        share=1.0,
        wide=_networks(1.0),
        wide_share=1.0,
        fields={},
        quality=Quality(100, "accuracy", 0.2),
        reranked=10,
        baselines=LAYER_BASELINES,
        seeds=3,
    ),
}


def main(
    size: Literal["smoke", "night", "paper"] = "night",
    smoke: bool = False,
    seed: int = 0,
    price: float | None = None,
    out: Path = Path("runs/evonorm_cifar10"),
) -> None:
    """Estimate, search, re-rank and print.

    Args:
        size: how large; see above.
        smoke: the same as --size smoke.
        seed: of the search.
        price: dollars an hour of this machine, for the estimate.
        out: folder of the archive and results, one folder in it for each size.
    """
    use_all_cores()
    size = "smoke" if smoke else size
    out, chosen = out / size, SIZES[size]
    if size == "smoke":
        use_made_up_data(out / "data")
    anchors, wide = anchors_of(size), wide_anchors(size)
    known = {name: CATALOG[name].program for name in chosen.baselines}
    print_plan(
        out / "search",
        price,
        chosen.space,
        anchors,
        chosen.controller,
        chosen.budget,
        verify=wide,
        programs=len(known) + chosen.reranked,
        seeds=chosen.seeds,
        saved=True,
        limit=chosen.limit,
    )
    trials = searched(
        chosen.space, anchors, chosen.controller, chosen.budget, out / "search", seed=seed, batch=chosen.batch
    )
    report.show(report.funnel_table(funnel(trials), f"{chosen.space.name} on three networks"))
    report.show(report.winners_table(trials))
    found = [simplify(trial.program) for trial in best(trials, chosen.reranked)]
    programs = known | {f"search #{place}": program for place, program in enumerate(found, 1)}
    verification, medians = verified_medians(programs, wide, chosen.seeds, out / "trainings")
    kept = best_of(verification, found)
    print(f"The best {len(kept)} of {len(found)}:", *kept, sep="\n  ")
    texts = {name: str(program) for name, program in programs.items()}
    facts = {"size": size, "medians": medians, "programs": texts, "kept": list(map(str, kept))}
    write_json(out / "verification.json", machine() | verification.to_json() | facts)


def best_of(verification: Verification, found: list[Program]) -> list[Program]:
    """Returns those of the found layers that the re-ranking keeps."""
    identities = {fingerprint(program) for program in found}
    return [program for program in verification.ranked if fingerprint(program) in identities][:KEPT]


def anchors_of(size: str) -> list[Task]:
    """Returns the three tasks of the search at a size, each with its gate."""
    chosen, tasks = SIZES[size], []
    for task in map(get_task, TASK_SETS["cifar10-anchors"]):
        fields = chosen.fields | chosen.anchors.get(task.name.split("-")[1], {})
        steps = round(task.steps * chosen.share)
        tasks.append(resized(task, size, steps=steps, quality=chosen.quality, **fields))
    return tasks


def wide_anchors(size: str) -> list[Task]:
    """Returns the three tasks of the re-ranking at a size."""
    chosen, tasks = SIZES[size], []
    for name, network in chosen.wide.items():
        task = get_task(f"cifar100-{name}-layer")
        steps = round(task.steps * chosen.wide_share)
        tasks.append(resized(task, size, steps=steps, network=network(100), **chosen.fields))
    return tasks


if __name__ == "__main__":
    tyro.cli(main)

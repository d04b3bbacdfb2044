"""The Swish search as published: PPO over two-unit functions on ResNet-20, the best verified on three deep networks.

    python experiments/swish_cifar10.py [--size smoke|night|paper] [--price 2.50] [--out runs/swish_cifar10]

The protocol of Ramachandran, Zoph and Le (2017): a recurrent controller, trained by PPO with the validation accuracy as
reward, proposes functions for ResNet-20 on CIFAR-10, 10,000 steps each. The best, of which none equals a published one
up to its sign, and the paper's functions are trained with fresh seeds on ResNet-164, Wide ResNet 28-10 and DenseNet
100-12, on CIFAR-10 and on CIFAR-100, at their papers' hyperparameters; the median of five runs counts. The paper names
neither the number of candidates nor the controller's settings, nor the batch and the rate of the child: these are ours,
see `PPO` and `actsearch.tasks.cifar10`.

First the time, and with a price the money, is estimated from a measurement of a minute on this machine; `actsearch
plan` does that alone. Interrupted, the same command goes on: the search where it stopped, the verification with the
training at hand. The data are prepared once: `actsearch data cifar10` and `cifar100`.

Sizes, all numbers ours but those of "paper" that the docstrings of the tasks name:

- smoke: miniatures on made-up data, minutes on one core; shows that every part runs, and nothing else.
- night: meant for one GPU and one night; not measured there yet. A fifth of the child's steps, 1,000 candidates, the
  three networks at depth 56, 16 and 40, a tenth of their steps, three seeds.
- paper: 10,000 candidates, everything at full size, five seeds.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import tyro
from _card import different, machine, places, searched, write_json
from _cifar import print_plan, resized, use_made_up_data, verified_medians

from actsearch import Program, fingerprint, report
from actsearch.analysis import funnel
from actsearch.catalog import CATALOG, SWISH_PAPER
from actsearch.controllers import PPO
from actsearch.evaluation import use_all_cores
from actsearch.nn import ResNetV1Config, densenet, preactivation_resnet, wide_resnet
from actsearch.spaces import get_space
from actsearch.tasks import Task, get_task
from actsearch.trials.ranking import rank

SPACE, CHILD, DATA = "swish-2", "cifar10-resnet20", {"cifar10": 10, "cifar100": 100}


class Size(NamedTuple):
    """How large the experiment is.

    Attributes:
      budget: trials of the search.
      batch: proposals a round.
      child: fields of the child that are replaced.
      child_share: of its steps.
      networks: name -> classes -> network of the verification.
      share: of the verification's steps.
      fields: of the verification's tasks that are replaced.
      published: names of the functions that are verified beside what was found; ReLU is always there.
      finalists: functions of the search that are verified.
      seeds: trainings of each on each network.
      limit: seconds for the measurement of the estimate.
    """

    budget: int
    batch: int
    child: dict[str, Any]
    child_share: float
    networks: dict[str, Callable[[int], Any]]
    share: float
    fields: dict[str, Any]
    published: tuple[str, ...]
    finalists: int
    seeds: int
    limit: float = 60.0


SIZES = {
    "smoke": Size(
        budget=12,
        batch=12,
        child={"network": ResNetV1Config(8, 10, width=4), "batch_size": 8},
        child_share=8e-4,
        networks={
            "resnet164": lambda classes: preactivation_resnet(classes, depth=11),
            "wrn-28-10": lambda classes: wide_resnet(classes, depth=10, width=1),
            "densenet-100-12": lambda classes: densenet(classes, depth=7, growth=4),
        },
        share=5e-5,
        fields={"batch_size": 8},
        published=(),
        finalists=1,
        seeds=2,
        limit=0.0,
    ),
    "night": Size(
        budget=1_000,
        batch=64,
        child={},
        child_share=0.2,
        networks={
            "resnet164": lambda classes: preactivation_resnet(classes, depth=56),
            "wrn-28-10": lambda classes: wide_resnet(classes, depth=16, width=4),
            "densenet-100-12": lambda classes: densenet(classes, depth=40),
        },
        share=0.1,
        fields={},
        published=("swish", "max_sigmoid"),
        finalists=3,
        seeds=3,
    ),
    "paper": Size(
        budget=10_000,
        batch=64,
        child={},
        child_share=1.0,
        networks={"resnet164": preactivation_resnet, "wrn-28-10": wide_resnet, "densenet-100-12": densenet},
        share=1.0,
        fields={},
        published=SWISH_PAPER,
        finalists=8,
        seeds=5,
    ),
}


def main(
    size: Literal["smoke", "night", "paper"] = "night",
    smoke: bool = False,
    seed: int = 0,
    price: float | None = None,
    out: Path = Path("runs/swish_cifar10"),
) -> None:
    """Estimate, search, verify and print.

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
    child, deep = child_of(size), deep_tasks(size)
    known = {name: CATALOG[name].program for name in ("relu", *chosen.published)}
    print_plan(
        out / "search",
        price,
        get_space(SPACE),
        [child],
        PPO(),
        chosen.budget,
        verify=deep,
        programs=len(known) + chosen.finalists,
        seeds=chosen.seeds,
        saved=True,
        limit=chosen.limit,
    )
    trials = searched(SPACE, child, PPO(), chosen.budget, out / "search", seed=seed, batch=chosen.batch)
    report.show(report.funnel_table(funnel(trials), f"{SPACE} on {child.name}"))
    report.show(report.winners_table(trials))
    found = different([row.program for row in rank(trials)], chosen.finalists, known.values())
    programs = known | {f"search #{place}": program for place, program in enumerate(found, 1)}
    verification, medians = verified_medians(programs, deep, chosen.seeds, out / "trainings")
    ranks = {name: places(trials).get(fingerprint(program)) for name, program in programs.items()}
    facts = {"size": size, "medians": medians, "ranks": ranks, "programs": _texts(programs)}
    write_json(out / "verification.json", machine() | verification.to_json() | facts)


def child_of(size: str) -> Task:
    """Returns the task of the search at a size."""
    chosen, task = SIZES[size], get_task(CHILD)
    return resized(task, size, steps=round(task.steps * chosen.child_share), **chosen.child)


def deep_tasks(size: str) -> list[Task]:
    """Returns the tasks of the verification at a size, CIFAR-10's first."""
    chosen, tasks = SIZES[size], []
    for data, classes in DATA.items():
        for name, network in chosen.networks.items():
            task = get_task(f"{data}-{name}")
            steps = max(1, round(task.steps * chosen.share))
            tasks.append(resized(task, size, steps=steps, network=network(classes), **chosen.fields))
    return tasks


def _texts(programs: dict[str, Program]) -> dict[str, str]:
    return {name: str(program) for name, program in programs.items()}


if __name__ == "__main__":
    tyro.cli(main)

"""Candidates an hour on one GPU: one at a time, in banks, interpreted; ReLU at the same batching is the floor.

    make bench-gpu
    python -m experiments.benchmarks.gpu --workloads cifar-short --lanes 256

Trains random candidates on random images of CIFAR-10's shape, with a ResNet-20, and with a network and a length of the
class of airbench (Jordan 2024, arXiv 2404.00498): six convolutions of 64 to 256 channels, nine epochs; and on text-ffn
at width 256. Each way is timed for a few steps, from which a whole training follows. One program pays for its own
compilation, a bank's programs for theirs together, and 1,000 candidates for the interpreter's. PyTorch, where it is
installed, trains ReLU with CUDA graphs (`torch.compile`, mode "reduce-overhead"), one network at a time. Without a GPU
nothing is measured or written.

Hardware and wall time: one GPU; not measured yet.
"""

import dataclasses
import functools
import importlib.util
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tyro

from actsearch.nn import CNNConfig, ResNetConfig
from actsearch.report.tables import Column, render, show
from actsearch.tasks import Classification, DataSet, Recipe, Task, get_task
from actsearch.tasks.datasets import Parts, Split
from actsearch.trials import Proposal
from experiments._card import machine, say, write_json
from experiments.benchmarks.bank import banked, draw, interpreted, seconds_each, space_of, specialised
from experiments.benchmarks.steps import shortened

OUT = Path(__file__).parent / "results" / "gpu.json"
NO_GPU = "There is no GPU here, so nothing is measured: run this where `actsearch doctor` finds one."
STAGES = ((64, 2), (64, 1), (256, 2), (256, 1), (256, 2), (256, 1))


@functools.cache
def random_images() -> Parts:
    """Returns parts of random images of CIFAR-10's size and number: what they show does not change the time."""
    rng = np.random.default_rng(0)

    def part(size: int) -> Split:
        return Split(rng.integers(0, 256, (size, 32, 32, 3), np.uint8), rng.integers(0, 10, size).astype(np.int32))

    return part(45_000), part(5_000), part(10_000)


IMAGES = DataSet("random images of CIFAR-10's shape", (32, 32, 3), 255.0, random_images)


def cifar_resnet20() -> Classification:
    """Returns a pre-activation ResNet-20 (He et al. 2016) with 2,000 steps of 128 images."""
    stages = tuple((width, 2 if i == 0 and width > 16 else 1) for width in (16, 32, 64) for i in range(3))
    return _images("cifar-resnet20", ResNetConfig(3, 16, stages, 10), steps=2_000, batch_size=128)


def cifar_short() -> Classification:
    """Returns a training of the class of airbench: a CNN of six convolutions, nine epochs in batches of 1,000."""
    return _images("cifar-short", CNNConfig(3, STAGES, 10), steps=405, batch_size=1_000)


def text_ffn_256() -> Task:
    """Returns text-ffn at width 256."""
    task = get_task("text-ffn")
    return dataclasses.replace(task, name="text-ffn-256", network=dataclasses.replace(task.network, features=256))


def _images(name: str, network: Any, **options: int) -> Classification:
    recipe = Recipe(learning_rate=0.05, schedule="cosine", rate_rule="none: the images are random")
    return Classification(name=name, summary=name, dataset=IMAGES, network=network, recipe=recipe, **options)


WORKLOADS = {"cifar-resnet20": cifar_resnet20, "cifar-short": cifar_short, "text-ffn-256": text_ffn_256}


def main(
    workloads: tuple[str, ...] = tuple(WORKLOADS),
    lanes: int = 64,
    alone: int = 2,
    rounds: int = 3,
    steps: int = 20,
    out: Path = OUT,
) -> None:
    """Measures workloads, prints a table each and writes the JSON.

    Args:
      workloads: of WORKLOADS.
      lanes: candidates that are trained side by side; fewer where the memory does not hold them.
      alone: candidates that are compiled each as its own function.
      rounds: warm calls of every way.
      steps: of a timed training.
      out: where the JSON goes.
    """
    if jax.default_backend() == "cpu":
        say(NO_GPU)
        return
    jax.config.update("jax_enable_compilation_cache", False)
    rows = []
    for name in workloads:
        rows.append(measure(WORKLOADS[name](), lanes, alone, rounds, steps))
        write_json(
            out, {**machine(), "workloads": rows, "targets": [target for row in rows for target in targets(row)]}
        )
        show_table(rows[-1])


def measure(task: Task, lanes: int, alone: int, rounds: int, steps: int) -> dict[str, Any]:
    """Returns the record of every way on a task, each with the candidates an hour of whole trainings."""
    short, proposals = shortened(task, steps), draw(space_of(task), max(lanes, alone))
    relu = Proposal(task.baseline)
    ways = {f"one at a time {i}": specialised(short, proposals[i]) for i in range(alone)}
    ways |= {
        "bank": banked(short, proposals[:lanes], lanes),
        "interpreter": interpreted(short, proposals[:lanes], lanes),
    }
    ways |= {"ReLU, one at a time": specialised(short, relu), "ReLU, side by side": specialised(short, relu, lanes)}
    records = [{"way": name, **hourly(way.record(rounds), task.steps)} for name, way in ways.items()]
    return {
        "task": task.name,
        "steps": task.steps,
        "timed_steps": steps,
        "ways": [*records, *peer(task, short, rounds)],
    }


def hourly(record: dict[str, Any], steps: int) -> dict[str, Any]:
    """Returns a way's record with the candidates an hour: warm, and with the compilation that each pays for."""
    (seconds,) = seconds_each(record, (steps,)).values()
    return {**record, "warm_an_hour": 3.6e6 / (steps * record["step_ms"]), "an_hour": 3_600 / seconds}


def peer(task: Task, short: Task, rounds: int) -> list[dict[str, Any]]:
    """Returns the record of PyTorch's training of ReLU; empty where PyTorch or its GPU is missing."""
    if not importlib.util.find_spec("torch"):
        say("PyTorch is not installed: its comparison is left out; pip install 'actsearch[torch]' adds it.")
        return []
    from experiments.benchmarks.torch_gpu import step_milliseconds

    each = step_milliseconds(short, rounds)
    return [
        {"way": f"PyTorch, {mode}", "step_ms": ms, "warm_an_hour": 3.6e6 / (task.steps * ms)}
        for mode, ms in each.items()
    ]


def targets(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the targets on one workload, each with its figure."""
    ways = {way["way"]: way for way in row["ways"]}
    alone = np.mean([way["an_hour"] for name, way in ways.items() if name.startswith("one at a time")])
    best = max((ways["bank"], ways["interpreter"]), key=lambda way: way["an_hour"])
    floor = best["warm_an_hour"] / ways["ReLU, side by side"]["warm_an_hour"]
    rows = [("best / one at a time", best["an_hour"] / alone, 5.0), ("best / ReLU side by side, warm", floor, 0.7)]
    rows += [("short trainings an hour", best["an_hour"], 1_000.0)] if row["task"] == "cifar-short" else []
    return [
        {
            "name": f"{row['task']}: {name}",
            "figure": float(figure),
            "limit": f">= {limit:g}",
            "met": bool(figure >= limit),
        }
        for name, figure, limit in rows
    ]


def show_table(row: dict[str, Any]) -> None:
    """Prints what a workload's ways do in an hour."""
    heads = ("way", Column("lanes", ",d"), Column("compile s", ",.1f"), Column("ms a step", ",.3f"))
    heads += (Column("warm, an hour", ",.0f"), Column("an hour", ",.0f"))
    keys = ("way", "lanes", "compile_seconds", "step_ms", "warm_an_hour", "an_hour")
    show(
        render(
            [tuple(way.get(key) for key in keys) for way in row["ways"]], heads, f"{row['task']}, candidates an hour"
        )
    )


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)

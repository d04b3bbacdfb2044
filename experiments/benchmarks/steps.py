"""A step of training, on one core: ReLU, specialised programs and the interpreter, beside PyTorch.

    python -m experiments.benchmarks.steps
    python -m experiments.benchmarks.steps --tasks digits-mlp --candidates 3

Trains every task's network for a few steps with (a) the baseline, compiled and warm, the floor of any engine, (b)
random candidates, each compiled as its own function, (c) the same candidates as data of the interpreter, and PyTorch
with the baseline, (d) eager and (e) with `torch.compile`, in a process of its own. PyTorch's network has the same
number of parameters, and begins with the same weights and batches; `losses` in the JSON shows how closely it trains
alike. It is left out where it is not installed (`pip install 'actsearch[torch]'`).

All ways take turns on one core, and the minimum of each counts. Seconds are the processor's: what else the machine does
adds little to them. First calls hold all that is compiled, the draws of initial weights too, without cache.

Hardware and wall time: one core of 2, about 8 minutes, of which compilations take most.
Expected numbers: the interpreter 1.05 to 1.15 times a specialised function for activations; ReLU in a quarter of
the time of PyTorch eager on MLPs.
"""

import dataclasses
import functools
import importlib.util
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
import tyro
from flax import nnx

from actsearch.evaluation import Job, Trainer, init_state
from actsearch.nn import Layer, sites
from actsearch.report.tables import show
from actsearch.spaces import Space, evonorm, swish
from actsearch.tasks import Data, LanguageModel, Task, get_task
from actsearch.trials import Proposal
from experiments._card import fill_page, machine, say, write_json
from experiments.benchmarks import engine, layers
from experiments.benchmarks.steps_tables import page_lines, steps_table, targets_of, targets_table
from experiments.benchmarks.torch_steps import TorchProcess, Work

OUT = Path(__file__).parent / "results" / "steps.json"
PAGE = Path(__file__).parents[2] / "docs" / "studies" / "engines.md"
STEPS = {
    "digits-mlp": 500,
    "mnist1d-mlp": 500,
    "mnist1d-resnet": 100,
    "photos-cnn": 50,
    "text-ffn": 25,
    "digits-resnet-layer": 100,
}
"""Steps of one timing of each task: a tenth of a second or more."""

DEEP = ("digits-deep-mlp", "photos-resnet-layer")
"""Tasks of many sites, of which the interpreter's first call alone is measured."""

Run = Callable[[], tuple[float, float]]
"""Trains once; returns the processor's seconds and a loss."""


def main(
    tasks: tuple[str, ...] = tuple(STEPS),
    deep: tuple[str, ...] = DEEP,
    candidates: int = 5,
    rounds: int = 9,
    torch: bool = True,
    out: Path = OUT,
) -> None:
    """Measures tasks, prints a table and the targets, and writes the JSON.

    Args:
      tasks: of which steps are measured.
      deep: of which the interpreter's first call alone is measured.
      candidates: random programs of each task.
      rounds: how often every way is timed.
      torch: whether PyTorch is measured, where it is installed.
      out: where the JSON goes.
    """
    use_one_core()
    jax.config.update("jax_enable_compilation_cache", False)
    process = TorchProcess() if torch and importlib.util.find_spec("torch") else None
    prepared = [shortened(get_task(name), STEPS.get(name, 50)) for name in tasks]
    rows = [measure(task, candidates, rounds, process) for task in prepared]
    firsts = [first_call(shortened(get_task(name), 10)) for name in deep]
    if process:
        process.close()
    report(rows, firsts, out)


def use_one_core() -> None:
    """Keeps this process, and those that it starts, on one core; called before JAX looks for cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def shortened(task: Task, steps: int) -> Task:
    """Returns a task of so many steps whose validation part is one example, so that steps are what takes time."""

    class Short(type(task)):
        def data(self) -> Data:
            train, validation, test = super().data()
            return Data(train, jax.tree.map(lambda rows: rows[:1], validation), test)

    return Short(**vars(dataclasses.replace(task, steps=steps, quality=None)))


def space_of(task: Task) -> Space:
    """Returns the space whose programs a task is given."""
    return evonorm() if task.kind == "layer" else swish(units=1)


def draw(space: Space, count: int) -> list[Proposal]:
    """Returns random candidates that pass the gates before training."""
    return layers.draw(space, count) if space.kind == "layer" else engine.draw(space, count, seed=0)


class Way(NamedTuple):
    """A trainer and the one job that is timed."""

    trainer: Trainer
    job: Job

    def seconds(self) -> tuple[float, float]:
        """Returns the processor's seconds of a training and the mean loss of its last tenth."""
        began = time.process_time()
        (outcome,) = self.trainer([self.job])
        return time.process_time() - began, outcome.train_loss


def measure(task: Task, count: int, rounds: int, process: TorchProcess | None) -> dict[str, Any]:
    """Returns all that is measured on a task; times are seconds of a training, one for each round."""
    proposals = draw(space_of(task), count)
    runs = {name: way.seconds for name, way in ways_of(task, proposals).items()}
    firsts = {name: first(run) for name, run in runs.items()}
    parameters = [parameters_of(task)]
    if process:
        parameters.append(process.load(torch_work(task)))
        peers = {way: functools.partial(process.train, way) for way in ("eager", "compiled")}
        firsts |= {name: run() for name, run in peers.items()}
        runs |= peers
    for name, (seconds, loss) in firsts.items():
        say(f"{task.name}, {name}: first call {seconds:.1f} s, loss {loss:.4f}")
    return {
        "task": task.name,
        "kind": task.kind,
        "steps": task.steps,
        "sites": count_sites(task),
        "programs": [str(proposal.program) for proposal in proposals],
        "parameters": parameters,
        "first_calls": {name: seconds for name, (seconds, _) in firsts.items() if name not in ("eager", "compiled")},
        "losses": {name: loss if math.isfinite(loss) else None for name, (_, loss) in firsts.items()},
        "seconds": take_turns(runs, rounds),
    }


def ways_of(task: Task, proposals: Sequence[Proposal]) -> dict[str, Way]:
    """Returns the trainings of JAX by name: the baseline's, and each candidate's twice."""
    device = jax.devices()[:1]
    interpreted = Trainer.interpreted(task, space_of(task).template, devices=device)
    ways = {"relu": Way(Trainer.specialized(task, task.baseline, devices=device), Job((), 0))}
    for i, proposal in enumerate(proposals):
        ways[f"specialised {i}"] = Way(Trainer.specialized(task, proposal.program, devices=device), Job((), 0))
        ways[f"interpreted {i}"] = Way(interpreted, Job(proposal.genotype.choices, 0))
    return ways


def first(run: Run) -> tuple[float, float]:
    """Returns what a run does that finds nothing compiled: neither its training nor the draws of initial weights."""
    jax.clear_caches()
    return run()


def take_turns(runs: Mapping[str, Run], rounds: int) -> dict[str, list[float]]:
    """Returns the seconds of every way in every round, forwards and backwards in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds):
        for name in list(runs)[:: -1 if turn % 2 else 1]:
            seconds[name].append(runs[name]()[0])
    return seconds


def first_call(task: Task) -> dict[str, Any]:
    """Returns the seconds of the interpreter's first call on a task."""
    space = space_of(task)
    (proposal,) = draw(space, 1)
    interpreted = Trainer.interpreted(task, space.template, devices=jax.devices()[:1])
    seconds, _ = first(Way(interpreted, Job(proposal.genotype.choices, 0)).seconds)
    say(f"{task.name}: first call {seconds:.1f} s")
    return {"task": task.name, "sites": count_sites(task), "first_calls": {"interpreted 0": seconds}}


def count_sites(task: Task) -> int:
    """Returns the number of sites of a task's network."""
    return len(sites(lambda layer: task.init(layer, jax.random.key(0))))


def parameters_of(task: Task) -> int:
    """Returns the number of parameters of the network with the baseline."""
    network = task.init(lambda features: Layer(task.baseline, features), jax.random.key(0))
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))


# What PyTorch is given.


def torch_work(task: Any) -> Work:
    """Returns a task's data, weights, batches and recipe as PyTorch needs them."""
    state, recipe = jax.device_get(init_state(task, 0)), task.recipe
    flat = nnx.to_flat_state(state.weights)
    return Work(
        type(task.network).__name__,
        {field: value for field, value in vars(task.network).items() if not callable(value)},
        task.kind,
        {".".join(map(str, path)): np.asarray(value[...]) for path, value in flat},
        *torch_examples(task),
        np.array(state.batches, np.int64),
        rates(task),
        recipe.momentum,
        recipe.b2 if recipe.algorithm == "adamw" else None,
        recipe.weight_decay,
    )


def torch_examples(task: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns the training part as PyTorch takes it: scaled once, channels before height and width."""
    examples = task.data().train
    if isinstance(task, LanguageModel):
        windows = np.asarray(examples, np.int64)
        return windows[:, :-1], windows[:, 1:]
    inputs = np.asarray(examples.inputs / np.float32(task.dataset.scale), np.float32)
    return np.ascontiguousarray(np.moveaxis(inputs, -1, 1)), np.asarray(examples.labels, np.int64)


def rates(task: Any) -> list[float]:
    """Returns the learning rate of every step of a recipe."""
    recipe, steps = task.recipe, task.steps
    if recipe.schedule == "constant":
        return [recipe.learning_rate] * steps
    warmup = round(recipe.warmup * steps)
    schedule = optax.warmup_cosine_decay_schedule(
        0.0 if warmup else recipe.learning_rate, recipe.learning_rate, warmup, steps
    )
    return [float(schedule(step)) for step in range(steps)]


def report(rows: Sequence[dict[str, Any]], firsts: Sequence[dict[str, Any]], out: Path) -> dict[str, Any]:
    """Prints the tables, writes the JSON and returns what it holds; the committed run writes its page too."""
    targets = targets_of(rows, firsts)
    show(steps_table(rows))
    show(targets_table(targets))
    record = {**machine(), "tasks": list(rows), "deep": list(firsts), "targets": targets}
    write_json(out, record)
    if out == OUT:
        fill_page(PAGE, "a step, steps.py", page_lines(rows, firsts))
    return record


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)

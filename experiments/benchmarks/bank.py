"""Three engines, and the number of candidates from which each pays: interpreter, specialised programs, banks.

    python -m experiments.benchmarks.bank
    python -m experiments.benchmarks.bank --tasks digits-mlp --sizes 1 8

Trains random candidates on one device: each compiled as its own function, as data of the interpreter one after another,
and in banks of several sizes, side by side in lanes and one after another. A way's compilation is its first call less a
warm one; a step is the fastest of a few warm calls, over steps and candidates. On a CPU both are the processor's time
on one core, which other processes of the machine hardly change. From them follows the time a candidate at 100, 1,000
and 10,000 steps, and with it the rule of `actsearch.evaluation.engines`. Other tasks' rows of the JSON stay.

Hardware and wall time: one core of 2, about 12 minutes for all tasks, of which compilations take most.
Expected numbers: a bank of 32 compiles a candidate in an eighth of the time that its own function takes.
"""

import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import tyro

from actsearch.evaluation import Job, Trainer
from actsearch.evaluation.engines import Costs
from actsearch.report.tables import Column, render, show
from actsearch.spaces import Space, evonorm, gate, swish
from actsearch.tasks import Task, get_task
from actsearch.trials import Proposal
from experiments._card import fill_page, machine, say, write_json
from experiments.benchmarks import engine, layers
from experiments.benchmarks.steps import shortened, use_one_core

OUT = Path(__file__).parent / "results" / "bank.json"
PAGE = Path(__file__).parents[2] / "docs" / "studies" / "engines.md"
STEPS = {"digits-mlp": 500, "mnist1d-resnet": 50, "text-ffn": 25, "text-gate": 25, "digits-resnet-layer": 50}
"""Steps of one timing of each task."""

SIZES = (1, 8, 32)
LENGTHS = (100, 1_000, 10_000)
"""Steps of a training for which the time a candidate is computed."""

CANDIDATES = 1_000
"""Candidates that the interpreter's one compilation is spread over."""


def main(
    tasks: tuple[str, ...] = tuple(STEPS),
    sizes: tuple[int, ...] = SIZES,
    alone: int = 3,
    rounds: int = 3,
    out: Path = OUT,
) -> None:
    """Measures tasks, prints the tables and writes the JSON.

    Args:
      tasks: of which engines are measured.
      sizes: of the banks.
      alone: candidates that are compiled each as its own function, and interpreted; means count.
      rounds: warm calls of every way.
      out: where the JSON goes; other tasks' rows stay.
    """
    use_one_core()
    jax.config.update("jax_enable_compilation_cache", False)
    rows = json.loads(out.read_text())["tasks"] if out.exists() else {}
    for name in tasks:
        rows[name] = measure(shortened(get_task(name), STEPS.get(name, 25)), sizes, alone, rounds)
        write_json(out, {**machine(), "clock": clock_name(), "tasks": rows})
    print_tables(rows)
    if out == OUT:
        fill_page(PAGE, "banks", page_lines(rows))


def space_of(task: Task) -> Space:
    """Returns the space whose programs a task is given."""
    return {"activation": lambda: swish(units=1), "layer": evonorm, "gate": gate}[task.kind]()


def draw(space: Space, count: int) -> list[Proposal]:
    """Returns random candidates that pass the gates before training."""
    return layers.draw(space, count) if space.kind == "layer" else engine.draw(space, count, seed=0)


class Way(NamedTuple):
    """One way to train candidates.

    Attributes:
      engine: "specialize", "interpret" or "bank".
      trainer: of that engine.
      jobs: one for each candidate.
    """

    engine: str
    trainer: Trainer
    jobs: list[Job]

    def record(self, rounds: int) -> dict[str, Any]:
        """Returns seconds of compilation, and milliseconds a step and candidate."""
        first = self._seconds()
        warm = min(self._seconds() for _ in range(rounds))
        count, task = len(self.jobs), self.trainer.task
        record = {
            "engine": self.engine,
            "candidates": count,
            "lanes": self.trainer.lanes,
            "compile_seconds": first - warm,
            "step_ms": 1e3 * warm / task.steps / count,
        }
        say(f"{task.name}: {record}")
        return record

    def _seconds(self) -> float:
        clock = time.process_time if jax.default_backend() == "cpu" else time.perf_counter
        began = clock()
        self.trainer(self.jobs)
        return clock() - began


def clock_name() -> str:
    """Returns what the seconds are."""
    return "processor time of one core" if jax.default_backend() == "cpu" else "wall time"


def specialised(task: Task, proposal: Proposal, lanes: int = 1) -> Way:
    """Returns a candidate compiled as its own function, trained in so many lanes."""
    trainer = Trainer.specialized(task, proposal.program, devices=jax.devices()[:1], lanes=lanes)
    return Way("specialize", trainer, [Job((), 0)] * lanes)


def interpreted(task: Task, proposals: Sequence[Proposal], lanes: int = 1) -> Way:
    """Returns candidates as data."""
    trainer = Trainer.interpreted(task, space_of(task).template, devices=jax.devices()[:1], lanes=lanes)
    return Way("interpret", trainer, [Job(proposal.genotype.choices, 0) for proposal in proposals])


def banked(task: Task, proposals: Sequence[Proposal], lanes: int) -> Way:
    """Returns candidates as one bank, so many of them at a time."""
    programs = [proposal.program for proposal in proposals]
    trainer = Trainer.bank(task, programs, devices=jax.devices()[:1], lanes=lanes)
    return Way("bank", trainer, [Job((number,), 0) for number in range(len(proposals))])


def measure(task: Task, sizes: Sequence[int], alone: int, rounds: int) -> dict[str, Any]:
    """Returns the records of every way on a task, and the time a candidate at each length."""
    proposals = draw(space_of(task), max(*sizes, alone))
    specialised(task, Proposal(task.baseline)).record(rounds=1)  # what a process pays once is not charged to a way
    own = [specialised(task, proposal).record(rounds) for proposal in proposals[:alone]]
    means = {key: statistics.mean(row[key] for row in own) for key in ("compile_seconds", "step_ms")}
    as_data = interpreted(task, proposals[:alone])
    ways = [{**own[0], **means}, as_data.record(rounds)]
    # Once more with as many programs as the largest bank, for programs differ in what a step takes.
    more = interpreted(task, proposals)._replace(trainer=as_data.trainer).record(rounds)
    ways.append({**more, "compile_seconds": ways[-1]["compile_seconds"]})
    ways += [banked(task, proposals[:size], lanes).record(rounds) for size in sizes for lanes in sorted({1, size})]
    return {
        "kind": task.kind,
        "steps": task.steps,
        "specialised": own,
        "ways": [{**way, "seconds": seconds_each(way)} for way in ways],
    }


def seconds_each(way: dict[str, Any], lengths: Sequence[int] = LENGTHS) -> dict[str, float]:
    """Returns the seconds a candidate of trainings of several lengths, compilation included.

    Example:
      >>> way = {"engine": "bank", "candidates": 10, "compile_seconds": 20.0, "step_ms": 1.0}
      >>> seconds_each(way, (100, 1000))
      {'100': 2.1, '1000': 3.0}
    """
    sharers = CANDIDATES if way["engine"] == "interpret" else way["candidates"]
    return {str(steps): way["compile_seconds"] / sharers + steps * way["step_ms"] / 1e3 for steps in lengths}


def costs_of(row: dict[str, Any]) -> Costs:
    """Returns what a task's records say for the choice of engine, banks running one program after another.

    The interpreter's ratio is of the programs that were specialised too, that of a bank to the interpreter of all.
    """
    alone, interpreted_alone, interpreted_all, *banks = row["ways"]
    unit, step = alone["compile_seconds"], alone["step_ms"]
    largest = max((way for way in banks if way["lanes"] == 1), key=lambda way: way["candidates"])
    ratio = interpreted_alone["step_ms"] / step
    return Costs(
        compile_steps=1e3 * unit / step,
        interpreter=interpreted_alone["compile_seconds"] / unit,
        interpreted_step=ratio,
        program=(largest["compile_seconds"] / unit - 1) / largest["candidates"],
        bank_step=ratio * largest["step_ms"] / interpreted_all["step_ms"],
    )


def page_lines(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Returns the page's table."""
    heads = ["task", "engine", "programs", "lanes", "compile, s", "ms a step", *(f"s at {n:,} steps" for n in LENGTHS)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, row in rows.items():
        for way in row["ways"]:
            cells = [name, way["engine"], way["candidates"], way["lanes"]]
            figures = [way["compile_seconds"], way["step_ms"], *way["seconds"].values()]
            lines.append("| " + " | ".join([*map(str, cells), *(f"{figure:.3g}" for figure in figures)]) + " |")
    return lines


def print_tables(rows: dict[str, dict[str, Any]]) -> None:
    """Prints what a candidate costs, task by task."""
    heads = (
        "engine",
        Column("programs", ",d"),
        Column("lanes", ",d"),
        Column("compile s", ",.1f"),
        Column("ms a step", ",.3f"),
    )
    for name, row in rows.items():
        columns = [*heads, *(Column(f"s at {int(steps):,}", ",.2f") for steps in row["ways"][0]["seconds"])]
        table = [
            (
                *(way[key] for key in ("engine", "candidates", "lanes", "compile_seconds", "step_ms")),
                *way["seconds"].values(),
            )
            for way in row["ways"]
        ]
        show(render(table, columns, f"{name}: seconds a candidate, by steps of training"))
        say(costs_of(row))


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)

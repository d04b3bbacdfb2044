"""Layers as data against layers as formulas: time, memory, and the number of steps from which compiling pays.

    python -m experiments.benchmarks.layers [--graphs 32]

Random graphs of evonorm-b that pass the gates before training train digits-resnet-layer on one device, interpreted and
specialised in turn, from the same weights and batches. Seconds depend on the machine: read the ratios. No compilation
cache is used. Memory is what XLA plans for temporary arrays of one gradient of the network's loss at the task's batch.

Hardware and wall time: 2 CPU cores, about 8 minutes with 32 graphs. Expected numbers: interpreted / specialised below 2
in the median, EvoNorm-S0 below 1.5 times BatchNorm+ReLU, memory below 2 times the specialised layer's.
"""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import tyro
from flax import nnx

from actsearch.catalog import CATALOG
from actsearch.engine import LayerFunction, interpret, specialize
from actsearch.evaluation import Job, Trainer, gates_of, init_state, screen, split_network
from actsearch.language import Program
from actsearch.nn import Layer
from actsearch.report.tables import Column, render, show
from actsearch.spaces import Space, evonorm
from actsearch.tasks import Task, get_task
from actsearch.trials import Proposal
from experiments._card import machine, write_json
from experiments.benchmarks.clock import timed

OUT = Path(__file__).parent / "results" / "layers.json"
PUBLISHED = ("batch_norm_relu", "evonorm_s0", "evonorm_b0")
ROUNDS, PUBLISHED_ROUNDS = 3, 5
MEMORY_GRAPHS = 8


def main(graphs: int = 32, out: Path = OUT) -> None:
    """Measures, prints the table and writes the JSON; `graphs` is how many random layers are compared."""
    jax.config.update("jax_enable_compilation_cache", False)
    run(get_task("digits-resnet-layer"), evonorm(), graphs, out)


def run(task: Task, space: Space, graphs: int, out: Path) -> dict[str, Any]:
    """Returns what the JSON holds: every raw figure and the targets."""
    candidates = draw(space, graphs)
    times = measure_times(task, space, candidates)
    memory = measure_memory(task, space, [candidate.program for candidate in candidates[:MEMORY_GRAPHS]])
    targets = targets_of(times, memory, task.steps)
    heads = ("target", Column("figure", ",.3g"), "limit", "met")
    show(render([tuple(row.values()) for row in targets], heads, f"Layers on {task.name}, one device"))
    report = {
        **machine(),
        "backend": jax.default_backend(),
        "programs": [str(candidate.program) for candidate in candidates],
        "times": times,
        "memory": memory,
        "targets": targets,
    }
    write_json(out, report)
    return report


def draw(space: Space, count: int) -> list[Proposal]:
    """Returns distinct random graphs that pass the gates before training and hold a statistic."""
    rng, gates = np.random.default_rng(0), gates_of("layer")
    distinct: dict[str, Proposal] = {}
    while len(distinct) < count:
        genotype = space.sample(rng)
        program = space.decode(genotype)
        verdict = screen(program, gates)
        if not verdict.gate and program.reductions:
            distinct.setdefault(verdict.fingerprint, Proposal(program, genotype))
    return list(distinct.values())


def measure_times(task: Task, space: Space, candidates: list[Proposal]) -> dict[str, Any]:
    """Returns seconds of the first and of warm trainings, interpreted and specialised, graph by graph."""
    interpreted = Trainer.interpreted(task, space.template, devices=jax.devices()[:1])
    first = seconds_of(interpreted, candidates[0].genotype.choices)
    rows: dict[str, list[float]] = {"interpreted": [], "specialised": [], "specialised_first": []}
    for candidate in candidates:
        specialised = Trainer.specialized(task, candidate.program, devices=jax.devices()[:1])
        rows["specialised_first"].append(seconds_of(specialised))
        pairs = [(seconds_of(interpreted, candidate.genotype.choices), seconds_of(specialised)) for _ in range(ROUNDS)]
        for name, seconds in zip(("interpreted", "specialised"), zip(*pairs, strict=True), strict=True):
            rows[name].append(statistics.median(seconds))
    published = {name: warm_seconds(task, CATALOG[name].program) for name in PUBLISHED}
    return {"interpreted_first": first, **rows, "published": published}


def seconds_of(trainer: Trainer, choices: tuple[int, ...] = ()) -> float:
    """Returns the seconds of one training."""
    return timed(trainer, [Job(choices, seed=0)])[0]


def warm_seconds(task: Task, program: Program) -> float:
    """Returns the median seconds of a specialised training, after its first."""
    trainer = Trainer.specialized(task, program, devices=jax.devices()[:1])
    return statistics.median([seconds_of(trainer) for _ in range(1 + PUBLISHED_ROUNDS)][1:])


def measure_memory(task: Task, space: Space, programs: list[Program]) -> dict[str, Any]:
    """Returns bytes of temporary arrays of one gradient: of the interpreted network and of each specialised one."""
    decisions = len(space.decisions)
    return {
        "interpreted": gradient_bytes(task, lambda choices: interpret(space.template, choices), decisions),
        "specialised": [specialised_bytes(task, program) for program in programs],
        "published": {name: specialised_bytes(task, CATALOG[name].program) for name in PUBLISHED},
    }


def specialised_bytes(task: Task, program: Program) -> int:
    """Returns the bytes of a network that has a program compiled as a formula."""
    return gradient_bytes(task, lambda _: specialize(program), 0)


def gradient_bytes(task: Task, candidate: Callable[[jax.Array], LayerFunction], decisions: int) -> int:
    """Returns what XLA plans for the temporary arrays of one gradient of the loss."""
    state, batch = init_state(task, 0), task.abstract_batch()

    def gradient(choices, batch):
        function = candidate(choices)
        layer = lambda features: Layer(function, features, groups=task.groups)  # noqa: E731
        graph, parameters, rest = split_network(task, layer, state)

        def loss(parameters):
            network = nnx.merge(graph, parameters, rest, copy=True)
            network.train()
            return task.loss(network, batch)

        return jax.grad(loss)(parameters)

    batch = jax.tree.map(jnp.asarray, batch)
    compiled = jax.jit(gradient).lower(jnp.zeros(decisions, jnp.int32), batch).compile()
    return int(compiled.memory_analysis().temp_size_in_bytes)


def targets_of(times: dict[str, Any], memory: dict[str, Any], steps: int) -> list[dict[str, Any]]:
    """Returns the targets of the design, each with its figure."""
    ratios = [a / b for a, b in zip(times["interpreted"], times["specialised"], strict=True)]
    interpreted, specialised = (statistics.median(times[name]) for name in ("interpreted", "specialised"))
    specialised_compilation = statistics.median(times["specialised_first"]) - specialised
    compilation = times["interpreted_first"] - times["interpreted"][0]
    slower = (interpreted - specialised) / steps
    crossover = specialised_compilation / slower if slower > 0 else float("inf")
    published, evonorm_b0 = times["published"], memory["published"]["evonorm_b0"]
    median_bytes = statistics.median([*memory["specialised"], evonorm_b0])
    rows = [
        ("interpreted / specialised, median of the graphs", statistics.median(ratios), 2.0),
        ("interpreted / specialised, worst graph", max(ratios), None),
        ("EvoNorm-S0 / BatchNorm+ReLU, specialised", published["evonorm_s0"] / published["batch_norm_relu"], 1.5),
        ("EvoNorm-B0 / BatchNorm+ReLU, specialised", published["evonorm_b0"] / published["batch_norm_relu"], None),
        ("memory, interpreted / specialised, median", memory["interpreted"] / median_bytes, 2.0),
        ("memory, interpreted / EvoNorm-B0", memory["interpreted"] / evonorm_b0, None),
        ("one interpreted compilation / a specialised one", compilation / specialised_compilation, None),
        ("seconds to compile a specialised training", specialised_compilation, None),
        ("crossover in steps, many candidates", crossover, None),
    ]
    return [
        {
            "name": name,
            "figure": figure,
            "limit": limit and f"<= {limit:g}",
            "met": None if limit is None else figure <= limit,
        }
        for name, figure, limit in rows
    ]


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)

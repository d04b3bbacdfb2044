"""Layers as data against layers as formulas: time, memory, and the number of steps from which compiling pays.

    python experiments/benchmarks/layers.py [--graphs 32]

Random graphs of evonorm-b that pass the cheap gates train digits-resnet-layer on one device, interpreted and
specialised in turn, from the same weights and batches. Seconds depend on the machine: read the ratios. No compilation
cache is used. Memory is what XLA plans for temporary arrays of one gradient of the network's loss at the task's batch.

Hardware and wall time: 2 CPU cores, about 8 minutes with 32 graphs. Expected numbers: interpreted / specialised below 2
in the median, EvoNorm-S0 below 1.5 times BatchNorm+ReLU, memory below 2 times the specialised layer's.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from actsearch.catalog import CATALOG
from actsearch.engine import LayerFunction, interpret, specialize
from actsearch.evaluation import Job, Trainer, gates_of, init_state, screen, split_network
from actsearch.language import Program
from actsearch.nn import Layer
from actsearch.report.tables import Column, render, show
from actsearch.spaces import Space, evonorm
from actsearch.tasks import Task, get_task

OUT = Path(__file__).parent / "results" / "layers.json"
PUBLISHED = ("batch_norm_relu", "evonorm_s0", "evonorm_b0")


def main():
    """Measures, prints the table and writes the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=32)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)
    run(get_task("digits-resnet-layer"), evonorm(), args.graphs, args.out)


def run(task: Task, space: Space, graphs: int, out: Path) -> dict:
    """Returns what the JSON holds: every raw figure and the targets."""
    programs = draw(space, graphs)
    times = measure_times(task, space, programs)
    memory = measure_memory(task, space, programs[: min(graphs, 8)])
    targets = judge(times, memory, task.steps)
    heads = ("target", Column("figure", ",.3g"), "limit", "met")
    show(render([(*row.values(),) for row in targets], heads, f"Layers on {task.name}, one device"))
    report = {
        "date": datetime.date.today().isoformat(),
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "backend": jax.default_backend(),
        "versions": {name: version(name) for name in ("jax", "jaxlib", "flax", "actsearch")},
        "programs": [str(program) for program in programs],
        **{"times": times, "memory": memory, "targets": targets},
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n")
    return report


def draw(space: Space, count: int) -> list[Program]:
    """Returns distinct random graphs that pass the cheap gates and hold a statistic."""
    rng, programs = np.random.default_rng(0), {}
    while len(programs) < count:
        program = space.decode(space.sample(rng))
        verdict = screen(program, gates_of("layer"))
        if not verdict.gate and program.reductions:
            programs.setdefault(verdict.fingerprint, program)
    return list(programs.values())


def timed(function: Callable, *args) -> float:
    """Returns the seconds of a call."""
    began = time.perf_counter()
    function(*args)
    return time.perf_counter() - began


def measure_times(task: Task, space: Space, programs: list[Program]) -> dict:
    """Returns seconds of the first and of warm trainings, interpreted and specialised, graph by graph."""
    where = {"devices": jax.devices()[:1]}
    machine = Trainer.interpreted(task, space.template, **where)
    jobs = {program: [Job(space.encode(program).choices, 0)] for program in programs}
    first = timed(machine, jobs[programs[0]])
    rows: dict[str, list[float]] = {"interpreted": [], "specialised": [], "specialised_first": []}
    for program in programs:
        own = Trainer.specialized(task, program, **where)
        rows["specialised_first"].append(timed(own, [Job((), 0)]))
        pairs = [(timed(machine, jobs[program]), timed(own, [Job((), 0)])) for _ in range(3)]
        for name, values in zip(("interpreted", "specialised"), zip(*pairs, strict=True), strict=True):
            rows[name].append(statistics.median(values))
    published = {}
    for name in PUBLISHED:
        own = Trainer.specialized(task, CATALOG[name].program, **where)
        own([Job((), 0)])
        published[name] = statistics.median(timed(own, [Job((), 0)]) for _ in range(5))
    return {"interpreted_first": first, **rows, "published": published}


def measure_memory(task: Task, space: Space, programs: list[Program]) -> dict:
    """Returns bytes of temporary arrays of one gradient: of the interpreted network and of each specialised one."""
    machine = gradient_bytes(task, lambda choices: interpret(space.template, choices), len(space.decisions))
    own = [gradient_bytes(task, lambda _, p=program: specialize(p), 0) for program in programs]
    published = {name: gradient_bytes(task, lambda _, n=name: specialize(CATALOG[n].program), 0) for name in PUBLISHED}
    return {"interpreted": machine, "specialised": own, "published": published}


def gradient_bytes(task: Task, candidate: Callable[[jax.Array], LayerFunction], choices: int) -> int:
    """Returns what XLA plans for the temporary arrays of one gradient of the loss."""
    state, batch = init_state(task, 0), task.abstract_batch()

    def gradient(choices, batch):
        function = candidate(choices)
        graph, parameters, rest = split_network(task, lambda n: Layer(function, n, groups=task.groups), state)

        def loss(parameters):
            network = nnx.merge(graph, parameters, rest, copy=True)
            network.train()
            return task.loss(network, batch)

        return jax.grad(loss)(parameters)

    compiled = jax.jit(gradient).lower(jnp.zeros(choices, jnp.int32), jax.tree.map(jnp.asarray, batch)).compile()
    return int(compiled.memory_analysis().temp_size_in_bytes)


def judge(times: dict, memory: dict, steps: int) -> list[dict]:
    """Returns the targets of the design, each with its figure."""
    ratios = [a / b for a, b in zip(times["interpreted"], times["specialised"], strict=True)]
    interpreted, specialised = (statistics.median(times[name]) for name in ("interpreted", "specialised"))
    compile_own = statistics.median(times["specialised_first"]) - specialised
    compile_machine = times["interpreted_first"] - times["interpreted"][0]
    slower = (interpreted - specialised) / steps
    published = times["published"]
    own = [*memory["specialised"], memory["published"]["evonorm_b0"]]
    rows = [
        ("interpreted / specialised, median of the graphs", statistics.median(ratios), 2.0),
        ("interpreted / specialised, worst graph", max(ratios), None),
        ("EvoNorm-S0 / BatchNorm+ReLU, specialised", published["evonorm_s0"] / published["batch_norm_relu"], 1.5),
        ("EvoNorm-B0 / BatchNorm+ReLU, specialised", published["evonorm_b0"] / published["batch_norm_relu"], None),
        ("memory, interpreted / specialised, median", memory["interpreted"] / statistics.median(own), 2.0),
        ("memory, interpreted / EvoNorm-B0", memory["interpreted"] / memory["published"]["evonorm_b0"], None),
        ("one interpreted compilation / a specialised one", compile_machine / compile_own, None),
        ("seconds to compile a specialised training", compile_own, None),
        ("crossover in steps, many candidates", compile_own / slower if slower > 0 else float("inf"), None),
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
    main()

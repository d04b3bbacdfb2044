"""Engine timings as ratios: the interpreter against specialised functions, plain Flax/Optax and PyTorch eager.

    make bench
    python -m experiments.benchmarks.engine --candidates 8 --search-candidates 64

Everything trains the same random candidates of swish-1 on digits-mlp, from the same initial weights and batches, in one
process (PyTorch: in processes of its own, one after the other). The candidates are functionally distinct and finite on
the probe. Seconds depend on the machine: read the ratios. No compilation cache is used.

The floor is the same network with ReLU, compiled and warm on every device: no interpreter can be below it. Against
PyTorch the search is held to the factor that the floor has, each with ReLU.

Hardware and wall time: 2 CPU cores, 200 s.
Expected numbers: interpreted / specialised about 1.1; Flax/Optax 7.5 and PyTorch 5.3 times slower than the search.

The plain Flax/Optax loop is measured in two forms (`flax_peer`), and the faster one counts. The PyTorch loop
(`torch_peer`) has the fused optimizer, the fastest of its three. Neither pays for loading data, for imports or for its
first training. PyTorch is an extra (`pip install 'actsearch[torch]'`); its part is left out where it is
absent.
"""

import dataclasses
import importlib.util
import math
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tyro
from rich.console import Console

from actsearch.evaluation import Trainer, gates_of, screen, use_all_cores
from actsearch.language import ActsearchError
from actsearch.spaces import Space, swish
from actsearch.tasks import Classification, get_task
from actsearch.trials import Proposal
from experiments._card import machine, write_json
from experiments.benchmarks.clock import timed
from experiments.benchmarks.engine_tables import targets_of, targets_table, ways_table
from experiments.benchmarks.flax_peer import measure_flax
from experiments.benchmarks.torch_check import measure_torch

TORCH_MISSING = "PyTorch is not installed: its comparison is left out; pip install 'actsearch[torch]' adds it."

Say = Callable[..., None]


@dataclasses.dataclass(frozen=True)
class Settings:
    """Benchmarks the engine; prints two tables and writes them, with every raw time, as JSON."""

    candidates: int = 32
    """Candidates that the interpreter and the specialised functions are compared on."""
    rounds: int = 3
    """Timings of each candidate and of each batch; the ways alternate, and medians count."""
    search_candidates: int = 512
    """Candidates of the end-to-end batch that the interpreter's one compilation is spread over."""
    flax_candidates: int = 6
    """Candidates of the plain Flax/Optax loop, the first ones; 0 leaves it out."""
    torch_candidates: int = 16
    """Candidates of the PyTorch loop, the first ones; 0 leaves it out."""
    torch_checks: int = 8
    """Candidates of which the check that PyTorch and JAX train alike is printed; all are counted."""
    seed: int = 0
    """Draws the candidates; also the seed of every training."""
    out: Path = Path(__file__).parent / "results" / "engine.json"
    """Where the JSON goes."""

    def __post_init__(self) -> None:
        for name in ("candidates", "rounds"):
            if getattr(self, name) < 1:
                raise ActsearchError(f"{name} must be at least 1; received {getattr(self, name)}.")


def main(settings: Settings) -> None:
    """Measures on the published space and the smallest task."""
    use_all_cores()
    jax.config.update("jax_enable_compilation_cache", False)
    run(get_task("digits-mlp"), swish(units=1), settings)


def run(task: Classification, space: Space, settings: Settings, console: Console | None = None) -> dict[str, Any]:
    """Measures every way, prints the tables, writes the JSON and returns what it holds."""
    console = console or Console(width=None if sys.stdout.isatty() else 120)
    began = time.perf_counter()
    searched = max(settings.search_candidates, 2 * settings.candidates)
    candidates = draw(space, max(searched, settings.flax_candidates, settings.torch_candidates), settings.seed)
    devices = f"{len(jax.devices())} {jax.default_backend()} devices"
    console.print(f"{space.name} on {task.name}, {task.steps} steps, {devices}")
    times = measure(task, space, candidates, searched, settings, console.print)
    targets = targets_of(times)
    console.print(ways_table(times), targets_table(targets))
    report = {
        **machine(),
        "backend": jax.default_backend(),
        "torch": version("torch") if "torch" in times else None,
        "settings": {**dataclasses.asdict(settings), "out": settings.out.name},
        "task": task.name,
        "space": space.name,
        "programs": [str(candidate.program) for candidate in candidates[: settings.candidates]],
        "wall_seconds": time.perf_counter() - began,
        "targets": [target._asdict() for target in targets],
        "times": times,
    }
    write_json(settings.out, report)
    console.print(f"{report['wall_seconds']:.0f} s in all", soft_wrap=True)
    return report


def measure(
    task: Classification,
    space: Space,
    candidates: Sequence[Proposal],
    searched: int,
    settings: Settings,
    say: Say,
) -> dict[str, Any]:
    """Returns the raw times of every way, by the parts of the JSON."""
    times: dict[str, Any] = {}
    one_device, times["one_device"] = measure_one_device(task, space, candidates, settings, say)
    times["all_devices"] = measure_all_devices(task, space, candidates[:searched], one_device, settings, say)
    times["floor"] = measure_floor(task, settings)
    if settings.flax_candidates:
        programs = [candidate.program for candidate in candidates[: settings.flax_candidates]]
        times["flax"] = measure_flax(task, programs, settings.seed, say)
    if settings.torch_candidates and importlib.util.find_spec("torch"):
        compared = candidates[: settings.torch_candidates]
        times["torch"] = measure_torch(task, space, compared, one_device, settings.seed, settings.torch_checks, say)
    elif settings.torch_candidates:
        say(TORCH_MISSING, markup=False, soft_wrap=True)
    return times


def draw(space: Space, count: int, seed: int) -> list[Proposal]:
    """Returns random candidates that pass a search's gates: finite on the probe and functionally distinct."""
    rng, gates, distinct = np.random.default_rng(seed), gates_of(space.kind), {}
    for _ in range(100 * count):
        genotype = space.sample(rng)
        candidate = Proposal(space.decode(genotype), genotype)
        verdict = screen(candidate.program, gates, space.kind)
        if not verdict.gate:
            distinct.setdefault(verdict.fingerprint, candidate)
        if len(distinct) == count:
            return list(distinct.values())
    raise ActsearchError(
        f"{space.name} gave {len(distinct)} distinct finite functions; {count} were asked for: ask for fewer."
    )


# Interpreter and specialised functions, one device.


def measure_one_device(
    task: Classification, space: Space, candidates: Sequence[Proposal], settings: Settings, say: Say
) -> tuple[Trainer, dict[str, Any]]:
    """Times both engines on each candidate in turn; returns the interpreting trainer and the times."""
    device, seeds = jax.devices()[:1], [settings.seed]
    compared = candidates[: settings.candidates]
    interpreted = Trainer.interpreted(task, space.template, devices=device)
    first, _ = timed(interpreted, interpreted.jobs([compared[0].genotype.choices], seeds))
    say(f"interpreted, 1 device: first training {first:.1f} s, compilation included")
    trainers = [Trainer.specialized(task, candidate.program, devices=device) for candidate in compared]
    firsts = [timed(trainer, trainer.jobs([()], seeds))[0] for trainer in trainers]
    say(f"specialised: {len(firsts)} first trainings {sum(firsts):.1f} s, compilations included")
    rows = [
        alternate(interpreted, trainer, candidate, settings)
        for candidate, trainer in zip(compared, trainers, strict=True)
    ]
    return interpreted, {
        "interpreted_first": first,
        "specialised_first": firsts,
        "interpreted": [row["interpreted"] for row in rows],
        "specialised": [row["specialised"] for row in rows],
        "accuracy_interpreted": [row["accuracies"][0] for row in rows],
        "accuracy_specialised": [row["accuracies"][1] for row in rows],
        "diverged": sum(row["diverged"] for row in rows),
        "compilations": {str(len(compared)): interpreted.compilations},
    }


def alternate(interpreted: Trainer, specialised: Trainer, candidate: Proposal, settings: Settings) -> dict[str, Any]:
    """Times one candidate under both engines, A B and then B A, so that noise of the machine hits both alike."""
    ways = {
        "interpreted": (interpreted, interpreted.jobs([candidate.genotype.choices], [settings.seed])),
        "specialised": (specialised, specialised.jobs([()], [settings.seed])),
    }
    seconds: dict[str, Any] = {name: [] for name in ways}
    metrics = {}
    for turn in range(settings.rounds):
        for name in list(ways)[:: -1 if turn % 2 else 1]:
            duration, (outcome,) = timed(*ways[name])
            seconds[name].append(duration)
            metrics[name] = outcome.metrics
    accuracies = [metrics[name]["accuracy"] for name in ways]
    return {**seconds, "accuracies": accuracies, "diverged": not math.isfinite(metrics["specialised"]["loss"])}


# The interpreter on every device: what a search does.


def measure_all_devices(
    task: Classification,
    space: Space,
    candidates: Sequence[Proposal],
    one_device: Trainer,
    settings: Settings,
    say: Say,
) -> dict[str, Any]:
    """Times a search batch from nothing, then batches on one device and on all in turn."""
    size = settings.candidates
    began = time.perf_counter()
    trainer = Trainer.interpreted(task, space.template)
    jobs = trainer.jobs([candidate.genotype.choices for candidate in candidates], [settings.seed])
    trainer(jobs[:size])
    cold = time.perf_counter() - began
    compilations = {str(size): trainer.compilations}
    second, _ = timed(trainer, jobs[size : 2 * size])
    compilations[str(2 * size)] = trainer.compilations
    rest, _ = timed(trainer, jobs[2 * size :])
    compilations[str(len(jobs))] = trainer.compilations
    say(f"interpreted, {len(jax.devices())} devices: {len(jobs)} candidates {cold + second + rest:.1f} s from nothing")
    batches: dict[str, list[float]] = {"one": [], "all": []}
    for _ in range(settings.rounds):
        batches["one"].append(timed(one_device, jobs[:size])[0])
        batches["all"].append(timed(trainer, jobs[:size])[0])
    one_device(jobs[size : 2 * size])
    return {
        "devices": len(jax.devices()),
        "candidates": len(jobs),
        "batch": size,
        "first_batch_with_compilation": cold,
        "from_nothing": cold + second + rest,
        "batch_one_device": batches["one"],
        "batch_all_devices": batches["all"],
        "compilations": compilations,
        "compilations_one_device": {str(2 * size): one_device.compilations},
    }


def measure_floor(task: Classification, settings: Settings) -> dict[str, Any]:
    """Times batches of trainings of the baseline, compiled and warm, on every device."""
    trainer, trainings = Trainer.specialized(task, task.baseline), settings.candidates
    jobs = trainer.jobs([()] * trainings, [settings.seed])
    trainer(jobs)
    return {"trainings": trainings, "batch": [timed(trainer, jobs)[0] for _ in range(settings.rounds)]}


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))

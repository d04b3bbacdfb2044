"""Engine timings as ratios: the interpreter against specialised functions, plain Flax/Optax and PyTorch eager.

    make bench
    python experiments/benchmarks/engine.py --candidates 64 --search-candidates 1024

Everything trains the same random candidates of swish-1 on digits-mlp, from the same initial weights and batches, in one
process (PyTorch: in processes of its own, one after the other). The candidates are functionally distinct and finite on
the probe. Seconds depend on the machine: read the ratios. No compilation cache is used.

Hardware and wall time: 2 CPU cores, 6 minutes with the committed run's --candidates 48 --search-candidates 384
--flax-candidates 6 --torch-candidates 16.
Expected numbers: interpreted / specialised about 1.2; Flax/Optax 9 and PyTorch 5.5 times slower than the search.

The plain Flax/Optax loop is measured in two forms, and the faster one counts: one `jax.jit` of the whole training (a
`lax.scan` over the steps, with the evaluation), and one `jax.jit` of a step called from a Python loop. The PyTorch loop
has the fused optimizer, the fastest of its three. Neither pays for loading data, for imports or for its first training.
PyTorch is a benchmark-only extra (`pip install 'actsearch[bench]'`); its part is skipped where it is absent.
"""

import dataclasses
import datetime
import importlib.util
import json
import math
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro
from flax import nnx
from rich.console import Console
from rich.table import Table

from actsearch.evaluation import Job, Trainer, TrainState, gates_of, init_state, screen, use_all_cores
from actsearch.language import EPSILON, Program
from actsearch.nn import Layer
from actsearch.spaces import Space, swish
from actsearch.tasks import Task, get_task

TORCH_MISSING = "PyTorch is not installed: its comparison is skipped; pip install 'actsearch[bench]' adds it."
ACCURACY_TOLERANCE = 0.02  # of final accuracies, 9 of 449 validation examples: rounding grows over hundreds of steps
LOSS_TOLERANCE = 1e-3  # of losses after a few steps, relative: there rounding has not grown yet
EARLY_STEPS = 10


@dataclasses.dataclass(frozen=True)
class Settings:
    """Benchmarks the engine; prints two tables and writes them, with every raw time, as JSON."""

    candidates: int = 64
    """Candidates that the interpreter and the specialised functions are compared on."""
    rounds: int = 3
    """Timings of each candidate and of each batch; the ways alternate, and medians count."""
    search_candidates: int = 1024
    """Candidates of the end-to-end batch that the interpreter's one compilation is spread over."""
    flax_candidates: int = 16
    """Candidates of the plain Flax/Optax loop, the first ones; 0 skips it."""
    torch_candidates: int = 64
    """Candidates of the PyTorch loop, the first ones; 0 skips it."""
    torch_checks: int = 8
    """Candidates of which the check that PyTorch and JAX train alike is printed; all are counted."""
    seed: int = 0
    """Draws the candidates; also the seed of every training."""
    out: Path = Path(__file__).parent / "results" / "engine.json"
    """Where the JSON goes."""

    def __post_init__(self):
        for name in ("candidates", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; received {getattr(self, name)}.")


class Target(NamedTuple):
    """One line of the second table; `limit` and `met` are None where the line only informs."""

    name: str
    figure: float
    limit: str | None = None
    met: bool | None = None


def main(settings: Settings) -> None:
    use_all_cores()
    jax.config.update("jax_enable_compilation_cache", False)
    run(get_task("digits-mlp"), swish(units=1), settings)


def run(task: Task, space: Space, settings: Settings, console: Console | None = None) -> dict[str, Any]:
    """Measures every way, prints the tables, writes the JSON and returns what it holds."""
    console = console or Console(width=None if sys.stdout.isatty() else 120)
    began = time.perf_counter()
    size = settings.candidates
    searched = max(settings.search_candidates, 2 * size)
    programs = draw(space, max(searched, settings.flax_candidates, settings.torch_candidates), settings.seed)
    console.print(
        f"{space.name} on {task.name}, {task.steps} steps, {len(jax.devices())} {jax.default_backend()} devices"
    )
    times: dict[str, Any] = {}
    one, times["one_device"] = measure_one_device(task, space, programs, settings, console.print)
    times["all_devices"] = measure_all_devices(task, space, programs[:searched], one, settings, console.print)
    if settings.flax_candidates:
        times["flax"] = measure_flax(task, programs[: settings.flax_candidates], settings, console.print)
    if settings.torch_candidates and importlib.util.find_spec("torch"):
        times["torch"] = measure_torch(task, space, programs[: settings.torch_candidates], one, settings, console.print)
    elif settings.torch_candidates:
        console.print(TORCH_MISSING, markup=False, soft_wrap=True)
    targets = judge(times)
    console.print(ways_table(times), targets_table(targets))
    report = {
        **describe_machine(),
        "settings": {**dataclasses.asdict(settings), "out": settings.out.name},
        "task": task.name,
        "space": space.name,
        "programs": [str(program) for program in programs[:size]],
        "wall_seconds": time.perf_counter() - began,
        "targets": [target._asdict() for target in targets],
        "times": times,
    }
    settings.out.parent.mkdir(parents=True, exist_ok=True)
    settings.out.write_text(json.dumps(report, indent=1) + "\n")
    console.print(f"{report['wall_seconds']:.0f} s in all; written to {settings.out}", soft_wrap=True)
    return report


def draw(space: Space, count: int, seed: int) -> list[Program]:
    """Returns random programs that pass a search's gates: finite on the probe and functionally distinct."""
    rng, programs = np.random.default_rng(seed), {}
    for _ in range(100 * count):
        program = space.decode(space.sample(rng))
        verdict = screen(program, gates_of(space.kind))
        if not verdict.gate:
            programs.setdefault(verdict.fingerprint, program)
        if len(programs) == count:
            return list(programs.values())
    raise ValueError(
        f"{space.name} gave {len(programs)} distinct finite functions; {count} were asked for: ask for fewer."
    )


def job_of(space: Space, program: Program, seed: int) -> Job:
    """Returns the interpreter's job that trains a program of the space."""
    return Job(space.encode(program).choices, seed)


def timed(function: Callable, *args) -> tuple[float, Any]:
    began = time.perf_counter()
    value = function(*args)
    return time.perf_counter() - began, value


# Interpreter and specialised functions, one device.


def measure_one_device(task, space, programs, settings, say) -> tuple[Trainer, dict]:
    """Times both engines on each candidate in turn; returns the interpreting trainer and the times."""
    where = {"devices": jax.devices()[:1]}
    compared = programs[: settings.candidates]
    interpreted = Trainer.interpreted(task, space.template, **where)
    first, _ = timed(interpreted, [job_of(space, compared[0], settings.seed)])
    say(f"interpreted, 1 device: first training {first:.1f} s, compilation included")
    trainers, firsts = [], []
    for program in compared:
        trainers.append(Trainer.specialized(task, program, **where))
        firsts.append(timed(trainers[-1], [Job((), settings.seed)])[0])
    say(f"specialised: {len(firsts)} first trainings {sum(firsts):.1f} s, compilations included")
    jobs = [job_of(space, program, settings.seed) for program in compared]
    rows = [alternate(interpreted, trainer, job, settings) for job, trainer in zip(jobs, trainers, strict=True)]
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


def alternate(interpreted: Trainer, specialised: Trainer, job: Job, settings: Settings) -> dict[str, Any]:
    """Times one candidate under both engines, A B and then B A, so that noise of the machine hits both alike."""
    ways = {
        "interpreted": (interpreted, [job]),
        "specialised": (specialised, [Job((), settings.seed)]),
    }
    seconds: dict[str, Any] = {name: [] for name in ways}
    outcomes = {}
    for turn in range(settings.rounds):
        for name in list(ways)[:: -1 if turn % 2 else 1]:
            took, (outcomes[name],) = timed(*ways[name])
            seconds[name].append(took)
    accuracies = [outcomes[name].metrics["accuracy"] for name in ways]
    return {**seconds, "accuracies": accuracies, "diverged": not math.isfinite(outcomes["specialised"].metrics["loss"])}


# The interpreter on every device: what a search does.


def measure_all_devices(task, space, programs, one: Trainer, settings, say) -> dict:
    """Times a search batch from nothing, then batches on one device and on all in turn."""
    size = settings.candidates
    jobs = [job_of(space, program, settings.seed) for program in programs]
    began = time.perf_counter()
    trainer = Trainer.interpreted(task, space.template)
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
        batches["one"].append(timed(one, jobs[:size])[0])
        batches["all"].append(timed(trainer, jobs[:size])[0])
    one(jobs[size : 2 * size])
    return {
        "devices": len(jax.devices()),
        "candidates": len(jobs),
        "batch": size,
        "first_batch_with_compilation": cold,
        "from_nothing": cold + second + rest,
        "batch_one_device": batches["one"],
        "batch_all_devices": batches["all"],
        "compilations": compilations,
        "compilations_one_device": {str(2 * size): one.compilations},
    }


# The plain Flax/Optax loop.


class Parts(NamedTuple):
    """Scaled inputs float32 [examples, ...] and labels int32 [examples] of the training and the validation part."""

    inputs: Any
    labels: Any
    validation_inputs: Any
    validation_labels: Any


def parts(task: Task) -> Parts:
    train, validation, _ = task.data()
    scale = np.float32(task.dataset.scale)
    return Parts(train.inputs / scale, train.labels, validation.inputs / scale, validation.labels)


def measure_flax(task: Task, programs: Sequence[Program], settings: Settings, say) -> dict:
    """Times both forms of the plain loop on each candidate, compilation included, in turn."""
    begin = jax.device_get(init_state(task, settings.seed))
    data = jax.device_put(parts(task))
    forms = {"scan": flax_scan, "steps": flax_steps}
    times: dict[str, Any] = {name: [] for name in forms}
    times |= {"accuracy": []}
    for form in forms.values():  # what a process pays once is not charged to a candidate
        form(task, programs[0], begin, data)
    for program in programs:
        for name, form in forms.items():
            took, accuracy = timed(form, task, program, begin, data)
            times[name].append(took)
        times["accuracy"].append(accuracy)
    say(f"plain Flax/Optax: {len(programs)} candidates in two forms {sum(times['scan'] + times['steps']):.1f} s")
    return times


def flax_parts(task: Task, program: Program, begin: TrainState):
    """Returns what both forms share: a fresh network's parameters, the optimizer, a training step and the accuracy."""
    network = task.init(lambda features: Layer(program, features), jax.random.key(0))
    nnx.update(network, begin.weights)
    graph, parameters = nnx.split(network, nnx.Param)
    optimizer = optax.sgd(task.recipe.learning_rate, momentum=task.recipe.momentum)

    def loss(parameters, inputs, labels):
        logits = nnx.merge(graph, parameters)(inputs)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    def step(parameters, state, rows, data):
        gradients = jax.grad(loss)(parameters, data.inputs[rows], data.labels[rows])
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(parameters, updates), state

    def accuracy(parameters, data):
        logits = nnx.merge(graph, parameters)(data.validation_inputs)
        return jnp.mean(jnp.argmax(logits, axis=-1) == data.validation_labels)

    return parameters, optimizer, step, accuracy


def flax_scan(task: Task, program: Program, begin: TrainState, data: Parts) -> float:
    """Trains with one jit of everything; returns the validation accuracy."""
    parameters, optimizer, step, accuracy = flax_parts(task, program, begin)

    @jax.jit
    def fit(parameters, batches, data):
        carry = parameters, optimizer.init(parameters)
        (parameters, _), _ = jax.lax.scan(lambda c, rows: (step(*c, rows, data), None), carry, batches)
        return accuracy(parameters, data)

    return float(fit(parameters, begin.batches, data))


def flax_steps(task: Task, program: Program, begin: TrainState, data: Parts) -> float:
    """Trains with a jit of one step in a Python loop; returns the validation accuracy."""
    parameters, optimizer, step, accuracy = flax_parts(task, program, begin)
    state, step = optimizer.init(parameters), jax.jit(step)
    for rows in begin.batches:
        parameters, state = step(parameters, state, rows, data)
    return float(jax.jit(accuracy)(parameters, data))


# The PyTorch eager loop. These functions run in processes of their own, one thread each.


class TorchWork(NamedTuple):
    """What a PyTorch process gets: plain arrays, so that it needs JAX for nothing.

    Attributes:
      weights: (kernel [in, out], bias [out]) of each linear layer.
      batches: example numbers of every step, [steps, batch].
    """

    parts: Parts
    weights: list[tuple[np.ndarray, np.ndarray]]
    batches: np.ndarray
    learning_rate: float
    momentum: float


def measure_torch(
    task: Task, space: Space, programs: Sequence[Program], trainer: Trainer, settings: Settings, say
) -> dict:
    """Times PyTorch in one process and in two, and checks that it trains as JAX does."""
    work = torch_work(task, settings.seed)
    covered = [program for program in programs if torch_covers(program)]
    say(f"PyTorch: {len(covered)} of {len(programs)} candidates are covered by its table of primitives")
    one, rows = torch_wall(work, covered, processes=1)
    two, _ = torch_wall(work, covered, processes=2)
    early_task = dataclasses.replace(task, steps=EARLY_STEPS)
    _, early_rows = torch_wall(torch_work(early_task, settings.seed), covered, processes=1)
    checks = check_torch(early_task, space, covered, rows, early_rows, settings.seed, trainer)
    print_checks(checks, settings.torch_checks, say)
    seconds = [row[0] for row in rows]
    return {"one_process": one, "two_processes": two, "candidates": len(covered), "seconds": seconds, "checks": checks}


def torch_work(task: Task, seed: int) -> TorchWork:
    """Returns a task's data, and the start that a seed fixes, as PyTorch needs them."""
    begin = jax.device_get(init_state(task, seed))
    linears = nnx.to_pure_dict(begin.weights)["linears"]
    weights = [(np.asarray(linears[i]["kernel"]), np.asarray(linears[i]["bias"])) for i in sorted(linears)]
    return TorchWork(parts(task), weights, np.array(begin.batches), task.recipe.learning_rate, task.recipe.momentum)


def torch_wall(work: TorchWork, programs: Sequence[Program], processes: int) -> tuple[float, list]:
    """Returns the wall time of training every program, start of the processes excluded, and each one's row."""
    context = multiprocessing.get_context("spawn")
    shares = [list(programs[place::processes]) for place in range(processes)]
    ready = context.Barrier(processes)
    with ProcessPoolExecutor(processes, context, initializer=torch_ready, initargs=(ready,)) as pool:
        spans = list(pool.map(torch_share, [work] * processes, shares))
    rows: list = [None] * len(programs)
    for place, (_, _, share) in enumerate(spans):
        rows[place::processes] = share
    return max(end for _, end, _ in spans) - min(began for began, _, _ in spans), rows


def torch_ready(ready) -> None:
    """Loads PyTorch with one thread and waits for the other processes, so that all start together."""
    import torch

    torch.set_num_threads(1)
    ready.wait(timeout=300)


def torch_share(work: TorchWork, programs: Sequence[Program]) -> tuple[float, float, list]:
    """Trains one process's programs; returns when it began and ended, and (seconds, (accuracy, loss)) of each."""
    for program in programs[:1]:  # what a process pays once is not charged to a candidate
        torch_train(work._replace(batches=work.batches[:5]), program)
    began = time.time()  # the clock that processes share
    rows = [timed(torch_train, work, program) for program in programs]
    return began, time.time(), rows


def torch_train(work: TorchWork, program: Program) -> tuple[float, float]:
    """Trains one candidate as PyTorch's own examples do; returns the validation accuracy and loss."""
    import torch

    inputs, labels, validation_inputs, validation_labels = (torch.from_numpy(array) for array in work.parts)
    labels, batches = labels.long(), torch.from_numpy(work.batches).long()
    network = torch_network(work.weights, program)
    optimizer = torch.optim.SGD(network.parameters(), lr=work.learning_rate, momentum=work.momentum, fused=True)
    for rows in batches:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(inputs[rows]), labels[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        logits, targets = network(validation_inputs), validation_labels.long()
        accuracy = (logits.argmax(-1) == targets).float().mean()
        return float(accuracy), float(torch.nn.functional.cross_entropy(logits, targets))


def torch_network(weights, program: Program):
    """Returns the multilayer perceptron with a program between its linear layers, from given weights."""
    import torch

    modules = []
    for kernel, bias in weights:
        linear = torch.nn.Linear(*kernel.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(kernel.T.copy()))
            linear.bias.copy_(torch.tensor(bias))
        modules += [linear, torch_layer(program, kernel.shape[1])]
    return torch.nn.Sequential(*modules[:-1])


def torch_layer(program: Program, features: int):
    """Returns a module that computes a program, with one trainable value per feature for each of its parameters."""
    import torch

    table = torch_table()
    steps = [(table.get(op), args, payload, op) for op, args, payload in program.nodes]

    class Candidate(torch.nn.Module):
        def __init__(self):
            super().__init__()
            initial = {name: torch.full((features,), value) for name, value in program.parameters}
            self.values = torch.nn.ParameterDict(initial)
            self.leaves = dict(self.values)  # a plain dictionary is faster to read

        def forward(self, x):
            registers = []
            for function, args, payload, op in steps:
                if function:
                    registers.append(function(*[registers[arg] for arg in args]))
                elif op == "parameter":
                    registers.append(self.leaves[payload])
                else:
                    registers.append(x if op == "input" else torch.tensor(payload))
            return registers[-1].expand_as(x)

    return Candidate()


def torch_table() -> Mapping[str, Callable]:
    """Returns the PyTorch function of every primitive of the published Swish space."""
    import torch

    unary = {
        name: getattr(torch, name)
        for name in ("neg", "abs", "square", "sqrt", "exp", "sin", "cos", "sinh", "cosh", "tanh")
    }
    unary |= {name: getattr(torch, name) for name in ("asinh", "atan", "relu", "sigmoid", "erf")}
    return unary | {
        "cube": lambda x: x**3,
        "log_abs": lambda x: torch.log(torch.abs(x) + EPSILON),
        "sinc": lambda x: torch.sinc(x / math.pi),
        "minzero": lambda x: torch.clamp(x, max=0),
        "softplus": torch.nn.functional.softplus,
        "gauss": lambda x: torch.exp(-x * x),
        "add": torch.add,
        "mul": torch.mul,
        "sub": torch.sub,
        "safe_div": lambda a, b: a / (b + EPSILON),
        "max": torch.maximum,
        "min": torch.minimum,
        "sigmul": lambda a, b: torch.sigmoid(a) * b,
        "rbf": lambda a, b, beta: torch.exp(-beta * torch.square(a - b)),
        "laplace": lambda a, b, beta: torch.exp(-beta * torch.abs(a - b)),
        "mix": lambda a, b, beta: beta * a + (1 - beta) * b,
    }


def torch_covers(program: Program) -> bool:
    """Returns whether the table holds every primitive of a program."""
    table = torch_table()
    return all(node.op in table for node in program.nodes if node.args)


def check_torch(
    early_task: Task, space: Space, programs, late_rows, early_rows, seed: int, trainer: Trainer
) -> list[dict]:
    """Returns, for each program, the loss after a few steps and the final accuracy in JAX and in PyTorch."""
    jobs = [job_of(space, program, seed) for program in programs]
    early = Trainer.interpreted(early_task, space.template)(jobs)
    checks = []
    rows = zip(programs, early, trainer(jobs), early_rows, late_rows, strict=True)
    for program, soon, end, (_, (_, loss)), (_, (accuracy, _)) in rows:
        checks.append({"program": str(program), "jax_early_loss": soon.metrics["loss"], "torch_early_loss": loss})
        checks[-1] |= {
            "jax_accuracy": end.metrics["accuracy"],
            "torch_accuracy": accuracy,
            "diverged": not math.isfinite(end.metrics["loss"]),
        }
    return checks


def print_checks(checks: Sequence[dict], shown: int, say) -> None:
    """Prints some of the checks and counts all; a diverged training has no accuracy to compare."""
    for check in checks[:shown]:
        early = f"loss after {EARLY_STEPS} steps {check['jax_early_loss']:.5g} and {check['torch_early_loss']:.5g}"
        final = f"final accuracy {check['jax_accuracy']:.4f} and {check['torch_accuracy']:.4f}"
        say(f"  {check['program']}: {early}, {final}", highlight=False, markup=False, soft_wrap=True)
    losses = [(check["jax_early_loss"], check["torch_early_loss"]) for check in checks]
    alike = sum(bool(np.isclose(a, b, rtol=LOSS_TOLERANCE, equal_nan=True)) for a, b in losses)
    pairs = [(check["jax_accuracy"], check["torch_accuracy"]) for check in checks if not check["diverged"]]
    close = sum(abs(a - b) <= ACCURACY_TOLERANCE for a, b in pairs)
    early = f"loss after {EARLY_STEPS} steps, within {LOSS_TOLERANCE:g}"
    say(f"JAX and PyTorch agree on the {early}: {alike} of {len(losses)}")
    trained = f"{len(pairs)} that did not diverge"
    say(f"JAX and PyTorch agree on the final accuracy, within {ACCURACY_TOLERANCE}: {close} of {trained}")


# From times to the two tables.


def per_candidate(times: dict[str, Any]) -> dict[str, float]:
    """Returns seconds per candidate of each way: medians over the rounds, means over the candidates."""
    one, many = times["one_device"], times["all_devices"]
    seconds = {name: mean_of_medians(one[name]) for name in ("interpreted", "specialised")}
    seconds["batch, 1 device"] = statistics.median(many["batch_one_device"]) / many["batch"]
    seconds["batch, all devices"] = statistics.median(many["batch_all_devices"]) / many["batch"]
    seconds["from nothing"] = many["from_nothing"] / many["candidates"]
    for name in ("scan", "steps") if "flax" in times else ():
        seconds[f"flax, {name}"] = statistics.mean(times["flax"][name])
    for name in ("one_process", "two_processes") if "torch" in times else ():
        seconds[f"torch, {name}"] = times["torch"][name] / times["torch"]["candidates"]
    return seconds


def mean_of_medians(rounds: Sequence[Sequence[float]]) -> float:
    return statistics.mean(statistics.median(row) for row in rounds)


def judge(times: dict[str, Any]) -> list[Target]:
    """Returns every figure beside its target."""
    seconds, many = per_candidate(times), times["all_devices"]
    ours, warm, devices = seconds["from nothing"], seconds["batch, all devices"], many["devices"]
    lines = [
        at_most(
            "interpreted / specialised and warm, time per candidate",
            seconds["interpreted"] / seconds["specialised"],
            1.25,
        ),
        at_least("candidates at a time", devices, 2),
        Target(f"speed-up of {devices} devices over 1, same batch", seconds["batch, 1 device"] / warm),
    ]
    for name, counts in (("all devices", many["compilations"]), ("1 device", compilations_one_device(times))):
        lines += [at_most(f"compilations for {count} candidates, {name}", made, 1) for count, made in counts.items()]
    amortised = f"interpreted, all devices, compilation over {many['candidates']}"
    if "flax" in times:
        plain = min(seconds["flax, scan"], seconds["flax, steps"])
        lines.append(at_least(f"plain Flax/Optax, faster form / {amortised}", plain / ours, 12))
        lines.append(Target("plain Flax/Optax, faster form / the same without compilation", plain / warm))
    if "torch" in times:
        one, two = seconds["torch, one_process"], seconds["torch, two_processes"]
        lines.append(at_least(f"PyTorch eager, 1 process / {amortised}", one / ours, 4))
        lines.append(Target("PyTorch eager, 1 process / the same without compilation", one / warm))
        lines.append(Target(f"PyTorch eager, 2 processes / {amortised}", two / ours))
    return lines


def compilations_one_device(times: dict[str, Any]) -> dict[str, int]:
    return times["one_device"]["compilations"] | times["all_devices"]["compilations_one_device"]


def at_most(name: str, figure: float, limit: float) -> Target:
    return Target(name, figure, f"<= {limit:g}", figure <= limit)


def at_least(name: str, figure: float, limit: float) -> Target:
    return Target(name, figure, f">= {limit:g}", figure >= limit)


def ways_table(times: dict[str, Any]) -> Table:
    """Returns the table of seconds."""
    seconds, one, many = per_candidate(times), times["one_device"], times["all_devices"]
    table = Table("way", "candidates", "once, s", "per candidate, s", title="Time to train a candidate")
    compared, firsts = len(one["specialised"]), sum(one["specialised_first"])
    compiled = f"{many['first_batch_with_compilation'] - seconds['batch, all devices'] * many['batch']:.1f}"
    rows = [
        ("interpreted, 1 device, warm", compared, f"{one['interpreted_first']:.1f}", seconds["interpreted"]),
        ("specialised, 1 device, warm", compared, f"{firsts:.1f}", seconds["specialised"]),
        ("interpreted, 1 device, batch, warm", many["batch"], "", seconds["batch, 1 device"]),
        (
            f"interpreted, {many['devices']} devices, batch, warm",
            many["batch"],
            compiled,
            seconds["batch, all devices"],
        ),
        (
            f"interpreted, {many['devices']} devices, compilation included",
            many["candidates"],
            "",
            seconds["from nothing"],
        ),
    ]
    labels = {"flax, scan": "plain Flax/Optax, one jit of all steps, compilation included"}
    labels |= {"flax, steps": "plain Flax/Optax, jit of a step, compilation included"}
    labels |= {"torch, one_process": "PyTorch eager, 1 process, 1 thread"}
    labels |= {"torch, two_processes": "PyTorch eager, 2 processes, 1 thread each"}
    counts = {"flax": len(times.get("flax", {}).get("scan", ())), "torch": times.get("torch", {}).get("candidates", 0)}
    rows += [(labels[name], counts[name.split(",")[0]], "", each) for name, each in seconds.items() if name in labels]
    for name, count, once, each in rows:
        table.add_row(name, str(count), once, f"{each:.4f}")
    table.caption = (
        f"{one['diverged']} of {compared} candidates diverged; accuracies of the two engines differ by {gap(one)}"
    )
    return table


def gap(one: dict[str, Any]) -> str:
    """Returns how far the two engines' accuracies lie apart, for people."""
    differences = [abs(a - b) for a, b in zip(one["accuracy_interpreted"], one["accuracy_specialised"], strict=True)]
    return f"{statistics.mean(differences):.4f} on average, {max(differences):.4f} at most"


def targets_table(targets: Sequence[Target]) -> Table:
    """Returns the table of figures and targets."""
    table = Table("figure", "measured", "target", "", title="Targets")
    for target in targets:
        outcome = {True: "met", False: "missed", None: ""}[target.met]
        table.add_row(target.name, f"{target.figure:.3g}", target.limit or "", outcome)
    return table


def describe_machine() -> dict[str, Any]:
    """Returns what the numbers depend on: date, machine and versions."""
    packages = ("jax", "jaxlib", "flax", "optax", "numpy", *(("torch",) if importlib.util.find_spec("torch") else ()))
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {
            "cpu": cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "platform": f"{platform.system()} {platform.machine()}",
            "backend": jax.default_backend(),
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }


def cpu_model() -> str:
    """Returns the processor's name where the system tells it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))

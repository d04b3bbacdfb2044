"""The PyTorch eager loop that the engine is compared with; `engine.py` uses it.

It trains in processes of its own, one thread each, from the same initial weights and batches as JAX does. PyTorch is
imported there alone: it is a benchmark-only extra.
"""

import math
import multiprocessing
import operator
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from actsearch.language import EPSILON, Program
from experiments.benchmarks.clock import timed

_SAME = (
    "neg",
    "abs",
    "square",
    "sqrt",
    "exp",
    "sin",
    "cos",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "atan",
    "relu",
    "sigmoid",
    "erf",
    "sub",
    "mul",
    "add",
)

PRIMITIVES: Mapping[str, Callable[[Any], Callable]] = {name: operator.attrgetter(name) for name in _SAME} | {
    "cube": lambda torch: lambda x: x**3,
    "log_abs": lambda torch: lambda x: torch.log(torch.abs(x) + EPSILON),
    "sinc": lambda torch: lambda x: torch.sinc(x / math.pi),
    "minzero": lambda torch: lambda x: torch.clamp(x, max=0),
    "softplus": lambda torch: torch.nn.functional.softplus,
    "gauss": lambda torch: lambda x: torch.exp(-x * x),
    "safe_div": lambda torch: lambda a, b: a / (b + EPSILON),
    "max": lambda torch: torch.maximum,
    "min": lambda torch: torch.minimum,
    "sigmul": lambda torch: lambda a, b: torch.sigmoid(a) * b,
    "rbf": lambda torch: lambda a, b, beta: torch.exp(-beta * torch.square(a - b)),
    "laplace": lambda torch: lambda a, b, beta: torch.exp(-beta * torch.abs(a - b)),
    "mix": lambda torch: lambda a, b, beta: beta * a + (1 - beta) * b,
}
"""Name of each primitive of the published Swish space -> the module `torch` -> its function."""


class Work(NamedTuple):
    """What a PyTorch process is given: plain arrays, so that it needs JAX for nothing.

    Attributes:
      parts: training inputs and labels, validation inputs and labels.
      weights: (kernel [in, out], bias [out]) of each linear layer.
      batches: example numbers of every step, [steps, batch].
      learning_rate: constant.
      momentum: of the gradient descent.
    """

    parts: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    weights: list[tuple[np.ndarray, np.ndarray]]
    batches: np.ndarray
    learning_rate: float
    momentum: float


class Trained(NamedTuple):
    """One training: its seconds, and accuracy and loss on the validation part."""

    seconds: float
    accuracy: float
    loss: float


class Share(NamedTuple):
    """What one process did: when it began and ended, on the clock that processes share, and its trainings."""

    began: float
    ended: float
    trained: list[Trained]


def train_all(work: Work, programs: Sequence[Program], processes: int) -> tuple[float, list[Trained]]:
    """Returns the wall time of training every program, start of the processes excluded, and each one's training."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes)
    shares = [list(programs[first::processes]) for first in range(processes)]
    with ProcessPoolExecutor(processes, context, initializer=_wait_for_all, initargs=(ready,)) as pool:
        done = list(pool.map(_train_share, [work] * processes, shares))
    rows: list[Any] = [None] * len(programs)
    for first, share in enumerate(done):
        rows[first::processes] = share.trained
    return max(share.ended for share in done) - min(share.began for share in done), rows


def _wait_for_all(ready) -> None:
    """Loads PyTorch with one thread and waits for the other processes, so that all start together."""
    import torch

    torch.set_num_threads(1)
    ready.wait(timeout=300)


def _train_share(work: Work, programs: Sequence[Program]) -> Share:
    """Trains one process's programs."""
    for program in programs[:1]:  # what a process pays once is not charged to a candidate
        train(work._replace(batches=work.batches[:5]), program)
    began = time.time()
    rows = [timed(train, work, program) for program in programs]
    return Share(began, time.time(), [Trained(seconds, accuracy, loss) for seconds, (accuracy, loss) in rows])


def train(work: Work, program: Program) -> tuple[float, float]:
    """Trains one candidate as PyTorch's own examples do; returns the validation accuracy and loss."""
    import torch

    inputs, labels, validation_inputs, validation_labels = (torch.from_numpy(array) for array in work.parts)
    labels, batches = labels.long(), torch.from_numpy(work.batches).long()
    network = make_network(work.weights, program)
    optimizer = torch.optim.SGD(network.parameters(), lr=work.learning_rate, momentum=work.momentum, fused=True)
    for rows in batches:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(inputs[rows]), labels[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        logits, targets = network(validation_inputs), validation_labels.long()
        accuracy = (logits.argmax(-1) == targets).float().mean()
        return float(accuracy), float(torch.nn.functional.cross_entropy(logits, targets))


def make_network(weights: Sequence[tuple[np.ndarray, np.ndarray]], program: Program):
    """Returns the multilayer perceptron with a program between its linear layers, from given weights."""
    import torch

    modules = []
    for kernel, bias in weights:
        linear = torch.nn.Linear(*kernel.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(kernel.T.copy()))
            linear.bias.copy_(torch.tensor(bias))
        modules += [linear, make_layer(program, kernel.shape[1])]
    return torch.nn.Sequential(*modules[:-1])


def make_layer(program: Program, features: int):
    """Returns a module that computes a program, with a trainable value per feature, or one, for each parameter."""
    import torch

    steps = [(PRIMITIVES[op](torch) if args else None, args, payload, op) for op, args, payload in program.nodes]

    class Candidate(torch.nn.Module):
        def __init__(self):
            super().__init__()
            shapes = {name: () if name in program.shared else (features,) for name, _ in program.parameters}
            initial = {name: torch.full(shapes[name], value) for name, value in program.parameters}
            self.values = torch.nn.ParameterDict(initial)
            self.leaves = dict(self.values)  # a plain dictionary is faster to read

        def forward(self, x):
            registers = []
            for function, args, payload, op in steps:
                if function:
                    registers.append(function(*[registers[arg] for arg in args]))
                elif op in ("parameter", "scalar"):
                    registers.append(self.leaves[payload])
                else:
                    registers.append(x if op == "input" else torch.tensor(payload))
            return registers[-1].expand_as(x)

    return Candidate()


def covers(program: Program) -> bool:
    """Returns whether the table holds every primitive of a program."""
    return all(node.op in PRIMITIVES for node in program.nodes if node.args)

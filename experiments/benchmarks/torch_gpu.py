"""A step of training ReLU networks in PyTorch on a GPU, eager and with CUDA graphs; `gpu.py` uses it.

PyTorch is a benchmark-only extra, and is imported by whoever imports this.
"""

import time
from typing import Any

import torch

from experiments.benchmarks.steps import torch_work
from experiments.benchmarks.torch_networks import make_network
from experiments.benchmarks.torch_steps import Work

MODES = {"eager": None, "CUDA graphs": "reduce-overhead"}


def step_milliseconds(task: Any, rounds: int) -> dict[str, float]:
    """Returns the milliseconds of a step by mode, the fastest round of each, its warm-up not counted.

    Where PyTorch sees no GPU it runs on the CPU, which only a test does.
    """
    work, device = torch_work(task), "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")  # TF32, as JAX multiplies by default on such devices
    return {name: milliseconds(work, device, mode, rounds) for name, mode in MODES.items()}


def milliseconds(work: Work, device: str, mode: str | None, rounds: int) -> float:
    """Returns the milliseconds of a step in one mode of `torch.compile`, or without it."""
    network = make_network(work.config, work.options, work.kind, work.weights).to(device).train()
    inputs, targets = torch.from_numpy(work.inputs).to(device), torch.from_numpy(work.targets).to(device)
    batches = torch.from_numpy(work.batches).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=float(work.rates[0]), momentum=0.9, fused=True)
    if work.b2 is not None:
        optimizer = torch.optim.AdamW(network.parameters(), lr=float(work.rates[0]), fused=True)

    def loss(x, y):
        return torch.nn.functional.cross_entropy(network(x).flatten(0, -2), y.flatten())

    run = loss if mode is None else torch.compile(loss, mode=mode)

    def train() -> float:
        synchronise(device)
        began = time.perf_counter()
        for rows in batches:
            optimizer.zero_grad(set_to_none=True)
            run(inputs[rows], targets[rows]).backward()
            optimizer.step()
        synchronise(device)
        return time.perf_counter() - began

    train()
    return 1e3 * min(train() for _ in range(rounds)) / len(batches)


def synchronise(device: str) -> None:
    """Waits for what a GPU still does."""
    if device == "cuda":
        torch.cuda.synchronize()

"""Steps of training in PyTorch, eager and compiled, in a process of its own; `steps.py` times them beside JAX's.

The process has one thread and lives through all measurements, so that both libraries are timed in turn.
"""

import math
import multiprocessing
import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

Way = Literal["eager", "compiled"]


class Work(NamedTuple):
    """What is trained: plain arrays and values, so that the process needs JAX for nothing.

    Attributes:
      config: name of the network's configuration in `actsearch.nn`.
      options: its fields.
      kind: of the sites, "activation" for ReLU or "layer" for BatchNorm and ReLU.
      weights: initial values by path.
      inputs: examples as PyTorch takes them, float32 [examples, channels, ...] or int64 [examples, length].
      targets: int64 [examples], or [examples, length].
      batches: example numbers of every step, int64 [steps, batch].
      rates: learning rate of every step, [steps].
      momentum: of SGD, or AdamW's b1.
      b2: AdamW's; None for SGD.
      weight_decay: of parameters with more than one axis.
    """

    config: str
    options: Mapping[str, Any]
    kind: str
    weights: Mapping[str, np.ndarray]
    inputs: np.ndarray
    targets: np.ndarray
    batches: np.ndarray
    rates: np.ndarray
    momentum: float
    b2: float | None
    weight_decay: float


class TorchProcess:
    """A process that trains a task's network; call `load`, then `train` as often as needed, then `close`."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other,), daemon=True)
        self._process.start()

    def load(self, work: Work) -> int:
        """Prepares a network; returns how many parameters it has."""
        return self._ask(work)

    def train(self, way: Way) -> tuple[float, float]:
        """Trains from the initial weights; returns the processor's seconds and the mean loss of the last tenth."""
        return self._ask(way)

    def close(self) -> None:
        """Ends the process."""
        self._pipe.send(None)
        self._process.join()

    def _ask(self, question: Any) -> Any:
        self._pipe.send(question)
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


def _serve(pipe) -> None:
    import torch

    torch.set_num_threads(1)
    training = None
    while (question := pipe.recv()) is not None:
        try:
            if isinstance(question, Work):
                training = Training(question)
            pipe.send(training.parameters if isinstance(question, Work) else training.run(question))
        except Exception as error:  # the other process raises it
            pipe.send(RuntimeError(f"PyTorch: {error!r}"))


class Training:
    """A network, its data and its optimizer, trained as PyTorch's own examples do; both ways share the parameters."""

    def __init__(self, work: Work):
        import torch

        from experiments.benchmarks.torch_networks import make_network

        torch._dynamo.reset()
        self.work = work
        self.network = make_network(work.config, work.options, work.kind, work.weights)
        self.start = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.inputs, self.targets = torch.from_numpy(work.inputs), torch.from_numpy(work.targets)
        self.batches = torch.from_numpy(work.batches)
        self.parameters = sum(parameter.numel() for parameter in self.network.parameters())
        self.ways = {"eager": self.loss, "compiled": torch.compile(self.loss)}

    def loss(self, inputs, targets):
        """Returns the mean cross entropy of a batch."""
        import torch

        logits = self.network(inputs)
        return torch.nn.functional.cross_entropy(logits.flatten(0, -2), targets.flatten())

    def optimizer(self):
        """Returns a new optimizer in its fastest form; weight decay is for parameters with more than one axis."""
        import torch

        parameters = list(self.network.parameters())
        kernels = {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self.work.weight_decay}
        others = {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0}
        rate, momentum = self.work.rates[0], self.work.momentum
        if self.work.b2 is None:
            return torch.optim.SGD([kernels, others], lr=rate, momentum=momentum, fused=True)
        return torch.optim.AdamW([kernels, others], lr=rate, betas=(momentum, self.work.b2), fused=True)

    def run(self, way: Way) -> tuple[float, float]:
        """Trains from the start; returns the processor's seconds, and the mean loss of the last tenth of the steps."""
        self.network.load_state_dict(self.start)
        self.network.train()
        loss, optimizer, losses = self.ways[way], self.optimizer(), []
        began = time.process_time()
        for rows, rate in zip(self.batches, self.work.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
            value = loss(self.inputs[rows], self.targets[rows])
            value.backward()
            optimizer.step()
            losses.append(value.detach())
        seconds = time.process_time() - began
        tail = losses[-max(1, len(losses) // 10) :]
        return seconds, math.fsum(map(float, tail)) / len(tail)

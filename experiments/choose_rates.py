"""How the tasks' learning rates were chosen: the baseline at factors of 2 around the recipe's rate, by validation loss.

    python experiments/choose_rates.py
    python experiments/choose_rates.py --tasks warped-resnet-layer --seeds 3

The baseline is ReLU where the candidates are activations, BatchNorm+ReLU where they are whole layers. Two CPU cores:
about one minute for the tasks of activations, ten for those of layers (five seeds, one core). Expected: the recipe's own rate (factor 1) is
the smallest whose mean loss lies within one standard error of the lowest.
"""

import time
from dataclasses import dataclass

import jax
import numpy as np
import tyro
from flax import nnx

from actsearch.language import parse
from actsearch.nn import Layer
from actsearch.scoring import start, train
from actsearch.tasks import TASKS, Task, get_task

FACTORS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
FIRST_SEED = 1_000  # no search and no table trains with these


@dataclass
class Args:
    """Which tasks, and how many seeds a rate."""

    tasks: tuple[str, ...] = tuple(name for name in TASKS if not name.startswith("cifar10"))
    seeds: int = 8
    factors: tuple[float, ...] = FACTORS


class BatchNormReLU(nnx.Module):
    """The baseline of layers."""

    def __init__(self, features: int):
        self.norm = nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, rngs=nnx.Rngs(0))

    def __call__(self, x):
        return nnx.relu(self.norm(x))


def relu(features: int) -> nnx.Module:
    """The baseline of activations."""
    return Layer(parse("relu(x)"), features)


def main(args: Args):
    for name in args.tasks:
        task = get_task(name)
        print(f"{name}: recipe's rate {task.recipe.learning_rate}", flush=True)
        run = trainer(task)
        starts = [start(task, FIRST_SEED + i) for i in range(args.seeds)]
        for factor in args.factors:
            began = time.perf_counter()
            outcomes = jax.device_get([run(begin, factor) for begin in starts])
            seconds = (time.perf_counter() - began) / args.seeds
            loss, accuracy = (np.mean([getattr(o, field) for o in outcomes]) for field in ("loss", "accuracy"))
            spread = np.std([o.loss for o in outcomes], ddof=1) / args.seeds**0.5
            print(
                f"  rate {factor * task.recipe.learning_rate:<8.4g} loss {loss:.4f} +- {spread:.4f}"
                f"  accuracy {accuracy:.4f}  {seconds:.2f} s a training",
                flush=True,
            )


def trainer(task: Task):
    """Returns (start, factor of the rate) -> outcome on validation data."""
    data = jax.device_put(task.data())
    baseline = BatchNormReLU if task.layers else relu
    return jax.jit(lambda begin, factor: train(task, baseline, begin, factor, data.train, data.validation))


if __name__ == "__main__":
    main(tyro.cli(Args))

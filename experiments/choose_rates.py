"""How the tasks' learning rates were chosen: baselines at factors of 2 around the recipe's rate, on validation data.

    python experiments/choose_rates.py
    python experiments/choose_rates.py --tasks warped-resnet-layer --seeds 3 --factors 0.5 1 2 4

Where candidates are activations the baseline is ReLU; expected: the recipe's own rate (factor 1) is the smallest whose
mean loss lies within one standard error of the lowest. Where they are whole layers there are four, two of BatchNorm's
kind and two without, so that the rate favours none; expected: factor 1 has the best mean accuracy of the four, or one
within its error. Two CPU cores: about one minute for the tasks of activations, an hour for those of layers.
"""

import time
from dataclasses import dataclass

import jax
import numpy as np
import tyro

from actsearch.catalog import CATALOG
from actsearch.evaluation import Training, init_state, train
from actsearch.nn import Layer
from actsearch.tasks import TASKS, Task, get_task

FACTORS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
FIRST_SEED = 1_000  # no search and no table trains with these
LAYERS = ("batch_norm_relu", "group_norm_relu", "evonorm_b0", "evonorm_s0")


@dataclass
class Args:
    """Which tasks and rates, and how many seeds a rate."""

    tasks: tuple[str, ...] = tuple(name for name in TASKS if not name.startswith("cifar10"))
    seeds: int = 8
    factors: tuple[float, ...] = FACTORS


def main(args: Args):
    for name in args.tasks:
        task = get_task(name)
        print(f"{name}: recipe's rate {task.recipe.learning_rate}", flush=True)
        states = [init_state(task, FIRST_SEED + i) for i in range(args.seeds)]
        baselines = LAYERS if task.kind == "layer" else ("relu",)
        accuracies = np.array([sweep(task, baseline, states, args.factors) for baseline in baselines])
        for factor, mean in zip(args.factors, accuracies.mean(axis=0), strict=True):
            print(f"  mean of all, rate {factor * task.recipe.learning_rate:<8.4g} accuracy {mean:.4f}", flush=True)


def sweep(task: Task, baseline: str, states: list, factors: tuple[float, ...]) -> list[float]:
    """Prints one line a rate and returns the mean accuracies."""
    run, accuracies = trainer(task, baseline), []
    for factor in factors:
        began = time.perf_counter()
        outcomes = jax.device_get([run(state, factor) for state in states])
        seconds = (time.perf_counter() - began) / len(states)
        loss, accuracy = (np.mean([o.metrics[field] for o in outcomes]) for field in ("loss", "accuracy"))
        spread = np.std([o.metrics["loss"] for o in outcomes], ddof=1) / len(states) ** 0.5
        rate = f"  {baseline} rate {factor * task.recipe.learning_rate:<8.4g}"
        print(
            f"{rate} loss {loss:.4f} +- {spread:.4f}  accuracy {accuracy:.4f}  {seconds:.2f} s a training", flush=True
        )
        accuracies.append(float(accuracy))
    return accuracies


def trainer(task: Task, baseline: str):
    """Returns (state, factor of the rate) -> outcome on validation data."""
    data, program = jax.device_put(task.data()), CATALOG[baseline].program

    def run(state, factor):
        layer = lambda features: Layer(program, features, groups=task.groups)  # noqa: E731
        return train(Training(task, layer, state, factor, data.train, data.validation))

    return jax.jit(run)


if __name__ == "__main__":
    main(tyro.cli(Args))

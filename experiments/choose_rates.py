"""How the tasks' learning rates were chosen: baselines at factors of 2 around the recipe's rate, on validation data.

    python experiments/choose_rates.py
    python experiments/choose_rates.py --tasks warped-resnet-layer --seeds 3 --factors 0.5 1 2 4

Where candidates are activations the baseline is ReLU; expected: the recipe's own rate (factor 1) is the smallest whose
mean loss lies within one standard error of the lowest. Where they are whole layers there are four, two of BatchNorm's
kind and two without, so that the rate favours none; expected: factor 1 has the best mean score of the four, or one
within its error. docs/studies/learning_rates.md has all, and where it is otherwise. Two CPU cores: a minute for tasks
of activations on digits and MNIST-1D, half an hour for the others but text, an hour for layers.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tyro

from actsearch.catalog import CATALOG
from actsearch.evaluation import Trainer, use_all_cores
from actsearch.tasks import TASKS, Task, get_task

FACTORS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
FIRST_SEED = 1_000  # no search and no table trains with these
BASELINES = {
    "activation": ("relu",),
    "layer": ("batch_norm_relu", "group_norm_relu", "evonorm_b0", "evonorm_s0"),
}


@dataclass
class Settings:
    """Which tasks and rates, and how many seeds a rate."""

    tasks: tuple[str, ...] = tuple(name for name in TASKS if not name.startswith(("cifar10", "text")))
    seeds: int = 8
    factors: tuple[float, ...] = FACTORS


def main(settings: Settings) -> None:
    """Prints loss and score of every baseline at every rate, and the mean score of all of them."""
    use_all_cores()
    seeds = range(FIRST_SEED, FIRST_SEED + settings.seeds)
    for name in settings.tasks:
        task = get_task(name)
        print(f"{name}: recipe's rate {task.recipe.learning_rate}", flush=True)
        scores = [sweep(task, baseline, seeds, settings.factors) for baseline in BASELINES[task.kind]]
        for factor, mean in zip(settings.factors, np.mean(scores, axis=0), strict=True):
            print(f"  mean of all, rate {factor * task.recipe.learning_rate:<8.4g} score {mean:.4f}", flush=True)


def sweep(task: Task, baseline: str, seeds: Sequence[int], factors: Sequence[float]) -> list[float]:
    """Prints one line a rate and returns the mean scores."""
    trainer = Trainer.specialized(task, CATALOG[baseline].program)
    scores = []
    for factor in factors:
        began = time.perf_counter()
        outcomes = trainer(trainer.jobs([()], seeds, [factor]))
        seconds = (time.perf_counter() - began) / len(outcomes)
        loss = np.array([row.metrics["loss"] for row in outcomes])
        score = float(np.mean([task.score(row.metrics) for row in outcomes]))
        spread = loss.std(ddof=1) / len(loss) ** 0.5
        print(
            f"  {baseline} rate {factor * task.recipe.learning_rate:<8.4g} loss {loss.mean():.4f} +- {spread:.4f}  "
            f"score {score:.4f}  {seconds:.2f} s a training",
            flush=True,
        )
        scores.append(score)
    return scores


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))

"""How the tasks' learning rates were chosen: ReLU at factors of 2 around the recipe's rate, 8 seeds, validation loss.

    python experiments/choose_rates.py

Two CPU cores, about one minute. Expected: the recipe's own rate (factor 1) has the lowest mean loss, or lies within the
interval of the lowest.
"""

import numpy as np

from actsearch.language import parse
from actsearch.scoring import Job, Scorer, use_all_cores
from actsearch.tasks import TASKS, get_task

FACTORS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
SEEDS = range(1_000, 1_008)  # no search and no table trains with these


def main():
    use_all_cores()
    for name in TASKS:
        task = get_task(name)
        scorer = Scorer.specialized(task, parse("relu(x)"), seeds=SEEDS)
        outcomes = scorer([Job((), seed, factor) for factor in FACTORS for seed in SEEDS])
        print(f"{name}: recipe's rate {task.recipe.learning_rate}")
        for row, factor in enumerate(FACTORS):
            part = outcomes[row * len(SEEDS) : (row + 1) * len(SEEDS)]
            loss, accuracy = (np.mean([getattr(o, field) for o in part]) for field in ("loss", "accuracy"))
            spread = np.std([o.loss for o in part], ddof=1) / len(part) ** 0.5
            print(
                f"  rate {factor * task.recipe.learning_rate:<8.4g} loss {loss:.4f} +- {spread:.4f}"
                f"  accuracy {accuracy:.4f}"
            )


if __name__ == "__main__":
    main()

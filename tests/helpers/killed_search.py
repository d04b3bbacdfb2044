"""Not a test: the process that tests/test_resume.py kills. A real search on real digits, too small to be of other use.

python killed_search.py DIRECTORY [CONTROLLER]

A controller other than evolution searches a table and saves its state after every batch.
"""

import dataclasses
import sys

import actsearch
from actsearch.nn import MLP
from actsearch.tasks import get_task


def task():
    """Returns digits-mlp with a narrow network and few steps, under a name of its own."""
    real = get_task("digits-mlp")
    recipe = dataclasses.replace(real.recipe, steps=200, batch_size=32)
    narrow = lambda layer, rngs: MLP((64, 8, 10), layer, rngs=rngs)  # noqa: E731
    return dataclasses.replace(real, name="digits-tiny", network=narrow, recipe=recipe)


def run(out, budget=800):
    """Runs the search; prints a line after each batch, so that a parent can kill it in the middle."""
    return actsearch.search(
        *("swish-1", task(), "evolution", budget),
        **{"out": out, "batch": 8, "seed": 3, "options": {"population": 20, "sample": 5}},
        report=lambda progress: print(len(progress.trials), progress.fresh, flush=True),
    )


def run_learned(out, controller, budget=480):
    """Runs a controller on a table, where all time is its own; prints as `run` does."""
    sys.modules["actsearch.study.search"].SAVE_EVERY = 0.0  # the front door's function hides the module
    return actsearch.search(
        *("swish-1", "tabular-swish1-digits-resnet", controller, budget),
        **{"out": out, "batch": 8, "seed": 3},
        report=lambda progress: print(len(progress.trials), progress.fresh, flush=True),
    )


if __name__ == "__main__":
    run(sys.argv[1]) if len(sys.argv) == 2 else run_learned(*sys.argv[1:])

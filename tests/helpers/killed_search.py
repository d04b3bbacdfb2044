"""Not a test: the process that tests/study/test_resume.py kills, and tests/evaluation/cluster/test_ray.py.

python -m tests.helpers.killed_search DIRECTORY CONTROLLER [train | ray]

A search of a table that saves the controller's state after every batch; with "train", of a real task too small to be of
other use; with "ray", of nothing, on the cluster that RAY_ADDRESS names. It prints a line after each batch, so that a
parent can kill it in the middle.
"""

import os
import sys
from pathlib import Path

from actsearch.controllers import PPO, RegularizedEvolution
from actsearch.evaluation import RayEvaluator, TabularEvaluator, TrainingEvaluator
from actsearch.spaces import swish
from actsearch.study import DirectoryStore, run, run_config
from tests.helpers.staged import StagedEvaluator
from tests.helpers.tiny import tiny_task

CONTROLLERS = {"evolution": RegularizedEvolution(population=20, sample=5), "ppo": PPO()}
BUDGETS = {"evolution": 800, "ppo": 480}


def evaluator(kind, directory):
    """Returns what scores the candidates."""
    if kind == "ray":
        log = Path(directory) / "faults.jsonl"
        return RayEvaluator(StagedEvaluator(), os.environ["RAY_ADDRESS"], workers=2, log=log)
    if kind == "train":
        return TrainingEvaluator(swish(), tiny_task(steps=200), engine="interpret", seeds=(3,))
    return TabularEvaluator(swish(), "tabular-swish1-digits-resnet", seed=3)


def search(directory, name, kind="table"):
    """Runs the search to its end."""
    space, controller, scores = swish(), CONTROLLERS[name], evaluator(kind, directory)
    config = run_config(space, scores, controller, 3, 8)
    with DirectoryStore(directory, config, save_every=0.0) as store:
        callbacks = [lambda progress: print(progress.done, progress.fresh, flush=True)]
        run(space, scores, controller, BUDGETS[name], seed=3, batch=8, store=store, callbacks=callbacks)


if __name__ == "__main__":
    search(*sys.argv[1:])

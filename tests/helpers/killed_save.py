"""Not a test: what tests/test_checkpoint.py has killed in the middle of saving, at one moment after another.

python killed_save.py DIRECTORY, which holds a first state in DIRECTORY/first
"""

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
from orbax.checkpoint import v1 as ocp  # noqa: F401, imported before the forks, so that none of them does

from actsearch.archive.checkpoint import save

IDENTITY = {"seed": 0}
STEP = 4


def state(told):
    """Returns a state with arrays, another one for each number."""
    return {"rng": 2**100 + told, "weights": [np.full((50, 20), told, np.float32), np.arange(told)]}


def killed_save(directory, moment):
    """Saves a second state under a hook that kills the process at one of the things done to the directory."""
    left = [moment]

    def hook(event, args):
        if any(str(directory) in str(arg) for arg in args):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    save(directory, IDENTITY, 2, state(2))


def main(directory):
    """Kills at every fourth moment, until a save comes to its end before that."""
    for moment in itertools.count(0, STEP):
        child = os.fork()
        if child == 0:
            run = directory / f"moment-{moment}"
            shutil.copytree(directory / "first", run)
            killed_save(run, moment)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(moment, code, flush=True)
        if code != -signal.SIGKILL:
            break


if __name__ == "__main__":
    main(Path(sys.argv[1]))

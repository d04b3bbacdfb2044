"""Not a test: what tests/archive/test_checkpoint.py has killed in the middle of saving, at one moment after another.

python killed_save.py DIRECTORY, which holds a first state in DIRECTORY/first; PYTHONPATH has the repository's root
"""

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from actsearch.archive.checkpoint import save

IDENTITY = {"seed": 0}


class State(NamedTuple):
    """Numbers and arrays, as a controller has them."""

    asked: int
    weights: list[np.ndarray]


def state(delivered):
    """Returns a state with arrays, another one for each number."""
    return State(delivered, [np.full((50, 20), delivered, np.float32), np.arange(delivered)])


def killed_save(directory, moment):
    """Saves a second state under a hook that kills the process at one of the things done to the directory."""
    left = [moment]

    def hook(event, args):
        # fsync raises no event of its own; every open, rename and listing names the directory.
        if any(str(directory) in str(arg) for arg in args):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    for name in ("fsync", "replace"):
        setattr(os, name, _killing_after(getattr(os, name), left))
    save(directory, IDENTITY, 2, state(2))


def _killing_after(function, left):
    """Returns a function that counts as a moment when it has done its work, too."""

    def call(*args):
        result = function(*args)
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


def main(directory):
    """Kills at every moment, until a save comes to its end before that."""
    for moment in itertools.count():
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

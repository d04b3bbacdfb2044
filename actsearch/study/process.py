"""What the process that searches says of itself beside the archive, for whoever watches: the budget above all."""

import os
import platform
import shlex
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jax


def process_record(budget: int, done: int) -> dict[str, Any]:
    """Returns the facts of this process, as JSON has them.

    Args:
      budget: number of trials aimed at.
      done: number of trials that are there already.
    """
    kinds = Counter(device.device_kind for device in jax.devices())
    return {
        "budget": budget,
        "done": done,
        "began": time.time(),
        "host": platform.node(),
        "pid": os.getpid(),
        "devices": [f"{count} x {kind}" for kind, count in kinds.items()],
        "command": command(sys.argv),
    }


def command(argv: list[str]) -> str:
    """Returns the command line of a search; empty where the process is a notebook's or another program's.

    Example:
      >>> command(["/usr/bin/actsearch", "search", "--budget", "5"]), command(["/opt/ipykernel_launcher.py", "-f", "k"])
      ('actsearch search --budget 5', '')
    """
    name = Path(argv[0]).name if argv else ""
    if name in ("actsearch", "__main__.py") and argv[1:2] == ["search"]:
        return shlex.join(["actsearch", *argv[1:]])
    script = name.endswith(".py") and not name.startswith(("__", "ipykernel"))
    return shlex.join(["python", *argv]) if script else ""

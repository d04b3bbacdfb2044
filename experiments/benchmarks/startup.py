"""Start-up: seconds from the command `actsearch search` on a table until its first line, and until its end.

    python -m experiments.benchmarks.startup

Each run is a process of its own on one core, with an empty folder for the run; the minimum counts. The processor's
seconds stand beside those of the clock, which other work on the machine makes longer.

Hardware and wall time: one core, half a minute. Expected numbers: the first line after less than a second.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tyro

from actsearch.report.tables import Column, render, show
from experiments._card import machine, write_json
from experiments.benchmarks.steps import use_one_core
from experiments.benchmarks.steps_tables import at_most

OUT = Path(__file__).parent / "results" / "startup.json"
COMMAND = ("search", "--task", "tabular-swish1-digits-resnet", "--budget", "64")


def main(runs: int = 5, out: Path = OUT) -> None:
    """Measures, prints the table and writes the JSON; `runs` is how often the command is run."""
    use_one_core()
    rows = [measure() for _ in range(runs)]
    fastest = {name: min(row[name] for row in rows) for name in rows[0]}
    targets = [at_most("seconds until the first line", fastest["first_line"], 2)]
    show(render(fastest.items(), ("seconds until", Column("minimum", ".2f")), " ".join(("actsearch", *COMMAND))))
    write_json(out, {**machine(), "command": COMMAND, "runs": rows, "targets": targets})


def measure() -> dict[str, float]:
    """Returns the seconds until the first line and until the end of one run, and those of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "actsearch", *COMMAND, "--out", f"{folder}/run"]
        before, began = os.times(), time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            line = process.stdout.readline()
            first = time.perf_counter() - began
            rest = process.stdout.read()
        end, after = time.perf_counter() - began, os.times()
    if process.returncode:
        raise RuntimeError(line + rest)
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {"first_line": first, "end": end, "end_processor": used}


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)

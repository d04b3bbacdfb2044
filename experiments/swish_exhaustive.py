"""Every function of the one-unit Swish space on the three digits tasks: the table that later studies reuse."""

import argparse
import json
from pathlib import Path

import actsearch
from actsearch.scoring import use_all_cores
from actsearch.tasks import TASKS

SEEDS = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/swish_exhaustive"), help="directory of the archives")
    parser.add_argument("--budget", type=int, default=6250, help="expressions of the space; fewer for a trial run")
    args = parser.parse_args()
    use_all_cores()
    for task in TASKS:
        print(f"{task}: start", flush=True)
        result = actsearch.search(
            "swish-1",
            task,
            "exhaustive",
            args.budget,
            seeds_per_trial=SEEDS,
            out=args.out / task,
            explain=print,
            report=lambda p: print(len(p.trials), round(p.seconds, 1), flush=True),
        )
        print(json.dumps({"task": task, "trials": len(result.trials), "seconds": round(result.seconds, 1)}), flush=True)


if __name__ == "__main__":
    main()

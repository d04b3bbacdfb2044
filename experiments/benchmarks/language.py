"""How fast programs are made and identified: samples, mutations and fingerprints a second.

    python experiments/benchmarks/language.py

One core, about 20 seconds. Targets: 20,000 samples or mutations a second in every space; fingerprints of all 6,250
one-unit expressions in under 30 s. The figures of the last committed run: results/language.json.
"""

import json
import time
from pathlib import Path

import numpy as np
from engine import describe_machine  # the neighbour in this folder

from actsearch.engine import identity
from actsearch.spaces import SPACES, get_space

COUNT = 20_000
OUT = Path(__file__).parent / "results" / "language.json"


def rate(work, count: int) -> float:
    """Returns how often a second `work` runs: the best of three, since other processes can only slow it."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(count):
            work()
        seconds.append(time.perf_counter() - began)
    return count / min(seconds)


def main():
    """Prints the figures and writes them as JSON."""
    figures: dict[str, float] = {}
    for name in SPACES:
        space, rng = get_space(name), np.random.default_rng(0)
        program = space.sample(rng)
        figures[f"{name} samples a second"] = rate(lambda s=space, r=rng: s.sample(r), COUNT)
        figures[f"{name} mutations a second"] = rate(lambda s=space, r=rng, p=program: s.mutate(p, r), COUNT)
    began = time.perf_counter()
    space = get_space("swish-1")
    probes = [identity(space.decode(genotype)) for genotype in space.enumerate()]
    figures["seconds for all 6,250 fingerprints, compilation included"] = time.perf_counter() - began
    for name, figure in figures.items():
        print(f"{name:60} {figure:12,.1f}")
    distinct = len({row.fingerprint for row in probes})
    finite = len({row.fingerprint for row in probes if row.finite})
    print(f"{distinct:,} functionally distinct, {finite:,} of them finite")
    OUT.write_text(json.dumps({"machine": describe_machine(), "figures": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""How fast programs are made and identified: samples, mutations and fingerprints a second.

    python -m experiments.benchmarks.language

One core, about 20 seconds. Targets: 20,000 samples or mutations a second in every space; fingerprints of all 6,250
one-unit expressions in under 30 s. The figures of the last committed run: results/language.json.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tyro

from actsearch.engine import identity
from actsearch.spaces import SPACES, get_space
from experiments._card import machine, write_json

OUT = Path(__file__).parent / "results" / "language.json"


def main(count: int = 20_000, out: Path = OUT) -> None:
    """Prints the figures and writes them as JSON; `count` is how many samples and mutations are timed."""
    figures = {name: figure for space in SPACES for name, figure in rates(space, count).items()}
    began = time.perf_counter()
    space = get_space("swish-1")
    identities = [identity(space.decode(genotype)) for genotype in space.enumerate()]
    figures["seconds for all 6,250 fingerprints, compilation included"] = time.perf_counter() - began
    for name, figure in figures.items():
        print(f"{name:60} {figure:12,.1f}")
    distinct = {row.fingerprint for row in identities}
    finite = {row.fingerprint for row in identities if row.finite}
    print(f"{len(distinct):,} functionally distinct, {len(finite):,} of them finite")
    write_json(out, {"machine": machine(), "figures": figures})


def rates(name: str, count: int) -> dict[str, float]:
    """Returns how many programs a second a space samples and mutates."""
    space, rng = get_space(name), np.random.default_rng(0)
    genotype = space.sample(rng)
    return {
        f"{name} samples a second": rate(lambda: space.decode(space.sample(rng)), count),
        f"{name} mutations a second": rate(lambda: space.decode(space.mutate(genotype, rng)), count),
    }


def rate(work: Callable[[], object], count: int) -> float:
    """Returns how often a second `work` runs: the best of three, since other processes can only slow it."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(count):
            work()
        seconds.append(time.perf_counter() - began)
    return count / min(seconds)


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)

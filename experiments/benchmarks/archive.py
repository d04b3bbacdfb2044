"""How long a large archive takes to open, rank, compare, resume and read.

    python -m experiments.benchmarks.archive --trials 1000000

One core, a few minutes, 0.6 GB of disk for a million trials. Times are those of the processor, so that other programs
beside it do not count; the file is in memory. The reference is sqlite3 alone: SELECT * of the same rows. Targets for a
million trials: top, a batch appended, and the look-up of a candidate in under 50 ms each; compare and resume in under
10 s each; the memory of the process below 2 GB. The figures of the last committed run: results/archive.json.
"""

import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from actsearch.analysis import best_so_far
from actsearch.archive import Archive, check, open_run
from actsearch.evaluation import Memory
from actsearch.spaces import get_space
from actsearch.trials import Trial
from experiments._card import machine, write_json

OUT = Path(__file__).parent / "results" / "archive.json"
CONFIG = {"space": "swish-2", "seed": 0}
DISTINCT = 6_000  # programs in the archive: making and parsing them is not what is measured here
WHOLE = 100_000  # trials read whole
BATCH = 10_000
LAST = 64  # trials in a batch of a search


def main(trials: int = 1_000_000, out: Path = OUT) -> None:
    """Prints the figures and writes them as JSON; `trials` is how many the archive holds."""
    with tempfile.TemporaryDirectory() as directory:
        report = measure(Path(directory), trials)
    for name, figure in report["figures"].items():
        print(f"{name:42} {figure['seconds']:9.3f} s {figure['ratio']:9.3f} times SELECT *")
    write_json(out, report)


def measure(directory: Path, count: int) -> dict[str, Any]:
    """Returns the seconds of each way to use an archive of `count` trials, and their ratios to SELECT *."""
    appended, append_batch = fill(directory, count)
    path = directory / "archive.sqlite"
    seconds = {
        "SELECT * with sqlite3": clocked(lambda: plain_read(path)),
        "open for reading": clocked(lambda: Archive.read(directory).close()),
        "open for writing, every page read": clocked(lambda: Archive.write(directory, CONFIG).close()),
        "top: the best 10": clocked(lambda: open_run(directory).best(10)),
        "compare: the curve of one run": clocked(lambda: best_so_far(open_run(directory).outcomes)),
        "resume: open, remember every candidate": clocked(lambda: resume(directory), 1),
        "look-up of a candidate": clocked(looked_up(resume(directory), count)),
        "three columns as arrays": clocked(lambda: columns(directory)),
        f"the first {min(count, WHOLE):,} trials whole": clocked(lambda: read(directory), 1),
        "check of every byte": clocked(lambda: check(directory), 1),
        "append all, 10,000 at a time": appended,
        "append of the last 64, on the clock": append_batch,
    }
    reference = seconds["SELECT * with sqlite3"]
    figures = {name: {"seconds": value, "ratio": value / reference} for name, value in seconds.items()}
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux gives kilobytes
    return machine() | {"trials": count, "bytes": path.stat().st_size, "memory_bytes": memory, "figures": figures}


def fill(directory: Path, count: int) -> tuple[float, float]:
    """Makes the archive; returns the seconds of all, and those of a search's batch that waits for the disk."""
    began = time.process_time()
    with Archive.write(directory, CONFIG) as archive:
        for batch in batches(count):
            last = batch[-LAST:]
            archive.append(batch[: -len(last)])
            waited = time.perf_counter()
            archive.append(last)
            waited = time.perf_counter() - waited
    return time.process_time() - began, waited


def batches(count: int) -> Iterator[list[Trial]]:
    """Yields trials like those of a search: half of them duplicates, a tenth rejected, the others with metrics."""
    space, rng = get_space(CONFIG["space"]), np.random.default_rng(0)
    genotypes = [space.sample(rng) for _ in range(DISTINCT)]
    programs = [space.decode(genotype) for genotype in genotypes]
    for start in range(0, count, BATCH):
        numbers, scores = rng.integers(DISTINCT, size=BATCH), rng.random(BATCH)
        yield [
            trial(start + i, programs[number], genotypes[number], float(scores[i]))
            for i, number in enumerate(numbers[: count - start])
        ]


def trial(index: int, program: Any, genotype: Any, score: float) -> Trial:
    """Returns a made-up trial; the last digit of its index says what became of it."""
    facts = {"genotype": genotype, "parents": (index // 2,), "seconds": 0.01}
    if index % 10 == 9:
        return Trial(index, program, f"{index:032x}", "rejected", gate="finite", **facts)
    if index % 2:
        return Trial(index, program, f"{index - 1:032x}", "duplicate", score, first=index - 1, **facts)
    metrics = ({"score": score, "accuracy": score, "loss": 1 - score, "train_loss": 1 - score},)
    return Trial(index, program, f"{index:032x}", "ok", score, metrics, (0,), objectives={"digits": score}, **facts)


def clocked(work: Callable[[], object], rounds: int = 2) -> float:
    """Returns the processor's seconds for `work`, the least of some rounds."""
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def plain_read(path: Path) -> None:
    """Reads every row without looking at it."""
    connection = sqlite3.connect(path)
    for _ in connection.execute("SELECT * FROM trials"):
        pass
    connection.close()


def resume(directory: Path) -> Memory:
    """Opens for writing and remembers every candidate, as an evaluator does."""
    memory = Memory()
    with Archive.write(directory, CONFIG) as archive:
        for known in archive.known():
            memory.add(known)
    return memory


def looked_up(memory: Memory, count: int) -> Callable[[], object]:
    """Returns a look-up of the last candidate."""
    fingerprint = f"{2 * (count // 2 - 1):032x}"
    return lambda: (memory.first(fingerprint), memory.has(fingerprint, 0, 1.0))


def columns(directory: Path) -> dict[str, Any]:
    """Reads three columns as arrays."""
    with Archive.read(directory) as archive:
        return archive.columns("score", "first", "fidelity")


def read(directory: Path) -> int:
    """Reads whole trials, and returns how many."""
    with Archive.read(directory) as archive:
        return len(archive.trials(0, WHOLE))


if __name__ == "__main__":
    tyro.cli(main)

"""How many trials a second go through a Ray cluster, its driver and the archive, where a trial itself costs nothing.

    python -m experiments.benchmarks.cluster --workers 4

Needs `pip install 'actsearch[ray]'`; a minute on two cores, most of it to start the workers. Each worker screens and
scores candidates by a hash, so that what is measured is all that a search does beside training: proposals, messages,
the memory of candidates and the archive with its fsync. In process the same is done without messages: the ratio is
what a cluster costs. Target: at least 500 trials a second with 2 to 4 workers. The figures of the last committed run:
results/cluster.json.
"""

import tempfile
import zlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tyro

from actsearch.evaluation import Attempt, Evaluator, RayEvaluator, Screening, TrainingEvaluator
from actsearch.evaluation.gates import Verdict
from actsearch.evaluation.score import Result
from actsearch.spaces import get_space
from actsearch.study import search
from actsearch.study.callbacks import Progress
from actsearch.trials import Proposal
from experiments._card import machine, write_json

OUT = Path(__file__).parent / "results" / "cluster.json"
SPACE = "swish-2"


class Trivial(TrainingEvaluator):
    """Scores a program by a hash of its choices."""

    def __init__(self) -> None:
        super().__init__(get_space(SPACE), "digits-mlp", engine="interpret")

    def screen(self, index: int, proposal: Proposal) -> Screening:
        """Returns a proposal that every gate passes."""
        verdict = Verdict(f"{zlib.crc32(repr(proposal.genotype).encode()):08x}")
        return Screening(index, proposal, proposal.genotype, verdict)

    def train(self, screenings: Sequence[Screening]) -> dict[int, Attempt]:
        """Returns made-up results."""
        return {screening.index: attempt(screening) for screening in screenings}


def attempt(screening: Screening) -> Attempt:
    """Returns a training's result without a training."""
    score = int(screening.verdict.fingerprint, 16) % 997 / 997
    result = Result(({"score": score, "accuracy": score, "loss": 1 - score},), False, score)
    return Attempt(screening, (0,), {"digits-mlp": result})


def main(
    trials: int = 20_480,
    workers: int = 4,
    batches: tuple[int, ...] = (64, 1_024),
    address: str | None = None,
    out: Path = OUT,
) -> None:
    """Prints the figures and writes them as JSON.

    Args:
      trials: of each search, several batches.
      workers: at most; a cluster on this machine has one for each core.
      batches: proposals a round, one search with each.
      address: of a cluster; None starts one on this machine.
      out: file of the figures.
    """
    rows = [measured("in process", Trivial(), trials, batch) for batch in batches]
    with RayEvaluator(Trivial(), address, workers=workers) as evaluator:
        rows += [measured("on Ray", evaluator, trials, batch) for batch in batches]
        facts: Mapping[str, Any] = {"workers": evaluator.workers, "faults": len(evaluator.faults)}
    for row in rows:
        print(f"{row['where']:10}, batch {row['batch']:5,}: {row['trials_per_second']:6,.0f} trials a second")
    write_json(out, machine() | {"ray": version("ray"), "trials": trials, **facts, "figures": rows})


def measured(where: str, evaluator: Evaluator, trials: int, batch: int) -> dict[str, Any]:
    """Returns how fast a search in a directory goes after its first batch, in which workers start."""
    moments: list[Progress] = []
    with tempfile.TemporaryDirectory() as directory:
        search(SPACE, evaluator, "random", trials, out=directory, batch=batch, callbacks=[moments.append])
    first, last = moments[0], moments[-1]
    rate = (last.done - first.done) / (last.seconds - first.seconds)
    return {"where": where, "batch": batch, "trials_per_second": rate, "seconds_of_first_batch": first.seconds}


if __name__ == "__main__":
    tyro.cli(main)

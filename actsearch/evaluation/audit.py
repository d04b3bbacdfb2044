"""How often the gates of a search are wrong: a random sample of what each one rejected, trained in full."""

from collections.abc import Mapping, Sequence

import numpy as np

from actsearch.analysis.statistics import FalseReject, false_reject
from actsearch.controllers import Proposal
from actsearch.evaluation.trainer import Engine
from actsearch.evaluation.training import Judge
from actsearch.spaces import Space
from actsearch.tasks import Task
from actsearch.trials.ranking import length
from actsearch.trials.trial import Trial


def audit(
    trials: Sequence[Trial],
    space: Space,
    tasks: Sequence[Task],
    *,
    sample: int = 30,
    seed: int = 0,
    share: float = 0.1,
    engine: Engine = "auto",
) -> dict[str, FalseReject]:
    """Returns, for each gate, how many of its rejects would have made the top `share` of the accepted trials.

    Args:
      trials: of one search, or of several with one space and the same tasks.
      space: where they were drawn from.
      tasks: what they were scored on.
      sample: rejects trained for each gate, drawn at random without replacement.
      seed: of the sample.
      share: of the accepted trials that counts as the top, above 0 and at most 1.
      engine: as for `search`.

    Returns:
      One FalseReject for each gate that rejected anything, in the order of the gates. Duplicates are not among them:
      what they would have scored is known, their first one's score.

    Raises:
      ValueError: no accepted trial to compare with.
    """
    ok = [trial for trial in trials if trial.status == "ok"]
    longest = max(map(length, ok), default=0.0)  # what a shorter rung accepts was not trained in full
    accepted = [trial.score for trial in ok if trial.score is not None and length(trial) == longest]
    if not accepted:
        raise ValueError(
            f"An audit compares rejects with accepted trials; none of these {len(trials):,} was accepted: "
            "search longer."
        )
    seeds = next((trial.seeds for trial in trials if trial.seeds), (0,))
    chosen = _sample(trials, sample, np.random.default_rng(seed))
    everything = [trial.program for gate in chosen.values() for trial in gate]
    judge = Judge(space, tasks, seeds, engine, len(everything), gates=("shape",))
    scores = iter([trial.score or 0.0 for trial in judge([Proposal(program) for program in everything], 0)])
    return {gate: false_reject([next(scores) for _ in rows], accepted, share) for gate, rows in chosen.items()}


def _sample(trials: Sequence[Trial], sample: int, rng: np.random.Generator) -> Mapping[str, list[Trial]]:
    """Returns up to `sample` random rejects of each gate that a program can be trained in spite of."""
    rejected: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.status.startswith("rejected:") and trial.status != "rejected:shape":
            rejected.setdefault(trial.status.removeprefix("rejected:"), []).append(trial)
    order = ("finite", "input", "scale", "quality", "stability")
    picked = {gate: rejected[gate] for gate in order if gate in rejected}
    return {
        gate: [rows[i] for i in sorted(rng.choice(len(rows), min(sample, len(rows)), replace=False))]
        for gate, rows in picked.items()
    }

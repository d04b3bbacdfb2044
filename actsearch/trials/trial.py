"""Trial: the record that everybody passes on. The search makes it, the archive keeps it, controllers learn from it."""

import dataclasses
from collections.abc import Mapping

from actsearch.language import Program


@dataclasses.dataclass(frozen=True)
class Trial:
    """What happened to one proposed program.

    Attributes:
      index: place in the order told to the controller, from 0.
      program: the candidate.
      fingerprint: its functional identity.
      status: "ok"; "diverged" (NaN or infinity in training); "rejected:<gate>" (not trained to the end); "duplicate"
        (of an earlier trial, whose score it shares); "failed" (could not be scored; `note` says why).
      score: the task's normalised score in [0, 1], mean over seeds; 0 for a diverged trial, None when there is none.
      metrics: one mapping of metric name to value per seed, in the order of `seeds`; empty when not trained.
      seeds: the seeds trained with.
      parents: indices of the trials that it was bred from; empty for a fresh one.
      duplicate_of: index of the earlier trial with the same fingerprint, or None.
      seconds: its share of wall time, gates and training.
      note: a reason, for people; empty when there is nothing to say.
    """

    index: int
    program: Program
    fingerprint: str
    status: str
    score: float | None = None
    metrics: tuple[Mapping[str, float], ...] = ()
    seeds: tuple[int, ...] = ()
    parents: tuple[int, ...] = ()
    duplicate_of: int | None = None
    seconds: float = 0.0
    note: str = ""

    @property
    def objectives(self) -> dict[str, float]:
        """Mean score over the seeds on each task, by its name; by "score" where there is one task only."""
        keys = [key for key in (self.metrics or ({},))[0] if key.endswith("/score")] or ["score"]
        return {
            key.removesuffix("/score"): sum(row[key] for row in self.metrics) / len(self.metrics)
            for key in keys
            if self.metrics
        }

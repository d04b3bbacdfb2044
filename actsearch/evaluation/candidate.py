"""A candidate on its way through an evaluator: after the gates before training, and through the trainings.

Both records travel between processes: `TrainingEvaluator` makes them here, or the workers of a cluster do.
"""

import dataclasses
from typing import Self

from actsearch.evaluation.gates import Verdict
from actsearch.evaluation.score import Result
from actsearch.spaces import Genotype
from actsearch.trials import Proposal, Status


@dataclasses.dataclass(frozen=True)
class Screening:
    """A proposal after the gates before training.

    Attributes:
      index: of its trial.
      proposal: what was asked for.
      genotype: of its program in the space that is searched; None where that does not have it.
      verdict: of the gates.
      seconds: that they took.
    """

    index: int
    proposal: Proposal
    genotype: Genotype | None
    verdict: Verdict
    seconds: float = 0.0

    @property
    def claim(self) -> tuple[str, int, float]:
        """Equal for two proposals of which the second is a duplicate."""
        return self.verdict.fingerprint, self.proposal.repeat, self.proposal.fidelity


@dataclasses.dataclass
class Attempt:
    """A candidate on its way through the tasks, or where that ended.

    Attributes:
      screening: the candidate.
      seeds: of its trainings.
      results: by the name of the task.
      status: OK while nothing stopped it.
      gate: the one that rejected it.
      note: why it was stopped.
      seconds: its share of the time of training.
    """

    screening: Screening
    seeds: tuple[int, ...] = ()
    results: dict[str, Result] = dataclasses.field(default_factory=dict)
    status: Status = Status.OK
    gate: str = ""
    note: str = ""
    seconds: float = 0.0

    @classmethod
    def failed(cls, screening: Screening, note: str) -> Self:
        """Returns the attempt of a candidate that could not be evaluated."""
        return cls(screening, status=Status.FAILED, note=note)

    def end(self, status: Status, note: str, gate: str = "") -> None:
        """Spares the candidate the later tasks."""
        self.status, self.note, self.gate = status, note, gate

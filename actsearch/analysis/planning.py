"""A plan of trainings as data: how many, how long, at what price; before any of them begins.

`actsearch.study.plan` makes it; `actsearch.report.plan_table` prints it.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Work(NamedTuple):
    """Trainings on one task.

    Attributes:
      purpose: "search" or "verification".
      task: its name.
      least: of the number of trainings, each counted as its share of a full one.
      most: of the same.
      steps: of a full training.
      step: wall seconds that a step of one training takes, every device busy.
      compilation: wall seconds that all compilations take.
      measured: whether `step` was measured on this task; else it follows from the operations of its network.

    Example:
      >>> Work("search", "digits-mlp", least=100, most=200, steps=500, step=0.001, compilation=10).seconds
      (60.0, 110.0)
    """

    purpose: str
    task: str
    least: float
    most: float
    steps: int
    step: float
    compilation: float = 0.0
    measured: bool = True

    @property
    def seconds(self) -> tuple[float, float]:
        """Wall time at least and at most."""
        training = self.steps * self.step
        return self.least * training + self.compilation, self.most * training + self.compilation


class Plan(NamedTuple):
    """What a search and its verification will take on a device.

    Attributes:
      work: one row for each task.
      device: what it was measured on.
      measuring: seconds that the measurement took.
    """

    work: tuple[Work, ...]
    device: str
    measuring: float

    @property
    def hours(self) -> tuple[float, float]:
        """Hours of wall time at least and at most."""
        return total_hours(self.work)

    def dollars(self, price: float) -> tuple[float, float]:
        """Returns the money at least and at most.

        Args:
          price: of the machine, dollars an hour.
        """
        least, most = self.hours
        return price * least, price * most


def total_hours(work: Sequence[Work]) -> tuple[float, float]:
    """Returns the hours of wall time of some work, at least and at most."""
    least, most = (sum(row.seconds[end] for row in work) / 3600 for end in (0, 1))
    return least, most

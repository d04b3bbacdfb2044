"""Jobs of a trainer, and the cells that they run in: which device, when, and in which lane."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple


class Job(NamedTuple):
    """One training.

    Attributes:
      choices: the candidate's.
      seed: fixes initial weights and batches.
      rate_scale: factor on the task's learning rate.
    """

    choices: tuple[int, ...]
    seed: int
    rate_scale: float = 1.0


class Cell(NamedTuple):
    """Where a job runs: the jobs of one turn run side by side on one device, each in a lane of its own."""

    turn: int
    lane: int


def spread(jobs: Sequence[Job], devices: int, lanes: int) -> list[Cell]:
    """Returns cells for jobs that fit any lane: each device gets as many jobs as the others, to one.

    Example:
      >>> [tuple(cell) for cell in spread([Job((), 0)] * 5, devices=2, lanes=2)]
      [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0)]
    """
    rows = [divmod(i, devices) for i in range(len(jobs))]
    return [Cell(number // lanes * devices + device, number % lanes) for number, device in rows]


def by_program(jobs: Sequence[Job], devices: int, lanes: int) -> list[Cell]:
    """Returns cells for the jobs of a bank: program n in lane n % lanes, those of one turn with one n // lanes.

    Example:
      >>> jobs = [Job((0,), 7), Job((0,), 8), Job((1,), 7), Job((2,), 7)]
      >>> [tuple(cell) for cell in by_program(jobs, devices=1, lanes=2)]
      [(0, 0), (2, 0), (0, 1), (1, 0)]
    """
    done: Counter[int] = Counter()
    rounds = []
    for job in jobs:
        (number,) = job.choices
        rounds.append((done[number], number // lanes))
        done[number] += 1
    turns = {row: turn for turn, row in enumerate(sorted(set(rounds)))}
    return [Cell(turns[row], job.choices[0] % lanes) for row, job in zip(rounds, jobs, strict=True)]

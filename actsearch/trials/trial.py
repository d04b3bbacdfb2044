"""Proposal and Trial: what a controller asks for, and what became of it. Everybody passes these records on."""

import dataclasses
import enum
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from actsearch.language import ActsearchError, Program
from actsearch.spaces import Genotype


class Status(enum.StrEnum):
    """What became of a trial."""

    OK = "ok"
    """Trained, with a score."""
    DIVERGED = "diverged"
    """NaN or infinity in training; the score is the task's `worst`, 0 unless the task says otherwise."""
    REJECTED = "rejected"
    """Stopped by a gate, which `Trial.gate` names."""
    DUPLICATE = "duplicate"
    """Computes the same function as an earlier trial, whose score it shares."""
    FAILED = "failed"
    """Could not be evaluated; `Trial.note` says why."""


class Proposal(NamedTuple):
    """A program to evaluate.

    Attributes:
      program: the candidate.
      genotype: the choices that made it in the space that is searched; None for a program of other origin.
      parents: indices of the trials that it was bred from, or of the one trial that it trains again.
      repeat: 0 for a first evaluation; r to train a known candidate again, with the r-th further seeds.
      fidelity: share of the task's steps to train for, above 0 and at most 1. A known candidate at a fidelity that it
        was not trained at is no duplicate.
    """

    program: Program
    genotype: Genotype | None = None
    parents: tuple[int, ...] = ()
    repeat: int = 0
    fidelity: float = 1.0


@dataclasses.dataclass(frozen=True)
class Trial:
    """What happened to one proposal.

    Attributes:
      index: place in the run, from 0.
      program: the candidate.
      fingerprint: its functional identity; empty where it could not be evaluated.
      status: see `Status`; a text such as "ok" is taken too.
      score: mean of the task's score over seeds, in [0, 1] unless the task says otherwise; the task's `worst` for a
        diverged trial, for a duplicate that of the evaluation with the same repeat and fidelity, None when there is
        none.
      metrics: one mapping of metric name to value per seed, in the order of `seeds`; empty when not trained.
      seeds: the seeds trained with.
      parents: see `Proposal`.
      first: index of the first trial of the same candidate: of the original for a duplicate, of the first evaluation
        for a repeat or a longer training; None where this is the first.
      genotype: the choices that made the program; None for a program of other origin.
      gate: the gate that rejected it; empty for every other status.
      objectives: mean score on each task, by its name; empty when not trained.
      repeat: see `Proposal`.
      fidelity: see `Proposal`.
      seconds: its share of wall time, gates and training.
      note: a reason, for people; empty when there is nothing to say.

    Raises:
      ActsearchError: an unknown status, or a gate without a rejection or the other way round.

    Example:
      >>> from actsearch.language import parse
      >>> Trial(0, parse("relu(x)"), "f00d", "ok", 0.9).status
      <Status.OK: 'ok'>
    """

    index: int
    program: Program
    fingerprint: str
    status: Status
    score: float | None = None
    metrics: tuple[Mapping[str, float], ...] = ()
    seeds: tuple[int, ...] = ()
    parents: tuple[int, ...] = ()
    first: int | None = None
    genotype: Genotype | None = None
    gate: str = ""
    objectives: Mapping[str, float] = dataclasses.field(default_factory=dict)
    repeat: int = 0
    fidelity: float = 1.0
    seconds: float = 0.0
    note: str = ""

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "status", Status(self.status))
        except ValueError:
            known = ", ".join(Status)
            raise ActsearchError(f"A trial's status is one of {known}; received {self.status!r}.") from None
        if (self.status is Status.REJECTED) != bool(self.gate):
            raise ActsearchError(
                f"A rejected trial names its gate, and no other does; received {self.status} with gate {self.gate!r}."
            )

    @property
    def trained(self) -> bool:
        """Whether it was trained to the end, or until it diverged."""
        return self.status in (Status.OK, Status.DIVERGED)

    @property
    def retrained(self) -> bool:
        """Whether it trained a known candidate again, with further seeds or longer; however it ended."""
        return self.first is not None and self.status is not Status.DUPLICATE

    @property
    def first_index(self) -> int:
        """Index of the first trial of its candidate, which may be its own."""
        return self.index if self.first is None else self.first

    @property
    def stage(self) -> str:
        """Status for people, with the gate of a rejection: "rejected:finite"."""
        return f"{self.status}:{self.gate}" if self.gate else str(self.status)


class Known(Protocol):
    """What an evaluator remembers of a trial: enough to tell repeats and duplicates. A Trial is one."""

    @property
    def index(self) -> int:
        """Place in the run."""

    @property
    def fingerprint(self) -> str:
        """Functional identity."""

    @property
    def status(self) -> Status:
        """What became of it."""

    @property
    def gate(self) -> str:
        """The gate that rejected it; empty for every other status."""

    @property
    def score(self) -> float | None:
        """Mean score, None when there is none."""

    @property
    def first(self) -> int | None:
        """Index of the candidate's first trial; None where this is the first."""

    @property
    def repeat(self) -> int:
        """Number of the repeat."""

    @property
    def fidelity(self) -> float:
        """Share of the task's steps."""

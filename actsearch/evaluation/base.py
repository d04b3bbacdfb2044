"""Evaluator: turns proposals into trials. Where a search meets whatever scores its candidates.

`TrainingEvaluator` trains them, `TabularEvaluator` looks them up, `RayEvaluator` has a cluster do it. One of your own
is a class with these five names; the rules that all share, which trials are duplicates and which genotype a program
has, are `Memory` and `genotype_of`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from actsearch.language import ActsearchError
from actsearch.spaces import Genotype, Space
from actsearch.trials import Known, Proposal, Status, Trial


@runtime_checkable
class Evaluator(Protocol):
    """What a search asks of an evaluator.

    One that serves a single space may have the attribute `space` too: a search of another space is then refused.

    Example:
      >>> class Constant:
      ...     identity = {"kind": "constant"}
      ...     summary = "engine: none, every program scores 0.5"
      ...     def begin(self, known): ...
      ...     def remember(self, known): ...
      ...     def evaluate(self, proposals, start):
      ...         rows = enumerate(proposals, start)
      ...         return [Trial(i, row.program, str(row.program), "ok", 0.5) for i, row in rows]
      >>> isinstance(Constant(), Evaluator)
      True
    """

    @property
    def identity(self) -> Mapping[str, Any]:
        """All that a trial depends on beside its proposal, as JSON has it; part of an archive's configuration."""

    @property
    def summary(self) -> str:
        """One line for people: how programs are run."""

    def begin(self, known: Iterable[Known]) -> None:
        """Forgets every trial, then remembers these: a search begins, or goes on."""

    def evaluate(self, proposals: Sequence[Proposal], start: int) -> list[Trial]:
        """Returns a trial for each proposal, the first with the index `start`, and remembers them."""

    def remember(self, known: Iterable[Known]) -> None:
        """Adds trials that were evaluated elsewhere, such as those of an archive."""


class Memory:
    """The candidates that a search knows, by fingerprint, and the score of each evaluation.

    A candidate is a duplicate where it is known with the same repeat and fidelity, and shares the score that it got
    with these. With others it is trained again.

    What a gate before training rejected stays unknown: the gate may look at how a function is written, and judges each
    form of it anew.

    Args:
      gates: names of the gates after training; what one of them rejected is known, for it was trained.

    Example:
      >>> from actsearch.language import parse
      >>> memory = Memory()
      >>> memory.add(Trial(0, parse("relu(x)"), "f00d", "ok", 0.9))
      >>> memory.first("f00d"), memory.score("f00d", repeat=0, fidelity=1.0)
      (0, 0.9)
      >>> memory.has("f00d", repeat=0, fidelity=1.0), memory.has("f00d", repeat=1, fidelity=1.0)
      (True, False)
    """

    def __init__(self, gates: Collection[str] = ()) -> None:
        self._gates = gates
        self._first: dict[str, int] = {}
        self._scores: dict[tuple[str, int, float], float | None] = {}

    def clear(self) -> None:
        """Forgets all."""
        self._first.clear()
        self._scores.clear()

    def add(self, trial: Known) -> None:
        """Remembers a trial that was trained, to the end or until a gate after it."""
        stopped = trial.status is Status.REJECTED and trial.gate not in self._gates
        if trial.fingerprint and not stopped and trial.status not in (Status.DUPLICATE, Status.FAILED):
            self._first.setdefault(trial.fingerprint, trial.index)
            self._scores.setdefault((trial.fingerprint, trial.repeat, trial.fidelity), trial.score)

    def first(self, fingerprint: str) -> int | None:
        """Returns the index of the first trial of a candidate, None for an unknown one."""
        return self._first.get(fingerprint)

    def has(self, fingerprint: str, repeat: int, fidelity: float) -> bool:
        """Returns whether a candidate was evaluated with this repeat and fidelity."""
        return (fingerprint, repeat, fidelity) in self._scores

    def score(self, fingerprint: str, repeat: int, fidelity: float) -> float | None:
        """Returns the score of a candidate's evaluation with this repeat and fidelity, None where there is none."""
        return self._scores.get((fingerprint, repeat, fidelity))


def genotype_of(space: Space, proposal: Proposal) -> Genotype | None:
    """Returns a genotype of a proposal's program in a space, None where the space does not have the program.

    The proposal's own genotype counts only where the space decodes it to the program, so that what is evaluated by
    genotype is what the program says.

    Example:
      >>> from actsearch.language import parse
      >>> from actsearch.spaces import swish
      >>> genotype_of(swish(), Proposal(parse("relu(x) * sigmoid(x)"))) == swish().encode(parse("relu(x) * sigmoid(x)"))
      True
      >>> genotype_of(swish(), Proposal(parse("x * x * x * x"))) is None
      True
    """
    genotype = proposal.genotype
    if genotype is not None and genotype.space == space.name and _decodes(space, genotype, proposal):
        return genotype
    return space.encode(proposal.program)


def base_trial(index: int, proposal: Proposal, genotype: Genotype | None, fingerprint: str) -> Trial:
    """Returns a failed trial that carries on all that a proposal says; `dataclasses.replace` says how it ended."""
    return Trial(
        index,
        proposal.program,
        fingerprint,
        Status.FAILED,
        parents=proposal.parents,
        genotype=genotype,
        repeat=proposal.repeat,
        fidelity=proposal.fidelity,
    )


def _decodes(space: Space, genotype: Genotype, proposal: Proposal) -> bool:
    try:
        return space.decode(genotype) == proposal.program
    except ActsearchError:  # choices out of range
        return False

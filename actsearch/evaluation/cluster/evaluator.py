"""RayEvaluator: an evaluator whose candidates are screened and trained by the workers of a Ray cluster."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from actsearch.evaluation.base import Evaluator
from actsearch.evaluation.candidate import Attempt, Screening
from actsearch.evaluation.cluster.connection import connect, import_ray
from actsearch.evaluation.cluster.faults import Fault, FaultLog
from actsearch.evaluation.cluster.pool import Pool
from actsearch.evaluation.gates import Verdict
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.trials import Known, Proposal, Trial


class Staged(Evaluator, Protocol):
    """An evaluator that works in stages, such as `TrainingEvaluator`: a cluster does two of them.

    A candidate's screening and training depend on nothing but the candidate; what a search remembers stays out of them.
    It pickles, and its copies elsewhere have the same identity.
    """

    @property
    def space(self) -> Space:
        """Where candidates come from."""

    def screen(self, index: int, proposal: Proposal) -> Screening:
        """Returns a proposal after the gates before training. On a worker."""

    def fresh(self, screenings: Sequence[Screening]) -> list[Screening]:
        """Returns the candidates to train."""

    def train(self, screenings: Sequence[Screening]) -> dict[int, Attempt]:
        """Trains candidates; returns them by index. On a worker."""

    def conclude(self, screenings: Sequence[Screening], attempts: Mapping[int, Attempt]) -> list[Trial]:
        """Returns the trials of candidates, of which some were trained, and remembers them."""


class RayEvaluator:
    """Evaluates candidates on a Ray cluster, with the results of the evaluator that it is given.

    This process proposes, remembers and keeps the archive. One worker on each GPU of the cluster, or on each core of a
    machine without one, compiles for itself and pulls pieces of a round: fast workers do more. A round ends with its
    last trial, and trials have the order of their proposals, so that nothing depends on who answers first: the same
    seed gives the same trials as in one process, up to the rounding of other devices, and a run may go on in either.

    A worker that dies or hangs is replaced, and its candidates are evaluated elsewhere, each alone. A candidate over
    which two workers were lost, as one that crashes its process or needs too much memory, becomes a failed trial. A
    machine with another version of the package, or other data, gets no work.

    The cluster is looked for when the first candidates are evaluated. A context manager, that ends its workers; they
    end with this process, too.

    Args:
      inner: what is evaluated with: a `TrainingEvaluator`, or one of your own that works in stages.
      address: "auto" for the cluster that this machine belongs to, or HOST:PORT; None starts one on this machine.
      workers: how many at most; None for all that the cluster has room for.
      limit: seconds that a worker may take for a piece, its compilations included; None for any.
      log: path of a file of JSON lines, one for each `Fault`.
      report: receives one line for each.

    Attributes:
      inner: as given.

    Raises:
      ActsearchError: workers or limit out of range, or an evaluator of devices of this process. When it begins to
        evaluate: Ray is not installed, there is no cluster, or none of its machines can work.

    Example:
      >>> from actsearch.evaluation import TrainingEvaluator
      >>> from actsearch.spaces import swish
      >>> inner = TrainingEvaluator(swish(), "digits-mlp", engine="interpret")
      >>> RayEvaluator(inner, address="auto", limit=600).identity == inner.identity
      True
    """

    def __init__(
        self,
        inner: Staged,
        address: str | None = None,
        *,
        workers: int | None = None,
        limit: float | None = None,
        log: Path | None = None,
        report: Callable[[str], None] = lambda line: None,
    ):
        _check(inner, workers, limit)
        self.inner = inner
        self._address, self._workers, self._limit = address, workers, limit
        self._log = FaultLog(log, report)
        self._pool: Pool | None = None
        self._connected = self._noted = False

    @property
    def space(self) -> Space:
        """Where candidates come from."""
        return self.inner.space

    @property
    def identity(self) -> Mapping[str, Any]:
        """All that the trials depend on: as in one process."""
        return self.inner.identity

    @property
    def summary(self) -> str:
        """One line for people."""
        return f"{self.inner.summary}; on Ray, {self._address or 'this machine'}"

    @property
    def faults(self) -> Sequence[Fault]:
        """What went wrong so far, in this process."""
        return tuple(self._log.faults)

    @property
    def workers(self) -> int:
        """For how many workers the cluster has room, of those that are allowed; 0 before the first evaluation."""
        return 0 if self._pool is None else len(self._pool)

    def begin(self, known: Iterable[Known]) -> None:
        """Forgets every trial, then remembers these."""
        self._noted = False
        self.inner.begin(self._noting(known))

    def remember(self, known: Iterable[Known]) -> None:
        """Adds trials that were evaluated elsewhere."""
        self.inner.remember(self._noting(known))

    def _noting(self, known: Iterable[Known]) -> Iterator[Known]:
        """Yields trials; the first of a search in this process tells that it goes on where another process stopped."""
        for trial in known:
            if not self._noted:
                self._noted = True
                self._log.add("resumed", "a new process goes on with the trials of the archive")
            yield trial

    def evaluate(self, proposals: Sequence[Proposal], start: int) -> list[Trial]:
        """Returns a trial for each proposal, the first with the index `start`."""
        if not proposals:
            return []
        items = {index: (index, proposal) for index, proposal in enumerate(proposals, start)}
        screened, lost = self._run("screen", items)
        fresh = self.inner.fresh([screened[index] for index in items if index in screened])
        attempts, failed = self._run("train", {screening.index: screening for screening in fresh})
        attempts |= {index: Attempt.failed(screened[index], why) for index, why in failed.items()}
        for index, why in lost.items():
            screened[index] = Screening(index, items[index][1], None, Verdict("", note=why))
            attempts[index] = Attempt.failed(screened[index], why)
        return self.inner.conclude([screened[index] for index in items], attempts)

    def _run(self, stage: str, items: Mapping[int, Any]) -> tuple[dict[int, Any], dict[int, str]]:
        if not items:
            return {}, {}
        if self._pool is None:
            self._connected = connect(self._address)
            self._pool = Pool(self.inner, self._log, self._workers, self._limit)
        return self._pool.run(stage, items)

    def close(self) -> None:
        """Ends the workers, and the cluster or the connection that this evaluator made."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        if self._connected:
            import_ray().shutdown()
            self._connected = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check(inner: Staged, workers: int | None, limit: float | None) -> None:
    if workers is not None and workers < 1:
        raise ActsearchError(f"workers must be at least 1; received {workers}.")
    if limit is not None and not limit > 0:
        raise ActsearchError(f"limit is a number of seconds above 0; received {limit}.")
    if getattr(inner, "devices", None) is not None:
        raise ActsearchError("Devices of this process cannot be used by others: leave `devices` out.")

"""Where `actsearch search` evaluates: in its own process, or on a Ray cluster."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import jax

from actsearch.cli.common import explain
from actsearch.evaluation import Evaluator, RayEvaluator, TrainingEvaluator, connect, platform_of_cluster
from actsearch.evaluation.cluster.faults import FILE
from actsearch.language import ActsearchError

Executor = Literal["process", "ray"]


class Place(NamedTuple):
    """Where a search evaluates.

    Attributes:
      platform: of the devices there; None for those of this process.
      spread: evaluator of this process -> the one to search with.
    """

    platform: str | None
    spread: Callable[[Evaluator], Evaluator]


@contextlib.contextmanager
def place(
    executor: Executor, address: str | None, workers: int | None, piece_minutes: float | None, out: Path
) -> Iterator[Place]:
    """Opens the place that the options of a search name, and says in the end what went wrong there.

    Raises:
      ActsearchError: an option of a cluster without one, or no cluster.
    """
    if executor == "process":
        if any(option is not None for option in (address, workers, piece_minutes)):
            raise ActsearchError("--address, --workers and --piece-minutes are of a cluster: add --executor ray.")
        yield Place(None, lambda evaluator: evaluator)
        return
    with contextlib.redirect_stdout(sys.stderr), contextlib.ExitStack() as opened:  # Ray prints what it likes
        connect(address)
        jax.config.update("jax_platforms", "cpu")  # type: ignore[no-untyped-call]  # accelerators are for the workers

        def spread(evaluator: Evaluator) -> RayEvaluator:
            if not isinstance(evaluator, TrainingEvaluator):
                raise ActsearchError("A table is looked up in this process: leave --executor ray out.")
            limit = None if piece_minutes is None else 60 * piece_minutes
            on_ray = RayEvaluator(evaluator, address, workers=workers, limit=limit, log=out / FILE, report=_report(out))
            return opened.enter_context(on_ray)

        yield Place(platform_of_cluster(), spread)


def _report(out: Path) -> Callable[[str], None]:
    return lambda line: explain(f"{line}; listed in {out / FILE}")

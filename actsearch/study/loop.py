"""The loop of every search: ask, evaluate, store, tell. Resuming is replaying.

Everything is a function of the configuration and of the trials so far. A search that was killed starts again from the
last saved state of its controller, or from the first proposal; it finds its trials in the store instead of training
them, and goes on where it stopped.
"""

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from actsearch.archive import ArchiveError
from actsearch.controllers import Controller
from actsearch.evaluation import Evaluator
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.study.callbacks import Callback, Progress, StopSearch
from actsearch.study.store import MemoryStore, Store
from actsearch.trials import Proposal, Trial


class _Batch(NamedTuple):
    """One round of the loop: the trials of the proposals that fit into the budget, and how many of them are new."""

    trials: list[Trial]
    fresh: int
    complete: bool


def run(
    space: Space,
    evaluator: Evaluator,
    controller: Controller[Any],
    budget: int,
    *,
    seed: int = 0,
    batch: int = 64,
    store: Store | None = None,
    callbacks: Sequence[Callback] = (),
) -> Store:
    """Runs a search until the budget is spent, the controller has nothing left, or a callback stops it.

    Args:
      space: where candidates come from.
      evaluator: turns proposals into trials.
      controller: makes proposals and learns from trials.
      budget: number of trials in the end, those in the store included.
      seed: of the controller.
      batch: proposals between two calls of `tell`, at least 1.
      store: where trials are kept; a list in memory by default.
      callbacks: called after every batch, in order.

    Returns:
      The store, with all trials.

    Raises:
      ActsearchError: the evaluator does not answer each proposal, in order, or gives a score that is not finite.
      ArchiveError: the store holds other trials than the controller proposes.

    Example:
      >>> from actsearch.controllers import get_controller
      >>> from actsearch.evaluation import TabularEvaluator
      >>> from actsearch.spaces import swish
      >>> evaluator = TabularEvaluator(swish(), "tabular-swish1-digits-resnet")
      >>> store = run(swish(), evaluator, get_controller("random"), 10)
      >>> [trial.index for trial in store.trials()]
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    store = MemoryStore() if store is None else store
    began, fresh = time.perf_counter(), 0
    state, done = store.resume(controller.init(space, seed), budget)
    evaluator.begin(store.known(done))
    while done < budget:
        proposals, state = controller.ask(space, state, batch)
        if not proposals:
            store.exhausted(done)
            break
        round_ = _evaluate(evaluator, store, proposals, done, budget)
        done, fresh = done + len(round_.trials), fresh + round_.fresh
        if round_.complete:
            # Whole batches only, also where a smaller budget once stopped in the middle of one.
            state = controller.tell(space, state, round_.trials)
            store.save(done, state)
        progress = Progress(round_.trials, done, budget, fresh, time.perf_counter() - began)
        if not _go_on(callbacks, progress) or not round_.complete:
            break
    return store


def _evaluate(evaluator: Evaluator, store: Store, proposals: Sequence[Proposal], done: int, budget: int) -> _Batch:
    """Finds the trials of proposals in the store, evaluates the others and stores them."""
    wanted = proposals[: budget - done]
    stored = store.trials(done, done + len(wanted))
    _check_replay(stored, wanted)
    evaluator.remember(stored)
    fresh = evaluator.evaluate(wanted[len(stored) :], done + len(stored))
    _check_answer(fresh, range(done + len(stored), done + len(wanted)))
    if fresh:
        store.append(fresh)
    return _Batch([*stored, *fresh], len(fresh), len(wanted) == len(proposals))


def _go_on(callbacks: Sequence[Callback], progress: Progress) -> bool:
    """Calls every callback; returns whether none of them stops the search."""
    try:
        for callback in callbacks:
            callback(progress)
    except StopSearch:
        return False
    return True


def _check_answer(trials: Sequence[Trial], indices: range) -> None:
    """Raises where the evaluator's answer has not exactly these indices; gaps would end up in the archive."""
    answered = trials if trials is None else [trial.index for trial in trials]
    if answered != list(indices):
        raise ActsearchError(
            "An evaluator returns a trial for each proposal, in their order, here with the indices from "
            f"{indices.start} to {indices.stop - 1}; received {answered}."
        )
    for trial in trials:
        if trial.score is not None and not math.isfinite(trial.score):  # ranks and controllers compare and average it
            raise ActsearchError(
                f"An evaluator's score is finite, or None where there is none; received {trial.score} for trial "
                f"{trial.index}, {trial.program}."
            )


def _check_replay(stored: Sequence[Trial], proposals: Sequence[Proposal]) -> None:
    """Raises where the controller proposes something else than what was stored."""
    for trial, proposal in zip(stored, proposals, strict=False):
        if _shape(trial) != _shape(proposal):
            raise ArchiveError(
                f"The archive holds {trial.program} as trial {trial.index}, and this version proposes "
                f"{proposal.program} there: it was made by other code, or where rounding differs. Use another "
                "directory, or the version and machine that made it."
            )


def _shape(record: Proposal | Trial) -> tuple[Any, ...]:
    return record.program, record.parents, record.repeat, record.fidelity

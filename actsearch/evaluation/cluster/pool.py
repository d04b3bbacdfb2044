"""Pool: gives the pieces of a stage to a crew, does those of lost workers again, and gathers the results."""

import time
from collections.abc import Mapping
from typing import Any

from actsearch.evaluation.cluster.connection import import_ray
from actsearch.evaluation.cluster.crew import Crew, Hired
from actsearch.evaluation.cluster.faults import FaultLog, Kind
from actsearch.evaluation.cluster.pieces import Piece, Pieces, piece_size
from actsearch.evaluation.cluster.slots import Slot
from actsearch.language import ActsearchError

WAIT = 0.5
"""Seconds that the driver waits for an answer before it looks at the clock."""

ANSWER = 30.0
"""Seconds in which a worker that has nothing to do must answer."""

START = 120.0
"""Seconds that a worker has to start and to greet, where the limit for a piece is less."""


class Pool:
    """Workers that pull pieces.

    Args:
      evaluator: what they evaluate with.
      log: of what goes wrong.
      workers: how many at most; None for all that the cluster has room for.
      limit: seconds that a worker may take for a piece, its compilations included, and to greet, for which it has
        `START` at least; None for any.
    """

    def __init__(self, evaluator: Any, log: FaultLog, workers: int | None, limit: float | None):
        self._ray, self._crew = import_ray(), Crew(evaluator, log, workers)
        self._log, self._limit = log, limit

    def __len__(self) -> int:
        """Returns for how many workers there is room."""
        return len(self._crew)

    def run(self, stage: str, items: Mapping[int, Any]) -> tuple[dict[int, Any], dict[int, str]]:
        """Returns the result of each candidate by index, and why for each that was given up.

        Args:
          stage: "screen" or "train".
          items: what a worker is given of each candidate, by index.
        """
        results: dict[int, Any] = {}
        try:
            self._crew.recruit()
            while not self._crew:
                time.sleep(WAIT)
                self._crew.recruit()
            pieces = Pieces(items, piece_size(len(items), len(self._crew)))
            while len(results) + len(pieces.failed) < len(items):
                self._hand_out(stage, items, pieces)
                self._receive(pieces, results)
                self._replace_late(pieces)
                self._crew.recruit()
        except BaseException:
            self.close()  # workers may be busy with what nobody waits for any more
            raise
        for index, why in pieces.failed.items():
            self._log.add("failed", why, (index,))
        return results, pieces.failed

    def close(self) -> None:
        """Ends all workers."""
        self._crew.close()

    def _hand_out(self, stage: str, items: Mapping[int, Any], pieces: Pieces) -> None:
        """Gives every free worker a piece."""
        for slot, worker in list(self._crew.hired.items()):
            if worker.answer is None and pieces:
                piece = pieces.take()
                # The last loss over a candidate must be the candidate's: its worker may have died long before.
                if piece.lost and not self._is_alive(worker):
                    pieces.put_back(piece)
                    self._crew.dismiss(slot)
                else:
                    worker.give(piece, stage, [items[index] for index in piece.indices])

    def _is_alive(self, worker: Hired) -> bool:
        """Returns whether a free worker answers."""
        errors = self._ray.exceptions
        try:
            return bool(self._ray.get(worker.actor.ping.remote(), timeout=ANSWER))
        except (errors.RayError, errors.GetTimeoutError):
            return False

    def _receive(self, pieces: Pieces, results: dict[int, Any]) -> None:
        """Waits a moment, and takes every answer that is there."""
        slots = {worker.answer: slot for slot, worker in self._crew.hired.items() if worker.answer is not None}
        if not slots:
            return time.sleep(WAIT)
        ready, _ = self._ray.wait(list(slots), num_returns=1, timeout=WAIT)
        for answer in ready:
            self._take(slots[answer], pieces, results)
        return None

    def _take(self, slot: Slot, pieces: Pieces, results: dict[int, Any]) -> None:
        """Takes the answer of a worker: its greeting, results, why there are none, or the news that it is dead."""
        worker = self._crew.hired[slot]
        answer, why = self._get(worker)
        if worker.piece is None:
            self._crew.greeted(slot, answer, why)
        elif why:
            self._lose(slot, pieces, "lost", f"{slot} died: {why}")
        elif isinstance(answer, str):  # not enough memory; the worker itself is well
            self._log.add("lost", f"{slot}: {answer}", worker.piece.indices)
            pieces.lose(worker.piece, answer)
            worker.free()
        else:
            results.update(_whole(answer, worker.piece))
            worker.free()

    def _get(self, worker: Hired) -> tuple[Any, str]:
        """Returns a worker's answer, or why there is none; what is raised in a piece is raised here."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(worker.answer), ""
        except errors.RayTaskError as error:
            if worker.piece is None:
                return None, str(error)
            if isinstance(error.cause, ActsearchError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            return None, _cause(str(error))

    def _lose(self, slot: Slot, pieces: Pieces, kind: Kind, why: str) -> None:
        """Ends a worker and takes back its piece; one that has not greeted has none."""
        piece = self._crew.hired[slot].piece
        self._log.add(kind, why, piece.indices if piece else ())
        if piece is not None:
            pieces.lose(piece, why)
        self._crew.dismiss(slot)

    def _replace_late(self, pieces: Pieces) -> None:
        """Ends the workers that take too long for their pieces, or to start: others get their places."""
        if self._limit is None:
            return
        for slot, worker in list(self._crew.hired.items()):
            limit, what = (max(self._limit, START), " to start") if worker.greets else (self._limit, "")
            if worker.answer is not None and time.monotonic() - worker.since > limit:
                self._lose(slot, pieces, "late", f"{slot} took longer than {limit:g} s{what} and was ended")


def _whole(answer: Mapping[int, Any], piece: Piece) -> Mapping[int, Any]:
    """Returns the results of a piece; raises where an evaluator did not answer each of its candidates."""
    if set(answer) != set(piece.indices):
        raise ActsearchError(
            f"An evaluator on a cluster answers each candidate of a piece, here {list(piece.indices)}; received "
            f"{sorted(answer)}."
        )
    return answer


def _cause(text: str) -> str:
    """Returns the telling line of Ray's message on a dead worker."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    detail = [line for line in lines if "exit type" in line or "node" in line.lower()]
    return (detail or lines or ["no reason is known"])[-1].partition(" Some common causes")[0]

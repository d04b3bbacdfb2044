"""The work of one stage of a round, in pieces: who still has what to do, and what is given up. Knows nothing of Ray."""

import math
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

TRIES = 2
"""Workers that may be lost over a candidate before it is given up."""

MOST = 64
"""Candidates in a piece at most: as many as an accelerator trains side by side."""


class Piece(NamedTuple):
    """Candidates that one worker evaluates at a time.

    Attributes:
      indices: of their trials.
      lost: how many workers were lost over them.
    """

    indices: tuple[int, ...]
    lost: int = 0


def piece_size(count: int, workers: int) -> int:
    """Returns how many candidates make a piece: each worker gets two pieces, so that fast ones take more.

    Example:
      >>> piece_size(64, 4), piece_size(3, 4), piece_size(10_000, 4)
      (8, 1, 64)
    """
    return min(MOST, max(1, math.ceil(count / (2 * max(workers, 1)))))


class Pieces:
    """A queue of pieces. The candidates of a lost one come back alone, so that one of them cannot fail the others.

    Args:
      indices: of the candidates.
      size: of a piece.

    Attributes:
      failed: index of each candidate that was given up -> why.

    Example:
      >>> pieces = Pieces(range(3), size=2)
      >>> first = pieces.take()
      >>> pieces.lose(first, "the worker died")
      >>> pieces.take(), pieces.take(), pieces.take()
      (Piece(indices=(0,), lost=1), Piece(indices=(1,), lost=1), Piece(indices=(2,), lost=0))
      >>> pieces.lose(Piece((0,), 1), "the worker died again")
      >>> pieces.failed
      {0: 'the worker died again'}
    """

    def __init__(self, indices: Iterable[int], size: int):
        ordered = tuple(indices)
        self._waiting = deque(Piece(ordered[i : i + size]) for i in range(0, len(ordered), size))
        self.failed: dict[int, str] = {}

    def __bool__(self) -> bool:
        """Returns whether a piece waits for a worker."""
        return bool(self._waiting)

    def take(self) -> Piece:
        """Returns the next piece, which is then the caller's to finish or to lose."""
        return self._waiting.popleft()

    def lose(self, piece: Piece, why: str) -> None:
        """Takes back a piece whose worker was lost; a candidate over which too many were lost is given up."""
        lost = piece.lost + 1
        if lost == TRIES and len(piece.indices) == 1:
            self.failed[piece.indices[0]] = why
        else:
            self._waiting.extendleft(Piece((index,), lost) for index in reversed(piece.indices))

    def put_back(self, piece: Piece) -> None:
        """Takes back a piece that nobody has begun."""
        self._waiting.appendleft(piece)

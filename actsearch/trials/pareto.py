"""The Pareto front of several objectives, for controllers and pictures."""

import numpy as np


def front(scores: np.ndarray) -> np.ndarray:
    """Returns the points that no other point dominates: at least as good in every objective and better in one.

    Args:
      scores: [points, objectives], larger is better.

    Returns:
      Their indices, ascending. Equal points are all on the front or none is; a point with a NaN never is.

    Raises:
      ValueError: scores are not a table.

    Example:
      >>> front(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.5]]))
      array([0, 1])
    """
    scores = np.asarray(scores, float)
    if scores.ndim != 2:
        raise ValueError(f"scores must be [points, objectives]; received shape {list(scores.shape)}.")
    left = np.flatnonzero(~np.isnan(scores).any(axis=1))
    done = 0
    # Each point in turn removes what it dominates, so that memory stays linear and later turns are short.
    while done < len(left):
        pivot, others = scores[left[done]], scores[left]
        keep = (others > pivot).any(axis=1) | (others == pivot).all(axis=1)
        left, done = left[keep], int(keep[:done].sum()) + 1
    return left

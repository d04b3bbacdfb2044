"""The Pareto front of several objectives, for controllers and pictures."""

import numpy as np


def front(scores: np.ndarray) -> np.ndarray:
    """Returns the points that no other point dominates: at least as good in every objective and better in one.

    Args:
      scores: [points, objectives], larger is better.

    Returns:
      Their indices, ascending. Equal points are all on the front or none is; a point with a NaN never is.

    Example:
      >>> front(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.5]]))
      array([0, 1])
    """
    scores = np.asarray(scores, float)
    known = np.where(np.isnan(scores).any(axis=1, keepdims=True), -np.inf, scores)
    better = (known[:, None] >= known[None]).all(axis=2) & (known[:, None] > known[None]).any(axis=2)
    return np.flatnonzero(~better.any(axis=0) & ~np.isnan(scores).any(axis=1))

"""The random baseline of a run: what the best of so many random draws is expected to be."""

import numpy as np

from actsearch.analysis.configuration import controller_name
from actsearch.archive import Run
from actsearch.evaluation import TABLES, get_table

_POINTS = 100


def is_random(run: Run) -> bool:
    """Returns whether a run drew its candidates at random, whatever wrappers it had."""
    return controller_name(run.config).rstrip(")").rpartition("(")[2] == "random"


def expected_best(run: Run) -> dict[int, float]:
    """Returns the expected best score among so many random expressions, where a table of the package says it.

    An expression that was not trained counts as 0; scores are those of the seeds that the run selects by.

    Returns:
      Number of trials -> score, at numbers that grow by a constant factor up to the run's; empty where the run is on no
      table of the package, or on other contents of it, or merged of runs that select by seeds of their own, or has
      constraints, which random draws would have to meet too.
    """
    evaluator, trials = run.config.get("evaluator", {}), len(run.outcomes)
    if evaluator.get("table") not in TABLES or "seeds" not in evaluator or "gates" in evaluator or not trials:
        return {}
    table = get_table(evaluator["table"])
    if table.digest != evaluator.get("digest"):
        return {}
    scores = table.rows.scores[:, list(evaluator["seeds"])].mean(axis=1)
    numbers = np.unique(np.geomspace(1, trials, _POINTS).round().astype(int))
    best = expected_maximum(np.nan_to_num(scores), numbers)
    return dict(zip(numbers.tolist(), best.tolist(), strict=True))


def expected_maximum(scores: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Returns the expected maximum of n draws with replacement, E = sum_i s_i ((i / N)^n - ((i - 1) / N)^n).

    Args:
      scores: [N], s_i is the i-th lowest.
      numbers: the n, [numbers].

    Example:
      >>> expected_maximum(np.array([0.0, 1.0]), np.array([1, 2, 3])).tolist()
      [0.5, 0.75, 0.875]
    """
    ordered = np.sort(scores)
    below = np.arange(len(ordered) + 1) / len(ordered)
    return np.array([np.diff(below**n) @ ordered for n in numbers])

"""How far a proxy can be trusted, in words; the command line prints it under a search and beside a task."""

import math
from collections.abc import Iterable

from actsearch.analysis import Fidelity


def fidelity_text(rows: Iterable[Fidelity]) -> str:
    """Returns a sentence on a proxy: tau with each target by loss at equal rates, as a search orders functions.

    Args:
      rows: of one proxy, from `actsearch.evaluation.fidelity_of`.

    Returns:
      The sentence, the most alike target first; empty where nothing was measured.

    Example:
      >>> from actsearch.analysis import Interval
      >>> row = Fidelity("a", "b", "an MLP", "loss", "equal", 65, 4, Interval(0.68, 0.5, 0.8), 0.7)
      >>> fidelity_text([row])
      'a orders functions as b (an MLP) does at tau 0.68 [0.50, 0.80], b itself at 0.70.'
    """
    kind = "loss", "equal"
    chosen = [row for row in rows if (row.criterion, row.rates) == kind and not math.isnan(row.tau.estimate)]
    if not chosen:
        return ""
    ranked = sorted(chosen, key=lambda row: -row.tau.estimate)
    return f"{ranked[0].proxy} orders functions {'; '.join(map(_phrase, ranked))}."


def _phrase(row: Fidelity) -> str:
    network = f" ({row.network})" if row.network else ""
    itself = "" if math.isnan(row.ceiling) else f", {row.target} itself at {row.ceiling:.2f}"
    tau, low, high = row.tau
    return f"as {row.target}{network} does at tau {tau:.2f} [{low:.2f}, {high:.2f}]{itself}"

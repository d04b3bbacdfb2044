"""How the panels of functions were chosen, over which `fidelity.py` compares tasks: `actsearch.catalog.PANELS`.

    python experiments/choose_panels.py

Known functions are chosen by hand; then come the best of each table in the package and a random sample of the one-unit
Swish space. Expected: the formulas of both panels, as they are in the package; nothing is trained, seconds.
"""

from collections.abc import Iterable

import numpy as np
import tyro

from actsearch import fingerprint, parse
from actsearch.catalog import PANELS
from actsearch.evaluation import get_table
from actsearch.evaluation.table import TRAINED, Rows


def main() -> None:
    """Prints the panels by the rule that made them."""
    for name, formulas in chosen_panels().items():
        print(f"{name}, {len(formulas)} functions, as in the package: {formulas == PANELS[name]}")
        print("\n".join(f"  {formula}" for formula in formulas))


def tops(short: str, count: int, skip: int = 0) -> list[str]:
    """Returns the functions of the highest mean likelihood in each table of a space, after the first `skip`."""
    rows = []
    for task in ("digits-mlp", "digits-deep-mlp", "digits-resnet"):
        contents = get_table(f"tabular-{short}-{task}-likelihood").rows
        means = np.where(_distinct(contents), np.nan_to_num(contents.scores.mean(axis=1)), -1.0)
        best = np.argsort(-means, kind="stable")[skip : skip + count]
        rows += [str(contents.programs[i]) for i in best]
    return rows


def at_random(short: str, count: int, seed: int) -> list[str]:
    """Returns a random sample of the distinct functions of a space that passed the gates."""
    contents = get_table(f"tabular-{short}-digits-mlp").rows
    chosen = np.random.default_rng(seed).choice(np.flatnonzero(_distinct(contents)), count, replace=False)
    return [str(contents.programs[i]) for i in chosen]


def chosen_panels(known: int = 24, other_known: int = 8) -> dict[str, tuple[str, ...]]:
    """Returns the panels by the rule that made them: known functions first, then tops and random ones not there yet.

    Args:
      known: how many known functions begin the published panel; they are chosen by hand, as are `other_known`.
    """
    published, untouched = PANELS["published"][:known], PANELS["untouched"][:other_known]
    seen: set[str] = set()
    first = _unseen([*published, *tops("swish1", 5), *tops("actbench", 3), *at_random("swish1", 20, 0)], seen)
    second = _unseen([*untouched, *tops("actbench", 6, skip=3), *at_random("swish1", 14, 1)], seen)
    return {"published": first, "untouched": second}


def _unseen(formulas: Iterable[str], seen: set[str]) -> tuple[str, ...]:
    rows = []
    for formula in formulas:
        identity = fingerprint(parse(formula))
        if identity not in seen:
            seen.add(identity)
            rows.append(formula)
    return tuple(rows)


def _distinct(contents: Rows) -> np.ndarray:
    return (contents.functions == np.arange(len(contents.functions))) & (contents.gates == TRAINED)


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)

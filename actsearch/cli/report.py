"""`actsearch report`."""

from pathlib import Path
from typing import Annotated

import tyro

from actsearch.cli.common import at_least, explain, writing
from actsearch.pages import write_report

Directories = tyro.conf.Positional[tuple[Path, ...]]
Out = Annotated[Path, tyro.conf.arg(aliases=["-o"])]


def report(directories: Directories, out: Out = Path("report.html"), cards: int = 5) -> None:
    """Write the report of runs: one HTML file to read and pass on, which needs no network.

    The verdict first; then what was verified, funnel, scores, progress, regret, score against cost, a card of each
    finalist, fidelity and noise, and how to run it again.

    Example: actsearch report runs/mine -o mine.html

    Args:
        directories: each a run's, with what `actsearch verify` and `actsearch audit` kept there; or one that holds the
            folders of runs.
        out: the file.
        cards: finalists of each run that get a card, and as many of those that were only verified; each takes seconds.
    """
    at_least("--cards", cards, 0)
    with writing(out):
        print(write_report(directories, out, cards=cards, say=explain))

"""How a running search shows itself: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from actsearch.language import simplify
from actsearch.study.search import Progress
from actsearch.trials.trial import Trial


class ProgressLog:
    """Prints candidates done, their rate, the best so far and the time left.

    Use it as the `report` of `actsearch.study.search`, and as a context manager around it.

    Args:
      label: what is running.
      seconds_between: least time between two plain lines.
      stream: where to; standard error by default, so that results on standard output stay clean.
    """

    def __init__(self, label: str, seconds_between: float = 10.0, stream: TextIO | None = None):
        self.label, self.seconds_between = label, seconds_between
        self.stream = stream or sys.stderr
        self._last = time.monotonic()
        columns = (
            TextColumn(label),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        self._bar = Bar(*columns, console=Console(file=self.stream)) if self.stream.isatty() else None
        self._row = None if self._bar is None else self._bar.add_task("", total=None)

    def __enter__(self) -> "ProgressLog":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Shows the state of a search; `actsearch.study.search` calls it after each batch."""
        done, rate = len(progress.trials), progress.fresh / max(progress.seconds, 1e-9)
        if self._bar is not None and self._row is not None:
            text = f"{rate:.1f}/s  {best_line(progress.trials)}"
            self._bar.update(self._row, total=progress.budget, completed=done, description=text)
        elif time.monotonic() - self._last >= self.seconds_between or done >= progress.budget:
            self._last = time.monotonic()
            left = f"{(progress.budget - done) / rate:.0f} s left" if rate and done < progress.budget else "done"
            line = f"{self.label}  {done:,}/{progress.budget:,}  {rate:.1f}/s  {left}  {best_line(progress.trials)}"
            print(line, file=self.stream, flush=True)


def best_line(trials: Sequence[Trial]) -> str:
    """Returns the best score so far with its formula, or a note that there is none yet."""
    scored = [trial for trial in trials if trial.status == "ok" and trial.score is not None]
    if not scored:
        return "no score yet"
    best = max(scored, key=lambda trial: trial.score or 0.0)
    return f"best {best.score:.4f}  {simplify(best.program)}"

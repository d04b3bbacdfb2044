"""How a running search shows itself: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from actsearch.language import simplify
from actsearch.trials import Status, Trial
from actsearch.trials.ranking import merit


class ProgressLog:
    """Prints candidates done, their rate, the best so far and the time left.

    A context manager around a search, whose `update` is called after every batch.

    Args:
      label: what is running.
      seconds_between: least time between two plain lines.
      stream: where to print; standard error by default, so that results on standard output stay clean.

    Example:
      >>> from actsearch.language import parse
      >>> with ProgressLog("swish-1", seconds_between=0, stream=sys.stdout) as log:
      ...     log.update([Trial(0, parse("relu(x)"), "a", "ok", 0.9)], done=1, budget=4, fresh=1, seconds=0.5)
      swish-1  1/4  2.0/s  2 s left  best 0.9000  relu(x)
    """

    def __init__(self, label: str, seconds_between: float = 10.0, stream: TextIO | None = None) -> None:
        self.label, self.seconds_between = label, seconds_between
        self.stream = stream or sys.stderr
        self._last = time.monotonic()
        self._best: Trial | None = None
        self._bar = self._live_bar() if self.stream.isatty() else None
        self._row = None if self._bar is None else self._bar.add_task("", total=None, label=self.label)

    def __enter__(self) -> "ProgressLog":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, trials: Iterable[Trial], done: int, budget: int, fresh: int, seconds: float) -> None:
        """Shows the state of a search after a batch.

        Args:
          trials: of this batch.
          done: number of trials so far.
          budget: number of trials aimed at.
          fresh: how many of them this process evaluated.
          seconds: wall time since the search began in this process.
        """
        self._best = max([*filter(None, [self._best]), *filter(_scored, trials)], key=merit, default=None)
        rate = fresh / max(seconds, 1e-9)
        if self._bar is not None and self._row is not None:
            text = f"{rate:.1f}/s  {self._best_text()}"
            self._bar.update(self._row, total=budget, completed=done, description=text)
        elif time.monotonic() - self._last >= self.seconds_between or done >= budget:
            self._last = time.monotonic()
            left = "done" if done >= budget else f"{(budget - done) / rate:.0f} s left" if rate else "time left unknown"
            line = f"{self.label}  {done:,}/{budget:,}  {rate:.1f}/s  {left}  {self._best_text()}"
            print(line, file=self.stream, flush=True)

    def _live_bar(self) -> Progress:
        return Progress(
            TextColumn("{task.fields[label]}", markup=False),  # a task may be a path, with brackets in it
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(file=self.stream),
        )

    def _best_text(self) -> str:
        if self._best is None:
            return "no score yet"
        return f"best {self._best.score:.4f}  {simplify(self._best.program)}"


def _scored(trial: Trial) -> bool:
    return trial.status is Status.OK and trial.score is not None

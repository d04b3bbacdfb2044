"""The view of a terminal: one table that changes, or plain lines where there is no terminal."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from actsearch.live.following import Follower, View

_COLOURS = {"running": "green", "finished": "bold green", "stopped": "yellow", "unreadable": "red", "waiting": "cyan"}


def watch_terminal(
    followers: Sequence[Follower],
    *,
    every: float = 2.0,
    once: bool = False,
    stream: TextIO | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Shows runs until all have finished.

    Args:
      followers: of the runs.
      every: seconds between two looks.
      once: look once.
      stream: where to print; standard output by default.
      sleep: waits so many seconds.
    """
    console = Console(file=stream or sys.stdout)
    views = [follower.look() for follower in followers]
    if not console.is_terminal:
        _print(views, console)
        while not (once or _over(views)):
            sleep(every)
            shown, views = views, [follower.look() for follower in followers]
            _print([view for view, old in zip(views, shown, strict=True) if view != old], console)
        return
    with Live(screen(views), console=console, auto_refresh=False) as live:
        while not (once or _over(views)):
            sleep(every)
            views = [follower.look() for follower in followers]
            live.update(screen(views), refresh=True)


def _over(views: Sequence[View]) -> bool:
    return all(view.state == "finished" for view in views)


def _print(views: Sequence[View], console: Console) -> None:
    for line in lines(views):
        console.file.write(line + "\n")
    console.file.flush()


def lines(views: Sequence[View]) -> list[str]:
    """Returns a line for each run.

    Example:
      >>> view = View("mine", "", "running", 5, 20, 2.5, 6.0, 0.9, "relu(x)", {"ok": 5}, (), (), "")
      >>> print(*lines([view]))
      mine  running  5/20  2.5/s  6 s left  best 0.9000  relu(x)
    """
    return [
        "  ".join(filter(None, [view.name, view.state, _count(view), *_pace(view), _best(view), view.note]))
        for view in views
    ]


def screen(views: Sequence[View]) -> Group:
    """Returns what a terminal shows of runs."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("run", "state", "", "trials", "rate", "left", "best"):
        table.add_column(heading)
    details: list[Text] = []
    for view in views:
        bar = ProgressBar(total=view.budget or max(view.done, 1), completed=view.done if view.budget else 0, width=24)
        rate, left = [*_pace(view), "", ""][:2]
        score = "" if view.score is None else f"{view.score:.4f}"
        state = Text(view.state, _COLOURS[view.state])
        table.add_row(Text(view.name), state, bar, _count(view), rate, left, score)
        details += [Text(line, "dim" if place else "bold") for place, line in enumerate(_details(view))]
    return Group(table, Text(), *details)


def _details(view: View) -> list[str]:
    """Returns lines on a run: what it is, its best, its funnel, its devices, and what is wrong."""
    stages = ", ".join(f"{stage} {count:,}" for stage, count in view.stages.items())
    rows = [f"{view.name}: {view.what}".removesuffix(": ")]
    rows += [f"  best     {view.formula}"] if view.formula else []
    rows += [f"  funnel   {stages}"] if stages else []
    rows += [f"  devices  {', '.join(view.devices)}"] if view.devices else []
    return [*rows, *([f"  {view.note}"] if view.note else [])]


def _count(view: View) -> str:
    return f"{view.done:,}" + ("" if view.budget is None else f"/{view.budget:,}")


def _pace(view: View) -> list[str]:
    rate = "" if view.rate is None else f"{view.rate:.1f}/s"
    return [rate, "" if view.left is None else f"{duration(view.left)} left"]


def _best(view: View) -> str:
    return "no score yet" if view.score is None else f"best {view.score:.4f}  {view.formula}"


def duration(seconds: float) -> str:
    """Returns a time in two units at most.

    Example:
      >>> duration(6.2), duration(125), duration(7300), duration(200_000)
      ('6 s', '2 min 5 s', '2 h 1 min', '2 d 7 h')
    """
    for unit, size, smaller, part in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} {int(seconds % size // part)} {smaller}"
    return f"{seconds:.0f} s"

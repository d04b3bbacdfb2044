"""`actsearch watch`."""

import time
from pathlib import Path

import jax
import tyro

from actsearch.cli.common import at_least, explain
from actsearch.language import ActsearchError
from actsearch.live import followers, serving, watch_terminal

Directories = tyro.conf.Positional[tuple[Path, ...]]

_DAY = 86_400


def watch(
    directories: Directories, every: float = 2.0, once: bool = False, browser: bool = False, port: int = 0
) -> None:
    """Follow running searches from another terminal: progress, rate, best, funnel, devices, time left.

    It reads their archives and nothing else, so that it cannot harm them; it ends when all have finished.

    Example: actsearch watch runs/mine runs/other

    Args:
        directories: each a run's, also before its search begins; or one that holds the folders of runs.
        every: seconds between two looks.
        once: look once.
        browser: serve a page on this machine instead, until Ctrl-C.
        port: of the page; any that is free when left out.
    """
    if not directories:
        raise ActsearchError("watch needs the directory of a run; received none.")
    if not 0 < every <= _DAY:
        raise ActsearchError(f"--every is a number of seconds above 0, at most a day ({_DAY}); received {every:g}.")
    at_least("--port", port, 0)
    # An accelerator's memory is for the runs that are watched.
    jax.config.update("jax_platforms", "cpu")  # type: ignore[no-untyped-call]
    runs = followers(directories)
    if not browser:
        watch_terminal(runs, every=every, once=once)
        return
    with serving(runs, port) as address:
        print(address, flush=True)
        explain("Ctrl-C ends it.")
        while not once:
            time.sleep(every)

"""Follower: one run, read again and again from its archive while another process writes it."""

import os
import platform
import time
from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from actsearch.analysis.configuration import controller_name, task_digests
from actsearch.archive import Archive, ArchiveError, kept
from actsearch.archive.creation import LOCK
from actsearch.archive.run import PROCESS
from actsearch.archive.sqlite import FILE
from actsearch.language import simplify
from actsearch.trials import Status, Trial
from actsearch.trials.ranking import merit

State = Literal["waiting", "running", "finished", "stopped", "unreadable"]
"""What a followed run is: not begun, searching, at its budget, ended early, or not to be opened."""

PATIENCE = 0.5
"""Seconds to wait for an archive that another program keeps locked; the next look comes soon."""

_WINDOW = 60.0  # seconds that a rate is measured over
_QUIET = 120.0  # seconds without a trial after which a run on another machine counts as stopped


class View(NamedTuple):
    """What can be seen of a run.

    Attributes:
      name: its directory's name, or the whole path where another run has the same.
      what: space, task and controller.
      state: "waiting" for its first batch; "running"; "finished", the budget is spent; "stopped" before that; or
        "unreadable" for the moment, when the numbers are those of the last look.
      done: number of trials.
      budget: number of trials aimed at; None where the run does not say.
      rate: trials a second; None where nothing moved yet.
      left: seconds until the budget is spent; None where that is unknown.
      score: the best so far at the highest fidelity; None before the first.
      formula: its simplified formula.
      stages: number of trials by what became of them, in order of appearance.
      devices: what the run trains on.
      curve: (trials, best score) wherever that changed, of the highest fidelity.
      note: what is wrong, or empty.
    """

    name: str
    what: str
    state: State
    done: int
    budget: int | None
    rate: float | None
    left: float | None
    score: float | None
    formula: str
    stages: dict[str, int]
    devices: tuple[str, ...]
    curve: tuple[tuple[int, float], ...]
    note: str


class Follower:
    """Follows the run in a directory. It changes no file and takes no lock, so that it cannot harm the run.

    Args:
      directory: of the run; it may be empty or absent yet.
      name: for people; the directory's when left out.

    Example:
      >>> import tempfile
      >>> from actsearch.language import parse
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     follower = Follower(directory)
      ...     before = follower.look().state
      ...     with Archive.write(directory, {"space": "swish-1"}) as archive:
      ...         archive.append([Trial(0, parse("x * sigmoid(x)"), "f00d", "ok", 0.9)])
      ...         now = follower.look()
      ...     before, now.state, now.done, now.score, follower.look().state
      ('waiting', 'running', 1, 0.9, 'stopped')
    """

    def __init__(self, directory: str | os.PathLike[str], name: str = ""):
        self.directory = Path(directory)
        self.name = name or self.directory.resolve().name
        self._forget()

    def _forget(self) -> None:
        self._done = 0
        self._seen: object = None
        self._place = 0
        self._what = ""
        self._best: Trial | None = None
        self._stages: Counter[str] = Counter()
        self._curve: list[tuple[int, float]] = []
        self._counts: deque[tuple[float, int]] = deque()

    def look(self) -> View:
        """Returns what can be seen now; what is wrong with a file is a note, and the next look tries again."""
        note = ""
        process: dict[str, Any] = {}
        try:
            self._read()
            process = kept(self.directory, PROCESS).get(PROCESS, {})
            process = process if process.keys() >= {"budget", "done"} else {}  # else it is another program's
        except (ArchiveError, OSError) as error:
            note = str(error)
        now, budget = time.time(), process.get("budget")
        self._count(now, process)
        rate = self._rate()
        state: State = "unreadable" if note else self._state(now, process)
        moving = state == "running" and rate and budget is not None
        return View(
            self.name,
            self._what,
            state,
            self._done,
            budget,
            rate if state == "running" else None,
            (budget - self._done) / rate if moving and rate and budget else None,
            None if self._best is None else self._best.score,
            "" if self._best is None else str(simplify(self._best.program)),
            dict(self._stages),
            tuple(process.get("devices", ())),
            tuple(self._curve),
            note,
        )

    def _read(self) -> None:
        """Reads the trials that are new, where any file of the archive has changed."""
        if not Archive.exists(self.directory):
            if self._done:
                self._forget()
            return
        signature = [_signature(self.directory / (FILE + suffix)) for suffix in ("", "-wal")]
        if signature == self._seen:
            return
        place = (self.directory / FILE).stat().st_ino
        if place != self._place:  # another run took the place
            self._forget()
            self._place = place
        with Archive.read(self.directory, patience=PATIENCE) as archive:
            self._what = _what(archive.config)
            for trial in archive.iterate(self._done):
                self._add(trial)
        self._seen = signature

    def _add(self, trial: Trial) -> None:
        self._done = trial.index + 1
        self._stages[trial.stage] += 1
        if trial.status is Status.OK and trial.score is not None:
            before = self._best
            self._best = max(filter(None, (before, trial)), key=merit)
            if before is None or trial.fidelity > before.fidelity:
                self._curve = [(self._done, trial.score)]  # those before are of shorter trainings, other quantities
            elif self._best.score != before.score:
                self._curve.append((self._done, trial.score))

    def _count(self, now: float, process: dict[str, Any]) -> None:
        """Notes how many trials there are; at first also how many there were when the process began."""
        began = process.get("began")
        if not self._counts and began is not None and self._done > process["done"]:
            self._counts.append((began, process["done"]))
        self._counts.append((now, self._done))
        while len(self._counts) > 2 and self._counts[1][0] < now - _WINDOW:
            self._counts.popleft()

    def _rate(self) -> float | None:
        (first, before), (last, after) = self._counts[0], self._counts[-1]
        return (after - before) / (last - first) if last > first and after > before else None

    def _state(self, now: float, process: dict[str, Any]) -> State:
        if not Archive.exists(self.directory):
            return "waiting"
        if _held(self.directory / LOCK):
            return "running"
        if process and self._done >= process["budget"]:
            return "finished"
        elsewhere = process.get("host") not in (None, platform.node())
        files = (self.directory / (FILE + suffix) for suffix in ("", "-wal"))
        latest = max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
        return "running" if elsewhere and now - latest < _QUIET else "stopped"


def followers(directories: Iterable[str | os.PathLike[str]]) -> list[Follower]:
    """Returns a follower for each directory; for one that holds the folders of runs, one for each of these."""
    found: dict[Path, Path] = {}
    for directory in map(Path, directories):
        inner = [] if Archive.exists(directory) else sorted(path.parent for path in directory.glob(f"*/{FILE}"))
        for place in inner or [directory]:
            found.setdefault(place.resolve(), place)
    names = Counter(place.name for place in found)
    return [Follower(place, str(place) if names[key.name] > 1 else "") for key, place in found.items()]


def _signature(path: Path) -> tuple[int, int] | None:
    """Returns what changes when a file does; None where there is none."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_mtime_ns, facts.st_size


def _what(config: dict[str, Any]) -> str:
    return f"{config.get('space')} on {' + '.join(task_digests(config))}, {controller_name(config)}"


def _held(lock: Path) -> bool:
    """Returns whether a process of this machine holds a lock, without touching it: a try could turn the run away."""
    try:
        inode = lock.stat().st_ino
        return any(f":{inode} " in line for line in Path("/proc/locks").read_text().splitlines())
    except OSError:
        return _alive(lock)


def _alive(lock: Path) -> bool:
    """Returns whether the process whose number a lock's file has is there; for systems without /proc/locks."""
    try:
        os.kill(int(lock.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True

"""What went wrong on a cluster, one line each: in a list, for whoever watches, and in a file beside the archive."""

import contextlib
import datetime
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

FILE = "faults.jsonl"
"""Name of the file in a run's directory."""

Kind = Literal["lost", "late", "failed", "refused", "waiting", "resumed"]


class Fault(NamedTuple):
    """One thing that went wrong.

    Attributes:
      kind: "lost" for a worker that died, "late" for one that took too long, "failed" for a candidate that was given
        up, "refused" for a machine that gets no work, "waiting" while there is none that could work or none has
        started, "resumed" for a search that goes on in a new process.
      note: what happened, for people.
      trials: indices of the trials concerned; their candidates were evaluated elsewhere, unless the kind is "failed".
    """

    kind: Kind
    note: str
    trials: tuple[int, ...] = ()


class FaultLog:
    """Collects faults.

    Args:
      path: of a file of JSON lines, each with the time and the fields of a `Fault`; None for no file.
      report: receives one line for each.

    Attributes:
      faults: so far, in this process.

    Example:
      >>> log = FaultLog(report=print)
      >>> log.add("lost", "worker 1 on host-a died", trials=(3, 4))
      lost: worker 1 on host-a died (trials 3, 4)
    """

    def __init__(self, path: Path | None = None, report: Callable[[str], None] = lambda line: None):
        self.faults: list[Fault] = []
        self._path, self._report = path, report

    def add(self, kind: Kind, note: str, trials: Sequence[int] = ()) -> None:
        """Adds a fault; a file that cannot be written is no reason to stop."""
        self.faults.append(Fault(kind, note, tuple(trials)))
        where = f" (trials {', '.join(map(str, trials))})" if trials else ""
        self._report(f"{kind}: {note}{where}")
        if self._path is not None:
            with contextlib.suppress(OSError), self._path.open("a") as file:
                now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
                file.write(json.dumps({"time": now, **self.faults[-1]._asdict()}) + "\n")

"""Material of a report: runs, and what was verified and audited of them, as their folders keep it."""

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from actsearch.analysis import FalseReject, Interval, Verification
from actsearch.archive import Archive, Run, kept, open_run
from actsearch.catalog import BASELINES, CATALOG, GATES, LAYER_BASELINES, SWISH_PAPER
from actsearch.engine import fingerprint
from actsearch.language import ActsearchError, Kind, simplify
from actsearch.trials import Trial

VERIFICATIONS = ("verification*", "equal_time")
"""Names of the files that hold verifications."""

_KNOWN: Mapping[Kind, tuple[str, ...]] = {
    "activation": tuple(dict.fromkeys((*BASELINES, *SWISH_PAPER))),
    "layer": LAYER_BASELINES,
    "gate": GATES,
}


class Verified(NamedTuple):
    """One verification.

    Attributes:
      name: of its file.
      result: means and differences.
      costs: formula -> cost relative to ReLU's, empty where it was not measured.
    """

    name: str
    result: Verification
    costs: Mapping[str, Mapping[str, float]]


class Material(NamedTuple):
    """What a report is made from.

    Attributes:
      runs: at least one.
      verified: of these runs; may be empty.
    """

    runs: tuple[Run, ...]
    verified: tuple[Verified, ...]


def gather(directories: Iterable[str | Path]) -> Material:
    """Returns the runs of some directories, and the verifications that these keep.

    Args:
      directories: each a run's, or one whose folders are runs' and which keeps their verifications.

    Raises:
      ActsearchError: no directories, or one without a run.
      ArchiveError: an archive or a result that cannot be used.
    """
    folders = list(dict.fromkeys(Path(directory) for directory in directories))
    if not folders:
        raise ActsearchError("A report needs the directory of a run at least; received none.")
    runs = {run.directory.resolve(): run for folder in folders for run in _runs(folder)}
    names = Counter(run.name for run in runs.values())
    for run in runs.values():
        run.name = str(run.directory) if names[run.name] > 1 else run.name
    places = dict.fromkeys([*(folder.resolve() for folder in folders), *runs])
    verified: list[Verified] = []
    for place in places:
        verified += [one for one in _verified(place) if one.result not in [other.result for other in verified]]
    return Material(tuple(runs.values()), tuple(verified))


def _runs(folder: Path) -> Sequence[Run]:
    if Archive.exists(folder):
        return [open_run(folder)]
    inner = sorted(path.parent for path in folder.glob("*/archive.sqlite"))
    if not inner:
        raise ActsearchError(f"There is no run in {folder}, nor in a folder of it: give the directory of a run.")
    return [open_run(path) for path in inner]


def _verified(place: Path) -> list[Verified]:
    records = {name: record for pattern in VERIFICATIONS for name, record in kept(place, pattern).items()}
    return [
        Verified(name, _verification(place / f"{name}.json", record), record.get("costs") or {})
        for name, record in records.items()
    ]


def _verification(file: Path, record: Mapping[str, Any]) -> Verification:
    try:
        return Verification.from_json(record)
    except ActsearchError as error:
        raise ActsearchError(f"{file} is no verification: make it again, or move it away. {error}") from error


def false_rejects(run: Run) -> dict[str, FalseReject]:
    """Returns the false-reject rate of each gate, as `actsearch audit` kept it; empty where it did not run."""
    rows = kept(run.directory, "audit").get("audit", {})
    try:
        return {gate: FalseReject(row["trained"], row["good"], _interval(row["rate"])) for gate, row in rows.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise ActsearchError(
            f"{run.directory / 'audit.json'} is no audit of this run ({error!r}): make it again, or move it away."
        ) from error


def _interval(ends: Mapping[str, float | None]) -> Interval:
    return Interval(*(float("nan") if ends[end] is None else float(ends[end] or 0.0) for end in Interval._fields))


def published(run: Run) -> dict[str, Trial]:
    """Returns the first scored trial of each well-known unit of the run's kind that the search came across, by name."""
    scored = [trial for trial in run.trials if trial.status == "ok" and trial.score is not None]
    if not scored:
        return {}
    version = int(run.config.get("evaluator", {}).get("fingerprint", 1))
    by_identity: dict[str, Trial] = {}
    for trial in sorted(scored, key=lambda trial: (-trial.fidelity, trial.index)):
        by_identity.setdefault(trial.fingerprint, trial)
        by_identity.setdefault(str(simplify(trial.program)), trial)
    found: dict[str, Trial] = {}
    for name in _KNOWN[scored[0].program.kind]:
        for identity in (str(simplify(CATALOG[name].program)), _fingerprint(name, version)):
            if identity in by_identity:
                found.setdefault(name, by_identity[identity])
    return found


@functools.lru_cache(maxsize=256)
def _fingerprint(name: str, version: int) -> str:
    return fingerprint(CATALOG[name].program, version)


def tasks_of(run: Run) -> dict[str, Any]:
    """Returns the names of the tasks that a run scored on, with their digests; of a table its own."""
    evaluator = run.config.get("evaluator", {})
    return (
        dict(evaluator["tasks"]) if "tasks" in evaluator else {str(evaluator.get("table", evaluator.get("kind"))): None}
    )

"""A trial as plain data, and how two configurations differ. The archive, Parquet, JSON lines and checkpoints use it."""

import functools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from actsearch.language import INPUTS, Program, parse
from actsearch.spaces import Genotype
from actsearch.trials.trial import Trial

FIELDS = (
    "index",
    "fingerprint",
    "status",
    "gate",
    "score",
    "first",
    "repeat",
    "fidelity",
    "seconds",
    "program",
    "space",
    "choices",
    "parents",
    "seeds",
    "metrics",
    "objectives",
    "note",
)
"""Names of a trial's plain data: those of `Trial`, with the genotype as `space` and `choices`."""


class _Absent:
    """Stands for a value that one of two configurations does not have."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()
"""What `differences` gives where a name is in one configuration alone."""


def to_plain(trial: Trial) -> dict[str, Any]:
    """Returns a trial as plain data: text, numbers, None, lists and dicts, by the names of `FIELDS`.

    Numbers of NumPy become Python's; a score or metric may be NaN or infinite. `space` and `choices` are None for a
    trial without a genotype.

    Example:
      >>> record = to_plain(Trial(0, parse("max(x, 0)"), "f00d", "ok", 0.5, ({"loss": 1},), (0,)))
      >>> record["program"], record["status"], record["metrics"], record["choices"]
      ('max(x, 0)', 'ok', [{'loss': 1.0}], None)
      >>> from_plain(record).program
      Program('max(x, 0)')
    """
    space, choices = trial.genotype or (None, None)
    return {
        "index": int(trial.index),
        "fingerprint": trial.fingerprint,
        "status": str(trial.status),
        "gate": trial.gate,
        "score": None if trial.score is None else float(trial.score),
        "first": None if trial.first is None else int(trial.first),
        "repeat": int(trial.repeat),
        "fidelity": float(trial.fidelity),
        "seconds": float(trial.seconds),
        "program": str(trial.program),
        "space": space,
        "choices": None if choices is None else [int(choice) for choice in choices],
        "parents": [int(parent) for parent in trial.parents],
        "seeds": [int(seed) for seed in trial.seeds],
        "metrics": [_floats(metrics) for metrics in trial.metrics],
        "objectives": _floats(trial.objectives),
        "note": trial.note,
    }


def from_plain(record: Mapping[str, Any]) -> Trial:
    """Returns the trial of plain data, as `to_plain` made it.

    Raises:
      ParseError: the program is none that this version can read.
      ActsearchError: a status or gate that this version does not have.
    """
    return Trial(
        index=record["index"],
        program=read_program(record["program"]),
        fingerprint=record["fingerprint"],
        status=record["status"],
        score=record["score"],
        metrics=tuple(record["metrics"]),
        seeds=tuple(record["seeds"]),
        parents=tuple(record["parents"]),
        first=record["first"],
        genotype=None if record["choices"] is None else Genotype(record["space"], tuple(record["choices"])),
        gate=record["gate"],
        objectives=record["objectives"],
        repeat=record["repeat"],
        fidelity=record["fidelity"],
        seconds=record["seconds"],
        note=record["note"],
    )


@functools.lru_cache(maxsize=1 << 14)  # a run proposes many programs again, and parsing is most of reading a trial
def read_program(text: str) -> Program:
    """Returns the program of a text that an archive or a file holds; raises ParseError where it is none."""
    return parse(text, inputs=INPUTS)


def differences(there: Any, here: Any) -> list[tuple[str, Any, Any]]:
    """Returns where two configurations differ: dotted names, the value there and the value here.

    Values are compared as JSON text, where NaN is NaN, true is not 1 and a tuple is a list.

    Args:
      there: a mapping, nested or not, to values that JSON can hold.
      here: another one.

    Returns:
      A row for each innermost name, in the order of `there` and then of `here`; `ABSENT` where one has no such name.

    Raises:
      TypeError: a value that JSON cannot hold.

    Example:
      >>> differences({"seed": 0, "controller": {"name": "ppo"}}, {"seed": 1, "controller": {"name": "ppo", "rate": 2}})
      [('seed', 0, 1), ('controller.rate', absent, 2)]
    """
    return _differences(json.loads(json.dumps(there)), json.loads(json.dumps(here)), "")


def describe(rows: Iterable[tuple[str, Any, Any]]) -> str:
    """Returns what `differences` found as a sentence without its full stop.

    Example:
      >>> describe(differences({"seed": 0, "steps": 5}, {"seed": 1}))
      'seed is 0 there and 1 here; steps is 5 there and absent here'
    """
    return "; ".join(f"{name} is {_shown(there)} there and {_shown(here)} here" for name, there, here in rows)


def _differences(there: Any, here: Any, name: str) -> list[tuple[str, Any, Any]]:
    if isinstance(there, dict) and isinstance(here, dict):
        rows: list[tuple[str, Any, Any]] = []
        for key in {**there, **here}:
            inner = f"{name}.{key}" if name else key
            rows += _differences(there.get(key, ABSENT), here.get(key, ABSENT), inner)
        return rows
    return [] if _shown(there) == _shown(here) else [(name, there, here)]


def _shown(value: Any) -> str:
    return repr(value) if value is ABSENT else json.dumps(value, sort_keys=True)


def _floats(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}

"""Gates: cheap tests before training, in a fixed order. A candidate that fails one is a value, never an exception."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from actsearch.engine import probe
from actsearch.language import Program

GATES = ("shape", "finite", "duplicate")
"""In the order in which they are tried: evaluates at all, finite on the probe, not seen before."""


class Verdict(NamedTuple):
    """What the gates say of a program.

    Attributes:
      status: "pass", "rejected:shape", "rejected:finite" or "duplicate".
      fingerprint: functional identity; empty where the program could not be evaluated.
      duplicate_of: the index under which the fingerprint was seen first, or None.
      seconds: what the gates cost.
      note: why, for people.
    """

    status: str
    fingerprint: str
    duplicate_of: int | None
    seconds: float
    note: str = ""


def pass_gates(program: Program, seen: Mapping[str, int]) -> Verdict:
    """Returns the verdict on a program, given the index of each fingerprint seen so far."""
    began = time.perf_counter()
    try:
        if program.inputs not in ((), ("x",)):
            raise ValueError(f"a candidate reads x alone; {program} reads {', '.join(program.inputs)}")
        identity, finite = probe(program)
    except (TypeError, ValueError, KeyError) as error:  # a program that no engine can evaluate
        return Verdict("rejected:shape", "", None, time.perf_counter() - began, str(error))
    if not finite:
        status, of = "rejected:finite", None
    else:
        of = seen.get(identity)
        status = "pass" if of is None else "duplicate"
    return Verdict(status, identity, of, time.perf_counter() - began)

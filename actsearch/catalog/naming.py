"""Naming: which published functions a program computes. The command line prints it; notebooks look winners up."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path

from actsearch.catalog.entries import CATALOG
from actsearch.catalog.entry import Entry
from actsearch.engine import FINGERPRINT_VERSION, fingerprint
from actsearch.language import Program

FINGERPRINTS = Path(__file__).with_name("fingerprints.json")
"""Fingerprints of the catalog by formula, which take 7 s to compute; `store_fingerprints` writes them."""


def identify(program: Program) -> tuple[Entry, ...]:
    """Returns the published functions, layers and gates that compute what a program does, in the order of the catalog.

    Functions are compared by `fingerprint`: spelling, the names of parameters and their order do not count, their
    initial values do, and whether all channels share them. What saturates beyond +-20 is not told from what does not.

    Example:
      >>> from actsearch.language import parse
      >>> [entry.name for entry in identify(parse("sigmul(alpha * x, x)"))], identify(parse("x + sin(x)"))
      (['swish'], ())
      >>> [entry.name for entry in identify(parse("y * x / (1 + exp(-x))", inputs=("x", "y")))]
      ['swiglu']
    """
    return _by_fingerprint().get(fingerprint(program), ())


def forget() -> None:
    """Forgets which entry has which fingerprint, because the catalog has changed."""
    _by_fingerprint.cache_clear()


def store_fingerprints() -> None:
    """Writes the fingerprints of the catalog as it is; needed when a row or `fingerprint` has changed."""
    rows = {str(entry.program): fingerprint(entry.program) for entry in CATALOG.values()}
    FINGERPRINTS.write_text(json.dumps({"version": FINGERPRINT_VERSION, "fingerprints": rows}, indent=0) + "\n")


@functools.cache
def _by_fingerprint() -> dict[str, tuple[Entry, ...]]:
    known: dict[str, tuple[Entry, ...]] = {}
    for entry in CATALOG.values():
        # A unit of the user's is not in the file.
        identity = _stored().get(str(entry.program)) or fingerprint(entry.program)
        known[identity] = (*known.get(identity, ()), entry)
    return known


@functools.cache
def _stored() -> Mapping[str, str]:
    stored = json.loads(FINGERPRINTS.read_text())
    fingerprints: Mapping[str, str] = stored["fingerprints"] if stored["version"] == FINGERPRINT_VERSION else {}
    return fingerprints

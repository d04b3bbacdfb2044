"""Naming: which published functions a program computes. The command line prints it; notebooks look winners up."""

import functools

from actsearch.catalog.entries import CATALOG
from actsearch.catalog.entry import Entry
from actsearch.engine import fingerprint
from actsearch.language import Program


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


@functools.cache
def _by_fingerprint() -> dict[str, tuple[Entry, ...]]:
    known: dict[str, tuple[Entry, ...]] = {}
    for entry in CATALOG.values():
        identity = _fingerprint(entry.program)
        known[identity] = (*known.get(identity, ()), entry)
    return known


@functools.lru_cache(maxsize=1024)
def _fingerprint(program: Program) -> str:
    return fingerprint(program)

"""Which member of a space computes a given function: for searches that begin with formulas of any form."""

import functools

from actsearch.engine.fingerprint_v2 import fingerprint
from actsearch.engine.identities import identities
from actsearch.language import Program
from actsearch.spaces import Genotype, Space

ENUMERABLE = 10_000
"""Genotypes of the largest space whose functions are all compared."""


def find_member(space: Space, program: Program) -> Genotype | None:
    """Returns a genotype of a space whose program computes the same function, None where none was found.

    A member in the very form of the program comes first. In a space of at most 10,000 genotypes all functions are
    compared, by fingerprint; in a larger one a function that the space has in another form only is not found.

    Args:
      space: where to look.
      program: of any origin.

    Example:
      >>> from actsearch.language import parse
      >>> from actsearch.spaces import custom
      >>> space = custom(["x", "sigmoid", "relu"], ["*", "max"])
      >>> str(space.decode(find_member(space, parse("x / (1 + exp(-x))"))))
      'x * sigmoid(x)'
      >>> find_member(space, parse("tanh(x)")) is None
      True
    """
    genotype = space.encode(program)
    if genotype is None and space.count() <= ENUMERABLE:
        genotype = _by_fingerprint(space).get(fingerprint(program))
    return genotype


@functools.lru_cache(maxsize=4)
def _by_fingerprint(space: Space) -> dict[str, Genotype]:
    """Returns the first genotype of every function of a space."""
    genotypes = list(space.enumerate())
    members: dict[str, Genotype] = {}
    for genotype, identity in zip(
        genotypes, identities(space.template, [one.choices for one in genotypes]), strict=True
    ):
        members.setdefault(identity.fingerprint, genotype)
    return members

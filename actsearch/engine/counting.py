"""Counting: how many different functions a space holds. `Space` statistics and the command line use it."""

from typing import NamedTuple

from actsearch.engine.fingerprint_v2 import FINGERPRINT_VERSION, identity
from actsearch.engine.identities import identities
from actsearch.language import ActsearchError
from actsearch.spaces import Space


class FunctionCounts(NamedTuple):
    """Functions of a space.

    Attributes:
      distinct: those with different fingerprints.
      finite: those of them that are finite on the near probe.
    """

    distinct: int
    finite: int


def count_functions(space: Space, version: int = FINGERPRINT_VERSION, limit: int = 100_000) -> FunctionCounts:
    """Counts the functions of a space that can be enumerated, all of whose genotypes are evaluated.

    Args:
      space: of at most `limit` genotypes.
      version: of the fingerprints; version 1 takes several times as long.
      limit: largest number of genotypes.

    Raises:
      ActsearchError: a larger space.

    Example:
      >>> from actsearch.spaces import custom
      >>> count_functions(custom(["x", "-x", "relu"], ["+", "max"]))  # 18 expressions
      FunctionCounts(distinct=10, finite=10)
    """
    if space.count() > limit:
        raise ActsearchError(
            f"{space.name} has {space.count():,} genotypes, too many to evaluate (at most {limit:,}): take a smaller "
            "space, or pass a larger limit."
        )
    if version == FINGERPRINT_VERSION:
        functions = {*identities(space.template, [genotype.choices for genotype in space.enumerate()])}
    else:
        functions = {identity(space.decode(genotype), version) for genotype in space.enumerate()}
    finite = {one.fingerprint for one in functions if one.finite}
    return FunctionCounts(len({one.fingerprint for one in functions}), len(finite))

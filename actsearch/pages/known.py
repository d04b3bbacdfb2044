"""What of a program is published already: asked once for each, since the look into the catalog takes seconds."""

import functools

from actsearch.catalog import Novelty, identify, novelty
from actsearch.language import ActsearchError, Program
from actsearch.properties import CLOSE


@functools.lru_cache(maxsize=256)
def names(program: Program) -> tuple[str, ...]:
    """Returns the published units that a program computes, or one with its map of which it is a rediscovery.

    A function that is a published one up to scale and shift is no finding: a network has both in its weights.

    """
    exact = tuple(entry.name for entry in identify(program))
    found = exact or _novelty(program)
    if not isinstance(found, Novelty) or not found.neighbours:
        return exact
    nearest = found.neighbours[0]
    return (nearest.fit.text(nearest.entry.name),) if nearest.fit.distance < CLOSE else ()


def sentence(program: Program) -> str:
    """Returns one sentence on whether a program is published, and what it is nearest to."""
    found = _novelty(program)
    return found if isinstance(found, str) else found.verdict


@functools.lru_cache(maxsize=256)
def _novelty(program: Program) -> Novelty | str:
    try:
        return novelty(program)
    except ActsearchError as error:  # not finite for every |x| <= 20
        return str(error)

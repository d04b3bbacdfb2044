"""The space of 'Evolving Normalization-Activation Layers' (Liu, Brock, Simonyan and Le 2020)."""

from typing import Literal

from actsearch.language import ActsearchError, parse
from actsearch.language.reductions import EVONORM_INDEX_SETS, STATISTICS, Reduction
from actsearch.spaces.base import Space
from actsearch.spaces.template import Slot, Template, as_option

ELEMENTWISE = (*("+", "*", "/", "max", "-x", "sigmoid", "tanh", "exp", "signed_log", "abs", "square", "signed_sqrt"),)
"""The published elementwise primitives: x + y, x y, x / y, max(x, y), -x, sigmoid, tanh, exp, sign(x) log|x|, |x|, x^2
and sign(x) sqrt|x|. As a public port lists them."""

BINARY = ("+", "*", "/", "max")
MAX_NODES = 20


def reductions(series: Literal["B", "S"]) -> tuple[str, ...]:
    """Returns the published reductions: mean, rms and std over each index set; series S has none over the batch."""
    published = [Reduction(index_set, statistic) for index_set in EVONORM_INDEX_SETS for statistic in STATISTICS]
    return tuple(reduction.name for reduction in published if series == "B" or not reduction.over_batch)


def evonorm(nodes: int = 10, series: Literal["B", "S"] = "B") -> Space:
    """Returns the published space of normalisation-activation layers, graphs over a tensor and its statistics.

    The initial nodes are `x`, `v0` and `v1` (trainable, one value per channel, starting at 0 and 1) and the constant 0.
    Each of `nodes` intermediate nodes applies one primitive to any two earlier nodes, of which a unary one reads the
    first. The last one is the output; each layer ends with `* gamma + beta`. Nodes that the output does not need are
    part of the genotype, so that mutations can wake them, and leave no trace in the program.

    Args:
      nodes: number of intermediate nodes, 1 to 20; the published number is 10.
      series: "B" with batch statistics, or "S" without, for networks that must not depend on the batch.

    Returns:
      The Space. It counts genotypes; node i, from 1, has 24 (series S: 21) primitives and (3 + i)^2 pairs of inputs.
      `mutate` draws the primitive and both inputs of one node anew.

    Raises:
      ActsearchError: an argument out of range.

    Source: section 3.1. Initial nodes, arity and count of nodes are confirmed by public quotations, the list of
    primitives by a public port. Division is unguarded, as in the published layers.

    Example:
      >>> space = evonorm(nodes=2, series="S")
      >>> space.count(), len(space.decisions)
      (176400, 6)
      >>> str(space.decode((0, 0, 14, 0, 4, 2)))
      'param beta = 0; x / instance_std(x) * gamma + beta'
    """
    if not isinstance(nodes, int) or not 1 <= nodes <= MAX_NODES:
        raise ActsearchError(f"nodes must be an integer from 1 to {MAX_NODES}; received {nodes!r}.")
    if series not in ("B", "S"):
        raise ActsearchError(f"series is 'B', with batch statistics, or 'S', without; received {series!r}.")
    names = (*ELEMENTWISE, *reductions(series))
    options = tuple(as_option(name, 2 if name in BINARY else 1) for name in names)
    slots = [Slot("v0", (parse("v0"),), ()), Slot("v1", (parse("v1"),), ()), Slot("0", (parse("0"),), ())]
    for node in range(1, nodes + 1):
        readable = tuple(range(len(slots) + 1))
        slots.append(Slot(f"node{node}", options, (readable, readable)))
    slots.append(Slot("affine", (parse("param beta = 0; x * gamma + beta"),), ((len(slots),),)))
    size = "" if nodes == 10 else f"-{nodes}"
    return Space(f"evonorm-{series.lower()}{size}", Template(tuple(slots)), mutation="slot")

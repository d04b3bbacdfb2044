"""Cost: what a program consists of. Seconds are measured by `actsearch.evaluation.measure_costs`, on this machine."""

from collections import Counter

from actsearch.language import Program
from actsearch.properties.quantity import ANY, Measured, rows

_CHEAP = frozenset(
    [
        "neg",
        "abs",
        "square",
        "cube",
        "relu",
        "minzero",
        "leaky_relu",
        "hard_sigmoid",
        "hard_swish",
        "softsign",
        "sign",
        "step",
        "clip",
        "add",
        "mul",
        "sub",
        "max",
        "min",
        "mix",
        "power4",
        "power5",
        "power6",
        "power7",
        "power8",
        "div",
        "safe_div",
        "reciprocal",
    ]
)
"""Primitives of additions, products, quotients and comparisons alone."""


def _primitives(program: Program) -> Measured:
    counts = Counter(node.op for node in program.nodes if node.args)
    return Measured(dict(counts.most_common()))


def _count(program: Program) -> Measured:
    return Measured(sum(bool(node.args) for node in program.nodes))


def _transcendental(program: Program) -> Measured:
    statistics = {reduction.name for reduction in program.reductions}
    return Measured(sum(bool(args) and op not in _CHEAP | statistics for op, args, _ in program.nodes))


def _parameters(program: Program) -> Measured:
    return Measured(len(program.parameters))


def _statistics(program: Program) -> Measured:
    return Measured(tuple(dict.fromkeys(reduction.name for reduction in program.reductions)))


COST = (
    *rows(
        "cost",
        ("primitives", _primitives, "number of each primitive, shared subterms once"),
        ("operations", _count, "primitives altogether"),
        ("transcendentals", _transcendental, "primitives that need exp, tanh, a root or the like"),
        ("parameters", _parameters, "trained parameters, each a value for every feature or one for all"),
        kinds=ANY,
    ),
    *rows("cost", ("statistics", _statistics, "statistics of the tensor, each another pass over it"), kinds=("layer",)),
)
"""The family's properties."""

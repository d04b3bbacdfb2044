"""The space of the surrogate-search benchmark, after Bingham and Miikkulainen (2023, arXiv 2301.05785)."""

from actsearch.spaces.base import Space
from actsearch.spaces.units import units_space

UNARY = (
    *("0", "1", "x", "neg", "abs", "reciprocal", "square", "exp", "erf", "erfc", "sinh", "cosh", "tanh", "expm1"),
    *("sigmoid", "log_sigmoid", "asinh", "atan", "bessel_i0e", "bessel_i1e", "relu", "elu", "selu", "silu"),
    *("softplus", "softsign", "hard_sigmoid"),
)
"""The 27 published unary functions; none has a parameter."""

BINARY = ("+", "-", "*", "/", "pow", "max", "min")
"""The 7 published binary functions."""


def act_bench() -> Space:
    """Returns the published space binary(unary(x), unary(x)): 7 * 27 * 27 = 5,103 expressions.

    Its exhaustive evaluation is known as Act-Bench. The paper counts 2,913 distinct functions; this project's
    fingerprint, at a coarser grain, counts fewer.

    Example:
      >>> space = act_bench()
      >>> space.count(), str(space.decode(space.at(2)))
      (5103, '0 * 0')
    """
    return units_space("act-bench", UNARY, BINARY, 1)

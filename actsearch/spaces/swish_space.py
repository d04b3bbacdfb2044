"""The space of 'Searching for Activation Functions' (Ramachandran, Zoph and Le 2017, section 2, figure 1)."""

from actsearch.spaces.base import Space
from actsearch.spaces.units import units_space

UNARY = (
    *(
        "x",
        "-x",
        "abs",
        "square",
        "cube",
        "sqrt",
        "beta * x",
        "x + beta",
        "log_abs",
        "exp",
        "sin",
        "cos",
        "sinh",
        "cosh",
    ),
    *("tanh", "asinh", "atan", "sinc", "relu", "minzero", "sigmoid", "softplus", "gauss", "erf", "beta"),
)
"""The 25 published unary functions; beta is a trainable parameter, one value per channel."""

BINARY = ("+", "*", "-", "safe_div", "max", "min", "sigmul", "rbf", "laplace", "mix")
"""The 10 published binary functions."""


def swish(units: int = 1) -> Space:
    """Returns the published space: `units` core units b(u1(.), u2(.)), each reading `x` or an earlier unit's output.

    One unit has 25 * 25 * 10 = 6,250 expressions; two have 25,000 * 6,250, about 1.6e8. The output is the last
    unit's; the paper does not say what becomes of a unit that nothing reads, here it leaves no trace in the program.

    Args:
      units: number of core units, 1 to 4.

    Raises:
      ActsearchError: `units` out of range.

    Example:
      >>> swish().decode(next(swish().enumerate()))
      Program('x + x')
      >>> [decision.name for decision in swish(units=2).decisions][:4]
      ['unit1.unary1', 'unit1.unary2', 'unit1.binary', 'unit2.unary1.x']
    """
    return units_space(f"swish-{units}", UNARY, BINARY, units)

"""Panels: fixed lists of functions over which tasks are compared, so that a fidelity means the same everywhere.

`experiments/choose_panels.py` has the rule by which they were chosen, `experiments/fidelity.py` trains them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from actsearch.catalog.entries import CATALOG
from actsearch.language import ActsearchError, Program, parse

_KNOWN = (
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "tanh",
    "softplus",
    "swish",
    "max_sigmoid",
    "cos_minus_x",
    "min_sin",
    "atan_sq_minus_x",
    "max_tanh",
    "sinc_plus_x",
    "x_asinh_sq",
    "identity",
    "sigmoid",
    "softsign",
    "squared_relu",
    "sine",
    "gaussian",
    "prelu",
)
_TOPS = (
    "(x + beta) * erf(x)",
    "t1 = sin(x); t1 + t1",
    "(x + beta) * sin(x)",
    "x * sin(x)",
    "beta * x * sin(x)",
    "max(beta * x, sin(x))",
    "max(x, sin(x))",
    "max(x, atan(x))",
    "max(beta * x, erf(x))",
    "max(x, erf(x))",
    "erf(x) - cos(x)",
    "tanh(x) + relu(x)",
    "atan(x) - cos(x)",
    "sin(x) + relu(x)",
    "erf(x) * selu(x)",
    "pow(x^2, bessel_i0e(x))",
    "tanh(x) * selu(x)",
    "min(-x, erfc(x))",
    "max(asinh(x), selu(x))",
    "t1 = elu(x); t1 + t1",
    "atan(x) + silu(x)",
    "tanh(x) + silu(x)",
)
_RANDOM = (
    "sigmul(softplus(x), sigmoid(x))",
    "beta * x + asinh(x)",
    "sigmul(x^3, sigmoid(x))",
    "sigmul(gauss(x), asinh(x))",
    "rbf(sin(x), relu(x))",
    "laplace(sinh(x), softplus(x))",
    "laplace(cos(x), sigmoid(x))",
    "erf(x) - softplus(x)",
    "cosh(x) * sinc(x)",
    "sigmul(cosh(x), erf(x))",
    "safe_div(x^2, x^3)",
    "sigmul(relu(x), sin(x))",
    "cosh(x) * atan(x)",
    "mix(x, x + beta)",
    "sigmul(cos(x), tanh(x))",
    "-x + log_abs(x)",
    "mix(minzero(x), asinh(x))",
    "max(sin(x), atan(x))",
    "laplace(asinh(x), beta)",
)
_OTHER_KNOWN = (
    "relu6",
    "hard_tanh",
    "hard_sigmoid",
    "hard_swish",
    "log_sigmoid",
    "snake",
    "atlu",
    "quick_gelu",
)
_OTHER_TOPS = (
    "abs(x) - hard_sigmoid(x)",
    "abs(x) + softsign(x)",
    "tanh(x) - abs(x)",
    "abs(x) + sigmoid(x)",
    "erf(x) * asinh(x)",
    "abs(x) + erf(x)",
    "min(selu(x), silu(x))",
    "min(-x, hard_sigmoid(x))",
    "min(-x, exp(x))",
    "silu(x) + softsign(x)",
    "relu(x) + selu(x)",
    "selu(x) + silu(x)",
    "erf(x) + silu(x)",
    "elu(x) + silu(x)",
)
_OTHER_RANDOM = (
    "sin(x) - minzero(x)",
    "mix(x, tanh(x))",
    "x^3 + cosh(x)",
    "max(relu(x), erf(x))",
    "atan(x) + sigmoid(x)",
    "laplace(log_abs(x), sigmoid(x))",
    "safe_div(x^3, gauss(x))",
    "sigmoid(x) - exp(x)",
    "laplace(beta * x, atan(x))",
    "safe_div(exp(x), gauss(x))",
    "rbf(relu(x), sigmoid(x))",
    "min(gauss(x), beta)",
    "abs(x) * cosh(x)",
    "laplace(gauss(x), beta)",
)


def _formulas(known: tuple[str, ...], *others: tuple[str, ...]) -> tuple[str, ...]:
    return (*(str(CATALOG[name].program) for name in known), *(formula for group in others for formula in group))


PANELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "published": _formulas(_KNOWN, _TOPS, _RANDOM),
        "untouched": _formulas(_OTHER_KNOWN, _OTHER_TOPS, _OTHER_RANDOM),
    }
)
"""Name of a panel -> its formulas, of different functions. Read only.

"published" is what proxies are chosen by: known units, the best of the tables in the package, and random functions of
the one-unit Swish space. Nothing is chosen by "untouched": other known units, the next best, other random ones; it
shares no function with the first, and tells what a choice by the first is worth.
"""

UNTOUCHED_TARGET = "photos-mlp"
"""Name of a task by which nothing is chosen, neither a proxy nor a schedule; for the panel "untouched"."""


def panel(name: str = "published") -> tuple[Program, ...]:
    """Returns the functions of a panel; raises ActsearchError for an unknown name.

    Example:
      >>> len(panel()), str(panel()[0])
      (65, 'relu(x)')
    """
    if name not in PANELS:
        raise ActsearchError(f"Unknown panel {name!r}; the panels are {', '.join(PANELS)}.")
    return tuple(parse(formula) for formula in PANELS[name])

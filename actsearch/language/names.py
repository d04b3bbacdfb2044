"""Names that mean something in every formula: the inputs, the ready parameters, and the Greek letters."""

# ruff: noqa: RUF001, Greek letters are meant

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

INPUTS = ("x", "y")
"""Names of inputs; `y` is the second input of gates, and the second operand of a space's binary options."""

DEFAULT_PARAMETERS: Mapping[str, float] = MappingProxyType(
    {"beta": 1.0, "alpha": 1.0, "gamma": 1.0, "v": 1.0, "v1": 1.0, "v0": 0.0, "shift": 0.0}
)
"""Names of trainable parameters that need no declaration, with their initial values."""

KEYWORD = "param"
"""The word that declares a parameter in text: one value per channel."""

SCALAR = "scalar"
"""The word that declares a parameter of one value for all channels. A name follows it; alone it means nothing."""

CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi})
"""Names of numbers; a parameter or a subterm that is declared under such a name goes first."""

GREEK: Mapping[str, str] = MappingProxyType(
    {
        "alpha": "α",
        "beta": "β",
        "gamma": "γ",
        "delta": "δ",
        "zeta": "ζ",
        "eta": "η",
        "theta": "θ",
        "iota": "ι",
        "kappa": "κ",
        "lambda": "λ",
        "nu": "ν",
        "xi": "ξ",
        "tau": "τ",
        "upsilon": "υ",
        "phi": "φ",
        "chi": "χ",
        "psi": "ψ",
        "omega": "ω",
    }
)
"""Parameters that are shown as Greek letters. Those that mean something else in a formula stay words: epsilon, mu, pi,
rho and sigma."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_identifier(name: str) -> bool:
    """Returns whether text could hold this name: an ASCII identifier that is neither an input nor the keyword."""
    return bool(_IDENTIFIER.fullmatch(name)) and name not in INPUTS and name != KEYWORD

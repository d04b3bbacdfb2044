"""What to write instead of a name that no formula has; the parser's messages use it."""

import difflib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "arcsinh": "asinh(x)",
        "arctan": "atan(x)",
        "clamp": "clip(x, -1, 1)",
        "e": "exp(x)",
        "exp2": "pow(2, x)",
        "hard_tanh": "clip(x, -1, 1)",
        "hardtanh": "clip(x, -1, 1)",
        "heaviside": "step(x)",
        "ln": "log(x)",
        "log10": "log(x) / 2.302585092994046",
        "log1p": "log(1 + x)",
        "log2": "log(x) / 0.6931471805599453",
        "logistic": "sigmoid(x)",
        "maximum": "max(x, 0)",
        "mean": "layer_mean(x)",
        "minimum": "min(x, 0)",
        "prelu": "param a = 0.25; relu(x) + a * minzero(x)",
        "relu6": "min(relu(x), 6)",
        "rsqrt": "1 / sqrt(x)",
        "sgn": "sign(x)",
        "std": "layer_std(x)",
        "swish": "x * sigmoid(beta * x)",
        "tan": "sin(x) / cos(x)",
        "tanhshrink": "x - tanh(x)",
        "var": "layer_std(x)^2",
    }
)
"""Names of other libraries, and a formula that does the same here."""

_LONGEST = 30  # characters of a name that are compared and shown


def unknown_name(name: str, known: Sequence[str], otherwise: str) -> str:
    """Returns the message about a name that is not known: the formula to write, similar names, or other advice.

    Example:
      >>> print(unknown_name("clamp", ["sigmoid"], "write another"))
      unknown name 'clamp'; write clip(x, -1, 1)
    """
    shown = name if len(name) <= _LONGEST else name[:_LONGEST] + "..."
    return f"unknown name {shown!r}; {_advice(name, known) or otherwise.format(shown)}"


def _advice(name: str, known: Sequence[str]) -> str:
    if name.lower() in ELSEWHERE:
        return f"write {ELSEWHERE[name.lower()]}"
    if name.lower() in known:
        return f"did you mean {name.lower()}?"
    nearest = difflib.get_close_matches(name[:_LONGEST], known, n=3)
    return f"did you mean {', '.join(nearest)}?" if nearest else ""

"""Programs as LaTeX, for reports."""

import re

from actsearch.language.primitives import PRIMITIVES
from actsearch.language.program import Program

_GREEK = ("alpha", "beta", "gamma")
_OPENERS = ("(", "{", "|", ", ")
_SUM, _PRODUCT, _ATOM = range(3)
_LEVEL = {"add": _SUM, "sub": _SUM, "mix": _SUM, "neg": _SUM, "mul": _PRODUCT, "sigmul": _PRODUCT}


def to_latex(program: Program) -> str:
    r"""Returns a program as LaTeX math, without delimiters.

    Example:
      >>> from actsearch import parse
      >>> print(to_latex(parse("x * sigmoid(beta * x)")))
      x \cdot \sigma(\beta \cdot x)
      >>> print(to_latex(parse("(x + 1)^2 - x")))
      \left(x + 1\right)^{2} - x
    """
    shown: list[tuple[str, int]] = []  # LaTeX and level of each node
    for op, args, payload in program.nodes:
        if op == "constant":
            shown.append((f"{payload:g}", _ATOM if float(payload or 0) >= 0 else _SUM))
        elif not args:
            shown.append((_name(str(payload)), _ATOM))
        else:
            shown.append((_apply(op, [shown[arg] for arg in args]), _LEVEL.get(op, _ATOM)))
    return shown[-1][0]


def _apply(op: str, args: list[tuple[str, int]]) -> str:
    template, level = PRIMITIVES[op].latex, _LEVEL.get(op, _ATOM)
    marks = [chr(i) for i in range(len(args))]
    skeleton = template.format(*marks)
    places = []
    for mark, (text, inner) in zip(marks, args, strict=True):
        before = skeleton[: skeleton.index(mark)]
        delimited = before.endswith(_OPENERS)
        # On the left of an infix sign equal levels need no brackets: a - b + c.
        tight = inner > level or (inner == level and (not before or inner == _ATOM))
        plain = tight and not (level == _ATOM and not before and "^" in text)  # (x^2)^3, not x^2^3
        places.append(text if delimited or plain else rf"\left({text}\right)")
    return template.format(*places)


def _name(name: str) -> str:
    match = re.fullmatch(r"([A-Za-z_]*?)_?(\d+)", name)
    letters, digits = match.groups() if match else (name, "")
    base = f"\\{letters}" if letters in _GREEK else letters if len(letters) == 1 else rf"\mathrm{{{letters}}}"
    return f"{base}_{{{digits}}}" if digits else base

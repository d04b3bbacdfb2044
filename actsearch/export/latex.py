"""Programs as LaTeX, for reports."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from actsearch.language import GREEK, PRIMITIVES, Node, Precedence, Program

LONGEST = 200
"""Characters of a shared subterm that is written out each time it is used; a longer one gets a name, once."""


class _Shown(NamedTuple):
    """LaTeX of a node, and how tightly it binds. A place of a template asks for brackets: `{:product}`."""

    text: str
    precedence: Precedence

    def __format__(self, place: str) -> str:
        needed = Precedence[place.upper()] if place else Precedence.SUM
        return self.text if self.precedence >= needed else rf"\left({self.text}\right)"


def to_latex(program: Program) -> str:
    r"""Returns a program as LaTeX math, without delimiters.

    Numbers keep every digit. Long subterms that are used twice are named first, separated by `,\quad`.

    Example:
      >>> from actsearch import parse
      >>> print(to_latex(parse("x * sigmoid(beta * x)")))
      x \cdot \sigma(\beta \cdot x)
      >>> print(to_latex(parse("(x + 1)^2 - 1e-7")))
      \left(x + 1\right)^{2} - 10^{-7}
    """
    uses = Counter(arg for node in program.nodes for arg in node.args)
    names = _names([str(node.payload) for node in program.nodes if node.op in ("input", "parameter", "scalar")])
    fresh = (name for name in (f"t_{{{i}}}" for i in range(1, len(program.nodes) + 1)) if name not in names.values())
    statements: list[str] = []
    shown: list[_Shown] = []
    for index, node in enumerate(program.nodes):
        latex = _show(node, [shown[arg] for arg in node.args], names)
        if uses[index] > 1 and len(latex.text) > LONGEST:
            name = next(fresh)
            statements.append(f"{name} = {latex.text}")
            latex = _Shown(name, Precedence.ATOM)
        shown.append(latex)
    return r",\quad ".join([*statements, shown[-1].text])


def _show(node: Node, args: Sequence[_Shown], names: dict[str, str]) -> _Shown:
    if isinstance(node.payload, float):
        return _number(node.payload)
    if not args:
        return _Shown(names[str(node.payload)], Precedence.ATOM)
    row = PRIMITIVES[node.op]
    precedence = row.precedence if row.latex_precedence is None else row.latex_precedence
    template = row.latex or rf"\operatorname{{{{{_verbatim(row.name)}}}}}({', '.join(['{}'] * row.arity)})"
    return _Shown(template.format(*args), precedence)


def _number(value: float) -> _Shown:
    if value < 0:
        return _Shown(f"-{_number(-value).text}", Precedence.SUM)
    if value.is_integer() and value < 1e15:
        return _Shown(str(int(value)), Precedence.ATOM)
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return _Shown(mantissa, Precedence.ATOM)
    power = f"10^{{{int(exponent)}}}"
    return _Shown(power if mantissa == "1" else rf"{mantissa} \cdot {power}", Precedence.POWER)


def _names(names: Sequence[str]) -> dict[str, str]:
    """Returns the LaTeX of each name; those that would look alike, as v1 and v_1 do, are written as they are."""
    latex = {name: _name(name) for name in names}
    count = Counter(latex.values())
    return {name: text if count[text] == 1 else _word(name) for name, text in latex.items()}


def _name(name: str) -> str:
    match = re.fullmatch(r"([A-Za-z_]+?)_?([0-9]+)", name)
    letters, digits = match.groups() if match else (name, "")
    base = rf"\{letters}" if letters in GREEK else _word(letters)
    if re.fullmatch("[A-Za-df-z]", letters):  # e is the base of exponentials
        base = letters
    return f"{base}_{{{digits}}}" if digits else base


def _word(name: str) -> str:
    return rf"\mathrm{{{_verbatim(name)}}}"


def _verbatim(name: str) -> str:
    return name.replace("_", r"\_")

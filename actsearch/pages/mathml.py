"""Formulas typeset without a network: MathML, which browsers draw by themselves, from the program's LaTeX."""

import functools
import re

from actsearch.export import to_latex
from actsearch.language import Program
from actsearch.pages.packages import package

_WORD = re.compile(r'(?:<mi mathvariant="normal">[^<]</mi>){2,}')


@functools.lru_cache(maxsize=4096)
def to_mathml(program: Program) -> str:
    """Returns a program as a MathML element.

    Example:
      >>> from actsearch.language import parse
      >>> to_mathml(parse("x + shift")).partition("<mrow>")[2]
      '<mi>x</mi><mo>&#x0002B;</mo><mrow><mi>shift</mi></mrow></mrow></math>'
    """
    return from_latex(to_latex(program))


def from_latex(latex: str) -> str:
    """Returns a formula that `to_latex` wrote as a MathML element."""
    if r"\frac" not in latex:  # brackets that stretch are too tall where no font for formulas is installed
        latex = latex.replace(r"\left(", "(").replace(r"\right)", ")")
    return _WORD.sub(_joined, package("latex2mathml.converter").convert(latex))


def _joined(letters: re.Match[str]) -> str:
    """Returns a word as one identifier: letter by letter it would look like a product."""
    return f"<mi>{''.join(re.findall(r'>([^<])<', letters[0]))}</mi>"

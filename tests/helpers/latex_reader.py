r"""Reads LaTeX math back as numbers, strictly as mathematics is read; it shares no code with the writer.

    text    = { name "=" sum ",\quad" } sum
    sum     = [ "-" ] product { ("+" | "-") product }
    product = power { "\cdot" power }
    power   = atom [ "^" "{" sum "}" ]                 a second "^" is an error, as in TeX
    atom    = number | "(" sum ")" | "\left(" sum "\right)" | "\left|" sum "\right|" | "\frac" group group
            | "\sqrt" group | name [ "(" sum { "," sum } ")" ]

A number and a power of ten, `1.5 \cdot 10^{-7}`, are one number.
"""

import re

import numpy as np
import scipy.special

from actsearch.language import EPSILON, PRIMITIVES

_TOKEN = re.compile(
    r"\s+"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?: \\cdot 10\^\{-?[0-9]+\})?)"
    r"|(?P<name>\\(?:mathrm|operatorname)\{(?:[A-Za-z0-9]|\\_)+\}(?:_\{[0-9]+\})?)"
    r"|(?P<sign>\\left[(|]|\\right[)|]|\\cdot|\\frac|\\sqrt|\\quad|[-+^{}(),=])"
    r"|(?P<symbol>(?:\\[A-Za-z]+|[A-Za-z])(?:_\{[a-z0-9,/]+\})?)"
)
_PRIMITIVES = {
    r"\sigma": "sigmoid",
    r"\arctan": "atan",
    "ELU": "elu",
    "GELU": "gelu",
    "LReLU": "leaky_relu",
    "Mish": "mish",
    "SELU": "selu",
    "SiLU": "silu",
    "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_swish",
}
_SETS = {"b,h,w": "batch", "h,w": "instance", "h,w,c": "layer", "h,w,c/g": "group", "c": "feature"}
_STATISTICS = {r"\mu": "mean", r"\rho": "rms", "s": "std"}
_OWN = {
    r"\max": np.maximum,
    r"\min": np.minimum,
    r"\log": np.log,
    r"\operatorname{sgn}": np.sign,
    "I_{0}": scipy.special.i0,
    "I_{1}": scipy.special.i1,
}


class Reader:
    """One text, read once."""

    def __init__(self, text, names, call):
        """Takes the value of each name, and `call(primitive, *operands)` for the functions that are primitives."""
        self.tokens, self.names, self.call = _tokens(text), dict(names), call

    def value(self):
        while "=" in self.tokens:
            name = self.tokens.pop(0)
            self.expect("=")
            assert name not in self.names, f"{name} has two meanings"
            self.names[name] = self.sum()
            self.expect(",", r"\quad")
        value = self.sum()
        assert self.tokens == [""], f"left over: {self.tokens}"
        return value

    def accept(self, *signs):
        return self.tokens.pop(0) if self.tokens[0] in signs else None

    def expect(self, *signs):
        for sign in signs:
            assert self.tokens.pop(0) == sign, f"{sign} expected before {self.tokens}"

    def sum(self):
        value = -self.product() if self.accept("-") else self.product()
        while sign := self.accept("+", "-"):
            value = value + self.product() if sign == "+" else value - self.product()
        return value

    def product(self):
        value = self.power()
        while self.accept(r"\cdot"):
            value = value * self.power()
        return value

    def power(self):
        base = "e" if self.accept("e") else self.atom()
        if not self.accept("^"):
            assert not isinstance(base, str)
            return base
        exponent = self.group()
        assert self.tokens[0] != "^", "double superscript"
        return np.exp(exponent) if isinstance(base, str) else np.power(base, exponent)

    def group(self):
        return self.between("{", "}")

    def between(self, *brackets):
        self.expect(brackets[0])
        value = self.sum()
        self.expect(brackets[1])
        return value

    def atom(self):
        token = self.tokens[0]
        if token[0].isdigit():
            number, _, exponent = self.tokens.pop(0).partition(r" \cdot 10^{")
            return np.float64(f"{number}e{exponent.rstrip('}') or 0}")
        if token in ("(", r"\left("):
            return self.between(token, token.replace("left", "right").replace("(", ")"))
        if token == r"\left|":
            return np.abs(self.between(token, r"\right|"))
        if self.accept(r"\frac"):
            return self.group() / self.group()
        if self.accept(r"\sqrt"):
            return np.sqrt(self.group())
        return self.named()

    def named(self):
        name = self.tokens.pop(0)
        if not self.accept("("):
            return np.float64(EPSILON) if name == r"\epsilon" else self.names[name]
        operands = [self.sum()]
        while self.accept(","):
            operands.append(self.sum())
        self.expect(")")
        return _OWN[name](*operands) if name in _OWN else self.call(_primitive(name), *operands)


def _tokens(text):
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match, f"cannot read {text[position:]}"
        tokens += [match.group()] if match.lastgroup else []
        position = match.end()
    return [*tokens, ""]


def _primitive(name):
    """Returns the primitive of a function's LaTeX."""
    statistic = re.fullmatch(r"(\\mu|\\rho|s)_\{(.*)\}", name)
    if statistic:
        return f"{_SETS[statistic[2]]}_{_STATISTICS[statistic[1]]}"
    operator = re.fullmatch(r"\\operatorname\{(.*)\}", name)
    word = operator[1].replace(r"\_", "_") if operator else name
    word = _PRIMITIVES.get(word, word.removeprefix("\\"))
    assert word in PRIMITIVES, f"no function {name}"
    return word

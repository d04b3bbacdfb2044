"""Programs as text: `parse` reads infix formulas, `to_text` (behind `str(program)`) writes them; one round trip.

    text       = { "param" NAME "=" number ";" | NAME "=" expression ";" } expression
    expression = product { ("+" | "-") product }
    product    = signed { ("*" | "/") signed }
    signed     = "-" signed | power
    power      = atom [ "^" INTEGER ]              INTEGER from 2 to 8
    atom       = NUMBER | NAME | NAME "(" expression { "," expression } ")" | "(" expression ")"

The parser never evaluates text. Its three limits keep every input, hostile ones included, well under a second.
"""

import difflib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from actsearch.language.errors import ActsearchError
from actsearch.language.primitives import PRIMITIVES
from actsearch.language.program import DEFAULT_PARAMETERS, Builder, Program, is_free

MAX_LENGTH = 10_000
MAX_DEPTH = 100
MAX_NODES = 1_000

_POWERS = {2: "square", 3: "cube", **{n: f"power{n}" for n in range(4, 9)}}
_POWER_OF = {name: n for n, name in _POWERS.items()}
_INFIX = {row.symbol: row.name for row in PRIMITIVES.values() if row.symbol and row.arity == 2}
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<symbol>[-+*/^(),;=])"
)


class ParseError(ActsearchError):
    """Text that is not a formula. The message shows the text and points at the column.

    Attributes:
      problem: what is wrong, without the text.
      text: the text as received.
      column: where it went wrong, from 1.
    """

    def __init__(self, problem: str, text: str, column: int):
        start, end = max(0, column - 41), column + 39
        excerpt = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[start:end])
        before, after = "..." * (start > 0), "..." * (end < len(text))
        pointer = " " * (len(before) + column - 1 - start) + "^"
        super().__init__(f"column {column}: {problem}\n  {before}{excerpt}{after}\n  {pointer}")
        self.problem = problem
        self.text = text
        self.column = column

    def __reduce__(self) -> tuple[type["ParseError"], tuple[str, str, int]]:
        # An exception is unpickled from its message alone, and one that cannot be hangs a pool of processes.
        return ParseError, (self.problem, self.text, self.column)


def parse(text: str, parameters: Mapping[str, float] | None = None, *, inputs: tuple[str, ...] = ("x",)) -> Program:
    """Reads a formula.

    Infix `+ - * /`, `^` with an integer from 2 to 8, unary minus, numbers, calls of any primitive, `x`, and trainable
    parameters. Subterms may be named first: `t1 = sigmoid(x); t1 * t1`. A parameter outside
    `actsearch.language.DEFAULT_PARAMETERS` is declared, in the text (`param a = 0.25; max(x, a * x)`) or by argument.

    Args:
      text: the formula, at most 10,000 characters, 100 levels of nesting and 1,000 nodes.
      parameters: initial values of trainable parameters by name; adds to the default names or overrides their values.
      inputs: names that are inputs; `("x", "y")` for the binary options of a space.

    Returns:
      The Program. `parse(str(program)) == program` holds for every program within the limits.

    Raises:
      ParseError: the text is not a formula; the message points at the column and says what was expected.

    Example:
      >>> parse("-(-x) * sigmoid(x)")
      Program('--x * sigmoid(x)')
      >>> parse("x * sigmod(x)")
      Traceback (most recent call last):
      ...
      actsearch.language.text.ParseError: column 5: unknown name 'sigmod'; did you mean sigmoid, log_sigmoid, sigmul?
        x * sigmod(x)
            ^
    """
    if not isinstance(text, str):
        raise TypeError(f"parse reads a str; received {type(text).__name__}.")
    if len(text) > MAX_LENGTH:
        problem = f"the text has {len(text):,} characters; write at most {MAX_LENGTH:,}"
        raise ParseError(problem, text, MAX_LENGTH + 1)
    return _Parser(text, dict(parameters or {}), inputs).program()


class _Token(NamedTuple):
    kind: str  # "number", "name", "symbol" or "end"
    text: str
    column: int


class _Parser:
    """Recursive descent, three calls a level; MAX_DEPTH keeps it far from Python's recursion limit."""

    def __init__(self, text: str, parameters: dict[str, float], inputs: tuple[str, ...]):
        self.text = text
        self.parameters = {**DEFAULT_PARAMETERS, **parameters}
        self.declared = set(parameters)
        self.inputs = inputs
        self.builder = Builder()
        self.bound: dict[str, int] = {}
        self.depth = 0
        self.tokens = self._tokenize()
        self.position = 0
        for name, initial in parameters.items():
            self._check_parameter(name, initial)

    def _check_parameter(self, name, initial):
        if not is_free(name):
            raise ActsearchError(
                f"A parameter needs a name that is free; received {name!r}: choose another, such as 'alpha'."
            )
        if not math.isfinite(initial):
            raise ActsearchError(f"Parameter {name!r} needs a finite initial value; received {initial}.")

    # Tokens.

    def _tokenize(self) -> list[_Token]:
        tokens, position = [], 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                self._unexpected_character(position)
            if match.lastgroup != "space":
                tokens.append(_Token(str(match.lastgroup), match.group(), position + 1))
            position = match.end()
        return [*tokens, _Token("end", "", len(self.text) + 1)]

    def _unexpected_character(self, position: int) -> NoReturn:
        character = self.text[position]
        name = unicodedata.name(character, f"U+{ord(character):04X}")
        shown = repr(character) if character.isascii() else f"{character!r} ({name})"
        expected = "a formula has ASCII letters, digits, and + - * / ^ ( ) , ; ="
        raise ParseError(f"unexpected character {shown}; {expected}", self.text, position + 1)

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def _accept(self, *symbols: str) -> _Token | None:
        token = self.token
        if token.kind == "symbol" and token.text in symbols:
            self.position += 1
            return token
        return None

    def _expect(self, symbol: str, why: str) -> None:
        if self._accept(symbol) is None:
            self._fail(f"expected {symbol!r} {why}")

    def _fail(self, problem: str, token: _Token | None = None) -> NoReturn:
        found = token or self.token
        if problem.startswith("expected"):
            problem += f", found {found.text!r}" if found.text else ", found the end"
        raise ParseError(problem, self.text, found.column)

    # Grammar.

    def program(self) -> Program:
        while True:
            following = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
            if self.token == _Token("name", "param", self.token.column):
                self._declaration()
            elif self.token.kind == "name" and following.text == "=":
                self._binding()
            else:
                break
        output = self._expression()
        if self.token.kind != "end":
            self._fail("expected an operator or the end")
        return self.builder.program(output)

    def _declaration(self):
        self.position += 1
        name = self.token
        if name.kind != "name":
            self._fail("expected the parameter's name after 'param'")
        self.position += 1
        if not is_free(name.text) or name.text in self.inputs or name.text in self.bound:
            self._fail(f"{name.text!r} already means something else; choose another name", name)
        self._expect("=", "and the initial value: param a = 0.25;")
        sign = -1.0 if self._accept("-") else 1.0
        if self.token.kind != "number":
            self._fail("expected a number, the initial value")
        initial = sign * self._number() + 0.0
        if name.text in self.declared and self.parameters[name.text] != initial:
            self._fail(f"parameter {name.text!r} is declared twice, with different values", name)
        self.declared.add(name.text)
        self.parameters[name.text] = initial
        self._expect(";", "after the declaration")

    def _binding(self):
        name = self.token
        if (
            name.text in PRIMITIVES
            or name.text in self.inputs
            or name.text in self.parameters
            or name.text in self.bound
        ):
            self._fail(f"{name.text!r} already means something else; choose another name, such as t1", name)
        self.position += 2
        self.bound[name.text] = self._expression()
        self._expect(";", "after the named subterm")

    def _expression(self) -> int:
        self._descend()
        left = self._product()
        while operator := self._accept("+", "-"):
            left = self._apply(operator, _INFIX[operator.text], left, self._product())
        self.depth -= 1
        return left

    def _product(self) -> int:
        left = self._signed()
        while operator := self._accept("*", "/"):
            left = self._apply(operator, _INFIX[operator.text], left, self._signed())
        return left

    def _signed(self) -> int:
        signs = []
        while sign := self._accept("-"):
            signs.append(sign)
        literal = self.token.kind == "number"
        node = self._power()
        for sign in reversed(signs):
            op, _, value = self.builder.nodes[node]
            if literal and op == "constant":
                node = self.builder.constant(-float(value))  # type: ignore[arg-type]
            else:
                node = self._apply(sign, "neg", node)
            literal = False
        return node

    def _power(self) -> int:
        base = self._atom()
        caret = self._accept("^")
        if caret is None:
            return base
        exponent = self.token
        if exponent.text not in {str(n) for n in _POWERS}:
            self._fail("expected an integer from 2 to 8 after '^'; for other powers write pow(a, b)")
        self.position += 1
        if self.token.text == "^":
            self._fail("a chain of '^' is ambiguous; write brackets: (x^2)^3")
        return self._apply(caret, _POWERS[int(exponent.text)], base)

    def _atom(self) -> int:
        token = self.token
        if token.kind == "number":
            return self.builder.constant(self._number())
        if self._accept("("):
            inside = self._expression()
            self._expect(")", f"to close the bracket of column {token.column}")
            return inside
        if token.kind != "name":
            self._fail("expected a number, a name or '('")
        self.position += 1
        if token.text in PRIMITIVES:
            return self._call(token)
        if self.token.text == "(":
            self._unknown(token)
        if token.text in self.bound:
            return self.bound[token.text]
        if token.text in self.inputs:
            return self.builder.input(token.text)
        if token.text in self.parameters:
            return self.builder.parameter(token.text, self.parameters[token.text])
        self._unknown(token)

    def _call(self, name: _Token) -> int:
        primitive = PRIMITIVES[name.text]
        fewest = primitive.arity - len(primitive.implicit)
        example = f"{name.text}({', '.join('xyz'[:fewest]) if fewest > 1 else 'x'})"
        if self._accept("(") is None:
            self._fail(f"expected '(' after the function {name.text!r}: write {example}")
        args = [self._expression()]
        while self._accept(","):
            args.append(self._expression())
        self._expect(")", f"to close {name.text}(")
        if len(args) not in (fewest, primitive.arity):
            plural = "s" if fewest > 1 else ""
            self._fail(f"{name.text} takes {fewest} argument{plural}, received {len(args)}: write {example}", name)
        for parameter in primitive.implicit:
            self.builder.parameter(parameter, self.parameters[parameter])
        return self._apply(name, name.text, *args)

    def _unknown(self, token: _Token) -> NoReturn:
        known = [*PRIMITIVES, *self.inputs, *self.parameters, *self.bound]
        nearest = difflib.get_close_matches(token.text[:30], known, n=3)
        shown = token.text if len(token.text) <= 30 else token.text[:30] + "..."
        hint = f"did you mean {', '.join(nearest)}?" if nearest else ""
        if not hint:
            hint = f"a trainable parameter is declared first: param {shown} = 1; ..."
        self._fail(f"unknown name {shown!r}; {hint}", token)

    def _number(self) -> float:
        value = float(self.token.text)
        if not math.isfinite(value):
            self._fail("the number is too large for a float")
        self.position += 1
        return value

    def _apply(self, token: _Token, op: str, *args: int) -> int:
        if len(self.builder.nodes) >= MAX_NODES:
            self._fail(f"the formula has more than {MAX_NODES:,} nodes", token)
        return self.builder.apply(op, *args)

    def _descend(self):
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(f"brackets are nested deeper than {MAX_DEPTH}")


_SUM, _PRODUCT, _SIGNED, _POWER, _ATOM = range(5)
_PRECEDENCE = {"add": _SUM, "sub": _SUM, "mul": _PRODUCT, "div": _PRODUCT}


def to_text(program: Program) -> str:
    """Writes a program as text that `parse` reads back to the equal program; `str(program)` calls it."""
    uses = Counter(arg for node in program.nodes for arg in node.args)
    taken = {name for name, _ in program.parameters}
    fresh = (name for name in (f"t{i}" for i in range(1, len(program.nodes) + len(taken) + 2)) if name not in taken)
    statements = [
        f"param {name} = {_number_text(initial)}"
        for name, initial in program.parameters
        if DEFAULT_PARAMETERS.get(name) != initial
    ]
    shown: list[tuple[str, int]] = []  # text and precedence of each node
    for index, (op, args, payload) in enumerate(program.nodes):
        text, precedence = _node_text(op, [shown[arg] for arg in args], payload)
        if args and uses[index] > 1:
            name = next(fresh)
            statements.append(f"{name} = {text}")
            text, precedence = name, _ATOM
        shown.append((text, precedence))
    return "; ".join([*statements, shown[-1][0]])


def _node_text(op: str, args: list[tuple[str, int]], payload) -> tuple[str, int]:
    def at_least(precedence, arg):
        return arg[0] if arg[1] >= precedence else f"({arg[0]})"

    if op == "constant":
        return _number_text(payload), _ATOM if payload >= 0 else _SIGNED
    if not args:
        return str(payload), _ATOM
    if op in _PRECEDENCE:
        level = _PRECEDENCE[op]
        # Operators associate to the left, so an operand of equal precedence on the right needs brackets.
        return f"{at_least(level, args[0])} {PRIMITIVES[op].symbol} {at_least(level + 1, args[1])}", level
    if op in _POWER_OF:
        return f"{at_least(_ATOM, args[0])}^{_POWER_OF[op]}", _POWER
    # "-2" would be read as the constant, so the negative of the constant 2 is spelled out.
    if op == "neg" and not (args[0][1] == _ATOM and args[0][0][0].isdigit()):
        return f"-{at_least(_SIGNED, args[0])}", _SIGNED
    shown = [text for text, _ in args]
    implicit = PRIMITIVES[op].implicit
    if implicit and tuple(shown[-len(implicit) :]) == implicit:
        shown = shown[: -len(implicit)]
    return f"{op}({', '.join(shown)})", _ATOM


def _number_text(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)

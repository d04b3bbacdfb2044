"""`parse` reads infix formulas, which `str(program)` writes; one round trip.

    text       = { ("param" | "scalar") NAME "=" number ";" | NAME "=" expression ";" } expression
    expression = product { ("+" | "-") product }
    product    = signed { ("*" | "/") signed }
    signed     = "-" signed | power
    power      = atom [ "^" INTEGER ]              INTEGER from 2 to 8
    atom       = NUMBER | NAME | NAME "(" expression { "," expression } ")" | "(" expression ")"

The parser never evaluates text. Its three limits keep every input, hostile ones included, well under a second.
"""

import math
from collections.abc import Mapping
from typing import NoReturn

from actsearch.language.builder import Builder
from actsearch.language.hints import unknown_name
from actsearch.language.names import CONSTANTS, DEFAULT_PARAMETERS, INPUTS, KEYWORD, SCALAR
from actsearch.language.program import Program
from actsearch.language.registry import PRIMITIVES, is_free
from actsearch.language.row import Precedence
from actsearch.language.tokens import ParseError, Token, Tokens

MAX_LENGTH = 10_000
MAX_DEPTH = 100
MAX_NODES = 1_000

_INFIX = {row.symbol: row.name for row in PRIMITIVES.values() if row.precedence <= Precedence.PRODUCT}
_POWERS = {row.symbol: row.name for row in PRIMITIVES.values() if row.precedence == Precedence.POWER}
# The signs are the grammar's: `register` adds none.


def parse(text: str, parameters: Mapping[str, float] | None = None, *, inputs: tuple[str, ...] = ("x",)) -> Program:
    """Reads a formula.

    Infix `+ - * /`, `^` with an integer from 2 to 8, unary minus, numbers, `pi`, calls of any primitive, `x`, and
    trainable parameters. Subterms may be named first: `t1 = sigmoid(x); t1 * t1`. A parameter outside
    `actsearch.language.DEFAULT_PARAMETERS` is declared, in the text (`param a = 0.25; max(x, a * x)`) or by argument;
    `scalar a = 0.25;` declares one that holds a single value for all channels.

    Args:
      text: the formula, at most 10,000 characters, 100 levels of nesting and 1,000 nodes.
      parameters: initial values of trainable parameters by name; adds to the default names or overrides their values.
      inputs: names that are inputs; `("x", "y")` for gates, and for the binary options of a space.

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
      actsearch.language.tokens.ParseError: column 5: unknown name 'sigmod'; did you mean sigmoid, log_sigmoid, sigmul?
        x * sigmod(x)
            ^
    """
    if not isinstance(text, str):
        raise TypeError(f"parse reads a str; received {type(text).__name__}.")
    if len(text) > MAX_LENGTH:
        problem = f"the text has {len(text):,} characters; write at most {MAX_LENGTH:,}"
        raise ParseError(problem, text, MAX_LENGTH + 1)
    return _Parser(text, dict(parameters or {}), inputs).program()


class _Parser:
    """Recursive descent, six calls a level at most; MAX_DEPTH keeps it below Python's recursion limit."""

    def __init__(self, text: str, parameters: dict[str, float], inputs: tuple[str, ...]):
        self.tokens = Tokens(text)
        self.parameters = {**DEFAULT_PARAMETERS, **parameters}
        self.declared = set(parameters)
        self.shared: set[str] = set()
        self.inputs = inputs
        self.builder = Builder()
        self.bound: dict[str, int] = {}
        self.depth = 0
        for name, initial in parameters.items():
            Builder().parameter(name, initial)  # checks both

    def program(self) -> Program:
        while True:
            token, following = self.tokens.current, self.tokens.following
            is_scalar = token.text == SCALAR and following.kind == "name"  # else it is a name as others are
            if token.kind == "name" and (token.text == KEYWORD or is_scalar):
                self._declaration(is_scalar)
            elif token.kind == "name" and following.text == "=":
                self._binding()
            else:
                break
        output = self._expression()
        if self.tokens.current.kind != "end":
            self.tokens.fail("expected an operator or the end")
        return self.builder.program(output)

    def _declaration(self, shared: bool) -> None:
        self.tokens.advance()
        name = self.tokens.current
        if name.kind != "name":
            self.tokens.fail("expected the parameter's name after 'param'")
        self.tokens.advance()
        if not is_free(name.text) or name.text in self.inputs or name.text in self.bound:
            self.tokens.fail(f"{name.text!r} already means something else; choose another name", name)
        self.tokens.expect("=", "and the initial value: param a = 0.25;")
        sign = -1.0 if self.tokens.accept("-") else 1.0
        if self.tokens.current.kind != "number":
            self.tokens.fail("expected a number, the initial value")
        initial = sign * self._number() + 0.0
        if name.text in self.declared and self.parameters[name.text] != initial:
            self.tokens.fail(f"parameter {name.text!r} is declared twice, with different values", name)
        if name.text in self.declared and shared != (name.text in self.shared):
            self.tokens.fail(f"parameter {name.text!r} is declared twice, as {KEYWORD} and as {SCALAR}", name)
        self.declared.add(name.text)
        self.shared |= {name.text} if shared else set()
        self.parameters[name.text] = initial
        self.tokens.expect(";", "after the declaration")

    def _binding(self) -> None:
        name = self.tokens.current
        if name.text in PRIMITIVES or self._meaning(name.text):
            self.tokens.fail(f"{name.text!r} already means something else; choose another name, such as t1", name)
        self.tokens.advance(2)
        self.bound[name.text] = self._expression()
        self.tokens.expect(";", "after the named subterm")

    def _expression(self) -> int:
        self._descend()
        left = self._product()
        while operator := self.tokens.accept("+", "-"):
            left = self._apply(operator, _INFIX[operator.text], left, self._product())
        self.depth -= 1
        return left

    def _product(self) -> int:
        left = self._signed()
        while operator := self.tokens.accept("*", "/"):
            left = self._apply(operator, _INFIX[operator.text], left, self._signed())
        if self.tokens.current.kind in ("name", "number") or self.tokens.current.text == "(":
            self.tokens.fail(
                f"an operator is missing before {self.tokens.current.text!r}; a product is written with '*'"
            )
        return left

    def _signed(self) -> int:
        signs = []
        while sign := self.tokens.accept("-"):
            signs.append(sign)
        literal = self.tokens.current.kind == "number"
        node = self._power()
        for sign in reversed(signs):
            op, _, value = self.builder.nodes[node]
            if literal and op == "constant":
                node = self.builder.constant(-float(value or 0))
            else:
                node = self._apply(sign, "neg", node)
            literal = False
        return node

    def _power(self) -> int:
        base = self._atom()
        caret = self.tokens.accept("^")
        if caret is None:
            return base
        power = _POWERS.get(f"^{self.tokens.current.text}")
        if power is None:
            self.tokens.fail("expected an integer from 2 to 8 after '^'; for other powers write pow(a, b)")
        self.tokens.advance()
        if self.tokens.current.text == "^":
            self.tokens.fail("a chain of '^' is ambiguous; write brackets: (x^2)^3")
        return self._apply(caret, power, base)

    def _atom(self) -> int:
        token = self.tokens.current
        if token.kind == "number":
            return self.builder.constant(self._number())
        if self.tokens.accept("("):
            inside = self._expression()
            self.tokens.expect(")", f"to close the bracket of column {token.column}")
            return inside
        if token.kind != "name":
            self.tokens.fail("expected a number, a name or '('")
        self.tokens.advance()
        if token.text in PRIMITIVES:
            return self._call(token)
        if self.tokens.current.text == "(":
            self._no_function(token)
        if token.text in self.bound:
            return self.bound[token.text]
        if token.text in self.inputs:
            return self.builder.input(token.text)
        if token.text in self.parameters:
            return self._parameter(token.text)
        if token.text in CONSTANTS:
            return self.builder.constant(CONSTANTS[token.text])
        self._unknown(token)

    def _parameter(self, name: str) -> int:
        return self.builder.parameter(name, self.parameters[name], name in self.shared)

    def _call(self, name: Token) -> int:
        primitive = PRIMITIVES[name.text]
        fewest = primitive.arity - len(primitive.implicit)
        example = f"{name.text}({', '.join('xyz'[:fewest]) if fewest > 1 else 'x'})"
        if self.tokens.accept("(") is None:
            self.tokens.fail(f"expected '(' after the function {name.text!r}: write {example}")
        args = [self._expression()]
        while self.tokens.accept(","):
            args.append(self._expression())
        self.tokens.expect(")", f"to close {name.text}(")
        if len(args) not in (fewest, primitive.arity):
            plural = "s" if fewest > 1 else ""
            if primitive.commutative and len(args) > primitive.arity == 2:
                example = f"{name.text}({name.text}(x, y), z)"
            self.tokens.fail(
                f"{name.text} takes {fewest} argument{plural}, received {len(args)}: write {example}", name
            )
        for parameter in primitive.implicit:
            self._parameter(parameter)
        return self._apply(name, name.text, *args)

    def _meaning(self, name: str) -> str | None:
        """Returns what a name is that is no primitive; None for an unknown one."""
        if name in self.inputs:
            return "an input"
        if name in self.parameters:
            return "a parameter"
        return "a named subterm" if name in self.bound else None

    def _no_function(self, token: Token) -> NoReturn:
        meaning = self._meaning(token.text)
        if meaning is None:
            advice = "actsearch.language.PRIMITIVES has the functions, and register adds one"
            self.tokens.fail(unknown_name(token.text, [*PRIMITIVES], advice), token)
        self.tokens.fail(
            f"{token.text!r} is {meaning}, not a function; a product is written {token.text} * (...)", token
        )

    def _unknown(self, token: Token) -> NoReturn:
        known = [*PRIMITIVES, *self.inputs, *self.parameters, *self.bound, *CONSTANTS]
        declare = "a trainable parameter is declared first: param {} = 1; ..."
        advice = "a gate is read with inputs=('x', 'y')" if token.text in INPUTS else declare
        self.tokens.fail(unknown_name(token.text, known, advice), token)

    def _number(self) -> float:
        text = self.tokens.current.text
        value = float(text)
        if not math.isfinite(value):
            self.tokens.fail("the number is too large for a float: write at most 1.79e308")
        if value == 0 and text.lower().split("e")[0].strip("0."):
            self.tokens.fail("the number is too small for a float: write 0, or at least 5e-324")
        self.tokens.advance()
        return value

    def _apply(self, token: Token, op: str, *args: int) -> int:
        if len(self.builder.nodes) >= MAX_NODES:
            self.tokens.fail(f"the formula has more than {MAX_NODES:,} nodes", token)
        return self.builder.apply(op, *args)

    def _descend(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.tokens.fail(f"brackets are nested deeper than {MAX_DEPTH}")

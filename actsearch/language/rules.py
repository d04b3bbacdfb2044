"""The rewrites of `simplify`: a rule looks at one node with simplified operands and returns the node to use, or None.

To add a rule is to write a function and to name it in `RULES`; what holds for one primitive is a column of its row.
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from actsearch.language.builder import Builder
from actsearch.language.nans import nans_allowed
from actsearch.language.program import Node
from actsearch.language.registry import PRIMITIVES
from actsearch.language.row import Primitive, Result


class Term(NamedTuple):
    """A node to rewrite.

    Attributes:
      builder: of the new program.
      op: the primitive.
      args: its operands, nodes of `builder`.
      lone: for each operand whether the node is its only user; lifting the sign out of a shared operand adds a node.
      free_zero: whether the sign of a zero may change here.
    """

    builder: Builder
    op: str
    args: tuple[int, ...]
    lone: tuple[bool, ...]
    free_zero: bool

    def node(self, operand: int) -> Node:
        """Returns the node of an operand."""
        return self.builder.nodes[self.args[operand]]

    def negative_of(self, operand: int) -> int | None:
        """Returns the node whose negative the operand is, if it is a `neg` or a negative constant used only here."""
        op, args, value = self.node(operand)
        if op == "neg":
            return args[0]
        if op == "constant" and isinstance(value, float) and value < 0 and self.lone[operand]:
            return self.builder.constant(-value)
        return None


Rule = Callable[[Term], int | None]


def _fold(term: Term) -> int | None:
    nodes = [term.node(operand) for operand in range(len(term.args))]
    if any(node.op != "constant" for node in nodes) or PRIMITIVES[term.op].kind == "reduction":
        return None
    value = _value(PRIMITIVES[term.op], *(float(node.payload or 0) for node in nodes))
    lost_sign = value == 0 and math.copysign(1, value) < 0  # a constant is never -0.0
    return term.builder.constant(value) if math.isfinite(value) and (term.free_zero or not lost_sign) else None


@functools.lru_cache(maxsize=4096)
def _value(primitive: Primitive, *operands: float) -> float:
    # The primitive itself, so that a folded constant has the bits that the float64 program computes.
    with jax.enable_x64(True), nans_allowed():
        return float(primitive.function(*(jnp.float64(operand) for operand in operands)))


def _neutral_constant(term: Term) -> int | None:
    for row in PRIMITIVES[term.op].with_constant:
        node = term.node(row.operand)
        if node.op == "constant" and node.payload == row.constant and (row.keeps_zero or term.free_zero):
            return _result(term, row.result, term.args[1 - row.operand])
    return None


def _equal_operands(term: Term) -> int | None:
    if len(term.args) != 2 or term.args[0] != term.args[1]:
        return None
    if term.op == "mul":
        return term.builder.apply("square", term.args[0])
    result = PRIMITIVES[term.op].with_itself
    return None if result is None else _result(term, result, term.args[0])


def _result(term: Term, result: Result, other: int) -> int:
    if result in (Result.ZERO, Result.ONE):
        return term.builder.constant(float(result.value))
    return other if result == Result.OTHER else term.builder.apply("neg", other)


def _sign_of_sum(term: Term) -> int | None:
    """a + -b = a - b, -a + b = b - a, a - -b = a + b."""
    if term.op not in ("add", "sub"):
        return None
    left, right = term.args
    if (negative := term.negative_of(1)) is not None:
        return term.builder.apply("sub" if term.op == "add" else "add", left, negative)
    if term.op == "add" and (negative := term.negative_of(0)) is not None:
        return term.builder.apply("sub", right, negative)
    return None


def _sign_of_product(term: Term) -> int | None:
    """-a * -b = a * b, -a * b = -(a * b), and the same of quotients."""
    if term.op not in ("mul", "div"):
        return None
    left, right = term.negative_of(0), term.negative_of(1)
    if left is not None and right is not None:
        return term.builder.apply(term.op, left, right)
    for operand in (0, 1):
        if term.node(operand).op == "neg" and term.lone[operand]:
            args = list(term.args)
            args[operand] = term.node(operand).args[0]
            return term.builder.apply("neg", term.builder.apply(term.op, *args))
    return None


def _sign_of_negative(term: Term) -> int | None:
    """--a = a, -(a - b) = b - a."""
    if term.op != "neg":
        return None
    op, args, _ = term.node(0)
    if op == "neg":
        return args[0]
    return term.builder.apply("sub", args[1], args[0]) if op == "sub" and term.free_zero else None


def _sign_in_function(term: Term) -> int | None:
    """f(-a) = f(a) of an even function, -f(a) of an odd one."""
    parity = PRIMITIVES[term.op].parity
    if parity is None or term.node(0).op != "neg":
        return None
    positive = term.builder.apply(term.op, term.node(0).args[0])
    if parity == "even":
        return positive
    return term.builder.apply("neg", positive) if term.lone[0] and term.free_zero else None


def _spelling(term: Term) -> int | None:
    """sigmul(a, b) = sigmoid(a) * b."""
    if term.op != "sigmul":
        return None
    return term.builder.apply("mul", term.builder.apply("sigmoid", term.args[0]), term.args[1])


RULES: tuple[Rule, ...] = (
    _fold,
    _neutral_constant,
    _equal_operands,
    _sign_of_negative,
    _sign_of_sum,
    _sign_of_product,
    _sign_in_function,
    _spelling,
)
"""In the order in which they are tried."""

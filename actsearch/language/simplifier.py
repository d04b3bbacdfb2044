"""`simplify`: the same function in fewer operations and one spelling. For people, and to count distinct candidates.

`Builder` already drops dead code and stores equal subterms once. Here are the rewrites that need arithmetic: each rule
looks at one node whose operands are simplified, and returns the node to use instead, or None. To add a rule is to write
a function and to name it in `_RULES`.
"""

import functools
import hashlib
import math
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from actsearch.language.builder import Builder
from actsearch.language.nans import nans_allowed
from actsearch.language.program import Node, Program
from actsearch.language.registry import PRIMITIVES
from actsearch.language.row import Primitive, Result


def simplify(program: Program) -> Program:
    """Rewrites a program to an equal function with fewer operations, in one spelling.

    Operands of commutative primitives are ordered (shallow first; constants, inputs, parameters); constants are folded;
    neutral and absorbing operands go; signs cancel, pass out of products, quotients and odd functions, and vanish in
    even ones; `a * a` becomes `a^2` and `sigmul(a, b)` becomes `sigmoid(a) * b`. Applying it twice changes nothing.

    Args:
      program: any program.

    Returns:
      A Program; parameters that no longer matter are gone, the others keep their initial values. Wherever the value of
      `program` is finite, the result's is the same in every bit but the sign of a zero; where it is not, the result may
      be finite, as `x / x` becomes 1. Only constants, folded in float64, may differ by rounding (in a narrower type by
      overflow too). No node is added, but for the one of each `sigmul`.

    Example:
      >>> from actsearch.language import parse, simplify
      >>> simplify(parse("(x + 0) * sigmoid(--x * 2 / 4 + x * 0)"))
      Program('x * sigmoid(2 * x / 4)')
      >>> simplify(parse("sin(-x) * cos(-x) - -3"))
      Program('3 - cos(x) * sin(x)')
    """
    while (rewritten := _rewrite(program)) != program:
        program = rewritten
    return program


class _Term(NamedTuple):
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
        return self.builder.nodes[self.args[operand]]

    def negative_of(self, operand: int) -> int | None:
        """Returns the node whose negative the operand is, if it is a `neg` or a negative constant used only here."""
        op, args, value = self.node(operand)
        if op == "neg":
            return args[0]
        if op == "constant" and isinstance(value, float) and value < 0 and self.lone[operand]:
            return self.builder.constant(-value)
        return None


_Key = tuple[int, str, str | float, bytes]
_Rule = Callable[[_Term], int | None]


def _rewrite(program: Program) -> Program:
    """One pass over the nodes, operands first; at most one rule a node."""
    builder, keys = Builder(), list[_Key]()
    initial = dict(program.parameters)
    uses = Counter(arg for node in program.nodes for arg in node.args)
    rigid = _rigid_zeros(program)
    rewritten: list[int] = []
    for index, (op, args, payload) in enumerate(program.nodes):
        if args:
            operands = [(rewritten[arg], uses[arg] == 1) for arg in args]
            if PRIMITIVES[op].commutative:
                for node in builder.nodes[len(keys) :]:
                    keys.append(_key(node, keys))
                operands[:2] = sorted(operands[:2], key=lambda operand: keys[operand[0]])
            new_args, lone = zip(*operands, strict=True)
            rewritten.append(_apply_rules(_Term(builder, op, new_args, lone, index not in rigid)))
        elif op == "input":
            rewritten.append(builder.input(str(payload)))
        elif op == "parameter":
            rewritten.append(builder.parameter(str(payload), initial[str(payload)]))
        else:
            rewritten.append(builder.constant(float(payload or 0)))
    return builder.program(rewritten[-1])


def _apply_rules(term: _Term) -> int:
    for rule in _RULES:
        node = rule(term)
        if node is not None:
            return node
    return term.builder.apply(term.op, *term.args)


def _key(node: Node, keys: list[_Key]) -> _Key:
    """Orders operands: by depth, then kind, then value or name; a digest of the whole subterm decides the rest."""
    op, args, payload = node
    depth = 1 + max((keys[arg][0] for arg in args), default=-1)
    digest = hashlib.blake2b(repr((op, payload, [keys[arg][-1] for arg in args])).encode(), digest_size=16).digest()
    return depth, op, "" if payload is None else payload, digest


def _rigid_zeros(program: Program) -> set[int]:
    """Returns the nodes where a zero keeps its sign: 1/0 and 1/-0 are two infinities, and atan makes both finite."""
    rigid: set[int] = set()
    for index, (op, args, _) in reversed(list(enumerate(program.nodes))):
        if not args:
            continue
        row = PRIMITIVES[op]
        if row.pole is not None:
            rigid.add(args[row.pole])
        if index in rigid and row.parity != "even":
            rigid.update(args)
    return rigid


# The rules.


def _fold(term: _Term) -> int | None:
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


def _neutral_constant(term: _Term) -> int | None:
    for row in PRIMITIVES[term.op].with_constant:
        node = term.node(row.operand)
        if node.op == "constant" and node.payload == row.constant and (row.keeps_zero or term.free_zero):
            return _result(term, row.result, term.args[1 - row.operand])
    return None


def _equal_operands(term: _Term) -> int | None:
    if len(term.args) != 2 or term.args[0] != term.args[1]:
        return None
    if term.op == "mul":
        return term.builder.apply("square", term.args[0])
    result = PRIMITIVES[term.op].with_itself
    return None if result is None else _result(term, result, term.args[0])


def _result(term: _Term, result: Result, other: int) -> int:
    if result in (Result.ZERO, Result.ONE):
        return term.builder.constant(float(result.value))
    return other if result == Result.OTHER else term.builder.apply("neg", other)


def _sign_of_sum(term: _Term) -> int | None:
    """a + -b = a - b, -a + b = b - a, a - -b = a + b."""
    if term.op not in ("add", "sub"):
        return None
    left, right = term.args
    if (negative := term.negative_of(1)) is not None:
        return term.builder.apply("sub" if term.op == "add" else "add", left, negative)
    if term.op == "add" and (negative := term.negative_of(0)) is not None:
        return term.builder.apply("sub", right, negative)
    return None


def _sign_of_product(term: _Term) -> int | None:
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


def _sign_of_negative(term: _Term) -> int | None:
    """--a = a, -(a - b) = b - a."""
    if term.op != "neg":
        return None
    op, args, _ = term.node(0)
    if op == "neg":
        return args[0]
    return term.builder.apply("sub", args[1], args[0]) if op == "sub" and term.free_zero else None


def _sign_in_function(term: _Term) -> int | None:
    """f(-a) = f(a) of an even function, -f(a) of an odd one."""
    parity = PRIMITIVES[term.op].parity
    if parity is None or term.node(0).op != "neg":
        return None
    positive = term.builder.apply(term.op, term.node(0).args[0])
    if parity == "even":
        return positive
    return term.builder.apply("neg", positive) if term.lone[0] and term.free_zero else None


def _spelling(term: _Term) -> int | None:
    """sigmul(a, b) = sigmoid(a) * b."""
    if term.op != "sigmul":
        return None
    return term.builder.apply("mul", term.builder.apply("sigmoid", term.args[0]), term.args[1])


_RULES: tuple[_Rule, ...] = (
    _fold,
    _neutral_constant,
    _equal_operands,
    _sign_of_negative,
    _sign_of_sum,
    _sign_of_product,
    _sign_in_function,
    _spelling,
)

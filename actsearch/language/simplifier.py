"""`simplify`: the same function in fewer operations and one spelling. For people, and to count distinct candidates.

`Builder` already drops dead code and stores equal subterms once. The rewrites that need arithmetic are the rules of
`actsearch.language.rules`.
"""

import hashlib
from collections import Counter

from actsearch.language.builder import Builder
from actsearch.language.program import Node, Program
from actsearch.language.registry import PRIMITIVES
from actsearch.language.rules import RULES, Term


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


_Key = tuple[int, str, str | float, bytes]


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
            rewritten.append(_apply_rules(Term(builder, op, new_args, lone, index not in rigid)))
        elif op == "input":
            rewritten.append(builder.input(str(payload)))
        elif op in ("parameter", "scalar"):
            rewritten.append(builder.parameter(str(payload), initial[str(payload)], op == "scalar"))
        else:
            rewritten.append(builder.constant(float(payload or 0)))
    return builder.program(rewritten[-1])


def _apply_rules(term: Term) -> int:
    for rule in RULES:
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

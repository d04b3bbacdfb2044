"""Program: what a candidate is. Immutable, hashable, in static single assignment form; and how it is written as text.

Everything downstream (engines, spaces, archive) passes Programs on and builds them with `Builder`, which stores shared
subterms once, so that equal expressions are equal objects.
"""

import dataclasses
from collections import Counter
from typing import Literal, NamedTuple

from actsearch.language.errors import ActsearchError
from actsearch.language.names import DEFAULT_PARAMETERS, INPUTS, KEYWORD, SCALAR
from actsearch.language.reductions import Reduction
from actsearch.language.registry import PRIMITIVES
from actsearch.language.row import Precedence

Kind = Literal["activation", "layer", "gate"]
"""What candidates are: a function after the network's own normalisation, a whole normalisation-activation layer, or a
function of two inputs `x, y` of one shape, as in gated feed-forward networks."""


class Node(NamedTuple):
    """One step of a program.

    Attributes:
      op: a primitive's name, or "input", "parameter", "scalar", "constant" for a leaf; a scalar is a parameter that all
        channels share.
      args: indices of earlier nodes, one per operand; empty for a leaf.
      payload: the input's or parameter's name, or the constant's value; None for a primitive.
    """

    op: str
    args: tuple[int, ...] = ()
    payload: str | float | None = None


@dataclasses.dataclass(frozen=True)
class Program:
    """An expression over `x`, in gates `y` too, and named trainable parameters.

    Programs come from `actsearch.parse`, from a space, or from a `Builder`. Two programs are equal when they are the
    same expression with the same initial values; `simplify` and `fingerprint` decide weaker kinds of sameness.

    Attributes:
      nodes: in topological order, as a depth-first walk from the output meets them; the last one is the output. No node
        is dead and no two are equal.
      parameters: (name, initial value) of each trainable parameter, in order of appearance. A parameter holds one value
        per channel, which is the last axis of `x`; one of `shared` holds a single value.

    Example:
      >>> import actsearch
      >>> program = actsearch.parse("x * sigmoid(beta * x)")
      >>> [node.op for node in program.nodes]
      ['input', 'parameter', 'mul', 'sigmoid', 'mul']
      >>> program.parameters
      (('beta', 1.0),)
    """

    nodes: tuple[Node, ...]
    parameters: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if not self.nodes:
            raise ActsearchError("A Program needs at least one node; use actsearch.parse to make one from text.")

    def __str__(self) -> str:
        """Returns the program as text that `parse` reads back to the equal program."""
        return _text(self)

    def __repr__(self) -> str:
        return f"Program({str(self)!r})"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that the program reads, in order of appearance."""
        return tuple(str(node.payload) for node in self.nodes if node.op == "input")

    @property
    def shared(self) -> frozenset[str]:
        """Names of the parameters that hold a single value for all channels: `scalar alpha = 0.5; tanh(alpha * x)`."""
        return frozenset(str(node.payload) for node in self.nodes if node.op == "scalar")

    @property
    def kind(self) -> Kind:
        """What the program is: "gate" where it reads `y`, "layer" where it has reductions, else "activation"."""
        return "gate" if "y" in self.inputs else "layer" if self.reductions else "activation"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of the inputs that a function of it takes: `x`, and `y` where the program reads it."""
        return INPUTS if self.kind == "gate" else INPUTS[:1]

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """The reductions, one for each such node, in topological order; empty for an elementwise program."""
        rows = (PRIMITIVES[op].reduction for op, args, _ in self.nodes if args)
        return tuple(reduction for reduction in rows if reduction)

    @property
    def batch_reductions(self) -> tuple[Reduction, ...]:
        """Those of `reductions` that run over the batch: each has a moving average for evaluation."""
        return tuple(reduction for reduction in self.reductions if reduction.over_batch)


# The printer.


class _Shown(NamedTuple):
    """Text of a node, and how tightly it binds."""

    text: str
    precedence: Precedence

    def at_least(self, precedence: int) -> str:
        return self.text if self.precedence >= precedence else f"({self.text})"


def _text(program: Program) -> str:
    uses = Counter(arg for node in program.nodes for arg in node.args)
    taken = {*PRIMITIVES, *(name for name, _ in program.parameters)}
    fresh = (name for name in (f"t{i}" for i in range(1, len(program.nodes) + len(taken) + 2)) if name not in taken)
    shared = program.shared
    statements = [
        f"{SCALAR if name in shared else KEYWORD} {name} = {_number(initial)}"
        for name, initial in program.parameters
        if name in shared or DEFAULT_PARAMETERS.get(name) != initial
    ]
    shown: list[_Shown] = []
    for index, node in enumerate(program.nodes):
        text = _show(node, [shown[arg] for arg in node.args])
        if node.args and uses[index] > 1:
            name = next(fresh)
            statements.append(f"{name} = {text.text}")
            text = _Shown(name, Precedence.ATOM)
        shown.append(text)
    return "; ".join([*statements, shown[-1].text])


def _show(node: Node, args: list[_Shown]) -> _Shown:
    if isinstance(node.payload, float):
        return _Shown(_number(node.payload), Precedence.ATOM if node.payload >= 0 else Precedence.SIGN)
    if not args:
        return _Shown(str(node.payload), Precedence.ATOM)
    row = PRIMITIVES[node.op]
    # "-2" would be read as the constant, so the negative of the constant 2 is spelled out.
    literal = args[0].precedence == Precedence.ATOM and args[0].text[0].isdigit()
    if row.symbol is None or (row.precedence == Precedence.SIGN and literal):
        return _Shown(f"{row.name}({', '.join(_without_implicit(args, row.implicit))})", Precedence.ATOM)
    if row.precedence == Precedence.SIGN:
        return _Shown(row.symbol + args[0].at_least(row.precedence), row.precedence)
    if row.precedence == Precedence.POWER:
        return _Shown(args[0].at_least(row.precedence + 1) + row.symbol, row.precedence)
    # Operators associate to the left, so an operand of equal precedence on the right needs brackets.
    left, right = args[0].at_least(row.precedence), args[1].at_least(row.precedence + 1)
    return _Shown(f"{left} {row.symbol} {right}", row.precedence)


def _without_implicit(args: list[_Shown], implicit: tuple[str, ...]) -> list[str]:
    shown = [text for text, _ in args]
    first = len(shown) - len(implicit)
    return shown[:first] if tuple(shown[first:]) == implicit else shown


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)

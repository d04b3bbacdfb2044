"""Program: what a candidate is. Immutable, hashable, in static single assignment form.

Everything downstream (engines, spaces, archive) passes Programs on and builds them with `Builder`, which stores shared
subterms once, so that equal expressions are equal objects.
"""

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from actsearch.language.errors import ActsearchError
from actsearch.language.primitives import PRIMITIVES

DEFAULT_PARAMETERS: Mapping[str, float] = MappingProxyType(
    {"beta": 1.0, "alpha": 1.0, "gamma": 1.0, "v": 1.0, "v1": 1.0, "v0": 0.0, "shift": 0.0}
)
"""Names of trainable parameters that need no declaration, with their initial values."""

INPUTS = ("x", "y")
"""Names of inputs; `y` is the second operand of a space's binary options."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_free(name: str) -> bool:
    """Returns whether a parameter may have this name: an ASCII identifier that means nothing else in text."""
    return bool(_NAME.fullmatch(name)) and name not in PRIMITIVES and name not in INPUTS and name != "param"


class Node(NamedTuple):
    """One step of a program.

    Attributes:
      op: a primitive's name, or "input", "parameter", "constant" for a leaf.
      args: indices of earlier nodes, one per operand; empty for a leaf.
      payload: the input's or parameter's name, or the constant's value; None for a primitive.
    """

    op: str
    args: tuple[int, ...] = ()
    payload: str | float | None = None


@dataclasses.dataclass(frozen=True)
class Program:
    """An expression over `x` and named trainable parameters.

    Programs come from `actsearch.parse`, from a space, or from a `Builder`. Two programs are equal when they are the
    same expression with the same initial values; `simplify` and `fingerprint` decide weaker kinds of sameness.

    Attributes:
      nodes: in topological order, as a depth-first walk from the output meets them; the last one is the output. No node
        is dead and no two are equal.
      parameters: (name, initial value) of each trainable parameter, in order of appearance. A parameter holds one value
        per channel, which is the last axis of `x`.

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

    def __post_init__(self):
        if not self.nodes:
            raise ActsearchError("A Program needs at least one node; use actsearch.parse to make one from text.")

    def __str__(self) -> str:
        from actsearch.language.text import to_text  # the printer needs Program; a local import breaks the circle

        return to_text(self)

    def __repr__(self) -> str:
        return f"Program({str(self)!r})"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that the program reads, in order of appearance."""
        return tuple(str(node.payload) for node in self.nodes if node.op == "input")

    @property
    def reductions(self) -> tuple[str, ...]:
        """Names of the reductions, one for each such node, in topological order; empty for an elementwise program."""
        return tuple(op for op, args, _ in self.nodes if args and PRIMITIVES[op].kind == "reduction")

    @property
    def batch_reductions(self) -> tuple[str, ...]:
        """Those of `reductions` that run over the batch: each has a moving average for evaluation."""
        return tuple(op for op in self.reductions if op.startswith("batch_"))


class Builder:
    """Makes a Program node by node; equal nodes are stored once.

    Example:
      >>> builder = Builder()
      >>> x = builder.input("x")
      >>> builder.program(builder.apply("mul", x, builder.apply("sigmoid", x)))
      Program('x * sigmoid(x)')
    """

    def __init__(self):
        self.nodes: list[Node] = []
        self._index: dict[Node, int] = {}
        self._initial: dict[str, float] = {}

    def _add(self, node: Node) -> int:
        index = self._index.get(node)
        if index is None:
            index = self._index[node] = len(self.nodes)
            self.nodes.append(node)
        return index

    def input(self, name: str) -> int:
        """Returns the node of an input, `x` or `y`."""
        if name not in INPUTS:
            raise ActsearchError(f"An input is one of {', '.join(INPUTS)}; received {name!r}.")
        return self._add(Node("input", (), name))

    def parameter(self, name: str, initial: float | None = None) -> int:
        """Returns the node of a trainable parameter; `initial` may be left out for a name of DEFAULT_PARAMETERS."""
        if name not in self._initial and not is_free(name):
            raise ActsearchError(
                f"A parameter needs a name that is free; received {name!r}: choose another, such as 'alpha'."
            )
        if initial is None:
            initial = self._initial.get(name, DEFAULT_PARAMETERS.get(name))
        if initial is None:
            raise ActsearchError(f"Parameter {name!r} has no default initial value; pass one.")
        if not math.isfinite(initial):
            raise ActsearchError(f"Parameter {name!r} needs a finite initial value; received {initial}.")
        if self._initial.setdefault(name, float(initial)) != initial:
            raise ActsearchError(
                f"Parameter {name!r} has two initial values, {self._initial[name]} and {initial}; keep one."
            )
        return self._add(Node("parameter", (), name))

    def constant(self, value: float) -> int:
        """Returns the node of a finite constant."""
        if not math.isfinite(value):
            raise ActsearchError(f"A constant must be finite; received {value}.")
        return self._add(Node("constant", (), float(value) + 0.0))  # + 0.0 turns -0.0 into 0.0

    def apply(self, op: str, *args: int) -> int:
        """Returns the node of a primitive applied to earlier nodes; implicit parameters may be left out."""
        primitive = PRIMITIVES[op]
        if len(args) == primitive.arity - len(primitive.implicit):
            args += tuple(self.parameter(name) for name in primitive.implicit)
        if len(args) != primitive.arity:
            raise ActsearchError(f"{op} takes {primitive.arity} operands; received {len(args)}.")
        return self._add(Node(op, args))

    def substitute(self, program: Program, inputs: Callable[[str], int]) -> int:
        """Copies `program` with `inputs(name)` in the place of each input; returns the node of its output."""
        here: list[int] = []
        for op, args, payload in program.nodes:
            if args:
                here.append(self._add(Node(op, tuple([here[arg] for arg in args]))))
            elif op == "input":
                here.append(inputs(str(payload)))
            elif op == "parameter":
                here.append(self.parameter(str(payload), dict(program.parameters)[str(payload)]))
            else:
                here.append(self._add(Node(op, (), payload)))
        return here[-1]

    def finish(self) -> Program:
        """Returns the Program whose output is the node added last, trusting that no node is dead or out of order."""
        return Program(tuple(self.nodes), tuple(self._initial.items()))

    def program(self, output: int) -> Program:
        """Returns the Program whose output is the given node, without the nodes that it does not need."""
        order = {old: new for new, old in enumerate(self._walk(output))}
        nodes = tuple(
            Node(op, tuple(order[arg] for arg in args), payload)
            for op, args, payload in (self.nodes[old] for old in order)
        )
        names = [str(node.payload) for node in nodes if node.op == "parameter"]
        parameters = tuple((name, self._initial[name]) for name in names)
        return Program(nodes, parameters)

    def _walk(self, output: int) -> Iterator[int]:
        """Yields the nodes that `output` needs, operands first and left to right, each once; no recursion."""
        seen: set[int] = set()
        stack = [(output, False)]
        while stack:
            index, ready = stack.pop()
            if ready:
                yield index
            elif index not in seen:
                seen.add(index)
                stack.append((index, True))
                stack.extend((arg, False) for arg in reversed(self.nodes[index].args))

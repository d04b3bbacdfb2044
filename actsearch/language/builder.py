"""Builder: makes programs node by node. The parser, the simplifier and the spaces use it."""

import math
from collections.abc import Callable, Iterator

from actsearch.language.errors import ActsearchError
from actsearch.language.names import DEFAULT_PARAMETERS, INPUTS
from actsearch.language.program import Node, Program
from actsearch.language.registry import PRIMITIVES, is_free


class Builder:
    """Makes a Program node by node; equal nodes are stored once.

    Example:
      >>> builder = Builder()
      >>> x = builder.input("x")
      >>> builder.program(builder.apply("mul", x, builder.apply("sigmoid", x)))
      Program('x * sigmoid(x)')
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._index: dict[Node, int] = {}
        self._initial: dict[str, float] = {}
        self._shared: dict[str, bool] = {}

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

    def parameter(self, name: str, initial: float | None = None, shared: bool | None = None) -> int:
        """Returns the node of a trainable parameter, one value per channel, or a single one where it is shared.

        `initial` may be left out for a name of DEFAULT_PARAMETERS, and both for a parameter that is there.
        """
        if name not in self._initial and not is_free(name):
            raise ActsearchError(
                f"A parameter needs a name that is free; received {name!r}: choose another, such as 'alpha'."
            )
        if initial is None:
            initial = self._initial.get(name, DEFAULT_PARAMETERS.get(name))
        if initial is None:
            raise ActsearchError(f"Parameter {name!r} has no default initial value; pass one.")
        value = _finite(initial)
        if value is None:
            raise ActsearchError(f"Parameter {name!r} needs a finite initial value; received {initial!r}.")
        if self._initial.setdefault(name, value) != value:
            raise ActsearchError(
                f"Parameter {name!r} has two initial values, {self._initial[name]} and {value}; keep one."
            )
        if shared is None:
            shared = self._shared.get(name, False)
        if self._shared.setdefault(name, shared) != shared:
            raise ActsearchError(
                f"Parameter {name!r} is one value per channel and a single value too; keep one of them."
            )
        return self._add(Node("scalar" if shared else "parameter", (), name))

    def constant(self, value: float) -> int:
        """Returns the node of a finite constant."""
        number = _finite(value)
        if number is None:
            raise ActsearchError(f"A constant must be finite; received {value!r}.")
        return self._add(Node("constant", (), number + 0.0))  # + 0.0 turns -0.0 into 0.0

    def apply(self, op: str, *args: int) -> int:
        """Returns the node of a primitive applied to earlier nodes; implicit parameters may be left out."""
        primitive = PRIMITIVES.get(op)
        if primitive is None:
            raise ActsearchError(f"There is no primitive {op!r}; actsearch.language.PRIMITIVES lists them.")
        if len(args) == primitive.arity - len(primitive.implicit):
            args += tuple(self.parameter(name) for name in primitive.implicit)
        if len(args) != primitive.arity:
            raise ActsearchError(f"{op} takes {primitive.arity} operands; received {len(args)}.")
        return self._add(Node(op, args))

    def substitute(self, program: Program, inputs: Callable[[str], int]) -> int:
        """Copies `program` with `inputs(name)` in the place of each input; returns the node of its output."""
        copies: list[int] = []
        for op, args, payload in program.nodes:
            if args:
                copies.append(self._add(Node(op, tuple([copies[arg] for arg in args]))))
            elif op == "input":
                copies.append(inputs(str(payload)))
            elif op in ("parameter", "scalar"):
                initial = dict(program.parameters)[str(payload)]
                copies.append(self.parameter(str(payload), initial, op == "scalar"))
            else:
                copies.append(self._add(Node(op, (), payload)))
        return copies[-1]

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
        names = [str(node.payload) for node in nodes if node.op in ("parameter", "scalar")]
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


def _finite(value: float) -> float | None:
    """Returns a number as a finite Python float, or None where there is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None

"""Writes a program in a programming language: local names for what is used twice or too long, then one expression."""

import itertools
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

from actsearch.export.row import Dialect, Row
from actsearch.language import PRIMITIVES, Node, Precedence, Program
from actsearch.language.reductions import Reduction

LONGEST = 80
"""Characters of an expression; a longer one is written as several, with local names."""

NONNEGATIVE = frozenset(
    {"abs", "square", "power4", "power6", "power8", "exp", "relu", "sigmoid", "softplus", "sqrt", "cosh"}
)
"""Primitives whose sum with 1 is a denominator that needs no guard."""


class Average(NamedTuple):
    """A moving average that a layer keeps: its name, and the value that it starts with."""

    name: str
    initial: float


class Body(NamedTuple):
    """The inside of a function.

    Attributes:
      statements: what gives local names their values, a line each.
      result: the expression of the result.
      averages: moving averages that the statements read and write, in the order of the program's batch reductions.
    """

    statements: tuple[str, ...]
    result: str
    averages: tuple[Average, ...]

    @property
    def code(self) -> str:
        """All of it, for a look at the names that it uses."""
        return "\n".join([*self.statements, self.result])


class _Shown(NamedTuple):
    """Text of a node: how tightly it binds, whether it has the shape of the input, and its number if it is one."""

    text: str
    precedence: Precedence
    full: bool = False
    filled: str | None = None

    def __format__(self, place: str) -> str:
        if place == "array":
            return self.filled or self.text
        needed = Precedence[place.upper()] if place else Precedence.SUM
        return self.text if self.precedence >= needed else f"({self.text})"


def write(program: Program, dialect: Dialect, leaves: Mapping[str, str]) -> Body:
    """Writes a program.

    Args:
      program: of primitives that the dialect has.
      dialect: the language.
      leaves: what each input and parameter is called.
    """
    return _Writer(program, dialect, leaves).body()


class _Writer:
    def __init__(self, program: Program, dialect: Dialect, leaves: Mapping[str, str]):
        self.program, self.dialect, self.leaves = program, dialect, leaves
        self.constants = constants(program)
        self.uses = Counter(_operands(program, dialect, self.constants))
        self.taken = {*(leaf.rpartition(".")[2] for leaf in leaves.values()), *dialect.helpers, *dialect.imports}
        self.statements: list[str] = []
        self.averages: list[Average] = []

    def body(self) -> Body:
        shown: list[_Shown] = []
        for index, node in enumerate(self.program.nodes):
            one = self._show(index, node, [shown[arg] for arg in node.args])
            shared = self.uses[index] > 1 and node.args and index not in self.constants
            shown.append(self._local(one) if shared else one)
        return Body(tuple(self.statements), self._full(shown[-1]), tuple(self.averages))

    def _show(self, index: int, node: Node, args: list[_Shown]) -> _Shown:
        if index in self.constants:
            return self._number(self.constants[index])
        if not args:
            return _Shown(self.leaves[str(node.payload)], Precedence.ATOM, node.op == "input")
        reduction = PRIMITIVES[node.op].reduction
        if reduction:
            return self._statistic(reduction, args[0])
        row = self._row(node)
        full = any(arg.full for arg in args)
        while len(text := row.template.format(*args)) > LONGEST and (longest := self._longest(args)) is not None:
            args[longest] = self._local(args[longest])
        return _Shown(text, row.precedence, full)

    def _row(self, node: Node) -> Row:
        """Returns the row of a primitive; a quotient needs no guard where its denominator stays away from 0."""
        if node.op == "div" and self.dialect.unguarded and self._positive(node.args[1]):
            return self.dialect.unguarded
        row = self.dialect.row(node.op)
        assert row is not None, node.op
        return row

    def _positive(self, index: int) -> bool:
        """Returns whether a node is certainly above 0 by more than rounding."""
        op, args, _ = self.program.nodes[index]
        if index in self.constants:
            return self.constants[index] > 1e-6
        if op == "add":
            return any(map(self._positive, args)) and all(self._positive(arg) or self._nonnegative(arg) for arg in args)
        reduction = PRIMITIVES[op].reduction if args else None
        return bool(reduction and not reduction.is_mean) or (op == "max" and any(map(self._positive, args)))

    def _nonnegative(self, index: int) -> bool:
        return self.program.nodes[index].op in NONNEGATIVE or self.constants.get(index, -1) >= 0

    def _number(self, value: float) -> _Shown:
        text = self.dialect.number(value)
        filled = self.dialect.filled.format(text) if self.dialect.filled else None
        return _Shown(text, Precedence.SIGN if text.startswith("-") else Precedence.ATOM, False, filled)

    def _statistic(self, reduction: Reduction, x: _Shown) -> _Shown:
        statistics = self.dialect.statistics
        assert statistics is not None
        moment = statistics.moment(reduction, self._operand(x))
        if reduction.over_batch and statistics.average is not None:
            name = {"mean": "mean", "rms": "mean_square", "std": "var"}[reduction.statistic]
            average = self._fresh(f"running_{name}")
            self.averages.append(Average(average, reduction.initial_moment))
            local = self._fresh(f"batch_{name}")
            self.statements.append(statistics.average.format(name=local, average=average, moment=moment))
            moment = local
        text = moment if reduction.is_mean else statistics.root.format(moment)
        named = text.isidentifier()
        return _Shown(text, Precedence.ATOM) if named else self._local(_Shown(text, Precedence.ATOM), reduction.name)

    def _operand(self, x: _Shown) -> str:
        """Returns an array of the shape of the input, as a name if it is long."""
        text = self._full(x)
        return text if len(text) < LONGEST // 2 else self._local(_Shown(text, Precedence.ATOM)).text

    def _full(self, one: _Shown) -> str:
        """Returns the text of an array with the shape of the input."""
        return one.text if one.full else one.filled or self.dialect.expanded.format(one)

    def _longest(self, args: list[_Shown]) -> int | None:
        """Returns which operand becomes a local: the longest that is more than a name or a number."""
        sizes = {place: len(arg.text) for place, arg in enumerate(args) if not _is_plain(arg)}
        return max(sizes, key=sizes.__getitem__) if sizes else None

    def _local(self, one: _Shown, name: str | None = None) -> _Shown:
        """Gives an expression a name."""
        name = self._fresh(name) if name else self._first(f"t{number}" for number in itertools.count(1))
        self.statements.append(f"{name} = {one.text}")
        return _Shown(name, Precedence.ATOM, one.full)

    def _fresh(self, name: str) -> str:
        """Returns a name, with a number behind where it is taken."""
        return self._first(itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2))))

    def _first(self, names: Iterable[str]) -> str:
        """Takes the first name that is free."""
        free = next(name for name in names if name not in self.taken)
        self.taken.add(free)
        return free


def constants(program: Program) -> dict[int, float]:
    """Returns the value of each node that reads no input and no parameter, computed in float64; no statistic is one."""
    values: dict[int, float] = {}
    with jax.enable_x64(True):
        for index, (op, args, payload) in enumerate(program.nodes):
            if op == "constant":
                values[index] = float(payload or 0)
            elif args and all(arg in values for arg in args) and PRIMITIVES[op].reduction is None:
                values[index] = float(PRIMITIVES[op].function(*(jnp.float64(values[arg]) for arg in args)))
    return values


def _operands(program: Program, dialect: Dialect, constants: Mapping[int, float]) -> Iterator[int]:
    """Yields each operand, as often as it is written."""
    for index, node in enumerate(program.nodes):
        if node.args and index not in constants:
            row = Row("{}") if PRIMITIVES[node.op].reduction else dialect.row(node.op)
            assert row is not None, node.op
            yield from (node.args[place] for place in _places(row.template))


def _places(template: str) -> Iterator[int]:
    fields = (name for _, name, _, _ in string.Formatter().parse(template) if name is not None)
    return (int(name) if name else number for number, name in enumerate(fields))


def _is_plain(one: _Shown) -> bool:
    return one.filled is not None or one.text.replace(".", "").replace("_", "").isalnum() or len(one.text) < 12

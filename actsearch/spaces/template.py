"""Template: a program with choices left open. What a space offers, and what the interpreter runs as data.

A template is a sequence of slots. Register 0 holds `x`, and in a template of gates register 1 holds `y`; the slots
write the registers behind these, in order; the last register is the output. Each slot lists its *options*, small
programs in `x` (first operand) and `y` (second operand), and for each operand the registers that it may read. A choice
vector fixes every slot, and so a Program. Both a published space (many slots, few options each) and a plain list of
formulas (one slot, one option per formula) are templates, so one interpreter serves both.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from actsearch.language import INPUTS, PRIMITIVES, ActsearchError, Builder, Program, parse
from actsearch.language.names import KEYWORD, SCALAR
from actsearch.language.registry import identity


class Genotype(NamedTuple):
    """The choices that determine a program of one space.

    Attributes:
      space: name of the space that the choices belong to.
      choices: an index into the options of each decision, in their order.
    """

    space: str
    choices: tuple[int, ...]


class Slot(NamedTuple):
    """One step of a template.

    Attributes:
      name: shown in decisions, such as "unit1.binary".
      options: what may be computed, programs in `x` and, with two operands, `y`.
      operands: for each operand the registers it may read.
    """

    name: str
    options: tuple[Program, ...]
    operands: tuple[tuple[int, ...], ...]


class Decision(NamedTuple):
    """One categorical choice: its name and the text of each option. A choice is an index into `options`."""

    name: str
    options: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Template:
    """A sequence of slots; see the module's docstring.

    Example:
      >>> from actsearch.language import parse
      >>> bank = Template.bank([parse("x * sigmoid(x)"), parse("relu(x)")])
      >>> bank.decisions[0].options
      ('x * sigmoid(x)', 'relu(x)')
      >>> bank.decode((1,))
      Program('relu(x)')

    Attributes:
      slots: the steps.
      inputs: names of what the first registers hold, `("x",)`, or `("x", "y")` for gates.
    """

    slots: tuple[Slot, ...]
    inputs: tuple[str, ...] = INPUTS[:1]

    def __post_init__(self) -> None:
        if not self.slots:
            raise ActsearchError("A Template needs at least one slot.")
        if self.inputs not in (INPUTS[:1], INPUTS):
            raise ActsearchError(f"A Template reads ('x',) or ('x', 'y'); received {self.inputs!r}.")
        for register, slot in enumerate(self.slots, start=len(self.inputs)):
            readable = {r for operand in slot.operands for r in operand}
            if not slot.options or not all(slot.operands) or not readable <= set(range(register)):
                raise ActsearchError(
                    f"Slot {slot.name!r} needs options, and operands that read registers 0 to {register - 1}."
                )
        self._check_parameters()

    def _check_parameters(self) -> None:
        """Raises an error where two slots give one name two meanings: programs of both could not be assembled."""
        rows = [[row for option in slot.options for row in _parameters(option)] for slot in self.slots]
        rows = [list(dict.fromkeys(own)) for own in rows]
        for one, other in itertools.combinations(rows, 2):
            for first, second in itertools.product(one, other):
                if first[0] == second[0] and first != second:
                    raise ActsearchError(
                        f"Parameter {first[0]!r} has two meanings among the options, {_declared(*first)} and "
                        f"{_declared(*second)}, which one program cannot hold: rename one of them."
                    )

    @classmethod
    def bank(cls, programs: Sequence[Program]) -> "Template":
        """Returns the template that is a plain list of programs: one decision, one option per program.

        It is one of gates where a program reads two inputs.
        """
        inputs = INPUTS if any(program.kind == "gate" for program in programs) else INPUTS[:1]
        operands = tuple((register,) for register in range(len(inputs)))
        return cls((Slot("program", tuple(programs), operands),), inputs)

    @functools.cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """Every open choice in order: for each slot the operands that have more than one register, then the option."""
        rows = []
        for slot in self.slots:
            for letter, registers in zip("xy", slot.operands, strict=False):
                rows.append(Decision(f"{slot.name}.{letter}", tuple(self._register_name(r) for r in registers)))
            rows.append(Decision(slot.name, tuple(str(option) for option in slot.options)))
        return tuple(row for row in rows if len(row.options) > 1)

    def _register_name(self, register: int) -> str:
        return [*self.inputs, *(slot.name for slot in self.slots)][register]

    @property
    def output(self) -> int:
        """The register of the output."""
        return len(self.inputs) + len(self.slots) - 1

    @property
    def content(self) -> str:
        """All that its programs depend on, as text; a primitive of the user counts by its function too."""
        slots = [
            (slot.name, [(_nodes(option), option.parameters) for option in slot.options], slot.operands)
            for slot in self.slots
        ]
        return repr(slots) if self.inputs == INPUTS[:1] else repr((self.inputs, slots))

    @functools.cached_property
    def layout(self) -> tuple[tuple[int | None, tuple[int | None, ...]], ...]:
        """For each slot the decision that picks its option and those that pick its operands; None: nothing to pick."""
        numbers = itertools.count()
        rows = []
        for slot in self.slots:
            operands = tuple(next(numbers) if len(registers) > 1 else None for registers in slot.operands)
            rows.append((next(numbers) if len(slot.options) > 1 else None, operands))
        return tuple(rows)

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """Every distinct (name, initial value) among the options, in order of appearance.

        A pair stands twice where it is one value per channel in one option, and a single value in another.
        """
        return tuple((name, initial) for name, initial, _ in self._parameters)

    @property
    def shared(self) -> tuple[bool, ...]:
        """Whether each of `parameters` holds a single value for all channels."""
        return tuple(shared for _, _, shared in self._parameters)

    def places(self, program: Program) -> list[int]:
        """Returns the places in `parameters` of those of a program, which is an option or made of options."""
        return [self._parameters.index(row) for row in _parameters(program)]

    @functools.cached_property
    def _parameters(self) -> tuple[tuple[str, float, bool], ...]:
        rows = (row for slot in self.slots for option in slot.options for row in _parameters(option))
        return tuple(dict.fromkeys(rows))

    @property
    def widest(self) -> int:
        """The largest number of registers that an operand may read."""
        return max((len(registers) for slot in self.slots for registers in slot.operands), default=1)

    def count(self) -> int:
        """Returns the number of choice vectors."""
        return math.prod(len(decision.options) for decision in self.decisions)

    def check(self, choices: Sequence[int]) -> tuple[int, ...]:
        """Returns `choices` as a tuple of ints, or raises a ValueError that names the choice out of range."""
        if len(choices) != len(self.decisions):
            raise ActsearchError(f"Expected {len(self.decisions)} choices, one per decision; received {len(choices)}.")
        for choice, decision in zip(choices, self.decisions, strict=True):
            if not 0 <= choice < len(decision.options):
                raise ActsearchError(f"{decision.name} takes 0 to {len(decision.options) - 1}; received {choice}.")
        return tuple(int(choice) for choice in choices)

    def decode(self, choices: Sequence[int]) -> Program:
        """Returns the Program that a choice vector determines; slots that the output does not need leave no trace."""
        return self.assemble(self.check(choices))

    def assemble(self, choices: tuple[int, ...]) -> Program:
        """Returns the Program of choices that are known to be legal: `decode` without the check, for hot loops."""
        builder, inputs = Builder(), self.inputs
        written: dict[int, int] = {}  # register -> node

        def read(register: int) -> int:
            node = written.get(register)
            if node is None:
                is_input = register < len(inputs)
                node = builder.input(inputs[register]) if is_input else write(register - len(inputs))
                written[register] = node
            return node

        def write(index: int) -> int:
            options, option, operands = self._plan[index]
            program = options[0 if option is None else choices[option]]
            sources = {name: rs[0 if d is None else choices[d]] for name, rs, d in operands}
            return builder.substitute(program, lambda name: read(sources[name]))

        # Registers are written when first read, so the nodes already stand in a Program's order and none is dead.
        read(self.output)
        return builder.finish()

    @functools.cached_property
    def _plan(self) -> list[tuple[tuple[Program, ...], int | None, list[tuple[str, tuple[int, ...], int | None]]]]:
        """For each slot its options, the decision that picks one, and (input, registers, decision) for each operand."""
        return [
            (slot.options, option, list(zip("xy", slot.operands, operands, strict=False)))
            for slot, (option, operands) in zip(self.slots, self.layout, strict=True)
        ]


def as_option(text: str, arity: int) -> Program:
    """Reads an option: a formula in `x` (and `y`), or a bare primitive name or infix sign that stands for its call.

    Example:
      >>> as_option("sigmoid", 1), as_option("beta * x", 1), as_option("*", 2), as_option("max", 2)
      (Program('sigmoid(x)'), Program('beta * x'), Program('x * y'), Program('max(x, y)'))
    """
    inputs = ("x", "y")[:arity]
    stripped = text.strip()
    symbols = {row.symbol: name for name, row in PRIMITIVES.items() if row.symbol and row.arity == arity}
    name = symbols.get(stripped, stripped)
    primitive = PRIMITIVES.get(name)
    if primitive is not None and primitive.arity - len(primitive.implicit) == arity:
        return parse(f"{name}({', '.join(inputs)})", inputs=inputs)
    return parse(text, inputs=inputs)


def _parameters(program: Program) -> tuple[tuple[str, float, bool], ...]:
    """Returns name, initial value, and whether all channels share it, of each parameter."""
    return tuple((name, initial, name in program.shared) for name, initial in program.parameters)


def _declared(name: str, initial: float, shared: bool) -> str:
    return f"'{SCALAR if shared else KEYWORD} {name} = {initial:g}'"


def _nodes(program: Program) -> tuple[tuple[object, ...], ...]:
    return tuple((identity(op) if op in PRIMITIVES else op, *rest) for op, *rest in program.nodes)

"""The inverse of decoding: which choices of a template make a given program."""

import functools
from collections.abc import Iterator, Mapping

from actsearch.language import Program
from actsearch.spaces.template import Slot, Template

Found = Mapping[int, tuple[int, int, tuple[int, ...]]]
"""For each register in use: the program's node that it holds, and the slot's chosen option and operands."""


def encode(template: Template, program: Program) -> tuple[int, ...] | None:
    """Returns choices that the template decodes to this program, None where there are none.

    A program of the template is matched slot by slot from its output, by the form of its expression: a program that
    computes the same function in another form has no choices. Decisions that the output does not need are 0.

    Args:
      template: slots, their options and operands.
      program: of any origin.

    Example:
      >>> from actsearch.language import parse
      >>> bank = Template.bank([parse("x * sigmoid(x)"), parse("relu(x)")])
      >>> encode(bank, parse("relu(x)")), encode(bank, parse("tanh(x)"))
      ((1,), None)
    """
    matcher = _Matcher(template, program)
    for found in matcher.match(template.output, len(program.nodes) - 1, {}):
        choices = _choices(template, found)
        if template.decode(choices) == program:
            return choices
    return None


class _Matcher:
    """Matches the nodes of one program against the registers of one template."""

    def __init__(self, template: Template, program: Program):
        self.inputs, self.slots, self.program = template.inputs, template.slots, program
        # Whether a node fits a register is asked again and again; most foreign programs end with these answers alone.
        self.possible = functools.cache(self._possible)

    def match(self, register: int, node: int, found: Found) -> Iterator[Found]:
        """Yields the ways to have a node in a register that agree with the registers in use."""
        if register < len(self.inputs):
            if self._holds(register, node):
                yield found
        elif register in found:
            if found[register][0] == node:
                yield found
        elif self.possible(register, node):
            slot = self._slot(register)
            for option, operands in _uses(self.program, slot, node):
                yield from self._operands(register, node, option, operands, (), found)

    def _operands(
        self,
        register: int,
        node: int,
        option: int,
        operands: tuple[int | None, ...],
        chosen: tuple[int, ...],
        found: Found,
    ) -> Iterator[Found]:
        """Yields the ways to place the operands of a slot, those that are left after `chosen`."""
        slot = self._slot(register)
        if len(chosen) == len(slot.operands):
            yield {**found, register: (node, option, chosen)}
            return
        operand = operands[len(chosen)]
        if operand is None:  # the option does not read it
            yield from self._operands(register, node, option, operands, (*chosen, 0), found)
            return
        places = slot.operands[len(chosen)]
        # The highest register first: it leaves the most slots for what the operand itself reads.
        for choice in sorted(range(len(places)), key=lambda choice: -places[choice]):
            for one in self.match(places[choice], operand, found):
                yield from self._operands(register, node, option, operands, (*chosen, choice), one)

    def _possible(self, register: int, node: int) -> bool:
        """Returns whether a register could hold a node if no other register were in use."""
        if register < len(self.inputs):
            return self._holds(register, node)
        slot = self._slot(register)
        return any(
            all(
                operand is None or any(self.possible(place, operand) for place in places)
                for operand, places in zip(operands, slot.operands, strict=True)
            )
            for _, operands in _uses(self.program, slot, node)
        )

    def _holds(self, register: int, node: int) -> bool:
        """Returns whether a node is the input that a register holds."""
        return self.program.nodes[node] == ("input", (), self.inputs[register])

    def _slot(self, register: int) -> Slot:
        """Returns the slot that writes a register."""
        return self.slots[register - len(self.inputs)]


def _uses(program: Program, slot: Slot, node: int) -> Iterator[tuple[int, tuple[int | None, ...]]]:
    """Yields (option, node of each operand) for the options of a slot that compute a node; None: not read."""
    for option, formula in enumerate(slot.options):
        bound = _unify(program, node, formula)
        if bound is not None:
            yield option, tuple(bound.get(name) for name, _ in zip("xy", slot.operands, strict=False))


def _unify(program: Program, node: int, formula: Program) -> dict[str, int] | None:
    """Returns the node that each input of a formula stands for where the formula computes `node`; None: it does not."""
    bound: dict[str, int] = {}
    pairs = [(node, len(formula.nodes) - 1)]
    while pairs:
        index, place = pairs.pop()
        (op, args, payload), pattern = program.nodes[index], formula.nodes[place]
        if pattern.op == "input":
            if bound.setdefault(str(pattern.payload), index) != index:
                return None
        elif (op, payload, len(args)) != (pattern.op, pattern.payload, len(pattern.args)):
            return None
        else:
            pairs += zip(args, pattern.args, strict=True)
    return bound


def _choices(template: Template, found: Found) -> tuple[int, ...]:
    """Returns the choice vector of matched slots; decisions of the others are 0."""
    choices = [0] * len(template.decisions)
    for index, (option, operands) in enumerate(template.layout):
        _, chosen, places = found.get(len(template.inputs) + index, (0, 0, (0,) * len(operands)))
        decided = [*zip(operands, places, strict=True), (option, chosen)]
        for decision, choice in decided:
            if decision is not None:
                choices[decision] = choice
    return tuple(choices)

"""Space: which candidates exist. A named template with the few verbs that controllers use."""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from actsearch.language import Program
from actsearch.spaces.template import Decision, Template


@dataclasses.dataclass(frozen=True)
class Space:
    """A set of programs, one per choice vector.

    Programs drawn from a space remember their choices (`program.choices`), which is what `mutate` and the interpreter
    read.

    Attributes:
      name: identifies the space in archives and on the command line.
      template: the slots, their options and operands.
      mutation: what `mutate` changes: "choice", one choice to another value; or "slot", all choices of one slot, each
        drawn uniformly, so that a value may stay.

    Example:
      >>> import numpy as np
      >>> from actsearch.spaces import swish
      >>> space = swish(units=1)
      >>> space.count()
      6250
      >>> program = space.sample(np.random.default_rng(0))
      >>> space.decode(program.choices) == program
      True
    """

    name: str
    template: Template
    mutation: Literal["choice", "slot"] = "choice"

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The categorical choices, in the order an autoregressive controller makes them."""
        return self.template.decisions

    @functools.cached_property
    def layers(self) -> bool:
        """Whether programs are whole layers: some option is a statistic of the tensor."""
        return any(option.reductions for slot in self.template.slots for option in slot.options)

    @property
    def mask(self) -> np.ndarray:
        """Legal choices, bool [decisions, largest number of options]; False marks a choice that does not exist."""
        sizes = self._sizes
        return np.arange(sizes.max()) < sizes[:, None]

    @functools.cached_property
    def _sizes(self) -> np.ndarray:
        return np.array([len(decision.options) for decision in self.decisions])

    @functools.cached_property
    def _open_slots(self) -> list[list[int]]:
        """The decisions of each slot that has any."""
        rows = [[*operands, option] for option, operands in self.template.layout]
        return [found for row in rows if (found := [decision for decision in row if decision is not None])]

    def count(self) -> int:
        """Returns the exact number of choice vectors; several may determine the same function."""
        return self.template.count()

    def decode(self, choices: Sequence[int]) -> Program:
        """Returns the program of a choice vector; raises ValueError where a choice is out of range."""
        return self.template.decode(choices)

    def sample(self, rng: np.random.Generator) -> Program:
        """Returns a program with every choice drawn uniformly."""
        return self.template.assemble(tuple(rng.integers(self._sizes).tolist()))

    def mutate(self, program: Program, rng: np.random.Generator) -> Program:
        """Returns a copy in which one choice, or all choices of one slot, are drawn anew; `mutation` says which.

        Args:
          program: drawn from this space, so that it carries its choices.
          rng: source of randomness.

        Raises:
          ValueError: the program carries no choices of this space.
        """
        if program.choices is None:
            raise ValueError(
                f"mutate needs a program drawn from {self.name}; received {str(program)!r}, which has no choices: "
                "make it with space.sample or space.decode."
            )
        choices = list(self.template.check(program.choices))
        if self.mutation == "slot":
            for position in self._open_slots[int(rng.integers(len(self._open_slots)))]:
                choices[position] = int(rng.integers(len(self.decisions[position].options)))
        else:
            position = int(rng.integers(len(choices)))
            size = len(self.decisions[position].options)
            choices[position] = (choices[position] + int(rng.integers(1, size))) % size
        return self.template.assemble(tuple(choices))

    def at(self, index: int) -> Program:
        """Returns the program at a place of `enumerate`, 0 to count - 1, without making the ones before it."""
        if not 0 <= index < self.count():
            raise ValueError(f"{self.name} has places 0 to {self.count() - 1}; received {index}.")
        choices = []
        for decision in reversed(self.decisions):
            index, choice = divmod(index, len(decision.options))
            choices.append(choice)
        return self.decode(choices[::-1])

    def enumerate(self) -> Iterator[Program]:
        """Yields every program once per choice vector, the last decision fastest; nothing is made in advance."""
        for choices in itertools.product(*(range(len(decision.options)) for decision in self.decisions)):
            yield self.decode(choices)

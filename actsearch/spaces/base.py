"""Space: which candidates exist. A named template with the few verbs that controllers use."""

import dataclasses
import functools
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from actsearch.language import ActsearchError, Kind, Program
from actsearch.spaces.matching import encode
from actsearch.spaces.template import Decision, Genotype, Template


@dataclasses.dataclass(frozen=True)
class Space:
    """A set of programs, one for each genotype.

    A *genotype* is what controllers draw, mutate and remember: the space's name and a choice for each decision. The
    *program* is what it computes; several genotypes may have one program.

    Attributes:
      name: identifies the space in genotypes, in archives and on the command line.
      template: the slots, their options and operands.
      mutation: what `mutate` changes: "choice", one choice to another value; or "slot", all choices of one slot, each
        drawn uniformly, so that a value may stay.

    Example:
      >>> import numpy as np
      >>> from actsearch.spaces import swish
      >>> space = swish(units=1)
      >>> space.count()
      6250
      >>> genotype = space.sample(np.random.default_rng(0))
      >>> genotype
      Genotype(space='swish-1', choices=(21, 15, 5))
      >>> space.decode(genotype)
      Program('min(softplus(x), asinh(x))')
      >>> space.encode(space.decode(genotype)) == genotype
      True
    """

    name: str
    template: Template
    mutation: Literal["choice", "slot"] = "choice"

    def __post_init__(self) -> None:
        if self.mutation not in ("choice", "slot"):
            raise ActsearchError(f'mutation is "choice" or "slot"; received {self.mutation!r}.')

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The categorical choices, in the order an autoregressive controller makes them."""
        return self.template.decisions

    @functools.cached_property
    def kind(self) -> Kind:
        """What programs are: "gate" where they read two inputs, "layer" where some option is a statistic of the tensor,
        else "activation"."""
        if len(self.template.inputs) == 2:
            return "gate"
        options = (option for slot in self.template.slots for option in slot.options)
        return "layer" if any(option.reductions for option in options) else "activation"

    @functools.cached_property
    def digest(self) -> str:
        """Identity of the space's content, 16 hexadecimal digits: a name alone could come to mean something else."""
        text = f"({self.mutation!r}, {self.template.content})"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @functools.cached_property
    def _sizes(self) -> np.ndarray:
        return np.array([len(decision.options) for decision in self.decisions])

    @functools.cached_property
    def _open_slots(self) -> list[list[int]]:
        """The decisions of each slot that has any."""
        rows = [[*operands, option] for option, operands in self.template.layout]
        slots = [[decision for decision in row if decision is not None] for row in rows]
        return [slot for slot in slots if slot]

    def count(self) -> int:
        """Returns the exact number of genotypes; several may determine the same function."""
        return self.template.count()

    def genotype(self, choices: Sequence[int]) -> Genotype:
        """Returns the genotype of a choice vector; raises ActsearchError where a choice is out of range."""
        return Genotype(self.name, self.template.check(choices))

    def decode(self, genotype: Genotype | Sequence[int]) -> Program:
        """Returns the program of a genotype, or of bare choices.

        Raises:
          ActsearchError: a genotype of another space, or a choice out of range.
        """
        return self.template.decode(self._choices(genotype))

    def encode(self, program: Program) -> Genotype | None:
        """Returns a genotype of a program; None where the space does not have it in this form."""
        choices = encode(self.template, program)
        return None if choices is None else Genotype(self.name, choices)

    def sample(self, rng: np.random.Generator) -> Genotype:
        """Returns a genotype with every choice drawn uniformly."""
        return Genotype(self.name, tuple(rng.integers(self._sizes).tolist()))

    def mutate(self, genotype: Genotype, rng: np.random.Generator) -> Genotype:
        """Returns a copy in which one choice, or all choices of one slot, are drawn anew; `mutation` says which.

        In a space of one program there is none, and the copy is equal.

        Args:
          genotype: of this space.
          rng: source of randomness.

        Raises:
          ActsearchError: a genotype of another space, or none at all.
        """
        choices = list(self.template.check(self._choices(genotype)))
        if not choices:
            return Genotype(self.name, ())
        if self.mutation == "slot":
            for position in self._open_slots[int(rng.integers(len(self._open_slots)))]:
                choices[position] = int(rng.integers(len(self.decisions[position].options)))
        else:
            position = int(rng.integers(len(choices)))
            size = len(self.decisions[position].options)
            choices[position] = (choices[position] + int(rng.integers(1, size))) % size
        return Genotype(self.name, tuple(choices))

    def _choices(self, genotype: Genotype | Sequence[int]) -> Sequence[int]:
        """Returns the choices of a genotype after checking that it is of this space."""
        if isinstance(genotype, Program):
            raise ActsearchError(
                f"{self.name} takes genotypes; received the program {str(genotype)!r}: write space.encode(program), or "
                "draw one with space.sample(rng)."
            )
        if not isinstance(genotype, Genotype):
            return genotype
        if genotype.space != self.name:
            raise ActsearchError(
                f"{self.name} takes its own genotypes; received one of {genotype.space}: write "
                "space.encode(program) to look for its program here."
            )
        return genotype.choices

    def at(self, index: int) -> Genotype:
        """Returns the genotype at a place of `enumerate`, 0 to count - 1, without making the ones before it."""
        if not 0 <= index < self.count():
            raise ActsearchError(f"{self.name} has places 0 to {self.count() - 1}; received {index}.")
        choices = []
        for decision in reversed(self.decisions):
            index, choice = divmod(index, len(decision.options))
            choices.append(choice)
        return Genotype(self.name, tuple(choices[::-1]))

    def enumerate(self) -> Iterator[Genotype]:
        """Yields every genotype once, the last decision fastest; nothing is made in advance."""
        for choices in itertools.product(*(range(len(decision.options)) for decision in self.decisions)):
            yield Genotype(self.name, choices)

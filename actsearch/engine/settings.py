"""Settings: the values that a program's parameters take on the probe, which know neither names nor order."""

import hashlib
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from actsearch.language import Program

MAX_ORDERS = 24
"""Orders of parameters that are tried; of more (five of one initial value, say) only that of appearance is."""


class Start(NamedTuple):
    """How a parameter starts: what makes two of them exchangeable.

    Attributes:
      initial: its initial value.
      shared: whether it holds a single value for all channels.
    """

    initial: float
    shared: bool = False

    @property
    def text(self) -> str:
        """The text that is hashed; -0.0 is 0.0."""
        return f"{self.initial + 0.0!r}" + " shared" * self.shared


def starts(program: Program) -> list[Start]:
    """Returns how each parameter of a program starts."""
    return [Start(initial, name in program.shared) for name, initial in program.parameters]


class Value(NamedTuple):
    """A generic value of a parameter: its start, its rank among those that share it, and whether it is moved.

    At such values no special identity holds, as it would at 0, 1 or 2.
    """

    start: Start
    rank: int
    moved: bool

    def number(self) -> float:
        """Returns the value, 0.55 to 0.95, or 1.6 to 1.9 where it is moved."""
        digest = hashlib.blake2b(f"{self.start.text}/{self.rank}".encode(), digest_size=4).digest()
        share = int.from_bytes(digest, "big") / 2**32
        return 1.6 + 0.3 * share if self.moved else 0.55 + 0.4 * share


Setting = tuple[Value, ...]
"""A value of each parameter."""


def numbers(settings: Sequence[Setting]) -> np.ndarray:
    """Returns settings as numbers, float64 [settings, parameters]."""
    rows = [[value.number() for value in setting] for setting in settings]
    return np.array(rows, float).reshape(len(rows), len(settings[0]))


def first_settings(begin: Sequence[Start]) -> list[Setting]:
    """Returns the settings that show which parameters matter: a base, then each parameter moved alone.

    In the base, parameters of one initial value are equal, as where training starts, so that no order counts.
    """
    base, moved = settings_of(begin, [0] * len(begin))
    return [base, *((*base[:i], moved[i], *base[i + 1 :]) for i in range(len(base)))]


def settings_of(begin: Sequence[Start], ranks: Sequence[int]) -> tuple[Setting, Setting]:
    """Returns the settings of one order of the parameters: the base, and all of them moved."""
    base = tuple(Value(start, rank, False) for start, rank in zip(begin, ranks, strict=True))
    return base, tuple(value._replace(moved=True) for value in base)


def orders(begin: Sequence[Start], live: Sequence[bool]) -> Iterator[tuple[int, ...]]:
    """Yields ranks [parameters] among those of one initial value: live ones in every order, then the others."""
    groups = [[i for i, value in enumerate(begin) if value == initial] for initial in dict.fromkeys(begin)]
    alive = [[i for i in group if live[i]] for group in groups]
    few = math.prod(math.factorial(len(group)) for group in alive) <= MAX_ORDERS
    choices = [list(itertools.permutations(group)) if few else [tuple(group)] for group in alive]
    for order in itertools.product(*choices):
        ranks = [0] * len(begin)
        for group, first in zip(groups, order, strict=True):
            for rank, i in enumerate([*first, *(i for i in group if not live[i])]):
                ranks[i] = rank
        yield tuple(ranks)

"""Fingerprint: two programs that compute the same function have the same one, however they are written.

A program is evaluated in float64 on the probe of `actsearch.engine.probe`, near and far, at generic values of its
parameters and once more with all of these moved. Outputs are rounded on the scale of asinh, absolute near 0 and
relative far out, and hashed. Float64 rounding is far below that grid, so that algebraically equal programs land in
the same cell, and outputs that differ by about 1e-6 do not.

The names of parameters and their order do not count, their initial values do: parameters of one initial value take
the generic values in every order, and the smallest hash is the fingerprint. A parameter that changes no output does
not count. What the probe cannot see is not told apart: values beyond +-20, and negative values of a parameter.
"""

import hashlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from actsearch.engine.fingerprint_v1 import identity_v1
from actsearch.engine.probe import FLOAT32_MAX, evaluate_all, probe_tensors, quantise
from actsearch.language import Program

FINGERPRINT_VERSION = 2
"""The version of new archives. An archive's configuration names the version of the fingerprints that it holds."""

VERSIONS = (1, 2)

MAX_ORDERS = 24
"""Orders of parameters that are tried; of more (five of one initial value, say) only that of appearance is."""


class Identity(NamedTuple):
    """What a program does on the probe.

    Attributes:
      fingerprint: 32 hexadecimal digits, equal for functionally equal programs.
      finite: whether every output on the near points, within +-5, is finite in float32, which training uses.
    """

    fingerprint: str
    finite: bool


class Value(NamedTuple):
    """A generic value of a parameter: its initial value, its rank among those that share it, and whether it is moved.

    At such values no special identity holds, as it would at 0, 1 or 2.
    """

    initial: float
    rank: int
    moved: bool

    def number(self) -> float:
        """Returns the value, below 1, or above 1 where it is moved."""
        digest = hashlib.blake2b(f"{self.initial + 0.0!r}/{self.rank}".encode(), digest_size=4).digest()
        return (1.35 if self.moved else 0.55) + 0.4 * int.from_bytes(digest, "big") / 2**32


Setting = tuple[Value, ...]
"""A value of each parameter."""


def fingerprint(program: Program, version: int = FINGERPRINT_VERSION) -> str:
    """Returns the functional identity of a program, 32 hexadecimal digits.

    Args:
      program: an activation or a layer.
      version: 2, or 1 for the fingerprints in archives and tables that were written before version 2. Fingerprints of
        two versions do not compare.

    Raises:
      ValueError: another version.

    Example:
      >>> from actsearch import parse
      >>> texts = "x * sigmoid(beta * x)", "sigmul(alpha * x, x)", "-(-x) / (1 + exp(-x * v))"
      >>> len({fingerprint(parse(text)) for text in texts})
      1
      >>> fingerprint(parse("relu(x)")) == fingerprint(parse("min(relu(x), 6)"))
      False
    """
    return identity(program, version).fingerprint


def identity(program: Program, version: int = FINGERPRINT_VERSION) -> Identity:
    """Returns a program's fingerprint, and whether it is finite on the probe; see `fingerprint`.

    Example:
      >>> from actsearch import parse
      >>> identity(parse("sqrt(x)")).finite, identity(parse("exp(x)")).finite
      (False, True)
    """
    if version == 1:
        return Identity(*identity_v1(program))
    if version != 2:
        raise ValueError(f"Fingerprints have the versions {VERSIONS}; received {version!r}.")
    known: dict[Setting, np.ndarray] = {}

    def outputs(settings: Sequence[Setting]) -> np.ndarray:
        new = [setting for setting in dict.fromkeys(settings) if setting not in known]
        if new:
            known.update(zip(new, evaluate_all(program, probe_tensors(), numbers(new)), strict=True))
        return np.stack([known[setting] for setting in settings])

    return identify([initial for _, initial in program.parameters], outputs)


def identify(initials: Sequence[float], outputs: Callable[[Sequence[Setting]], np.ndarray]) -> Identity:
    """Returns the identity of a function whose outputs on the probe are given, whatever computes them.

    Args:
      initials: of each parameter.
      outputs: settings -> float64 [settings, 2, ...], near and far. Asked for `first_settings(initials)` and for
        `settings_of` some `orders`.
    """
    base, *moved = quantise(outputs(first_settings(initials)))
    live = [bool((row != base).any()) for row in moved]
    digests, finite = [], True
    for ranks in orders(initials, live):
        rows = outputs(settings_of(initials, ranks)[: 1 + any(live)])
        finite = finite and bool((np.abs(rows[:, 0]) <= FLOAT32_MAX).all())
        digests.append(hashlib.blake2b(quantise(rows).tobytes(), digest_size=16).digest())
    counted = sorted(initial + 0.0 for initial, matters in zip(initials, live, strict=True) if matters)
    return Identity(hashlib.blake2b(min(digests) + repr(counted).encode(), digest_size=16).hexdigest(), finite)


def numbers(settings: Sequence[Setting]) -> np.ndarray:
    """Returns settings as numbers, float64 [settings, parameters]."""
    rows = [[value.number() for value in setting] for setting in settings]
    return np.array(rows, float).reshape(len(rows), len(settings[0]))


def first_settings(initials: Sequence[float]) -> list[Setting]:
    """Returns the settings that show which parameters matter: a base, then each parameter moved alone."""
    base, _ = settings_of(initials, next(orders(initials, [True] * len(initials))))
    moved = [value._replace(moved=True) for value in base]
    return [base, *((*base[:i], moved[i], *base[i + 1 :]) for i in range(len(base)))]


def settings_of(initials: Sequence[float], ranks: Sequence[int]) -> tuple[Setting, Setting]:
    """Returns the settings of one order of the parameters: the base, and all of them moved."""
    base = tuple(Value(initial, rank, False) for initial, rank in zip(initials, ranks, strict=True))
    return base, tuple(value._replace(moved=True) for value in base)


def orders(initials: Sequence[float], live: Sequence[bool]) -> Iterator[tuple[int, ...]]:
    """Yields ranks [parameters] among those of one initial value: live ones in every order, then the others."""
    groups = [[i for i, value in enumerate(initials) if value == initial] for initial in dict.fromkeys(initials)]
    alive = [[i for i in group if live[i]] for group in groups]
    few = math.prod(math.factorial(len(group)) for group in alive) <= MAX_ORDERS
    choices = [list(itertools.permutations(group)) if few else [tuple(group)] for group in alive]
    for order in itertools.product(*choices):
        ranks = [0] * len(initials)
        for group, first in zip(groups, order, strict=True):
            for rank, i in enumerate([*first, *(i for i in group if not live[i])]):
                ranks[i] = rank
        yield tuple(ranks)

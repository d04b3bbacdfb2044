"""Fingerprint: two programs that compute the same function have the same one, however they are written.

A program is evaluated in float64 on the probe of `actsearch.engine.probe`, near and far, at generic values of its
parameters and once more with all of these moved. Outputs are rounded on the scale of asinh, absolute near 0 and
relative far out, and hashed. Float64 rounding is far below that grid, so that algebraically equal programs land in
the same cell, and outputs that differ by about 1e-6 do not.

The names of parameters and their order do not count, their initial values do, and whether all channels share them:
parameters that are alike in both take the generic values in every order, and the smallest hash is the fingerprint. A
parameter that changes no output does not count. What the probe cannot see is not told apart: values beyond +-20, and
negative values of a parameter.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from actsearch.engine.fingerprint_v1 import identity_v1
from actsearch.engine.probe import FLOAT32_MAX, evaluate_all, probe_tensors, quantise
from actsearch.engine.settings import Setting, Start, first_settings, numbers, orders, settings_of, starts
from actsearch.language import ActsearchError, Program

FINGERPRINT_VERSION = 2
"""The version of new archives. An archive's configuration names the version of the fingerprints that it holds."""


class Identity(NamedTuple):
    """What a program does on the probe.

    Attributes:
      fingerprint: 32 hexadecimal digits, equal for functionally equal programs.
      finite: whether every output on the near points, within +-5, is finite in float32, which training uses.
    """

    fingerprint: str
    finite: bool


def fingerprint(program: Program, version: int = FINGERPRINT_VERSION) -> str:
    """Returns the functional identity of a program, 32 hexadecimal digits.

    Args:
      program: an activation, a layer or a gate; x * silu(y) is another gate than silu(x) * y.
      version: 2, or 1 for the fingerprints in archives and tables that were written before version 2. Fingerprints of
        two versions do not compare.

    Raises:
      ActsearchError: another version.

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
        raise ActsearchError(f"fingerprints have the versions 1, 2; received {version!r}.")
    known: dict[Setting, np.ndarray] = {}

    def outputs(settings: Sequence[Setting]) -> np.ndarray:
        new = [setting for setting in dict.fromkeys(settings) if setting not in known]
        if new:
            rows = evaluate_all(program, probe_tensors(), numbers(new), probe_tensors("y"))
            known.update(zip(new, rows, strict=True))
        return np.stack([known[setting] for setting in settings])

    return identify(starts(program), outputs)


def identify(begin: Sequence[Start], outputs: Callable[[Sequence[Setting]], np.ndarray]) -> Identity:
    """Returns the identity of a function whose outputs on the probe are given, whatever computes them.

    Args:
      begin: how each parameter starts.
      outputs: settings -> float64 [settings, 2, ...], near and far. Asked for `first_settings(begin)` and for
        `settings_of` some `orders`.
    """
    base, *moved = quantise(outputs(first_settings(begin)))
    live = [bool((row != base).any()) for row in moved]
    digests, finite = [], True
    for ranks in orders(begin, live):
        rows = outputs(settings_of(begin, ranks)[: 1 + any(live)])
        finite = finite and bool((np.abs(rows[:, 0]) <= FLOAT32_MAX).all())
        digests.append(hashlib.blake2b(quantise(rows).tobytes(), digest_size=16).digest())
    counted = sorted(start.initial + 0.0 for start, matters in zip(begin, live, strict=True) if matters)
    return Identity(hashlib.blake2b(min(digests) + repr(counted).encode(), digest_size=16).hexdigest(), finite)

"""The words by which `find` knows a program: a few properties, each computed from its values on one fixed grid.

Enough to look units up; not a proof. Values are those at the initial parameters, in float64.
"""

import functools
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from actsearch.engine.probe import evaluate_all
from actsearch.language import Program

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "smooth": "its derivative is continuous on +-8",
        "monotone": "it never falls, or never rises, on +-8",
        "bounded": "bounded above and below",
        "bounded above": "no more above on +-1e6 than on +-100",
        "bounded below": "no more below on +-1e6 than on +-100",
        "odd": "f(-x) = -f(x)",
        "even": "f(-x) = f(x)",
        "periodic": "f(x + 2 pi) = f(x)",
        "fixed": "no trained parameter",
        "trained": "has trained parameters",
        "shared": "has a trained parameter that all channels share",
        "gated": "joins two inputs",
        "normalising": "takes statistics of its input",
        "module": "no formula: a Flax module of actsearch.nn.units",
    }
)
"""Property -> what it means."""

CURVE_WORDS = tuple(WORDS)[: list(WORDS).index("fixed")]
"""Properties that a function of one input has or has not; of gates, and of units with statistics, none is known."""

_END, _COARSE, _FINER = 8.0, 64, 8  # the grid reaches +-8; steps a unit; how much finer the second grid is
_JUMP = 1e-4
_SMALLEST = 1e-9


@functools.lru_cache(maxsize=1024)
def words_of(program: Program) -> frozenset[str]:
    """Returns the words of WORDS that hold for a program.

    Example:
      >>> from actsearch.language import parse
      >>> sorted(words_of(parse("relu(x)")))
      ['bounded below', 'fixed', 'monotone']
    """
    held = {
        "trained": bool(program.parameters),
        "fixed": not program.parameters,
        "shared": bool(program.shared),
        "gated": program.kind == "gate",
        "normalising": bool(program.reductions),
    }
    if program.kind == "activation":
        held |= _curve_words(program)
    return frozenset(word for word, holds in held.items() if holds)


def _curve_words(program: Program) -> dict[str, bool]:
    coarse, fine, later, near, far = _values(program)
    scale = 1 + np.abs(coarse).max()
    steps = np.diff(coarse)
    above, below = (_stays(sign * near, sign * far) for sign in (1, -1))
    return {
        "smooth": _is_smooth(coarse, fine),
        "monotone": bool((steps >= -_SMALLEST * scale).all() or (steps <= _SMALLEST * scale).all()),
        "bounded": above and below,
        "bounded above": above,
        "bounded below": below,
        "odd": _equal(coarse[::-1], -coarse),
        "even": _equal(coarse[::-1], coarse),
        "periodic": _equal(later, coarse) and not _equal(coarse, coarse[:1]),
    }


def _values(program: Program) -> list[np.ndarray]:
    """Returns values on the coarse grid, on the fine one, a period after the coarse one, near and far.

    One call on one array: each primitive is compiled once for the whole catalogue.
    """
    parts = _points()
    initial = np.array([[value for _, value in program.parameters]])
    values = evaluate_all(program, np.concatenate(parts)[None], initial.reshape(1, -1))[0, 0]
    return np.split(values, np.cumsum([len(part) for part in parts])[:-1])


@functools.cache
def _points() -> list[np.ndarray]:
    coarse, fine = (np.linspace(-_END, _END, int(2 * _END * _COARSE * finer) + 1) for finer in (1, _FINER))
    tails = [np.geomspace(low, high, 64) for low, high in ((_END, 100.0), (100.0, 1e6))]
    return [coarse, fine, coarse + 2 * np.pi, *(np.concatenate([-tail, tail]) for tail in tails)]


def _is_smooth(coarse: np.ndarray, fine: np.ndarray) -> bool:
    """Returns whether second differences over the step vanish with it: at a kink they stay, whatever the step."""
    rough, small = (np.abs(np.diff(values, 2)) * steps for values, steps in ((coarse, _COARSE), (fine, _COARSE * 8)))
    blocks = small[: len(small) // _FINER * _FINER].reshape(-1, _FINER).max(axis=1)
    fewer = min(len(rough), len(blocks))
    around = [np.max([row[:-2], row[1:-1], row[2:]], axis=0) for row in (rough[:fewer], blocks[:fewer])]
    return not bool(((around[1] > 0.45 * around[0]) & (around[1] > _JUMP)).any())


def _stays(near: np.ndarray, far: np.ndarray) -> bool:
    """Returns whether a function grows no more above far out; an infinite value is growth."""
    most = np.nanmax(near)
    return bool(np.nanmax(far, initial=-np.inf) <= most + 0.25 + 0.1 * abs(most))


def _equal(left: np.ndarray, right: np.ndarray) -> bool:
    return bool(np.allclose(left, right, rtol=_SMALLEST, atol=_SMALLEST))

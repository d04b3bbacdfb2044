"""Functional features: what many programs of a space do on a fixed probe, as numbers that a model can learn from.

Surrogate controllers use them: candidates that compute alike are near each other, however they are written. Programs
run as data, one after another in one compiled loop, so that a candidate costs some tens of microseconds.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from actsearch.engine.fingerprint import RESOLUTION, tensor_probe
from actsearch.engine.function import NormSettings
from actsearch.engine.interpret import interpreter
from actsearch.spaces.template import Template

QUANTILES = 64
_CHUNK = 512
_STEP = 1e-6
_LIMIT = 3.0
_FLOAT32_MAX = float(np.finfo(np.float32).max)
_NOT_FINITE = np.int64(2**62)


class Features(NamedTuple):
    """What programs do, one row each.

    Attributes:
      values: what the functions look like, finite everywhere, float32 [programs, features].
      finite: whether every output is finite in float32, bool [programs].
      identities: equal for programs that compute the same function, int64 [programs].
    """

    values: np.ndarray
    finite: np.ndarray
    identities: np.ndarray


def features(template: Template, choices: Sequence[Sequence[int]] | np.ndarray) -> Features:
    """Returns the features of programs of one template.

    The probe of activations is 64 quantiles of N(0, 1) and 0, +-4 and +-5. On it asinh f(x), less its mean, and
    asinh f'(x) are split into even and odd parts, and each part of f takes the sign with which it grows outwards, its
    derivative with it: a network starts with weights of either sign alike, so that f(x), -f(x), f(-x) and -f(-x) train
    alike, and here they are one point. With them go the mean's magnitude, and for each parameter of the template the
    root mean square of the derivative by it.

    The probe of layers is the fingerprint's tensor, with the outputs, the derivative in one fixed direction, and the
    derivatives by the parameters, as they are.

    Derivatives are differences in float64. Each kind of number (outputs, derivatives, the mean, parameters) is divided
    by the root of its count, so that distances weigh kinds, not counts; the mean, which a bias absorbs, weighs 0.3 and
    the parameters 0.25, chosen with the surrogate. What is not finite counts as 0, and asinh is
    cut off at +-3, a value of 10.

    Two programs have one identity where their outputs at two generic values of all parameters agree to about 1e-6 on
    the scale of asinh: the rule of `fingerprint` on a quarter of its points. On the 6,250 programs of swish-1 both find
    the same 4,007 classes.

    Args:
      template: of a space.
      choices: legal choice vectors, integers [programs, decisions].

    Raises:
      ValueError: an array of another shape.

    Example:
      >>> from actsearch.spaces import swish
      >>> found = features(swish().template, [(0, 18, 1), (18, 18, 1), (5, 5, 0)])  # x * relu(x), relu(x)^2, sqrt
      >>> found.values.shape, found.finite.tolist(), bool(found.identities[0] == found.identities[1])
      ((3, 142), [True, True, False], True)
    """
    table = np.asarray(choices, np.int32)
    if table.ndim != 2 or table.shape[1] != len(template.decisions):
        raise ValueError(f"choices must be [programs, {len(template.decisions)}]; received shape {table.shape}.")
    with jax.enable_x64(True):
        chunks = [_chunk(template, table[first : first + _CHUNK]) for first in range(0, max(1, len(table)), _CHUNK)]
    rows = np.concatenate(chunks)
    initial, *moved, _, _ = np.moveaxis(_tame(rows), 1, 0)
    slopes, *by_parameter = ((row - initial) / _STEP for row in moved)
    shape = _layer_shape if _is_layers(template) else _curve_shape
    blocks = [*shape(_squash(initial), _squash(slopes)), 0.25 * _sensitivities(by_parameter, len(table))]
    return Features(
        np.concatenate([block / max(1, block.shape[1]) ** 0.5 for block in blocks], axis=1).astype(np.float32),
        np.asarray((np.abs(rows[:, [0, -2, -1]]) <= _FLOAT32_MAX).all(axis=(1, 2))),
        _identify(rows[:, -2:]),
    )


def _curve_shape(outputs: np.ndarray, slopes: np.ndarray) -> list[np.ndarray]:
    """Returns even and odd parts of curves, and of their derivatives, each with the sign of one that grows outwards."""
    x, _ = _curve_probe()
    half = slice(len(x) // 2, None)
    mean = outputs.mean(axis=1, keepdims=True)
    even, odd = _parts(outputs - mean)
    slope_of_odd, slope_of_even = _parts(slopes)  # the derivative of an even function is odd
    up = _sign(even @ (x**2 - np.mean(x**2))), _sign(odd @ x)
    values = np.concatenate([up[0] * even[:, half], up[1] * odd[:, half]], axis=1)
    derivatives = np.concatenate([up[0] * slope_of_even[:, half], up[1] * slope_of_odd[:, half]], axis=1)
    return [values, derivatives, 0.3 * np.abs(mean)]


def _parts(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns even and odd parts of functions on a probe that is symmetric about 0."""
    return (rows + rows[:, ::-1]) / 2, (rows - rows[:, ::-1]) / 2


def _sign(slope: np.ndarray) -> np.ndarray:
    return np.where(slope < 0, -1.0, 1.0)[:, None]


def _layer_shape(outputs: np.ndarray, slopes: np.ndarray) -> list[np.ndarray]:
    return [outputs, slopes]


def _sensitivities(by_parameter: Sequence[np.ndarray], count: int) -> np.ndarray:
    columns = [_squash(np.sqrt(np.mean(np.square(row), axis=1))) for row in by_parameter]
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0))


def _chunk(template: Template, table: np.ndarray) -> np.ndarray:
    """Returns what `_compiled` does with at most _CHUNK programs."""
    padded = np.pad(table, ((0, _CHUNK - len(table)), (0, 0)))
    return np.asarray(_compiled(template)(padded, len(table)))[: len(table)]


@functools.lru_cache(maxsize=8)
def _compiled(template: Template) -> Callable:
    """Returns (choices [chunk, decisions], count) -> outputs [chunk, settings, probe].

    The settings: initial; `x` moved; each parameter moved in turn; two generic values of all parameters.
    """
    apply = interpreter(template, NormSettings(groups=2))
    probe, direction = _probe(template)
    count = len(template.parameters)
    moves = np.concatenate([np.zeros((2, count)), np.eye(count)]) * _STEP
    values = np.array([value for _, value in template.parameters]).reshape(1, count) + moves
    generic = np.array([_generic(*row) for row in template.parameters]).reshape(count, 2).T
    values = np.concatenate([values, generic])
    inputs = np.stack([probe, probe + _STEP * direction, *[probe] * (count + 2)])

    def one(choices):
        def outputs(setting):
            x, parameters = setting
            spread = tuple(jnp.broadcast_to(value, x.shape[-1:]) for value in parameters)
            return apply(choices, x, spread)[0].ravel()

        return lax.map(outputs, (jnp.asarray(inputs), jnp.asarray(values)))

    def run(choices, count):
        found = jnp.zeros((_CHUNK, len(inputs), probe.size))
        # A loop with a traced bound: the filling of a short chunk costs nothing.
        return lax.fori_loop(0, count, lambda i, found: found.at[i].set(one(choices[i])), found)

    return jax.jit(run)


def _is_layers(template: Template) -> bool:
    return any(option.reductions for slot in template.slots for option in slot.options)


def _probe(template: Template) -> tuple[np.ndarray, np.ndarray]:
    """Returns the probe and the direction of its derivative, float64 of one shape."""
    if _is_layers(template):
        return tensor_probe(), np.random.default_rng(1).standard_normal(tensor_probe().shape)
    return _curve_probe()


def _curve_probe() -> tuple[np.ndarray, np.ndarray]:
    from scipy.stats import norm

    quantiles = norm.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES)
    points = np.sort(np.concatenate([quantiles, [0.0, -4.0, 4.0, -5.0, 5.0]]))
    return points, np.ones_like(points)


def _generic(name: str, initial: float) -> tuple[float, float]:
    """Two values of a parameter, below and above 1, at which no special identity holds."""
    digest = hashlib.blake2b(f"{name}={initial!r}".encode(), digest_size=4).digest()
    share = int.from_bytes(digest, "big") / 2**32
    return 0.55 + 0.4 * share, 1.15 + 0.4 * share


def _tame(rows: np.ndarray) -> np.ndarray:
    return np.where(np.abs(rows) <= _FLOAT32_MAX, rows, 0.0)


def _squash(rows: np.ndarray) -> np.ndarray:
    return np.clip(np.arcsinh(_tame(rows)), -_LIMIT, _LIMIT)


def _identify(rows: np.ndarray) -> np.ndarray:
    finite = np.isfinite(rows)
    codes = np.full(rows.shape, _NOT_FINITE)
    codes[finite] = np.round(np.arcsinh(rows[finite]) / RESOLUTION).astype(np.int64)
    digests = (hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in codes)
    return np.array([int.from_bytes(digest, "little", signed=True) for digest in digests], np.int64)

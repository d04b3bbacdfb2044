"""Embedding: what many programs of a template do, as points that a model can learn from, and their identities.

Surrogate controllers use it: candidates that compute alike are near each other, however they are written. Programs
run as data, one after another in one compiled loop, so that a candidate costs less than a millisecond.
"""

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from actsearch.engine.fingerprint import (
    MAX_ORDERS,
    Identity,
    Setting,
    first_settings,
    identify,
    identity,
    numbers,
    orders,
    settings_of,
)
from actsearch.engine.interpret import interpreter
from actsearch.engine.probe import FLOAT32_MAX, GROUPS, probe_tensors, quiet_float64, tensor_probe
from actsearch.engine.specialize import Reductions
from actsearch.spaces.template import Template

QUANTILES = 64
_CHUNK = 256
_STEP = 1e-6
_LIMIT = 3.0


class Embedding(NamedTuple):
    """What programs do, one row each.

    Attributes:
      values: what the functions look like, finite everywhere, float32 [programs, dimensions].
      finite: whether every output is finite on the near probe, bool [programs]; as `identity` says.
      fingerprints: those of `fingerprint`, version 2, array of text [programs].
    """

    values: np.ndarray
    finite: np.ndarray
    fingerprints: np.ndarray


def embed(template: Template, choices: Sequence[Sequence[int]] | np.ndarray) -> Embedding:
    """Returns the embedding of programs of one template.

    Activations are evaluated on 64 quantiles of N(0, 1) and 0, +-4 and +-5. On these points asinh f(x), less its mean,
    and asinh f'(x) are split into even and odd parts. The parts are sign-normalised, so that f(x), -f(x), f(-x) and
    -f(-x), which train alike in a network whose weights start with either sign, share one embedding. With them go the
    magnitude of the mean, and for each parameter of the template the root mean square of the derivative by it.

    Layers are evaluated on a random tensor; their outputs, derivative in one fixed direction, and derivatives by the
    parameters stay as they are.

    Derivatives are differences in float64. Each kind of number (outputs, derivatives, the mean, parameters) is divided
    by the root of its count, so that distances weigh kinds, not counts; the mean, which a bias absorbs, weighs 0.3 and
    the parameters 0.25, chosen with the surrogate. What is not finite counts as 0, and asinh is cut off at +-3, a value
    of 10.

    Args:
      template: of a space.
      choices: legal choice vectors, integers [programs, decisions].

    Raises:
      ValueError: an array of another shape.

    Example:
      >>> from actsearch.spaces import swish
      >>> rows = embed(swish().template, [(0, 18, 1), (18, 18, 1), (5, 5, 0)])  # x * relu(x), relu(x)^2, sqrt
      >>> rows.values.shape, rows.finite.tolist(), bool(rows.fingerprints[0] == rows.fingerprints[1])
      ((3, 142), [True, True, False], True)
    """
    table = np.asarray(choices, np.int32)
    if table.ndim != 2 or table.shape[1] != len(template.decisions):
        raise ValueError(f"choices must be [programs, {len(template.decisions)}]; received shape {table.shape}.")
    with quiet_float64():
        parts = [_chunk(template, table[first : first + _CHUNK]) for first in range(0, max(1, len(table)), _CHUNK)]
    rows, identities = np.concatenate([part for part, _ in parts]), [one for _, part in parts for one in part]
    initial, *moved = np.moveaxis(_tame(rows), 1, 0)
    slopes, *by_parameter = ((row - initial) / _STEP for row in moved)
    shape = _layer_shape if _is_layers(template) else _curve_shape
    blocks = [*shape(_squash(initial), _squash(slopes)), 0.25 * _sensitivities(by_parameter, len(table))]
    return Embedding(
        np.concatenate([block / max(1, block.shape[1]) ** 0.5 for block in blocks], axis=1).astype(np.float32),
        np.array([one.finite for one in identities], bool),
        np.array([one.fingerprint for one in identities], "<U32"),
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
    """Returns even and odd parts of functions on points that are symmetric about 0."""
    return (rows + rows[:, ::-1]) / 2, (rows - rows[:, ::-1]) / 2


def _sign(slope: np.ndarray) -> np.ndarray:
    return np.where(slope < 0, -1.0, 1.0)[:, None]


def _layer_shape(outputs: np.ndarray, slopes: np.ndarray) -> list[np.ndarray]:
    return [outputs, slopes]


def _sensitivities(by_parameter: Sequence[np.ndarray], count: int) -> np.ndarray:
    columns = [_squash(np.sqrt(np.mean(np.square(row), axis=1))) for row in by_parameter]
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0))


def _tame(rows: np.ndarray) -> np.ndarray:
    return np.where(np.abs(rows) <= FLOAT32_MAX, rows, 0.0)


def _squash(rows: np.ndarray) -> np.ndarray:
    return np.clip(np.arcsinh(_tame(rows)), -_LIMIT, _LIMIT)


def _chunk(template: Template, table: np.ndarray) -> tuple[np.ndarray, list[Identity]]:
    """Returns the outputs of at most _CHUNK programs, [programs, settings, points], and their identities."""
    padded = np.pad(table, ((0, _CHUNK - len(table)), (0, 0)))
    rows, on_probe = (np.asarray(part)[: len(table)] for part in _compiled(template)(padded, len(table)))
    if not _settings(template):
        return rows, [identity(template.decode(choices)) for choices in table.tolist()]
    return rows, list(_identities(template, on_probe))


def _identities(template: Template, on_probe: np.ndarray) -> Iterator[Identity]:
    places = {setting: place for place, setting in enumerate(_settings(template))}
    initials = [initial for _, initial in template.parameters]
    for rows in on_probe:
        yield identify(initials, lambda settings, rows=rows: rows[[places[setting] for setting in settings]])


@functools.lru_cache(maxsize=8)
def _settings(template: Template) -> tuple[Setting, ...]:
    """Returns every setting that an identity may ask for; none where they are too many for one loop."""
    initials = [initial for _, initial in template.parameters]
    if math.prod(map(math.factorial, Counter(initials).values())) > MAX_ORDERS:
        return ()
    every = orders(initials, [True] * len(initials))
    return tuple(
        dict.fromkeys(
            [*first_settings(initials), *(setting for ranks in every for setting in settings_of(initials, ranks))]
        )
    )


@functools.lru_cache(maxsize=8)
def _compiled(template: Template) -> Callable[[np.ndarray, int], tuple[jax.Array, jax.Array]]:
    """Returns (choices [chunk, decisions], count) -> outputs [chunk, settings, points], [chunk, settings, 2, ...].

    The first: at initial values; with `x` moved; with each parameter moved in turn. The second: on the probe.
    """
    apply = interpreter(template, Reductions(groups=GROUPS))
    x, direction = _probe(template)
    initial = np.array([value for _, value in template.parameters])
    count = len(initial)
    inputs = jnp.asarray(np.stack([x, x + _STEP * direction, *[x] * count]))
    values = jnp.asarray(initial + np.concatenate([np.zeros((2, count)), np.eye(count)]) * _STEP)
    settings = _settings(template)
    tensors = jnp.asarray(np.concatenate([probe_tensors()] * len(settings)) if settings else probe_tensors()[:0])
    generic = jnp.asarray(np.repeat(numbers(settings), 2, axis=0) if settings else np.zeros((0, count)))

    def one(choices):
        def outputs(point):
            x, parameters = point
            return apply(choices, x, tuple(jnp.broadcast_to(value, x.shape[-1:]) for value in parameters))[0].ravel()

        return lax.map(outputs, (inputs, values)), lax.map(outputs, (tensors, generic))

    def run(choices, count):
        shapes = (len(inputs), x.size), (len(tensors), probe_tensors()[0].size)
        empty = tuple(jnp.zeros((_CHUNK, *shape)) for shape in shapes)
        # A loop with a traced bound: padding rows are skipped.
        rows, probed = lax.fori_loop(
            0, count, lambda i, parts: jax.tree.map(lambda part, new: part.at[i].set(new), parts, one(choices[i])), empty
        )
        return rows, probed.reshape(_CHUNK, len(settings), 2, -1)

    return jax.jit(run)


def _is_layers(template: Template) -> bool:
    return any(option.reductions for slot in template.slots for option in slot.options)


def _probe(template: Template) -> tuple[np.ndarray, np.ndarray]:
    """Returns the points of the embedding and the direction of its derivative, float64 of one shape."""
    if _is_layers(template):
        return tensor_probe(), np.random.default_rng(1).standard_normal(tensor_probe().shape)
    return _curve_probe()


def _curve_probe() -> tuple[np.ndarray, np.ndarray]:
    from scipy.stats import norm

    quantiles = norm.ppf((np.arange(QUANTILES) + 0.5) / QUANTILES)
    points = np.sort(np.concatenate([quantiles, [0.0, -4.0, 4.0, -5.0, 5.0]]))
    return points, np.ones_like(points)

"""Embedding: what many programs of a template do, as points that a model can learn from, and their identities.

Surrogate controllers use it: candidates that compute alike are near each other, however they are written.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from actsearch.engine.batch import evaluate_batch
from actsearch.engine.identities import identities
from actsearch.engine.probe import FLOAT32_MAX, tensor_probe
from actsearch.spaces.template import Template

QUANTILES = 64
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

    Layers are evaluated on a random tensor, gates on two; their outputs, derivative in one fixed direction, and
    derivatives by the parameters stay as they are.

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
    values = embedded_values(template, choices)
    known = identities(template, choices)
    return Embedding(
        values,
        np.array([one.finite for one in known], bool),
        np.array([one.fingerprint for one in known], "<U32"),
    )


def embedded_values(template: Template, choices: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
    """Returns the values of `embed` alone, at less than half the cost: identities are a compiled program of their own.

    Raises:
      ValueError: an array of another shape.
    """
    table = np.asarray(choices, np.int32)
    if table.ndim != 2 or table.shape[1] != len(template.decisions):
        raise ValueError(f"choices must be [programs, {len(template.decisions)}]; received shape {table.shape}.")
    initial, *moved = np.moveaxis(_tame(_outputs(template, table)), 1, 0)
    slopes, *by_parameter = ((row - initial) / _STEP for row in moved)
    shape = _curve_shape if _is_curves(template) else _layer_shape
    blocks = [*shape(_squash(initial), _squash(slopes)), 0.25 * _sensitivities(by_parameter, len(table))]
    return np.concatenate([block / max(1, block.shape[1]) ** 0.5 for block in blocks], axis=1).astype(np.float32)


def _outputs(template: Template, table: np.ndarray) -> np.ndarray:
    """Returns outputs [programs, settings, points]: at initial values; inputs moved; each parameter moved in turn."""
    initial = np.array([value for _, value in template.parameters])
    count = len(initial)
    inputs = [np.stack([x, x + _STEP * direction, *[x] * count]) for x, direction in _points(template)]
    return evaluate_batch(
        template, table, inputs, initial + np.concatenate([np.zeros((2, count)), np.eye(count)]) * _STEP
    )


def _curve_shape(outputs: np.ndarray, slopes: np.ndarray) -> list[np.ndarray]:
    """Returns even and odd parts of curves, and of their derivatives, each with the sign of one that grows outwards."""
    x, _ = _curve_points()
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
    """Returns rows with 0 for what is not finite in float32."""
    return np.where(np.abs(rows) <= FLOAT32_MAX, rows, 0.0)


def _squash(rows: np.ndarray) -> np.ndarray:
    squashed: np.ndarray = np.clip(np.arcsinh(_tame(rows)), -_LIMIT, _LIMIT)
    return squashed


def _is_curves(template: Template) -> bool:
    options = (option for slot in template.slots for option in slot.options)
    return len(template.inputs) == 1 and not any(option.reductions for option in options)


def _points(template: Template) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns for each input the points of the embedding and the direction of its derivative, float64 of one shape."""
    if _is_curves(template):
        return [_curve_points()]
    tensors = [tensor_probe(seed=2 * number) for number, _ in enumerate(template.inputs)]
    return [(x, np.random.default_rng(2 * i + 1).standard_normal(x.shape)) for i, x in enumerate(tensors)]


def _curve_points() -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import ndtri  # norm.ppf of scipy.stats, which takes half a second to import

    quantiles = ndtri((np.arange(QUANTILES) + 0.5) / QUANTILES)
    points = np.sort(np.concatenate([quantiles, [0.0, -4.0, 4.0, -5.0, 5.0]]))
    return points, np.ones_like(points)

"""Layer: invariances of a whole layer and what its output depends on, on random images and sequences.

Every answer is that of training, where statistics over the batch are the batch's own. Epsilon is 0 here, so that an
invariance is exact where a layer has it.
"""

import functools

import numpy as np

from actsearch.engine import to_function
from actsearch.engine.probe import tensor_probe
from actsearch.language import Program, nans_allowed
from actsearch.properties.quantity import Measured, rows

_IMAGE = (4, 4, 4, 8)  # [batch, height, width, features]
_SEQUENCE = (4, 6, 8)  # [batch, length, features]
_DEPTH = 8
_SAME = 1e-9


def _apply(program: Program, x: np.ndarray) -> np.ndarray:
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True), nans_allowed():
        return np.asarray(to_function(program, groups=2, epsilon=0.0)(jnp.asarray(x, jnp.float64)))


@functools.cache
def _images() -> np.ndarray:
    images: np.ndarray = tensor_probe(_IMAGE) + 0.3
    return images


@functools.lru_cache(maxsize=16)
def _plain(program: Program) -> np.ndarray:
    return _apply(program, _images())


def _one(axis: int, factor: float, ones: float) -> np.ndarray:
    """Returns `factor` for one index of an axis of the images and `ones` for all others."""
    shape = [1] * len(_IMAGE)
    shape[axis] = _IMAGE[axis]
    values = np.full(_IMAGE[axis], ones)
    values[1] = factor
    return values.reshape(shape)


def _response(program: Program, factor: np.ndarray | float, shift: np.ndarray | float) -> str:
    """Returns "invariant" or "homogeneous" under a scale, "invariant" or "equivariant" under a shift, or "changes"."""
    plain, changed = _plain(program), _apply(program, _images() * factor + shift)
    if _equal(changed, plain):
        return "invariant"
    follows = plain * factor + shift
    return ("equivariant" if np.any(shift) else "homogeneous of degree 1") if _equal(changed, follows) else "changes"


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, rtol=1e-6, atol=_SAME * float(np.abs(b).max())))


def _scale_of(axis: int | None, program: Program) -> Measured:
    return Measured(_response(program, 3.0 if axis is None else _one(axis, 3.0, 1.0), 0.0), "sampled")


def _shift_of(axis: int | None, program: Program) -> Measured:
    return Measured(_response(program, 1.0, 2.0 if axis is None else _one(axis, 2.0, 0.0)), "sampled")


def _batch(program: Program) -> Measured:
    others = _images().copy()
    others[1:] = 2 * others[1:] + 1
    same = _equal(_apply(program, others)[0], _plain(program)[0])
    return Measured("no" if same else "yes: in training alone, moving averages stand for it in evaluation", "sampled")


def _positions(program: Program) -> Measured:
    others = _images().copy()
    others[:, 1:] = 2 * others[:, 1:] + 1
    same = _equal(_apply(program, others)[:, 0], _plain(program)[:, 0])
    return Measured("no" if same else "yes", "sampled")


def _causal(program: Program) -> Measured:
    x = tensor_probe(_SEQUENCE_PROBE)[:, :, 0, :]
    later = x.copy()
    later[:, 3:] = 2 * later[:, 3:] + 1
    same = _equal(_apply(program, later)[:, :3], _apply(program, x)[:, :3])
    return Measured("yes" if same else "no: it sees later positions", "sampled")


_SEQUENCE_PROBE = (_SEQUENCE[0], _SEQUENCE[1], 1, _SEQUENCE[2])


def _output_scale(program: Program) -> Measured:
    x = (_images() - _images().mean()) / _images().std()
    return Measured(_rms(_apply(program, x)), "sampled", 0.1)


@functools.lru_cache(maxsize=16)
def _through_depth(program: Program) -> tuple[float, float]:
    """Returns the scale of output over input, and of the gradient by the input over that of the output."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    features = _IMAGE[-1]
    weights = rng.standard_normal((_DEPTH, features, features)) / np.sqrt(features)
    x, cotangent = (_images() - _images().mean()) / _images().std(), rng.standard_normal(_IMAGE)
    with jax.enable_x64(True), nans_allowed():
        layer = to_function(program, groups=2)

        def network(x: jax.Array) -> jax.Array:
            for weight in weights:
                x = layer(x @ jnp.asarray(weight))
            return x

        output, pull = jax.vjp(network, jnp.asarray(x))
        (gradient,) = pull(jnp.asarray(cotangent))
    return _rms(np.asarray(output)), _rms(np.asarray(gradient)) / _rms(cotangent)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _depth(which: int, program: Program) -> Measured:
    return Measured(_through_depth(program)[which], "sampled", 0.1)


LAYER = rows(
    "a layer, on random images [batch, height, width, features]",
    ("scale", functools.partial(_scale_of, None), "response to a scale of the whole input, 3 x"),
    ("shift", functools.partial(_shift_of, None), "response to a shift of the whole input, x + 2"),
    ("example_scale", functools.partial(_scale_of, 0), "response to a scale of one example"),
    ("example_shift", functools.partial(_shift_of, 0), "response to a shift of one example"),
    ("channel_scale", functools.partial(_scale_of, 3), "response to a scale of one feature"),
    ("channel_shift", functools.partial(_shift_of, 3), "response to a shift of one feature"),
    ("depends_on_batch", _batch, "whether an example's output depends on the other examples"),
    ("depends_on_positions", _positions, "whether a position's output depends on other positions of its example"),
    ("causal", _causal, "whether, on sequences, no position sees a later one"),
    ("output_scale", _output_scale, "root mean square of the output, input of mean 0 and variance 1"),
    (
        "output_over_depth",
        functools.partial(_depth, 0),
        f"the same after {_DEPTH} such layers, each behind random weights",
    ),
    (
        "gradient_over_depth",
        functools.partial(_depth, 1),
        "scale of the gradient by their input, over that by their output",
    ),
    kinds=("layer",),
)
"""The family's properties."""

"""Probe: the inputs on which functions are compared, the values of their parameters there, and what counts as equal.

`fingerprint` and `embedding` share this one definition, and the gates take their tensor from here. The probe is two
tensors [batch, height, width, features]:

    near  256 quantiles of N(0, 1) and 0, +-4, +-5: where a candidate has to be finite
    far   the same points and TAILS of both signs: where saturations show

Programs with reductions see them as images whose examples and channels differ in mean and scale; others see points.
"""

import functools
import math
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine.formula import evaluate
from actsearch.language import PRIMITIVES, Primitive, Program, nans_allowed

RESOLUTION = 1e-6
"""Outputs that differ by less, absolute below 1 and relative above, count as equal."""

SHAPE = (2, 4, 4, 16)
"""[batch, height, width, features] of each tensor of the probe.

A statistic runs over 16 elements at least, so that one of them can lie 6 scales out, where layers saturate.
"""

GROUPS = 2
"""Groups of features of group reductions on a probe."""

TAILS = (5.5, 6.5, 7.0, 8.0, 10.0, 12.0, 16.0, 20.0)
"""Magnitudes beyond the near points."""

FLOAT32_MAX = float(np.finfo(np.float32).max)
_SPECIAL = {"nan": 2**62, "inf": 2**62 + 1, "-inf": 2**62 + 2}


@functools.cache
def points() -> np.ndarray:
    """Returns the near points, float64 [261]: quantiles of N(0, 1), the largest about 2.9, then 0, +-4 and +-5."""
    from scipy.special import ndtri  # norm.ppf of scipy.stats, which takes half a second to import

    quantiles = ndtri((np.arange(256) + 0.5) / 256)
    return np.concatenate([quantiles, [0.0, -4.0, 4.0, -5.0, 5.0]])


@functools.cache
def tensor_probe(shape: tuple[int, ...] = (4, 3, 2, 8), seed: int = 0) -> np.ndarray:
    """Returns random images, float64 [batch, height, width, features]; examples and channels differ in mean, scale."""
    rng = np.random.default_rng(seed)
    batch, _, _, features = shape
    scale = rng.uniform(0.5, 2.0, (batch, 1, 1, features))
    images: np.ndarray = scale * rng.standard_normal(shape) + rng.normal(0, 0.5, (batch, 1, 1, features))
    return images


@functools.cache
def probe_tensors(name: str = "x") -> np.ndarray:
    """Returns the near and the far tensor of an input, `x` or `y`, float64 [2, *SHAPE].

    Those of `y` hold the same points in an order of their own, so that a gate sees 512 pairs.
    """
    if name == "y":
        rng = np.random.default_rng(2)
        return np.stack([rng.permutation(tensor.ravel()).reshape(SHAPE) for tensor in probe_tensors()])
    tails = [sign * value for value in TAILS for sign in (1, -1)]
    near = np.resize(points(), SHAPE)  # filled up with the first points once more
    # Without 0: a layer that divides by x is infinite near, through statistics everywhere, and told apart far.
    far = np.resize([*points()[points() != 0], *tails], SHAPE)
    # In the ranks of the random images, so that the statistics of any two index sets differ.
    ranks = np.argsort(np.argsort(tensor_probe(SHAPE), axis=None)).reshape(SHAPE)
    return np.stack([np.sort(near, axis=None)[ranks], np.random.default_rng(1).permutation(far.ravel()).reshape(SHAPE)])


def evaluate_on(
    program: Program, x: np.ndarray, parameters: Mapping[str, float], y: np.ndarray | None = None
) -> np.ndarray:
    """Returns a program's value in float64 on one tensor, a gate's on two, with GROUPS groups of features."""
    values = np.array([[parameters[name] for name, _ in program.parameters]])
    value: np.ndarray = evaluate_all(program, x[None], values, None if y is None else y[None])[0, 0]
    return value


def evaluate_all(
    program: Program, tensors: np.ndarray, values: np.ndarray, second: np.ndarray | None = None
) -> np.ndarray:
    """Evaluates a program in float64 on some tensors, for some values of its parameters.

    Args:
      program: what to evaluate.
      tensors: of `x`, float64 [tensors, ...]; for a program with reductions each is [batch, ..., features].
      values: float64 [settings, parameters].
      second: of `y`; None for those of `x`.

    Returns:
      float64 [settings, tensors, ...].
    """
    count, shape = len(values), tensors.shape
    rows = 2 * 4 ** max(0, math.ceil(math.log(count / 2, 4)))  # few shapes: each operation is compiled for each
    padded = np.repeat(np.pad(values, ((0, rows - count), (0, 0)), mode="edge"), len(tensors), axis=0)
    columns = padded.T.reshape(-1, len(padded), *[1] * (len(shape) - 1))
    tiles = rows, *[1] * (len(shape) - 1)
    arrays = {"x": tensors, "y": tensors if second is None else second}
    with jax.enable_x64(True), nans_allowed():
        inputs = {name: jnp.asarray(np.tile(arrays[name], tiles)) for name in program.inputs or ("x",)}
        parameters = {name: jnp.asarray(row) for (name, _), row in zip(program.parameters, columns, strict=True)}
        functions = {node.op: _compiled(PRIMITIVES[node.op]) for node in program.nodes if node.args}
        outputs = np.asarray(evaluate(program, inputs, parameters, functions=functions))
    return outputs.reshape(rows, *shape)[:count]


@functools.lru_cache(maxsize=1024)
def _compiled(row: Primitive) -> Callable[..., jax.Array]:
    """Returns a primitive that runs on a batch of tensors, and so its reductions on each."""
    if row.kind == "elementwise":
        return jax.jit(row.function)
    return jax.jit(jax.vmap(functools.partial(row.function, groups=GROUPS)))


def quantise(outputs: np.ndarray) -> np.ndarray:
    """Returns outputs as int64 codes, equal for outputs that count as equal; NaN and infinities have codes too."""
    codes = np.full(outputs.shape, _SPECIAL["nan"])
    codes[outputs == np.inf] = _SPECIAL["inf"]
    codes[outputs == -np.inf] = _SPECIAL["-inf"]
    finite = np.isfinite(outputs)
    codes[finite] = np.round(np.arcsinh(outputs[finite]) / RESOLUTION).astype(np.int64)
    return codes

"""Functional identity: two programs that compute the same function have the same fingerprint.

A program is evaluated in float64 on a fixed probe, once at generic values of all its parameters and once more for each
parameter with that one moved. Outputs are rounded on the scale of asinh, which is absolute near 0 and relative far out,
and hashed. A program with reductions is evaluated on a tensor whose examples, channels and groups of channels differ in
mean and scale, so that statistics over different axes differ. Programs whose outputs differ by less than about 1e-6
(absolute below 1, relative above) count as equal; float64 rounding is far below that grid, so that algebraically equal
programs land in the same cell.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine.specialize import evaluate
from actsearch.language import PRIMITIVES, Primitive, Program, simplify

RESOLUTION = 1e-6
PROBE_SIZE = 256
PROBE_SHAPE = (4, 3, 2, 8)
"""[batch, height, width, features] of the tensor probe; its group reductions have two groups."""
_FLOAT32_MAX = float(np.finfo(np.float32).max)
_SPECIAL = {"nan": 2**62, "inf": 2**62 + 1, "-inf": 2**62 + 2}


class Probe(NamedTuple):
    """What a program does on the probe.

    Attributes:
      fingerprint: 32 hexadecimal digits, equal for functionally equal programs.
      finite: whether every output is finite in float32.
    """

    fingerprint: str
    finite: bool


def fingerprint(program: Program) -> str:
    """Returns the functional identity of a program, 32 hexadecimal digits.

    The name and the initial value of a parameter count where the function depends on it: they train differently.

    Example:
      >>> from actsearch import parse
      >>> a, b, c = map(fingerprint, map(parse, ["x * sigmoid(x)", "sigmul(x, x)", "-(-x) * sigmoid(x)"]))
      >>> a == b == c
      True
    """
    return probe(program).fingerprint


def probe(program: Program) -> Probe:
    """Returns a program's fingerprint and whether it is finite on the probe.

    The probe is 256 quantiles of N(0, 1), the largest of magnitude about 2.9, and 0, +-4 and +-5; for programs with
    reductions it is a tensor of the shape PROBE_SHAPE. A value that is finite in float64 and not in float32 counts as
    infinite, because training runs in float32.
    """
    if program.reductions:  # they may cancel, and what is left is a curve
        program = simplify(program)
    outputs = probe_outputs(program)
    codes = _quantise(outputs)
    finite = bool((np.abs(outputs) <= _FLOAT32_MAX).all())
    moved = [i for i in range(1, len(outputs)) if (codes[i] != codes[0]).any()]
    rows = sorted((*program.parameters[i - 1], codes[i].tobytes()) for i in moved)
    digest = hashlib.blake2b(codes[0].tobytes(), digest_size=16)
    for name, initial, row in rows:
        digest.update(f"{name}={initial!r}".encode())
        digest.update(row)
    return Probe(digest.hexdigest(), finite)


def probe_outputs(program: Program) -> np.ndarray:
    """Evaluates a program on the probe in float64.

    Returns:
      [1 + number of parameters, probe]: first with every parameter at its generic value, then with one of them moved.
    """
    settings = np.array([[_generic(name)[0] for name, _ in program.parameters]] * (len(program.parameters) + 1))
    for i, (name, _) in enumerate(program.parameters):
        settings[i + 1, i] = _generic(name)[1]
    if program.reductions:
        names = [name for name, _ in program.parameters]
        rows = [evaluate_on(program, tensor_probe(), dict(zip(names, row, strict=True))) for row in settings]
        return np.stack([row.ravel() for row in rows])
    return _outputs_on_points(program, settings)


def tensor_probe() -> np.ndarray:
    """Returns the tensor probe, float64 of shape PROBE_SHAPE."""
    return _tensor()


def evaluate_on(program: Program, x: np.ndarray, parameters: Mapping[str, float]) -> np.ndarray:
    """Returns a program's value in float64 on one tensor; its group reductions have two groups."""
    with jax.enable_x64(True):
        inputs = {name: jnp.asarray(x, jnp.float64) for name in program.inputs or ("x",)}
        values = {name: jnp.float64(value) for name, value in parameters.items()}
        return np.asarray(evaluate(program, inputs, values, functions=_compiled(program)))


def _outputs_on_points(program: Program, settings: np.ndarray) -> np.ndarray:
    count = len(program.parameters)
    points = np.broadcast_to(_points(), (count + 1, _points().size))
    # Each operation is compiled once for each shape, so rows and columns become one axis, padded to a few lengths.
    length = points.size if count == 0 else _points().size * 2 ** int(np.ceil(np.log2(count + 1)))
    x = np.pad(points.ravel(), (0, length - points.size), mode="edge")
    values = {}
    for i, (name, _) in enumerate(program.parameters):
        column = np.repeat(settings[:, i], _points().size)
        values[name] = np.pad(column, (0, length - points.size), mode="edge")
    inputs = {name: x for name in program.inputs} or {"x": x}
    with jax.enable_x64(True):
        operands = {name: jnp.asarray(value) for name, value in inputs.items()}
        parameters = {name: jnp.asarray(value) for name, value in values.items()}
        outputs = np.asarray(evaluate(program, operands, parameters, functions=_compiled(program)))
    return outputs[: points.size].reshape(points.shape)


@functools.cache
def _tensor() -> np.ndarray:
    rng = np.random.default_rng(0)
    batch, _, _, features = PROBE_SHAPE
    scale = rng.uniform(0.5, 2.0, (batch, 1, 1, features))
    return scale * rng.standard_normal(PROBE_SHAPE) + rng.normal(0, 0.5, (batch, 1, 1, features))


@functools.cache
def _points() -> np.ndarray:
    from scipy.stats import norm

    quantiles = norm.ppf((np.arange(PROBE_SIZE) + 0.5) / PROBE_SIZE)
    return np.concatenate([quantiles, [0.0, -4.0, 4.0, -5.0, 5.0]])


def _generic(name: str) -> tuple[float, float]:
    """Two values of a parameter at which no special identity holds; beta has the 0.73 of the public recount."""
    if name == "beta":
        return 0.73, 1.3371
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") / 2**32
    return 0.55 + 0.4 * number, 1.15 + 0.4 * number


def _compiled(program: Program) -> dict[str, Callable[..., jax.Array]]:
    return {op: _compiled_primitive(PRIMITIVES[op]) for op, args, _ in program.nodes if args}


@functools.cache
def _compiled_primitive(row: Primitive) -> Callable[..., jax.Array]:
    return jax.jit(functools.partial(row.function, groups=2) if row.kind == "reduction" else row.function)


def _quantise(outputs: np.ndarray) -> np.ndarray:
    codes = np.full(outputs.shape, _SPECIAL["nan"])
    codes[outputs == np.inf] = _SPECIAL["inf"]
    codes[outputs == -np.inf] = _SPECIAL["-inf"]
    finite = np.isfinite(outputs)
    codes[finite] = np.round(np.arcsinh(outputs[finite]) / RESOLUTION).astype(np.int64)
    return codes

"""Gates: cheap tests before training, in a fixed order. A candidate that fails one is a value, never an exception.

The gates of layers, after Liu et al. 2020, section 3.3, are the cheap ones here, `quality` (inside training, see
`actsearch.evaluation.train`) and `stability` (`actsearch.evaluation.stability`).
"""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine import Reductions
from actsearch.engine.fingerprint import Identity, identity
from actsearch.engine.probe import evaluate_on, tensor_probe
from actsearch.engine.specialize import evaluate_layer
from actsearch.language import Program

GATES = ("shape", "finite", "duplicate")
"""Of activations, in the order in which they are tried: evaluates at all, finite on the probe, not seen before."""

LAYER_GATES = ("shape", "input", "scale", "duplicate", "quality", "stability")
"""Of layers: evaluates at all, depends on its input, keeps a sane scale, not seen before, and two that train."""

SCALES = (1e-3, 1e3)
"""Bounds of the root mean square of a layer's output on normal tensors of unit scale, at its initial parameters."""


class Verdict(NamedTuple):
    """What the gates say of a program.

    Attributes:
      status: "pass", "rejected:<gate>" or "duplicate".
      fingerprint: functional identity; empty where the program could not be evaluated.
      duplicate_of: the index under which the fingerprint was seen first, or None.
      seconds: what the gates cost.
      note: why, for people.
    """

    status: str
    fingerprint: str
    duplicate_of: int | None
    seconds: float
    note: str = ""


def pass_gates(program: Program, seen: Mapping[str, int], gates: tuple[str, ...] = GATES) -> Verdict:
    """Returns the verdict on a program, given the index of each fingerprint seen so far.

    Args:
      program: the candidate.
      seen: index of each fingerprint seen so far.
      gates: GATES or LAYER_GATES; those that need training are not tried here.
    """
    began = time.perf_counter()
    try:
        if program.inputs not in ((), ("x",)):
            raise ValueError(f"a candidate reads x alone; {program} reads {', '.join(program.inputs)}")
        found = identity(program)
    except (TypeError, ValueError, KeyError) as error:  # a program that no engine can evaluate
        return Verdict("rejected:shape", "", None, time.perf_counter() - began, str(error))
    status, of = "pass", None
    for gate in gates:
        if gate in _TESTS and not _TESTS[gate](program, found):
            status = f"rejected:{gate}"
        elif gate == "duplicate" and found.fingerprint in seen:
            status, of = "duplicate", seen[found.fingerprint]
        if status != "pass":
            break
    return Verdict(status, found.fingerprint, of, time.perf_counter() - began)


def depends_on_input(program: Program) -> bool:
    """Returns whether a layer's output changes with its input, at generic values of its parameters.

    It is asked of evaluation, where batch statistics are constants: the second tensor meets those of the first.
    """
    if "x" not in program.inputs:
        return False
    values = {name: 0.6 + 0.1 * i for i, (name, _) in enumerate(program.parameters)}
    tensors = tensor_probe(), 1.5 * tensor_probe()[::-1, ::-1] + 0.25
    if program.batch_reductions:
        one, other = _with_frozen_statistics(program, tensors, values)
    else:
        one, other = (evaluate_on(program, x, values) for x in tensors)
    return not np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True)


def _with_frozen_statistics(program: Program, tensors, values: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    with jax.enable_x64(True):
        first, second = (jnp.asarray(x, jnp.float64) for x in tensors)
        parameters = {name: jnp.float64(value) for name, value in values.items()}
        settings = Reductions(groups=2)
        one, moments = evaluate_layer(program, {"x": first}, parameters, None, settings)
        other, _ = evaluate_layer(program, {"x": second}, parameters, moments, settings)
        return np.asarray(one), np.asarray(other)


def scale_is_sane(program: Program) -> bool:
    """Returns whether a layer, as it starts training, neither overflows nor loses a signal of unit scale.

    On the tensor probe, brought to zero mean and unit variance, the root mean square of the output lies within SCALES;
    on ten times the probe the output is finite in float32.
    """
    x = (tensor_probe() - tensor_probe().mean()) / tensor_probe().std()
    low, high = SCALES
    unit, tenfold = (evaluate_on(program, factor * x, dict(program.parameters)) for factor in (1, 10))
    if not np.isfinite(unit).all() or not (np.abs(tenfold) < np.finfo(np.float32).max).all():
        return False
    return low <= np.sqrt(np.mean(np.square(unit))) <= high


_TESTS: dict[str, Callable[[Program, Identity], bool]] = {
    "finite": lambda program, found: found.finite,
    "input": lambda program, found: depends_on_input(program),
    "scale": lambda program, found: scale_is_sane(program),
}

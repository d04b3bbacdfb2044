"""The numbers that an exported file compares itself with: inputs, and what actsearch computes there in float64."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.engine import NormSettings
from actsearch.engine.formula import evaluate_layer, initial_moments
from actsearch.language import Program

POINTS = (-3.0, -0.8, 0.0, 0.4, 2.0, 6.0)
SECOND = (0.5, -1.0, 2.0, 0.7, -0.3, 1.5)
SHAPE = (2, 3, 2)
"""Of the input of a layer: examples, positions, channels."""
MOMENTUM = 0.9


class Numbers(NamedTuple):
    """Inputs and results, as nested lists.

    Attributes:
      inputs: by name.
      value: of the program, in training where it has statistics over the batch.
      slope: derivative of the sum of the value with respect to `x`; None where it is 0 throughout.
      evaluated: the value in evaluation, after one step of training; None where that is the same.
      channels: size of the inputs' last axis.
    """

    inputs: Mapping[str, Any]
    value: Any
    slope: Any
    evaluated: Any
    channels: int


@functools.lru_cache(maxsize=64)
def numbers(program: Program) -> Numbers:
    """Returns the numbers of a program: on a tensor of two examples where it has statistics, else at six points.

    Of the points those count where value and slope are finite, unless there are none.
    """
    inputs = _inputs(program)
    value, slope, evaluated = _computed(program, inputs)
    finite = np.isfinite(value) & np.isfinite(slope)
    if finite.any() and not program.reductions:
        inputs = {name: one[finite] for name, one in inputs.items()}
        value, slope = value[finite], slope[finite]
    return Numbers(
        {name: _listed(one) for name, one in inputs.items()},
        _listed(value),
        _listed(slope) if slope.any() else None,
        None if evaluated is None else _listed(evaluated),
        value.shape[-1],
    )


def _inputs(program: Program) -> dict[str, np.ndarray]:
    both = {"x": np.array(POINTS), "y": np.array(SECOND)}
    if program.reductions:
        both = {name: np.stack([one, one[::-1] - 1.5]).reshape(SHAPE) for name, one in both.items()}
    return {name: both[name] for name in program.arguments}


def _computed(program: Program, inputs: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Returns value, slope, and the value in evaluation."""
    with jax.enable_x64(True):
        arrays = {name: jnp.asarray(one) for name, one in inputs.items()}
        parameters = {name: jnp.float64(value) for name, value in program.parameters}

        def run(x: jax.Array, moving: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
            return evaluate_layer(program, {**arrays, "x": x}, parameters, moving, NormSettings())

        value, pullback, moments = jax.vjp(run, arrays["x"], has_aux=True)
        (slope,) = pullback(jnp.ones_like(value))
        if not len(moments):
            return np.asarray(value), np.asarray(slope), None
        start = jnp.asarray(initial_moments(program))[:, None]
        evaluated = run(arrays["x"], MOMENTUM * start + (1 - MOMENTUM) * moments)[0]
        return np.asarray(value), np.asarray(slope), np.asarray(evaluated)


def _listed(array: np.ndarray) -> Any:
    """Returns an array as nested lists of numbers with eight digits."""
    digits = np.array([float(f"{value:.8g}") for value in array.reshape(-1)])
    return digits.reshape(array.shape).tolist()

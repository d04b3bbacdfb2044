"""The numbers that an exported file compares itself with: inputs, and what actsearch computes there in float64."""

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
      slope: derivative of the sum of the value with respect to `x`.
      evaluated: the value in evaluation, after one step of training; None where that is the same.
    """

    inputs: Mapping[str, Any]
    value: Any
    slope: Any
    evaluated: Any = None


def numbers(program: Program) -> Numbers:
    """Returns the numbers of a program: at six points, or on a tensor of two examples where it has statistics."""
    with jax.enable_x64(True):
        inputs = _inputs(program)
        parameters = {name: jnp.float64(value) for name, value in program.parameters}
        settings = NormSettings()

        def run(x: jax.Array, moving: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
            return evaluate_layer(program, {**inputs, "x": x}, parameters, moving, settings)

        x = inputs["x"]
        slope, (value, moments) = jax.grad(lambda x: _summed(*run(x)), has_aux=True)(x)
        evaluated = None
        if len(moments):
            start = jnp.asarray(initial_moments(program))[:, None]
            evaluated = _listed(run(x, MOMENTUM * start + (1 - MOMENTUM) * moments)[0])
        lists = {name: _listed(one) for name, one in inputs.items()}
        return Numbers(lists, _listed(value), _listed(slope), evaluated)


def channels(program: Program) -> int:
    """Returns the size of the last axis of the inputs of `numbers`."""
    return SHAPE[-1] if program.reductions else len(POINTS)


def _summed(value: jax.Array, moments: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return jnp.sum(value), (value, moments)


def _inputs(program: Program) -> dict[str, jax.Array]:
    both = {"x": jnp.asarray(POINTS), "y": jnp.asarray(SECOND)}
    if program.reductions:
        both = {name: jnp.stack([one, one[::-1] - 1.5]).reshape(SHAPE) for name, one in both.items()}
    return {name: both[name] for name in program.arguments}


def _listed(array: jax.Array) -> Any:
    """Returns an array as nested lists of numbers with eight digits."""
    digits = np.array([float(f"{value:.8g}") for value in np.asarray(array).reshape(-1)])
    return digits.reshape(array.shape).tolist()
